package audiotest

import (
	"encoding/binary"
	"math"
)

// LowPass takes what is above a frequency, in Hz, out of 16 kHz sound: 700 Hz over it nothing is left.
func LowPass(pcm []int16, hz float64) []int16 {
	const taps = 65
	filter := make([]float64, taps)
	for i := range filter {
		x := float64(i - taps/2)
		window := 0.42 + 0.5*math.Cos(2*math.Pi*x/taps) + 0.08*math.Cos(4*math.Pi*x/taps) // Blackman
		filter[i] = 2 * hz / sampleRate * window
		if x != 0 {
			filter[i] = math.Sin(2*math.Pi*hz/sampleRate*x) / (math.Pi * x) * window
		}
	}
	out := make([]int16, len(pcm))
	for i := range out {
		var sum float64
		for k, c := range filter {
			if at := i + k - taps/2; at >= 0 && at < len(pcm) {
				sum += c * float64(pcm[at])
			}
		}
		out[i] = int16(max(math.MinInt16, min(math.MaxInt16, math.Round(sum))))
	}
	return out
}

// WAV makes a WAV file of raw s16le sound.
func WAV(raw []byte, rate, channels int) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32([]byte("RIFF"), uint32(36+len(raw)))
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00"...)
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(rate*channels*2))
	b = le.AppendUint16(b, uint16(channels*2))
	b = le.AppendUint16(b, 16)
	b = append(b, "data"...)
	return append(le.AppendUint32(b, uint32(len(raw))), raw...)
}
