// Package audio brings 16 kHz mono frames from a microphone to many readers without ever making the microphone wait.
package audio

import "time"

// The one format that leaves this package: signed 16-bit mono.
const (
	SampleRate   = 16000            // Hz
	FrameSamples = SampleRate / 100 // samples in a frame of 10 ms
)

// Frame is 10 ms of audio.
type Frame struct {
	Sample  int64     // index of the first sample, counted since the microphone's Run began; gaps are not counted
	Time    time.Time // when the frame's last sample was captured
	Restart bool      // the audio before this frame is missing: the device was opened (again), or frames were dropped
	PCM     [FrameSamples]int16
}
