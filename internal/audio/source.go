package audio

import (
	"context"
	"fmt"
	"io"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rs/zerolog"
)

// driver opens one device, the same one each time.
type driver interface {
	// open fails with an error whose text tells a person what to do.
	open(ctx context.Context) (*source, error)
	// wait returns after d, when ctx ends, or earlier when the device may have come back.
	wait(ctx context.Context, d time.Duration)
	// close lets go of everything but open sources.
	close()
}

// source is an open device. Read gives raw sound; io.EOF means that a recording has been played to its end, any other error why the device was lost.
// Close may be called twice and while Read waits, which it ends.
type source struct {
	io.ReadCloser
	format pcmFormat
	name   string               // for people
	live   bool                 // a real microphone: it never gives exact zeros for long
	wait   bool                 // readers are waited for instead of dropping frames
	gaps   func() time.Duration // how much audio the device lost since the last call; nil when it cannot tell
}

// newDriver makes the driver of a valid configuration.
func newDriver(cfg Config, log zerolog.Logger) driver {
	switch cfg.Driver {
	case driverPulse:
		return newPulseDriver(cfg, log)
	case driverALSA:
		return newALSADriver(cfg)
	case driverCommand:
		return &commandDriver{cfg: cfg}
	case driverFile:
		return &fileDriver{cfg: cfg}
	default:
		return newAutoDriver(cfg, log)
	}
}

// sleep waits for d, until ctx ends or until early gives a value; a nil early never does.
func sleep(ctx context.Context, d time.Duration, early <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-early:
	}
}

// checkChannel says in words that a device has too few channels.
func checkChannel(channel int, f pcmFormat) error {
	if channel < f.channels {
		return nil
	}
	return fmt.Errorf("there is no channel %d: the microphone has %d, and the first one is 0", channel, f.channels)
}

// sentence makes a sentence for people of an error.
func sentence(err error) string {
	text := err.Error()
	first, size := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(first)) + text[size:]
	if last, _ := utf8.DecodeLastRuneInString(text); last != '.' && last != '?' && last != '!' {
		text += "."
	}
	return text
}
