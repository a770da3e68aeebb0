package microfrontend

import "math"

// tables holds the constants of the front end. They are computed, not stored: every value lies far enough from a rounding boundary
// that float64 gives the same ones on every platform. The three exceptions come from the float32 functions of glibc 2.36, with
// which the original was built.
type tables struct {
	window [WindowSamples]int16
	// twiddles holds, for each stage of the transform but the first, the factors of the butterflies' second, third and fourth inputs.
	twiddles [4 + 16 + 64]twiddle
	order    [fftPoints]uint8 // base-4 digits reversed
	split    [fftPoints / 2]factor
	starts   [slots + 1]uint16 // first bin of each slot
	weights  [endBin]uint16    // × 2^12, of a bin in its slot; the rest goes to the next slot
	gain     [33]segment       // by the bit length of the noise estimate
	unity    [2]int32          // gain at an estimate of 0 and 1
	log2     [130]uint16       // log2(1+i/128) - i/128, × 2^16
}

// factor is a point of the unit circle, × 32767.
type factor struct{ r, i int32 }

type twiddle struct{ b1, b2, b3 factor }

// segment is a parabola through three points of the gain curve.
type segment struct{ y0, a1, a2 int32 }

func newTables() *tables {
	t := &tables{}
	for i := range t.window {
		t.window[i] = int16(math.Floor(4096*(0.5-0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/WindowSamples)) + 0.5))
	}
	t.window[17] = 54 // float32 in the original; float64 gives 53
	t.fillTransform()
	t.fillFilterBank()
	t.fillGain()
	for i := range 129 {
		x := float64(i) / 128
		t.log2[i] = uint16(math.Round(65536 * (math.Log2(1+x) - x)))
	}
	return t
}

// onCircle returns the point at an angle in radians.
func onCircle(phase float64) factor {
	round := func(v float64) int32 { return int32(math.Floor(0.5 + 32767*v)) }
	return factor{round(math.Cos(phase)), round(math.Sin(phase))}
}

func (t *tables) fillTransform() {
	at := func(k int) factor { return onCircle(-2 * math.Pi * float64(k) / fftPoints) }
	n := 0
	for span := 4; span < fftPoints; span *= 4 {
		step := fftPoints / (4 * span)
		for k := range span {
			t.twiddles[n] = twiddle{at(k * step), at(2 * k * step), at(3 * k * step)}
			n++
		}
	}
	for i := range t.order {
		t.order[i] = uint8(i&3<<6 | i>>2&3<<4 | i>>4&3<<2 | i>>6)
	}
	for i := range t.split {
		t.split[i] = onCircle(-math.Pi * (float64(i+1)/fftPoints + 0.5))
	}
}

// fillFilterBank spreads the bins over triangles that are equally wide on the mel scale.
func (t *tables) fillFilterBank() {
	mel := func(hertz float64) float64 { return 1127 * math.Log(1+hertz/700) }
	low := mel(125)
	width := (mel(7500) - low) / slots
	slot := 0
	t.starts[0] = firstBin
	for bin := firstBin; bin < endBin; bin++ {
		m := mel(31.25 * float64(bin))
		for m > low+float64(slot+1)*width {
			slot++
			t.starts[slot] = uint16(bin)
		}
		centre := low + float64(slot+1)*width
		t.weights[bin] = uint16(math.Floor(4096*(centre-m)/width + 0.5))
	}
	t.starts[slots] = endBin
	t.weights[149], t.weights[221] = 2471, 1401 // float32 in the original
}

// fillGain makes the table of the per-channel gain: an exponent of 0.95, an offset of 80, 21 bits.
func (t *tables) fillGain() {
	gain := func(x float64) int32 {
		return int32(min(32767, math.Floor(math.Exp2(21)*math.Pow(x/128+80, -float64(float32(0.95)))+0.5)))
	}
	t.unity = [2]int32{gain(0), gain(1)}
	for n := 2; n < len(t.gain); n++ {
		x := math.Exp2(float64(n - 1))
		end := min(2*x, math.MaxUint32)
		y0, y1, y2 := gain(x), gain(1.5*x), gain(end)
		a1 := 4*(y1-y0) - (y2 - y0)
		t.gain[n] = segment{y0, a1, y2 - y0 - a1}
	}
}
