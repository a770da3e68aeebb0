package speaker

import (
	"errors"
	"fmt"
	"io"

	"earshot/internal/wav"
)

// openWAV reads up to the samples.
func openWAV(r io.Reader) (*sound, error) {
	f, pcm, err := wav.Read(r)
	if errors.Is(err, wav.ErrEncoding) {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if err != nil {
		return nil, err
	}
	if f.Channels != 1 && f.Channels != 2 {
		return nil, fmt.Errorf("the WAV file has %d channels; 1 and 2 can be played", f.Channels)
	}
	if err := checkRate(f.Rate); err != nil {
		return nil, fmt.Errorf("the WAV file: %w", err)
	}
	return &sound{pcm: pcm, encoding: wavEncoding(f), rate: f.Rate, channels: f.Channels}, nil
}

// wavEncoding is the encoding of a format that wav.Read has let through.
func wavEncoding(f wav.Format) encoding {
	switch {
	case f.Float:
		return f32le
	case f.Bits == 8:
		return u8
	case f.Bits == 16:
		return s16le
	case f.Bits == 24:
		return s24le
	default:
		return s32le
	}
}
