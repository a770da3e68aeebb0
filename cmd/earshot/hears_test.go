package main

import (
	"encoding/json"
	"strings"
	"testing"

	"earshot/internal/audio"
)

// levels are the levels of ten seconds: so much of them loud, the rest quiet.
func levels(loud, quiet float64, share float64) (list []float64) {
	for i := range 100 {
		if float64(i) < 100*share {
			list = append(list, loud)
		} else {
			list = append(list, quiet)
		}
	}
	return list
}

func heardFrom(device string, channels ...[]float64) heardDevice {
	h := heardDevice{Driver: "alsa", Device: device, Description: "The " + device}
	for i, l := range channels {
		h.Channels = append(h.Channels, heardChannel{Channel: i, levels: l})
	}
	h.sum()
	return h
}

// TestHears tells speech from a hum that is louder, from a silent room, and from a channel that has no microphone.
func TestHears(t *testing.T) {
	for name, c := range map[string]struct {
		heard []heardDevice
		want  []string
	}{
		"an I2S microphone on the left": {
			[]heardDevice{heardFrom("i2s", levels(-38, -70, 0.3), levels(-120, -120, 1))},
			[]string{"i2s: channel 0 carries speech, channel 1 is silent.", `microphone: {driver: alsa, device: "i2s", channel: 0}`},
		},
		"one that is quiet": {
			[]heardDevice{heardFrom("i2s", levels(-120, -120, 1), levels(-58, -85, 0.3))},
			[]string{"channel 0 is silent, channel 1 carries speech.", `device: "i2s", channel: 1, gain_db: 28}`},
		},
		"an array whose reference channel hums": {
			[]heardDevice{heardFrom("array", levels(-20, -20.4, 0.5), levels(-33, -62, 0.3), levels(-30, -60, 0.3))},
			[]string{"channel 0 carries no speech, channel 1 carries speech, channel 2 carries speech.", `channel: 2}`},
		},
		"two microphones": {
			[]heardDevice{heardFrom("far", levels(-44, -60, 0.3)), heardFrom("near", levels(-25, -60, 0.3))}, []string{`device: "near", channel: 0}`},
		},
		"nobody speaks": {[]heardDevice{heardFrom("room", levels(-50, -51, 0.3))}, []string{"none that comes and goes as speech does"}},
		"nothing":       {[]heardDevice{heardFrom("dead", levels(-120, -120, 1))}, []string{"Hardly any sound came."}},
		"no sound at all": {
			[]heardDevice{heardFrom("gone")}, []string{"No sound came.", "Hardly any sound came."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := reportHeard(&out, c.heard); err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("it does not say %q:\n%s", want, &out)
				}
			}
		})
	}
}

// TestListDevices gives a line to paste for each microphone, and says where equal ones are.
func TestListDevices(t *testing.T) {
	devices := []audio.Device{
		{Driver: "pulse", ID: "alsa_input.usb-Yeti", Description: "Yeti", Default: true, Rate: 48000, Channels: 2, BusPath: "pci-0000:00:14.0-usb-0:3:1.0"},
		{Driver: "alsa", ID: "pci-0000:00:14.0-usb-0:2:1.0", Card: "Device_1", BusPath: "pci-0000:00:14.0-usb-0:2:1.0", Description: "USB Audio Device"},
	}
	var out strings.Builder
	if err := listDevices(&out, devices); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"48000 Hz, 2 ch", "at pci-0000:00:14.0-usb-0:3:1.0", "card Device_1", "Yeti (default)",
		`microphone: {driver: alsa, device: "pci-0000:00:14.0-usb-0:2:1.0"}`, `microphone: {driver: pulse, device: "alsa_input.usb-Yeti"}`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, &out)
		}
	}
	data, err := json.Marshal(devices[1])
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"driver":"alsa","device":"pci-0000:00:14.0-usb-0:2:1.0","description":"USB Audio Device","default":false,"rate":0,"channels":0,` +
		`"card":"Device_1","serial":"","bus_path":"pci-0000:00:14.0-usb-0:2:1.0"}`
	if string(data) != want {
		t.Errorf("as JSON it is %s", data)
	}
}
