package audio

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
)

// Device is a microphone that can be opened.
type Device struct {
	Driver      string `json:"driver"`      // pulse or alsa
	ID          string `json:"device"`      // what to write as Config.Device; it stays the same when the device is plugged in again
	Description string `json:"description"` // for people
	Default     bool   `json:"default"`     // what an empty Config.Device opens with this driver
	Rate        int    `json:"rate"`        // Hz; 0 when it is not known without opening the device
	Channels    int    `json:"channels"`    // 0 when it is not known without opening the device

	Card    string `json:"card"`     // ALSA's id of its sound card; "" when it is not known
	Serial  string `json:"serial"`   // of its USB device, as udev names it; "" when it has none. Config.Device may be it
	BusPath string `json:"bus_path"` // where it is plugged in, as udev names it; "" when that is not known. Config.Device may be it
}

// Devices lists the microphones of this machine, those of the sound server first. A machine without any gives an empty list;
// the error says why a sound server that is there could not be asked, when nothing else was found either.
func Devices(ctx context.Context) ([]Device, error) {
	list, err := pulseDevices(ctx)
	cards, _ := alsaCards(ctx, "/") // without arecord there is nothing to list
	list = append(list, cards...)
	if len(list) > 0 || errors.Is(err, errNoServer) {
		return list, nil
	}
	return nil, err
}

// autoDriver takes the sound server when one answers, else ALSA. The first of them that works is kept: the other one might lead to another microphone.
type autoDriver struct {
	cfg    Config
	pulse  *pulseDriver
	alsa   *alsaDriver
	chosen driver
}

func newAutoDriver(cfg Config, log zerolog.Logger) *autoDriver {
	return &autoDriver{cfg: cfg, pulse: newPulseDriver(cfg, log), alsa: newALSADriver(cfg)}
}

func (d *autoDriver) open(ctx context.Context) (*source, error) {
	if d.chosen != nil {
		return d.chosen.open(ctx)
	}
	if alsaDevice(d.cfg.Device) {
		d.chosen = d.alsa
		return d.alsa.open(ctx)
	}
	src, err := d.pulse.open(ctx)
	if err == nil {
		d.chosen = d.pulse
		return src, nil
	}
	if d.cfg.Device != "" && !placeName(d.cfg.Device) || !errors.Is(err, errNoServer) && !errors.Is(err, errNoSource) {
		return nil, err
	}
	src, alsaErr := d.alsa.open(ctx)
	if alsaErr == nil {
		d.chosen = d.alsa
		d.pulse.close()
		return src, nil
	}
	return nil, fmt.Errorf("no microphone found: %w, and %w; plug one in, or name one as device", err, alsaErr)
}

func (d *autoDriver) wait(ctx context.Context, after time.Duration) {
	if d.chosen != nil {
		d.chosen.wait(ctx, after)
		return
	}
	d.pulse.wait(ctx, after)
}

func (d *autoDriver) close() {
	d.pulse.close()
	d.alsa.close()
}
