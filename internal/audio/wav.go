package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// Limits against hostile WAV files.
const (
	maxWAV     = 64 << 20 // bytes that ReadWAV reads of the data, and that it returns
	maxPreface = 16 << 20 // bytes before the data
	maxFmt     = 1 << 16  // bytes of the format chunk
)

// Format tags of the format chunk.
// ref: Microsoft, "Multiple channel audio data and WAVE files": WAVEFORMATEX, WAVEFORMATEXTENSIBLE.
const (
	tagPCM        = 1
	tagFloat      = 3
	tagExtensible = 0xFFFE
)

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

// openWAV reads up to the data chunk and returns a reader of the data.
// A data size of 0 or more than there is, as programs that write into a pipe leave it, means up to the end.
func openWAV(r io.Reader) (io.Reader, pcmFormat, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, pcmFormat{}, wavEnd(err)
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return nil, pcmFormat{}, errors.New("this is not a WAV file")
	}
	var format pcmFormat
	preface := int64(0)
	for {
		var chunk [8]byte
		if _, err := io.ReadFull(r, chunk[:]); err != nil {
			return nil, pcmFormat{}, wavEnd(err)
		}
		size := int64(binary.LittleEndian.Uint32(chunk[4:]))
		padded := size + size&1
		preface += padded + 8
		switch id := string(chunk[:4]); {
		case id == "data" && format.channels == 0:
			return nil, pcmFormat{}, errors.New("the WAV file has no format before its data")
		case id == "data":
			if size == 0 || size >= 1<<31-1<<16 {
				return r, format, nil
			}
			return io.LimitReader(r, size), format, nil
		case preface > maxPreface:
			return nil, pcmFormat{}, errors.New("the WAV file has no sound in its first 16 MiB")
		case id == "fmt " && size > maxFmt:
			return nil, pcmFormat{}, errors.New("the WAV file's format chunk is too large")
		case id == "fmt ":
			body := make([]byte, padded)
			if _, err := io.ReadFull(r, body); err != nil {
				return nil, pcmFormat{}, wavEnd(err)
			}
			var err error
			if format, err = parseFmt(body[:size]); err != nil {
				return nil, pcmFormat{}, err
			}
		default:
			if _, err := io.CopyN(io.Discard, r, padded); err != nil {
				return nil, pcmFormat{}, wavEnd(err)
			}
		}
	}
}

func wavEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the WAV file ends before its sound")
	}
	return err
}

// parseFmt reads the body of the format chunk.
func parseFmt(b []byte) (pcmFormat, error) {
	if len(b) < 16 {
		return pcmFormat{}, errors.New("the WAV file's format chunk is too short")
	}
	tag := binary.LittleEndian.Uint16(b)
	channels := int(binary.LittleEndian.Uint16(b[2:]))
	rate := binary.LittleEndian.Uint32(b[4:])
	align := int(binary.LittleEndian.Uint16(b[12:]))
	bits := int(binary.LittleEndian.Uint16(b[14:]))
	if tag == tagExtensible && len(b) >= 40 {
		tag = binary.LittleEndian.Uint16(b[24:]) // the first field of the sub-format's GUID is the plain tag
	}
	if channels < 1 || channels > maxChannels {
		return pcmFormat{}, fmt.Errorf("the WAV file has %d channels; 1 to %d are supported", channels, maxChannels)
	}
	if rate > maxRate {
		rate = maxRate + 1 // fits an int everywhere, and is refused below
	}
	if err := checkRate(int(rate)); err != nil {
		return pcmFormat{}, fmt.Errorf("the WAV file's sample rate: %w", err)
	}
	f := pcmFormat{rate: int(rate), channels: channels}
	switch {
	case tag == tagPCM && bits == 8:
		f.encoding = u8
	case tag == tagPCM && bits == 16:
		f.encoding = s16le
	case tag == tagPCM && bits == 24:
		f.encoding = s24le
	case tag == tagPCM && bits == 32:
		f.encoding = s32le
	case tag == tagFloat && bits == 32:
		f.encoding = f32le
	default:
		return pcmFormat{}, fmt.Errorf("the WAV file's encoding %d with %d bits is not supported; PCM of 8, 16, 24 or 32 bits and float of 32 bits are", tag, bits)
	}
	if align != f.frameBytes() {
		return pcmFormat{}, fmt.Errorf("the WAV file says %d bytes a sample frame, its format makes %d", align, f.frameBytes())
	}
	return f, nil
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
