package audio

import (
	"errors"
	"fmt"
	"io"
	"os"

	"earshot/internal/wav"
)

// maxWAV is how many bytes ReadWAV reads of the data, and returns.
const maxWAV = 64 << 20

// ReadWAV reads a whole PCM WAV file as 16 kHz mono, of its first channel. It reads no more than 64 MiB of data, and fails when there is more.
// A file that ends early gives what is there.
func ReadWAV(r io.Reader) (pcm []int16, err error) {
	data, format, err := openWAV(r)
	if err != nil {
		return nil, fmt.Errorf("read WAV: %w", err)
	}
	limited := &io.LimitedReader{R: data, N: maxWAV + 1}
	c, err := newConverter(limited, format, 0, 0)
	if err != nil {
		return nil, fmt.Errorf("read WAV: %w", err)
	}
	for {
		pcm, err = c.read(pcm)
		if limited.N == 0 || len(pcm) > maxWAV/2 {
			return nil, errors.New("read WAV: longer than 64 MiB")
		}
		if errors.Is(err, io.EOF) {
			return pcm, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read WAV: %w", err)
		}
	}
}

// openWAV reads up to the samples and returns a reader of them.
func openWAV(r io.Reader) (io.Reader, pcmFormat, error) {
	f, data, err := wav.Read(r)
	if err != nil {
		return nil, pcmFormat{}, err
	}
	if f.Channels < 1 || f.Channels > maxChannels {
		return nil, pcmFormat{}, fmt.Errorf("the WAV file has %d channels; 1 to %d are supported", f.Channels, maxChannels)
	}
	if err := checkRate(f.Rate); err != nil {
		return nil, pcmFormat{}, fmt.Errorf("the WAV file's sample rate: %w", err)
	}
	return data, pcmFormat{wavEncoding(f), f.Rate, f.Channels}, nil
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

// File is an open WAV file, read as 16 kHz mono.
type File struct {
	f    *os.File
	conv *converter
	buf  []int16
	rest []int16 // of buf, not yet read
	err  error   // to be returned after rest
}

// OpenFile opens a WAV file to be read piece by piece; channel is counted from 0.
func OpenFile(path string, channel int) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open WAV file: %w", err)
	}
	conv, err := wavConverter(f, channel)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open WAV file %q: %w", path, err)
	}
	return &File{f: f, conv: conv, buf: make([]int16, 0, conv.maxOut())}, nil
}

func wavConverter(r io.Reader, channel int) (*converter, error) {
	data, format, err := openWAV(r)
	if err != nil {
		return nil, err
	}
	return newConverter(data, format, channel, 0)
}

// Read fills pcm with samples of 16 kHz mono and returns how many; io.EOF marks the end.
func (f *File) Read(pcm []int16) (int, error) {
	for len(f.rest) == 0 && f.err == nil {
		f.rest, f.err = f.conv.read(f.buf[:0])
	}
	n := copy(pcm, f.rest)
	f.rest = f.rest[n:]
	if n == 0 && len(pcm) > 0 {
		return 0, f.err
	}
	return n, nil
}

// Close closes the file. It may be called twice.
func (f *File) Close() error {
	if err := f.f.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("close WAV file: %w", err)
	}
	return nil
}
