package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// blockFrames is how many sample frames are converted at once.
const blockFrames = 1024

// converter reads raw sound of any format as 16 kHz mono.
type converter struct {
	r       io.Reader
	format  pcmFormat
	channel int
	gain    float32
	rate    *resampler
	block   []float32
	raw     []byte
	have    int // bytes in raw that are not a whole sample frame yet
	sound   bool
	meter   channelMeter
	powers  []float64 // of each channel, of a piece of sound that has just come to its end; else nil
	ended   bool
}

// newConverter fails when the format has no such channel or a rate that cannot be converted.
func newConverter(r io.Reader, f pcmFormat, channel int, gainDB float64) (*converter, error) {
	if channel < 0 || channel >= f.channels {
		return nil, fmt.Errorf("there is no channel %d: the sound has %d, and the first one is 0", channel, f.channels)
	}
	if err := checkRate(f.rate); err != nil {
		return nil, err
	}
	c := &converter{
		r: r, format: f, channel: channel,
		rate:  newResampler(f.rate, blockFrames),
		block: make([]float32, blockFrames),
		raw:   make([]byte, blockFrames*f.frameBytes()),
	}
	c.setGain(gainDB)
	return c, nil
}

// setGain changes the amplification of what is read from now on.
func (c *converter) setGain(db float64) { c.gain = float32(math.Pow(10, db/20)) }

// maxOut is the most samples that one read can give.
func (c *converter) maxOut() int {
	return (blockFrames+c.rate.taps)*c.rate.up/c.rate.down + 2
}

// read appends what one Read of the raw sound gives to dst; with room for maxOut samples it does not allocate.
// At the end it gives the samples the filter still held together with io.EOF.
func (c *converter) read(dst []int16) ([]int16, error) {
	if c.ended {
		return dst, io.EOF
	}
	n, err := c.r.Read(c.raw[c.have:])
	n += c.have
	whole := n - n%c.format.frameBytes()
	dst = c.convert(dst, c.raw[:whole])
	c.powers = nil
	if c.meter.add(c.format, c.raw[:whole]) {
		c.powers = c.meter.power[:c.format.channels]
	}
	c.have = copy(c.raw, c.raw[whole:n])
	if errors.Is(err, io.EOF) {
		c.ended = true
		return c.rate.flush(dst), io.EOF
	}
	return dst, err
}

// convert appends whole sample frames to dst.
func (c *converter) convert(dst []int16, raw []byte) []int16 {
	if c.format.encoding == s16le && c.format.rate == SampleRate && c.gain == 1 {
		return c.copy(dst, raw)
	}
	n, sound := c.format.decode(c.block, raw, c.channel, c.gain)
	c.sound = sound
	return c.rate.push(dst, c.block[:n])
}

// copy is convert for sound that is what we want already, which sound servers deliver: the same samples, without the way through floats.
func (c *converter) copy(dst []int16, raw []byte) []int16 {
	var all int16
	for at, step := 2*c.channel, c.format.frameBytes(); at+2 <= len(raw); at += step {
		v := int16(binary.LittleEndian.Uint16(raw[at:]))
		all |= v
		dst = append(dst, v)
	}
	c.sound = all != 0
	return dst
}
