package audio

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Config says which microphone to open, and how.
type Config struct {
	Driver   string  `yaml:"driver"`   // auto, pulse, alsa, command or file
	Device   string  `yaml:"device"`   // name of the device, command line or path; "" is the default device, then held by name
	Channel  int     `yaml:"channel"`  // which channel to listen to, counted from 0
	GainDB   float64 `yaml:"gain_db"`  // amplification in dB; what becomes too loud is clipped
	Pace     string  `yaml:"pace"`     // file: real (as fast as it was recorded) or fast (as fast as the readers take it)
	Loop     bool    `yaml:"loop"`     // file: begin again at the end
	Rate     int     `yaml:"rate"`     // command, alsa: Hz; 0 is 16000 for a command and the card's own for alsa
	Channels int     `yaml:"channels"` // command, alsa: 0 is 1 for a command and the card's own for alsa
	Format   string  `yaml:"format"`   // command, alsa: u8, s16le, s24le, s24_32le, s32le or f32le; "" is s16le for a command and the card's own for alsa
}

// The drivers that Config.Driver names.
const (
	driverAuto    = "auto"
	driverPulse   = "pulse"
	driverALSA    = "alsa"
	driverCommand = "command"
	driverFile    = "file"
)

// The paces that Config.Pace names.
const (
	paceReal = "real"
	paceFast = "fast"
)

// DefaultConfig listens to the default microphone of the machine.
func DefaultConfig() Config {
	return Config{Driver: driverAuto, Pace: paceReal}
}

// Limits of the configuration.
const (
	maxChannels = 32
	maxGainDB   = 60 // either way
)

// Validate checks every key; the answer maps each key that is wrong to what is wrong with it and what is allowed, and is empty when all is well.
func (c Config) Validate() map[string]string {
	problems := map[string]string{}
	switch c.Driver {
	case driverAuto, driverPulse, driverALSA:
	case driverCommand:
		if strings.TrimSpace(c.Device) == "" {
			problems["device"] = "is empty; driver command needs a command line that writes raw sound"
		}
	case driverFile:
		if c.Device == "" {
			problems["device"] = "is empty; driver file needs the path of a WAV file"
		}
	default:
		problems["driver"] = fmt.Sprintf("%q is not a driver; use auto, pulse, alsa, command or file", c.Driver)
	}
	if strings.ContainsRune(c.Device, 0) {
		problems["device"] = "contains a zero byte"
	}
	if c.Channel < 0 || c.Channel >= maxChannels {
		problems["channel"] = fmt.Sprintf("%d is not a channel; use 0 to %d", c.Channel, maxChannels-1)
	}
	if math.IsNaN(c.GainDB) || math.Abs(c.GainDB) > maxGainDB {
		problems["gain_db"] = fmt.Sprintf("%g is not a gain; use -%d to %d dB", c.GainDB, maxGainDB, maxGainDB)
	}
	if c.Pace != paceReal && c.Pace != paceFast {
		problems["pace"] = fmt.Sprintf("%q is not a pace; use real or fast", c.Pace)
	}
	if c.Loop && c.Driver != driverFile {
		problems["loop"] = "only driver file can begin again"
	}
	maps.Copy(problems, c.checkFormat())
	return problems
}

// checkFormat checks the keys that describe raw sound.
func (c Config) checkFormat() map[string]string {
	problems := map[string]string{}
	if c.Rate != 0 {
		if err := checkRate(c.Rate); err != nil {
			problems["rate"] = err.Error()
		}
	}
	if c.Channels < 0 || c.Channels > maxChannels {
		problems["channels"] = fmt.Sprintf("%d is not a number of channels; use 1 to %d, or 0 for the driver's own", c.Channels, maxChannels)
	} else if n := c.rawFormat().channels; c.Channel >= n && (c.Channels > 0 || c.Driver == driverCommand) {
		problems["channel"] = fmt.Sprintf("%d is not there, channels is %d and the first one is 0", c.Channel, n)
	}
	if c.Format != "" {
		if _, ok := encodings[c.Format]; !ok {
			problems["format"] = fmt.Sprintf("%q is not a format; use %s", c.Format, strings.Join(slices.Sorted(maps.Keys(encodings)), ", "))
		}
	}
	if c.Driver == driverCommand || c.Driver == driverALSA {
		return problems
	}
	for key, set := range map[string]bool{"rate": c.Rate != 0, "channels": c.Channels != 0, "format": c.Format != ""} {
		if set && problems[key] == "" {
			problems[key] = "is only for the drivers command and alsa; leave it out"
		}
	}
	return problems
}

// rawFormat is the format of a command's output.
func (c Config) rawFormat() pcmFormat {
	f := pcmFormat{encoding: s16le, rate: SampleRate, channels: 1}
	if c.Format != "" {
		f.encoding = encodings[c.Format]
	}
	if c.Rate != 0 {
		f.rate = c.Rate
	}
	if c.Channels != 0 {
		f.channels = c.Channels
	}
	return f
}
