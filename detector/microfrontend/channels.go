package microfrontend

import (
	"math"
	"math/bits"
)

// filterBank sums the energy of the bins into the slots. Slot 0 lies below the first channel: channel c is slot c+1.
func (f *FrontEnd) filterBank() [slots + 1]uint64 {
	var energy [endBin]uint32
	for k := firstBin; k <= fftPoints/2; k++ {
		low, high := f.bins(k)
		energy[k] = power(low)
		if n := fftPoints - k; n < endBin {
			energy[n] = power(high)
		}
	}
	var sums [slots + 1]uint64
	for slot := range slots {
		var weighted, all uint64
		first, end := f.tables.starts[slot], f.tables.starts[slot+1]
		weights := f.tables.weights[first:end]
		for i, e := range energy[first:end][:len(weights)] {
			weighted += uint64(weights[i]) * uint64(e)
			all += uint64(e)
		}
		sums[slot] += weighted
		sums[slot+1] = all<<12 - weighted
	}
	return sums
}

func power(p point) uint32 { return uint32(p.r*p.r) + uint32(p.i*p.i) }

// roots turns the channels' energy into amplitude and takes back the scaling of the window.
func (f *FrontEnd) roots(sums *[slots + 1]uint64, shift int) {
	for c := range f.signal {
		f.signal[c] = root(sums[c+1]) >> shift
	}
}

// root rounds to the nearest, but for one case of the original. A sum is below 2^52, where float64 is exact enough for the floor.
func root(sum uint64) uint32 {
	r := uint64(math.Sqrt(float64(sum)))
	if sum-r*r > r && (r != 65535 || sum >= 1<<32) {
		r++
	}
	return uint32(r)
}

const (
	smoothingEven = 409 // 0.025 × 2^14
	smoothingOdd  = 983 // 0.06 × 2^14
	one14         = 1 << 14
	minimumSignal = 819 // 0.05 × 2^14
)

// reduceNoise follows the noise in each channel and subtracts it, leaving at least a twentieth of the signal.
func (f *FrontEnd) reduceNoise() {
	for c := range f.signal {
		smoothing := uint64(smoothingEven)
		if c&1 == 1 {
			smoothing = smoothingOdd
		}
		signal := f.signal[c]
		scaled := signal << 10
		estimate := uint32((uint64(scaled)*smoothing + uint64(f.estimate[c])*(one14-smoothing)) >> 14)
		f.estimate[c] = estimate
		rest := (scaled - min(estimate, scaled)) >> 10
		f.signal[c] = max(rest, uint32(uint64(signal)*minimumSignal>>14))
	}
}

// gainControl divides each channel by a power of its noise and compresses what is left.
func (f *FrontEnd) gainControl() {
	for c := range f.signal {
		snr := uint32(uint64(f.signal[c]) * uint64(f.tables.gainAt(f.estimate[c])) >> 6)
		if snr < 8192 {
			f.signal[c] = snr * snr >> 20
		} else {
			f.signal[c] = snr>>6 - 64
		}
	}
}

func (t *tables) gainAt(estimate uint32) int32 {
	if estimate < 2 {
		return t.unity[estimate]
	}
	n := bits.Len32(estimate)
	s := &t.gain[n]
	if n == 2 && estimate == 2 {
		return s.y0
	}
	// The first bit of the estimate goes out at the top, the ten below it remain.
	fraction := int32(estimate << (33 - n) >> 22)
	r := s.a2*fraction>>5 + s.a1<<5
	return s.y0 + (r*fraction+16384)>>15
}

// logarithm writes the features: 64 times the natural logarithm.
func (f *FrontEnd) logarithm(features *[Channels]uint16) {
	const ln2 = 45426 // × 2^16
	for c, signal := range f.signal {
		v := signal << 3
		if v <= 1 {
			features[c] = 0
			continue
		}
		n := bits.Len32(v) - 1
		// The first bit of v goes out at the top, the sixteen below it remain.
		fraction := int32(v << (32 - n) >> 16)
		at := fraction >> 9
		low, high := int32(f.tables.log2[at]), int32(f.tables.log2[at+1])
		// 16 where the interpolation asks for 9 is what the models were trained with.
		fraction += low + (high-low)*(fraction-at<<9)>>16
		log := uint32((ln2*uint64(int64(n)<<16+int64(fraction)) + 1<<15) >> 16)
		features[c] = uint16(min((log<<6+1<<15)>>16, math.MaxUint16))
	}
}
