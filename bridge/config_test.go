package bridge_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"earshot/bridge"
)

func TestConfigFromYAML(t *testing.T) {
	t.Parallel()
	got := bridge.DefaultConfig()
	err := yaml.Unmarshal([]byte(`
id: kitchen
name: Kitchen
area: Ground floor
microphone: {driver: alsa, channel: 1}
wake_words:
  - okay_nabu
  - {model: alexa, threshold: 0.9, pipeline: Music}
  - model: hey_jarvis
`), &got)
	if err != nil {
		t.Fatal(err)
	}
	want := bridge.DefaultConfig()
	want.ID, want.Name, want.Area = "kitchen", "Kitchen", "Ground floor"
	want.Microphone.Driver, want.Microphone.Channel = "alsa", 1
	want.WakeWords = []bridge.WakeWord{{Model: "okay_nabu"}, {Model: "alexa", Threshold: 0.9, Pipeline: "Music"}, {Model: "hey_jarvis"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestConfigWrongShape(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"wake_words: [[a]]", "wake_words: [{model: [a]}]", "wake_words: [{threshold: loud}]"} {
		var cfg bridge.Config
		if err := yaml.Unmarshal([]byte(text), &cfg); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%s: error %v, want one that names the line", text, err)
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		alter func(*bridge.Config)
		want  map[string]string
	}{
		{"default", func(*bridge.Config) {}, map[string]string{}},
		{"all letters of an id", func(c *bridge.Config) { c.ID = "az_09-" }, map[string]string{}},
		{"no id", func(c *bridge.Config) { c.ID = "" }, map[string]string{"id": "is missing; name the satellite, such as kitchen"}},
		{"odd id", func(c *bridge.Config) { c.ID = "Küche" }, map[string]string{"id": `"Küche" is not an id; use a-z, 0-9, _ and -, at most 32 of them`}},
		{"id with a line end", func(c *bridge.Config) { c.ID = "a\n" }, map[string]string{"id": `"a\n" is not an id; use a-z, 0-9, _ and -, at most 32 of them`}},
		{"long id", func(c *bridge.Config) { c.ID = strings.Repeat("a", 33) }, map[string]string{
			"id": `"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" is not an id; use a-z, 0-9, _ and -, at most 32 of them`,
		}},
		{"microphone", func(c *bridge.Config) { c.Microphone.Driver = "usb" }, map[string]string{
			"microphone.driver": `"usb" is not a driver; use auto, pulse, alsa, command or file`,
		}},
		{"no wake word", func(c *bridge.Config) { c.WakeWords = nil }, map[string]string{"wake_words": "there is none; name at least one model, such as [okay_nabu]"}},
		{"wake words", func(c *bridge.Config) {
			c.WakeWords = []bridge.WakeWord{{}, {Model: "alexa"}, {Model: "../alexa"}, {Model: "alexa", Threshold: 1.5}, {Model: "a", Threshold: math.NaN()}, {Model: "b", Threshold: 1}}
		}, map[string]string{
			"wake_words[0]":           "has no model; write it like okay_nabu or {model: okay_nabu, threshold: 0.9}",
			"wake_words[2]":           "\"../alexa\" is not the name of a model; `earshot models list` shows them",
			"wake_words[3]":           `"alexa" is there twice; keep one`,
			"wake_words[3].threshold": "1.5 is not a probability; use 0 to 1, or leave it out for the model's own",
			"wake_words[4].threshold": "NaN is not a probability; use 0 to 1, or leave it out for the model's own",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := bridge.DefaultConfig()
			cfg.ID = "kitchen"
			c.alter(&cfg)
			if diff := cmp.Diff(c.want, cfg.Validate()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
