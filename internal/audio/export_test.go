package audio

import (
	"context"
	"io"
	"time"

	"github.com/rs/zerolog"
)

// Fake is a device of 16 kHz mono s16le for tests.
type Fake struct {
	Open func() (io.ReadCloser, error)
	Live bool
	Gaps func() time.Duration
}

func (f *Fake) open(context.Context) (*source, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	return &source{ReadCloser: r, format: pcmFormat{encoding: s16le, rate: SampleRate, channels: 1}, name: "fake", live: f.Live, gaps: f.Gaps}, nil
}

func (f *Fake) wait(ctx context.Context, after time.Duration) { sleep(ctx, after, nil) }

func (f *Fake) close() {}

// NewFakeMicrophone is a microphone on a fake device.
func NewFakeMicrophone(f *Fake) *Microphone {
	return newMicrophone(DefaultConfig(), zerolog.Nop(), func() driver { return f })
}

// Converter converts raw sound as drivers deliver it.
type Converter struct {
	c   *converter
	out []int16
}

// NewConverter converts what r gives.
func NewConverter(r io.Reader, cfg Config) (*Converter, error) {
	c, err := newConverter(r, cfg.rawFormat(), cfg.Channel, cfg.GainDB)
	if err != nil {
		return nil, err
	}
	return &Converter{c: c, out: make([]int16, 0, c.maxOut())}, nil
}

// Read gives the result of one read of the raw sound.
func (c *Converter) Read() ([]int16, error) { return c.c.read(c.out[:0]) }

// ParseCards and ParseHWParams read what arecord prints.
var ParseCards = parseCards

// ParseHWParams returns what would be recorded from a device for which arecord prints text.
func ParseHWParams(text string, channel int) (args []string, found bool) {
	p, found := parseHWParams(text)
	return arecordArgs("dev", pcmFormat{encoding: p.encoding(), rate: p.rate(), channels: p.channels.clamp(channel + 1)}), found
}

// ServerAddresses lists where a sound server is looked for.
func ServerAddresses() []string {
	var list []string
	for _, a := range pulseAddresses() {
		list = append(list, a.network+" "+a.address)
	}
	return list
}

// NewALSAMicrophone is a microphone of a machine whose kernel's files are below root.
func NewALSAMicrophone(cfg Config, root string) *Microphone {
	return newMicrophone(cfg, zerolog.Nop(), func() driver {
		d := newALSADriver(cfg)
		d.root = root
		return d
	})
}

// CardsOf lists what ALSA can record from on such a machine.
func CardsOf(ctx context.Context, root string) ([]Device, error) { return alsaCards(ctx, root) }
