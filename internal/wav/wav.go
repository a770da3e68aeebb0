// Package wav reads the beginning of WAV files: how their samples are written, and where they are.
package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// ErrEncoding means that the samples are written in a way that is not supported.
var ErrEncoding = errors.New("PCM of 8, 16, 24 or 32 bits and float of 32 bits are supported")

// Format says how the samples are written, little endian, those of the channels in turn.
type Format struct {
	Float    bool // IEEE float with full scale 1; else PCM
	Bits     int  // of a sample: 8 (unsigned), 16, 24 or 32; 32 of a float
	Channels int  // whatever the file says, as is Rate: 0 too
	Rate     int  // Hz; what does not fit 31 bits is the largest that does
}

// Limits against hostile files.
const (
	maxPreface = 16 << 20 // bytes before the samples
	maxFmt     = 1 << 16  // bytes of the format chunk
	endless    = 1<<31 - 1<<16
)

// Read reads up to the samples and returns a reader of them.
// A size of 0 or of more than there is, as programs that write while they still make the sound leave it, means up to the end.
func Read(r io.Reader) (Format, io.Reader, error) {
	f, size, err := readHeader(r)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the WAV file ends before its sound")
	}
	if err != nil {
		return Format{}, nil, err
	}
	if size == 0 || size >= endless {
		return f, r, nil
	}
	return f, io.LimitReader(r, size), nil
}

// readHeader returns the size that the data chunk says it has, in bytes.
func readHeader(r io.Reader) (f Format, size int64, err error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return f, 0, err
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return f, 0, errors.New("this is not a WAV file")
	}
	for preface := int64(0); ; {
		var chunk [8]byte
		if _, err := io.ReadFull(r, chunk[:]); err != nil {
			return f, 0, err
		}
		id, size := string(chunk[:4]), int64(binary.LittleEndian.Uint32(chunk[4:]))
		padded := size + size&1
		preface += padded + 8
		switch {
		case id == "data" && f.Bits == 0:
			return f, 0, errors.New("the WAV file has no format before its sound")
		case id == "data":
			return f, size, nil
		case preface > maxPreface:
			return f, 0, errors.New("the WAV file has no sound in its first 16 MiB")
		case id == "fmt " && size > maxFmt:
			return f, 0, errors.New("the WAV file's format chunk is too large")
		case id == "fmt ":
			body := make([]byte, padded)
			if _, err := io.ReadFull(r, body); err != nil {
				return f, 0, err
			}
			if f, err = parse(body[:size]); err != nil {
				return f, 0, err
			}
		default:
			if _, err := io.CopyN(io.Discard, r, padded); err != nil {
				return f, 0, err
			}
		}
	}
}

// Format tags of the format chunk.
// ref: Microsoft, "Multiple channel audio data and WAVE files": WAVEFORMATEX, WAVEFORMATEXTENSIBLE.
const (
	tagPCM        = 1
	tagFloat      = 3
	tagExtensible = 0xFFFE
)

// parse reads the body of the format chunk.
func parse(b []byte) (Format, error) {
	if len(b) < 16 {
		return Format{}, errors.New("the WAV file's format chunk is too short")
	}
	tag := binary.LittleEndian.Uint16(b)
	if tag == tagExtensible && len(b) >= 40 {
		tag = binary.LittleEndian.Uint16(b[24:]) // the sub-format's GUID begins with the plain tag
	}
	f := Format{
		Float:    tag == tagFloat,
		Bits:     int(binary.LittleEndian.Uint16(b[14:])),
		Channels: int(binary.LittleEndian.Uint16(b[2:])),
		Rate:     int(min(binary.LittleEndian.Uint32(b[4:]), math.MaxInt32)), // fits an int everywhere
	}
	whole := tag == tagPCM && (f.Bits == 8 || f.Bits == 16 || f.Bits == 24 || f.Bits == 32)
	if !whole && !(f.Float && f.Bits == 32) {
		return Format{}, fmt.Errorf("the WAV file's encoding %d with %d bits cannot be read: %w", tag, f.Bits, ErrEncoding)
	}
	if align, made := int(binary.LittleEndian.Uint16(b[12:])), f.Channels*f.Bits/8; align != made {
		return Format{}, fmt.Errorf("the WAV file says %d bytes a sample frame, its format makes %d", align, made)
	}
	return f, nil
}
