package audio_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"earshot/internal/audio"
)

func TestDefaultConfigIsValid(t *testing.T) {
	if problems := audio.DefaultConfig().Validate(); len(problems) != 0 {
		t.Errorf("%v", problems)
	}
}

func TestValidate(t *testing.T) {
	tests := []struct {
		yaml string
		want map[string]string
	}{
		{"{driver: file, device: a.wav, pace: fast, loop: true}", map[string]string{}},
		{"{driver: command, device: parec, rate: 48000, channels: 2, channel: 1, format: s32le}", map[string]string{}},
		{"{driver: alsa, device: Device, format: s24_32le}", map[string]string{}},
		{"{driver: pulseaudio}", map[string]string{"driver": `"pulseaudio" is not a driver; use auto, pulse, alsa, command or file`}},
		{"{driver: command}", map[string]string{"device": "is empty; driver command needs a command line that writes raw sound"}},
		{"{driver: file, pace: slow}", map[string]string{"device": "is empty; driver file needs the path of a WAV file", "pace": `"slow" is not a pace; use real or fast`}},
		{"{channel: 32, gain_db: 61, loop: true}", map[string]string{
			"channel": "32 is not a channel; use 0 to 31", "gain_db": "61 is not a gain; use -60 to 60 dB", "loop": "only driver file can begin again",
		}},
		{"{driver: command, device: x, channel: 1}", map[string]string{"channel": "1 is not there, channels is 1 and the first one is 0"}},
		{"{driver: alsa, rate: 44101, channels: 33, format: mp3}", map[string]string{
			"rate":     "44101 Hz is not supported; use a usual rate from 4000 to 384000 Hz, such as 16000, 44100 or 48000",
			"channels": "33 is not a number of channels; use 1 to 32, or 0 for the driver's own",
			"format":   `"mp3" is not a format; use f32le, s16le, s24_32le, s24le, s32le, u8`,
		}},
		{"{driver: pulse, rate: 16000}", map[string]string{"rate": "is only for the drivers command and alsa; leave it out"}},
		{"{gain_db: .nan}", map[string]string{"gain_db": "NaN is not a gain; use -60 to 60 dB"}},
		{`{device: "a\0b"}`, map[string]string{"device": "contains a zero byte"}},
	}
	for _, tt := range tests {
		cfg := audio.DefaultConfig()
		if err := yaml.Unmarshal([]byte(tt.yaml), &cfg); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, cfg.Validate()); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.yaml, diff)
		}
	}
	if len((audio.Config{Driver: "auto", Pace: "real", GainDB: math.Inf(1)}).Validate()) != 1 {
		t.Error("an infinite gain is accepted")
	}
}
