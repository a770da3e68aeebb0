package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/rs/zerolog"

	"earshot/internal/audio"
)

const (
	lookEvery   = 100 * time.Millisecond
	hardlyAny   = -65.0 // dBFS; speech is louder at any microphone that is heard
	barFrom     = -80.0 // dBFS, where a bar begins
	barWidth    = 32
	listenLimit = 600 // s
)

// heardDevice is a microphone that was listened to.
type heardDevice struct {
	Driver      string         `json:"driver"`
	Device      string         `json:"device"`
	Description string         `json:"description"`
	Channels    []heardChannel `json:"channels"`
	Findings    []heardFinding `json:"findings"`
	Problem     string         `json:"problem"` // why nothing was heard

	microphone *audio.Microphone
}

// heardChannel is how loud a channel was, in dBFS.
type heardChannel struct {
	Channel int     `json:"channel"`
	Hears   string  `json:"hears"` // silence, noise or speech
	Loudest float64 `json:"loudest_dbfs"`
	Usual   float64 `json:"usual_dbfs"`  // the median
	Speech  float64 `json:"speech_dbfs"` // of what comes and goes, without what is there all the time; -120 for none

	now    float64
	levels []float64
}

type heardFinding struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// listenToDevices listens to all microphones at once, and shows how loud each of their channels is. Nothing of the sound is kept.
func listenToDevices(ctx context.Context, t terminal, devices []audio.Device, length time.Duration, asJSON bool) error {
	heard := make([]heardDevice, len(devices))
	for i, d := range devices {
		cfg := audio.DefaultConfig()
		cfg.Driver, cfg.Device = d.Driver, d.ID
		heard[i] = heardDevice{
			Driver: d.Driver, Device: d.ID, Description: d.Description, Channels: []heardChannel{}, Findings: []heardFinding{},
			microphone: audio.NewMicrophone(cfg, zerolog.Nop()),
		}
	}
	draw := !asJSON && isTerminal(t.out)
	if !asJSON {
		fmt.Fprintf(t.out, "Listening for %v: speak as you would to a satellite.\n", length)
	}
	open, closeAll := context.WithCancel(ctx) // longer than listening: a device that is being closed has nothing to tell
	defer closeAll()
	listening, stop := context.WithTimeout(ctx, length)
	defer stop()
	var running sync.WaitGroup
	for i := range heard {
		running.Go(func() { _ = heard[i].microphone.Run(open) }) // its device comes from the list, so that its configuration is right
	}
	lines := 0
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for listening.Err() == nil {
		select {
		case <-listening.Done():
		case <-tick.C:
			for i := range heard {
				heard[i].look()
			}
			if draw {
				lines = drawLevels(t.out, heard, lines)
			}
		}
	}
	closeAll()
	running.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range heard {
		heard[i].sum()
	}
	if asJSON {
		enc := json.NewEncoder(t.out)
		enc.SetIndent("", "  ")
		return enc.Encode(heard)
	}
	return reportHeard(t.out, heard)
}

// look notes how a microphone is now.
func (h *heardDevice) look() {
	s := h.microphone.Status()
	h.Problem = s.Reason
	if s.State != audio.Listening && len(s.Findings) == 0 {
		return
	}
	levels := s.Channels
	if levels == nil {
		levels = []float64{s.LevelDBFS}
	}
	if len(levels) != len(h.Channels) { // at the beginning it is not known how many there are
		h.Channels = make([]heardChannel, len(levels))
	}
	for ch, v := range levels {
		c := &h.Channels[ch]
		c.Channel, c.now, c.levels = ch, v, append(c.levels, v)
	}
	h.Findings = h.Findings[:0]
	for _, f := range s.Findings {
		h.Findings = append(h.Findings, heardFinding{f.Code, f.Text})
	}
}

// sum sums up what was noted.
func (h *heardDevice) sum() {
	for i := range h.Channels {
		h.Channels[i].sum()
	}
	if len(h.Channels) == 0 && h.Problem == "" {
		h.Problem = "No sound came."
	}
}

// narrow tells whether a louder one is no better.
func (h *heardDevice) narrow() bool {
	return slices.ContainsFunc(h.Findings, func(f heardFinding) bool { return f.Code == audio.FindingNarrow })
}

func tenths(v float64) float64 { return math.Round(v*10) / 10 }

// drawLevels draws a bar for each channel over those it drew before, and returns how many lines that were.
func drawLevels(out io.Writer, heard []heardDevice, before int) (lines int) {
	var b strings.Builder
	if before > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", before)
	}
	for _, h := range heard {
		if len(h.Channels) == 0 {
			fmt.Fprintf(&b, "\x1b[K%-30.30s  %.60s\n", h.Description, h.Problem)
			lines++
		}
		for _, c := range h.Channels {
			n := int(barWidth * max(0, min(1, (c.now-barFrom)/-barFrom)))
			fmt.Fprintf(&b, "\x1b[K%-30.30s %2d %s%s %4.0f dBFS\n", h.Description, c.Channel, strings.Repeat("█", n), strings.Repeat("·", barWidth-n), c.now)
			lines++
		}
	}
	for range before - lines { // what was drawn before is longer
		b.WriteString("\x1b[K\n")
		lines++
	}
	fmt.Fprint(out, b.String())
	return lines
}

// reportHeard says what was heard, and what to write into the configuration.
func reportHeard(out io.Writer, heard []heardDevice) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "driver\tdevice\tchannel\tloudest\tusual\thears\t")
	loudest := nothingDBFS
	for _, h := range heard {
		if len(h.Channels) == 0 {
			fmt.Fprintf(w, "%s\t%s\t\t\t\t\t%s\n", h.Driver, h.Device, h.Problem)
		}
		for _, c := range h.Channels {
			fmt.Fprintf(w, "%s\t%s\t%d\t%.0f dBFS\t%.0f dBFS\t%s\t\n", h.Driver, h.Device, c.Channel, c.Loudest, c.Usual, c.Hears)
			loudest = max(loudest, c.Loudest)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, h := range heard {
		if channels := h.describe(); channels != "" {
			fmt.Fprintf(out, "%s: %s.\n", h.Device, channels)
		}
		for _, f := range h.Findings {
			fmt.Fprintf(out, "%s: %s\n", h.Device, f.Text)
		}
	}
	device, channel := best(heard)
	var err error
	switch {
	case device != nil:
		_, err = fmt.Fprintf(out, "The best was channel %d of %s:\n    %s\n", channel.Channel, device.Description, device.setting(channel))
	case loudest < hardlyAny:
		_, err = fmt.Fprintln(out, "Hardly any sound came. Speak while it listens, and see that no microphone is muted at the device or in the sound settings.")
	default:
		_, err = fmt.Fprintln(out, "There was sound, but none that comes and goes as speech does. Speak while it listens, for longer with --seconds.")
	}
	return err
}
