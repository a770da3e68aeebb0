package speaker

import (
	"embed"
	"encoding/binary"
)

// sounds are the feedback sounds, of one channel and 16 bits.
//
//go:generate python3 ../../scripts/sounds.py sounds
//go:embed sounds/*.wav
var sounds embed.FS

const (
	soundRate   = 48000 // Hz
	soundHeader = 44    // bytes before the samples
)

// Sound returns a feedback sound: "listening" (0.20 s), "done" (0.20 s) or "error" (0.35 s), of one channel, with a peak of -20 dBFS.
// rate is in Hz. Another name gives no samples.
func Sound(name string) (pcm []int16, rate int) {
	wav, err := sounds.ReadFile("sounds/" + name + ".wav")
	if err != nil {
		return nil, soundRate
	}
	for raw := wav[soundHeader:]; len(raw) > 1; raw = raw[2:] {
		pcm = append(pcm, int16(binary.LittleEndian.Uint16(raw)))
	}
	return pcm, soundRate
}
