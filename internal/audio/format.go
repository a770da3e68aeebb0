package audio

import (
	"encoding/binary"
	"fmt"
	"math"
)

// encoding is how one sample is written.
type encoding int

// The encodings that can be read, all little endian.
const (
	u8      encoding = iota
	s16le            // 16 bits
	s24le            // 24 bits in 3 bytes
	s24in32          // 24 bits in the lower 3 of 4 bytes
	s32le            // 32 bits
	f32le            // IEEE float, full scale is 1
)

// encodings are the names people write; they never change.
var encodings = map[string]encoding{"u8": u8, "s16le": s16le, "s24le": s24le, "s24_32le": s24in32, "s32le": s32le, "f32le": f32le}

// bytes is the size of one sample.
func (e encoding) bytes() int {
	switch e {
	case u8:
		return 1
	case s16le:
		return 2
	case s24le:
		return 3
	default:
		return 4
	}
}

// pcmFormat describes raw sound: sample frames of interleaved channels.
type pcmFormat struct {
	encoding encoding
	rate     int // Hz
	channels int
}

// frameBytes is the size of one sample frame, in bytes.
func (f pcmFormat) frameBytes() int { return f.encoding.bytes() * f.channels }

// bytesFor is the size of n milliseconds, in bytes, of whole sample frames.
func (f pcmFormat) bytesFor(ms int) int { return f.rate * ms / 1000 * f.frameBytes() }

// The sample rates that can be converted.
const (
	minRate   = 4000   // Hz
	maxRate   = 384000 // Hz
	usualRate = 48000  // Hz; what sound hardware works at
)

// checkRate accepts every rate that hardware has. Rates between them are refused where their filter would be large:
// so no file can make its reader compute more than about 100,000 coefficients.
func checkRate(rate int) error {
	step := 25
	if rate > 24000 {
		step = 100
	}
	if rate > 96000 {
		step = 400
	}
	if rate < minRate || rate > maxRate || rate%step != 0 {
		return fmt.Errorf("%d Hz is not supported; use a usual rate from %d to %d Hz, such as 16000, 44100 or 48000", rate, minRate, maxRate)
	}
	return nil
}

// maxFloat bounds samples of the float encoding, so that one absurd value cannot poison the filter.
const maxFloat = 64

// decode reads channel ch of each sample frame in raw, times gain, into dst (full scale is 1), and tells whether any sample was not exactly zero.
// raw holds whole sample frames and dst has room for all of them.
func (f pcmFormat) decode(dst []float32, raw []byte, ch int, gain float32) (n int, sound bool) {
	step, size := f.frameBytes(), f.encoding.bytes()
	var any float32
	for at := ch * size; at+size <= len(raw); at += step {
		v := f.encoding.sample(raw[at : at+size])
		if v != 0 {
			any = v
		}
		dst[n] = v * gain
		n++
	}
	return n, any != 0
}

// sample reads one sample.
func (e encoding) sample(b []byte) float32 {
	switch e {
	case u8:
		return float32(int(b[0])-128) / (1 << 7)
	case s16le:
		return float32(int16(binary.LittleEndian.Uint16(b))) / (1 << 15)
	case s24le:
		return float32(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24)) / (1 << 31)
	case s24in32:
		return float32(int32(binary.LittleEndian.Uint32(b)<<8)) / (1 << 31)
	case s32le:
		return float32(int32(binary.LittleEndian.Uint32(b))) / (1 << 31)
	default:
		v := math.Float32frombits(binary.LittleEndian.Uint32(b))
		if v != v {
			return 0
		}
		return max(-maxFloat, min(maxFloat, v))
	}
}

// quantize rounds to 16 bits, clipping what is too loud.
func quantize(v float32) int16 {
	v *= 1 << 15
	switch {
	case v >= math.MaxInt16:
		return math.MaxInt16
	case v <= math.MinInt16:
		return math.MinInt16
	case v >= 0:
		return int16(v + 0.5)
	default:
		return int16(v - 0.5)
	}
}
