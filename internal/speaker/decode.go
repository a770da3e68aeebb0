package speaker

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"sync"
	"time"
)

// ErrFormat means that a sound is of a kind that cannot be played.
var ErrFormat = errors.New("only WAV and MP3 can be played")

// errEnd marks the end of a sound.
var errEnd = errors.New("end of sound")

// Limits of a sound.
const (
	minRate   = 4000   // Hz
	maxRate   = 192000 // Hz
	maxLength = 10 * time.Minute
)

func checkRate(rate int) error {
	if rate < minRate || rate > maxRate {
		return fmt.Errorf("%d Hz is not a rate that can be played; %d to %d are", rate, minRate, maxRate)
	}
	return nil
}

// input is what a sound is read from. It remembers why reading failed, which the decoders would take for the end of the sound.
type input struct {
	r    io.Reader
	once sync.Once
	err  error
}

// Read reads from the input; only io.EOF is a good end.
func (in *input) Read(p []byte) (int, error) {
	n, err := in.r.Read(p)
	if err != nil && err != io.EOF {
		in.err = err
	}
	return n, err
}

// close closes what can be closed. It may be called several times, and while a Read waits.
func (in *input) close() {
	in.once.Do(func() {
		if c, ok := in.r.(io.Closer); ok {
			_ = c.Close() // it was only read
		}
	})
}

// encoding is how one sample is written.
type encoding int

const (
	u8 encoding = iota
	s16le
	s24le
	s32le
	f32le
)

// size is the number of bytes of a sample.
func (e encoding) size() int { return [...]int{1, 2, 3, 4, 4}[e] }

// value is one sample on the scale of 16 bits.
func (e encoding) value(b []byte) float64 {
	switch e {
	case u8:
		return (float64(b[0]) - 128) * 256
	case s16le:
		return float64(int16(binary.LittleEndian.Uint16(b)))
	case s24le:
		return float64(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24)) / (1 << 16)
	case s32le:
		return float64(int32(binary.LittleEndian.Uint32(b))) / (1 << 16)
	default:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) * (1 << 15)
	}
}

// sound is a sound whose beginning has been read.
type sound struct {
	in       *input
	pcm      io.Reader // samples, those of the channels in turn
	encoding encoding
	rate     int // Hz
	channels int // 1 or 2
}

// decode finds out what in holds, and reads up to its samples.
func decode(in *input, mediaType string) (*sound, error) {
	r := bufio.NewReader(in)
	kind, err := sniff(r, mediaType)
	var snd *sound
	switch {
	case err != nil:
	case kind == kindWAV:
		snd, err = openWAV(r)
	default:
		snd, err = openMP3(r)
	}
	if in.err != nil {
		err = in.err // the cause of what the decoders say
	}
	if err != nil {
		return nil, fmt.Errorf("read sound: %w", err)
	}
	snd.in = in
	return snd, nil
}

// The kinds of sound.
const (
	kindWAV = "WAV"
	kindMP3 = "MP3"
)

// sniff tells the kind of a sound from its first bytes, else from its media type.
func sniff(r *bufio.Reader, mediaType string) (string, error) {
	head, err := r.Peek(12)
	if len(head) == 0 {
		if err == io.EOF {
			err = errors.New("it is empty")
		}
		return "", err
	}
	switch {
	case len(head) == 12 && string(head[:4]) == "RIFF" && string(head[8:]) == "WAVE":
		return kindWAV, nil
	case bytes.HasPrefix(head, []byte("ID3")), len(head) > 1 && head[0] == 0xFF && head[1]&0xE6 == 0xE2: // ref: ISO/IEC 11172-3 2.4.2.3: sync word, layer III
		return kindMP3, nil
	}
	base, _, err := mime.ParseMediaType(mediaType)
	if err != nil {
		base = ""
	}
	switch base {
	case "audio/mpeg", "audio/mp3", "audio/x-mp3", "audio/mpeg3":
		return kindMP3, nil // after bytes that its decoder skips
	case "":
		return "", ErrFormat
	default:
		return "", fmt.Errorf("%w, not %.40q", ErrFormat, base)
	}
}

// chunkTime is how much of a sound is decoded at once.
const chunkTime = 50 * time.Millisecond

// reader makes 16-bit samples, little endian, of a sound.
type reader struct {
	snd  *sound
	gain float64
	raw  []byte
	out  []byte
	left int // bytes of raw samples until the sound is too long
}

func newReader(snd *sound, gain float64) *reader {
	frames := int(time.Duration(snd.rate) * chunkTime / time.Second)
	samples := frames * snd.channels
	return &reader{
		snd: snd, gain: gain, raw: make([]byte, samples*snd.encoding.size()), out: make([]byte, 2*samples),
		left: int(maxLength.Seconds()) * snd.rate * snd.channels * snd.encoding.size(),
	}
}

// next returns the next samples, valid until the next call, and with the last ones errEnd or why the sound ends early.
func (r *reader) next() ([]byte, error) {
	n, err := io.ReadFull(r.snd.pcm, r.raw)
	if r.left -= n; r.left < 0 {
		return nil, fmt.Errorf("the sound is longer than %v", maxLength)
	}
	frame := r.snd.channels * r.snd.encoding.size()
	out := r.convert(r.raw[:n-n%frame])
	switch {
	case err == nil:
		return out, nil
	case r.snd.in.err != nil:
		return out, fmt.Errorf("read sound: %w", r.snd.in.err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return out, errEnd
	default:
		return out, fmt.Errorf("read sound: %w", err)
	}
}

// convert applies the gain and clips; a value that is not a number is silence.
func (r *reader) convert(raw []byte) []byte {
	size := r.snd.encoding.size()
	out := r.out[:len(raw)/size*2]
	for i := range len(raw) / size {
		v := r.snd.encoding.value(raw[i*size:]) * r.gain
		if math.IsNaN(v) {
			v = 0
		}
		v = math.Round(min(max(v, math.MinInt16), math.MaxInt16))
		binary.LittleEndian.PutUint16(out[2*i:], uint16(int16(v)))
	}
	return out
}
