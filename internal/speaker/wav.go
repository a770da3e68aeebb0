package speaker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// Limits against hostile WAV files.
const (
	maxPreface = 1 << 20 // bytes before the samples
	maxFmt     = 1 << 12 // bytes of the format chunk
	endless    = 1<<31 - 1<<16
)

// Format tags of the format chunk.
// ref: Microsoft, "Multiple channel audio data and WAVE files": WAVEFORMATEX, WAVEFORMATEXTENSIBLE.
const (
	tagPCM        = 1
	tagFloat      = 3
	tagExtensible = 0xFFFE
)

// openWAV reads up to the samples. A size of 0 or of more than there is, as programs that write while they still make the sound leave it,
// means up to the end.
func openWAV(r io.Reader) (*sound, error) {
	if _, err := io.CopyN(io.Discard, r, 12); err != nil {
		return nil, wavEnd(err)
	}
	var snd *sound
	for preface := int64(0); ; {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return nil, wavEnd(err)
		}
		id, size := string(head[:4]), int64(binary.LittleEndian.Uint32(head[4:]))
		padded := size + size&1
		preface += padded + 8
		switch {
		case id == "data" && snd == nil:
			return nil, errors.New("the WAV file has no format before its samples")
		case id == "data":
			if snd.pcm = r; size != 0 && size < endless {
				snd.pcm = io.LimitReader(r, size)
			}
			return snd, nil
		case preface > maxPreface || id == "fmt " && size > maxFmt:
			return nil, errors.New("the WAV file has too much before its samples")
		case id == "fmt ":
			body := make([]byte, padded)
			if _, err := io.ReadFull(r, body); err != nil {
				return nil, wavEnd(err)
			}
			var err error
			if snd, err = parseFmt(body[:size]); err != nil {
				return nil, err
			}
		default:
			if _, err := io.CopyN(io.Discard, r, padded); err != nil {
				return nil, wavEnd(err)
			}
		}
	}
}

func wavEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the WAV file ends before its samples")
	}
	return err
}

// parseFmt reads the body of the format chunk.
func parseFmt(b []byte) (*sound, error) {
	if len(b) < 16 {
		return nil, errors.New("the WAV file's format chunk is too short")
	}
	tag, bits := binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[14:])
	if tag == tagExtensible && len(b) >= 40 {
		tag = binary.LittleEndian.Uint16(b[24:]) // the sub-format's GUID begins with the plain tag
	}
	snd := &sound{
		channels: int(binary.LittleEndian.Uint16(b[2:])),
		rate:     int(min(binary.LittleEndian.Uint32(b[4:]), math.MaxInt32)), // fits an int everywhere
	}
	switch {
	case tag == tagPCM && bits == 8:
		snd.encoding = u8
	case tag == tagPCM && bits == 16:
		snd.encoding = s16le
	case tag == tagPCM && bits == 24:
		snd.encoding = s24le
	case tag == tagPCM && bits == 32:
		snd.encoding = s32le
	case tag == tagFloat && bits == 32:
		snd.encoding = f32le
	default:
		return nil, fmt.Errorf("%w: the WAV file's encoding %d with %d bits is neither PCM of 8, 16, 24 or 32 bits nor float of 32", ErrFormat, tag, bits)
	}
	if snd.channels != 1 && snd.channels != 2 {
		return nil, fmt.Errorf("the WAV file has %d channels; 1 and 2 can be played", snd.channels)
	}
	if err := checkRate(snd.rate); err != nil {
		return nil, fmt.Errorf("the WAV file: %w", err)
	}
	if align := int(binary.LittleEndian.Uint16(b[12:])); align != snd.channels*snd.encoding.size() {
		return nil, fmt.Errorf("the WAV file says %d bytes a sample frame, its format makes %d", align, snd.channels*snd.encoding.size())
	}
	return snd, nil
}
