package audio

import "math"

// The bands that are compared: what a telephone carries of speech's upper part, and what only a wide-band microphone does. A device of 8 kHz carries nothing
// over 4 kHz; between the two lies the width of both filters.
const (
	lowBand   = 2500.0 // Hz, middle of 1000..4000
	lowWidth  = 2200.0 // Hz at -6 dB
	highBand  = 6250.0 // Hz, middle of 4500..8000
	highWidth = 2900.0 // Hz at -6 dB
	bandTaps  = 64
	bandStep  = 12 // a power needs no more than every twelfth output of a filter
)

// bands measures the power of both bands in a frame.
type bands struct {
	low, high [bandTaps]float32
	pcm       [FrameSamples]float32
}

func newBands() *bands {
	return &bands{low: bandFilter(lowBand, lowWidth), high: bandFilter(highBand, highWidth)}
}

// bandFilter is a Kaiser-windowed low-pass filter that is moved up to the middle of its band; what is 450 Hz outside is damped by 60 dB.
func bandFilter(middle, width float64) (filter [bandTaps]float32) {
	const beta = 0.1102 * (60 - 8.7) // ref: Kaiser, as for the resampler
	half, sum := float64(bandTaps)/2, 0.0
	for i := range filter {
		t := float64(i) - half + 0.5
		w := bessel0(beta*math.Sqrt(max(0, 1-t*t/(half*half)))) / bessel0(beta)
		v := sinc(width/SampleRate*t) * w
		sum += v
		filter[i] = float32(2 * v * math.Cos(2*math.Pi*middle/SampleRate*t))
	}
	for i := range filter {
		filter[i] /= float32(sum)
	}
	return filter
}

// measure gives the mean squares of both bands, full scale is 1.
func (b *bands) measure(pcm *[FrameSamples]int16) (low, high float32) {
	for i, v := range pcm {
		b.pcm[i] = float32(v) / (1 << 15)
	}
	n := 0
	for at := 0; at+bandTaps <= FrameSamples; at += bandStep {
		x := b.pcm[at : at+bandTaps]
		l, h := dot(b.low[:], x), dot(b.high[:], x)
		low += l * l
		high += h * h
		n++
	}
	return low / float32(n), high / float32(n)
}
