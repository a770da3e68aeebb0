// Package microfrontend turns 16 kHz audio into the features that micro wake-word models take, in fixed point.
//
// The numbers are those of the TensorFlow Lite micro front end with the settings of microWakeWord, bit for bit: window of 30 ms,
// step of 10 ms, 40 channels from 125 to 7,500 Hz, noise reduction, automatic gain and a logarithm.
//
// ref: tensorflow/lite/experimental/microfrontend and its use in pymicro-features 2.0.2
package microfrontend

import (
	"math"
	"math/bits"
)

const (
	// WindowSamples is the length of a frame's audio in samples: 30 ms.
	WindowSamples = 480
	// StepSamples is how far one frame lies behind the one before, in samples: 10 ms.
	StepSamples = 160
	// Channels is how many features a frame has.
	Channels = 40
)

const (
	fftSize   = 512 // real samples of a transform
	fftPoints = fftSize / 2
	firstBin  = 5   // of the 31.25 Hz bins that the channels are made of
	endBin    = 241 // one past the last
	slots     = Channels + 1
)

// FrontEnd is the state of one audio stream. It must not be used by two goroutines at once.
type FrontEnd struct {
	tables   *tables
	audio    [WindowSamples]int16
	filled   int
	estimate [Channels]uint32 // of the noise, smoothed signal × 2^10

	windowed [fftSize]int16 // zero beyond WindowSamples
	spectrum [fftPoints]point
	signal   [Channels]uint32
}

// New returns a front end that has heard nothing yet.
func New() *FrontEnd {
	return &FrontEnd{tables: newTables()}
}

// Reset forgets all audio and the estimate of the noise.
func (f *FrontEnd) Reset() {
	f.filled = 0
	f.estimate = [Channels]uint32{}
}

// Process takes samples from the start of pcm until a frame is complete or pcm is used up, and returns how many it took. When
// complete is true the frame's features have been written. The first frame ends after WindowSamples, each further one StepSamples
// later.
func (f *FrontEnd) Process(pcm []int16, features *[Channels]uint16) (used int, complete bool) {
	used = copy(f.audio[f.filled:], pcm)
	f.filled += used
	if f.filled < WindowSamples {
		return used, false
	}
	f.frame(features)
	copy(f.audio[:], f.audio[StepSamples:])
	f.filled = WindowSamples - StepSamples
	return used, true
}

// frame computes the features of the audio that is buffered.
func (f *FrontEnd) frame(features *[Channels]uint16) {
	shift := f.window()
	f.transform(shift)
	sums := f.filterBank()
	f.roots(&sums, shift)
	f.reduceNoise()
	f.gainControl()
	f.logarithm(features)
}

// window shapes the audio and returns by how many bits it can be scaled up without overflow.
func (f *FrontEnd) window() (shift int) {
	weights, out := &f.tables.window, (*[WindowSamples]int16)(f.windowed[:])
	used := int32(0) // the bits of all magnitudes
	for i, x := range &f.audio {
		y := int32(int16(int32(x) * int32(weights[i]) >> 12))
		out[i] = int16(y)
		sign := y >> 31
		// The magnitude of -32768 does not count, as in the original, where it wraps to itself.
		used |= (y ^ sign - sign) & math.MaxInt16
	}
	return 15 - bits.Len32(uint32(used))
}
