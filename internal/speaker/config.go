package speaker

import (
	"fmt"
	"math"
	"strings"
)

// Config says where sound is played, and how loud.
type Config struct {
	Driver   string  `yaml:"driver"`    // auto, pulse, alsa or none
	Device   string  `yaml:"device"`    // name of a sink (pulse) or of a PCM or card (alsa); "" is the default device
	VolumeDB float64 `yaml:"volume_db"` // amplification in dB; what becomes too loud is clipped
}

// The drivers that Config.Driver names.
const (
	driverAuto  = "auto"
	driverPulse = "pulse"
	driverALSA  = "alsa"
	driverNone  = "none"
)

// DefaultConfig plays on the default device of the machine, as loud as the sound is.
func DefaultConfig() Config {
	return Config{Driver: driverAuto}
}

// Limits of the volume, in dB.
const (
	minVolumeDB = -60
	maxVolumeDB = 20
)

// Validate checks every key; the answer maps each key that is wrong to what is wrong with it and what is allowed, and is empty when all is well.
func (c Config) Validate() map[string]string {
	problems := map[string]string{}
	switch c.Driver {
	case driverAuto, driverPulse, driverALSA:
	case driverNone:
		if c.Device != "" {
			problems["device"] = "is of no use with driver none; leave it out"
		}
	default:
		problems["driver"] = fmt.Sprintf("%q is not a driver; use auto, pulse, alsa or none", c.Driver)
	}
	if strings.ContainsRune(c.Device, 0) {
		problems["device"] = "contains a zero byte"
	}
	if !(c.VolumeDB >= minVolumeDB && c.VolumeDB <= maxVolumeDB) { // true for NaN too
		problems["volume_db"] = fmt.Sprintf("%g is not a volume; use %d to %d dB", c.VolumeDB, minVolumeDB, maxVolumeDB)
	}
	return problems
}

// gain is the factor that samples are multiplied by.
func (c Config) gain() float64 { return math.Pow(10, c.VolumeDB/20) }
