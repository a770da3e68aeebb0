package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"earshot/internal/audio"
)

// What a channel can be heard to carry.
const (
	hearsSilence = "silence" // nothing but zeros, or next to it
	hearsNoise   = "noise"   // a room without speech, a hum
	hearsSpeech  = "speech"  // something that comes and goes as speech does
)

const (
	nothingDBFS = -120.0
	silentDBFS  = -100.0 // what is never louder is no microphone: the quietest have a noise of -90
	rises       = 6.0    // dB by which speech stands out of what is there all the time
	lowSpeech   = -45.0  // dBFS; speech that is quieter is missed more and more, see docs/microphones.md
	goodSpeech  = -30.0  // dBFS that amplification aims at, with room for somebody who speaks up
	maxProposed = 40.0   // dB; more only makes noise louder
)

// sum sums up what was noted of a channel.
func (c *heardChannel) sum() {
	slices.Sort(c.levels)
	at := func(share float64) float64 { return c.levels[int(share*float64(len(c.levels)-1))] }
	c.Loudest, c.Usual, c.Speech, c.Hears = tenths(at(1)), tenths(at(0.5)), nothingDBFS, hearsNoise
	// What is there all the time is not speech, however loud it is.
	loud, floor := at(0.95), at(0.2)
	switch {
	case at(1) < silentDBFS:
		c.Hears = hearsSilence
	case loud-floor >= rises && loud > hardlyAny:
		c.Speech, c.Hears = tenths(10*math.Log10(math.Pow(10, loud/10)-math.Pow(10, floor/10))), hearsSpeech
	}
}

// best is the channel that carries the most speech, and of a device that has treble where there is one; nil when none carries any.
func best(heard []heardDevice) (device *heardDevice, channel heardChannel) {
	for i, h := range heard {
		for _, c := range h.Channels {
			if c.Hears != hearsSpeech {
				continue
			}
			if device == nil || device.narrow() && !h.narrow() || device.narrow() == h.narrow() && c.Speech > channel.Speech {
				device, channel = &heard[i], c
			}
		}
	}
	return device, channel
}

// describe says what each of several channels carries: channel 0 is silent, channel 1 carries speech. It is "" for a device with one.
func (h *heardDevice) describe() string {
	if len(h.Channels) < 2 {
		return ""
	}
	words := map[string]string{hearsSilence: "is silent", hearsNoise: "carries no speech", hearsSpeech: "carries speech"}
	var parts []string
	for _, c := range h.Channels {
		parts = append(parts, fmt.Sprintf("channel %d %s", c.Channel, words[c.Hears]))
	}
	return strings.Join(parts, ", ")
}

// setting is what to write for a channel of a device.
func (h *heardDevice) setting(c heardChannel) string {
	gain := ""
	if c.Speech < lowSpeech {
		gain = fmt.Sprintf(", gain_db: %.0f", min(maxProposed, math.Round(goodSpeech-c.Speech)))
	}
	return fmt.Sprintf("microphone: {driver: %s, device: %q, channel: %d%s}", h.Driver, h.Device, c.Channel, gain)
}

// place says how to tell a device from another one like it.
func place(d audio.Device) string {
	var parts []string
	if d.Card != "" && d.Card != d.ID {
		parts = append(parts, "card "+d.Card)
	}
	if at := d.BusPath; at != "" && at != d.ID {
		parts = append(parts, "at "+at)
	}
	return cmp.Or(strings.Join(parts, ", "), "-")
}
