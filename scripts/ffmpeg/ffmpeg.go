// Package ffmpeg reads sound files of any kind, for the programs that make and measure things.
package ffmpeg

import (
	"context"
	"fmt"
	"os/exec"
	"time"
)

// Decode returns the samples of a file as 16 kHz mono, in the units of 16-bit samples. It needs the program ffmpeg, which has a minute.
func Decode(path string) ([]float32, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	raw, err := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-i", path, "-ac", "1", "-ar", "16000", "-f", "s16le", "-").Output()
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", path, err)
	}
	x := make([]float32, len(raw)/2)
	for i := range x {
		x[i] = float32(int16(uint16(raw[2*i]) | uint16(raw[2*i+1])<<8))
	}
	return x, nil
}
