// Package bridge is the satellite: it turns a microphone's audio into wake words, recordings, transcripts and history entries.
package bridge

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"

	"gopkg.in/yaml.v3"

	"earshot/internal/audio"
	"earshot/internal/speaker"
)

// Config is one satellite of the configuration file.
type Config struct {
	ID         string       `yaml:"id"`   // entities and recordings are filed under it
	Name       string       `yaml:"name"` // for people; the id when empty
	Area       string       `yaml:"area"` // the room; may be empty
	Microphone audio.Config `yaml:"microphone"`
	WakeWords  []WakeWord   `yaml:"wake_words"`
	Wake       string       `yaml:"wake"` // a Wyoming wake engine, wyoming://host:port; empty: this machine listens
	Reply      Reply        `yaml:"reply"`
}

// Reply says what speaks the assistant's replies, and what is heard beside them.
type Reply struct {
	MediaPlayer string         `yaml:"media_player"` // entity of Home Assistant, such as media_player.kitchen; it goes before Speaker
	Speaker     speaker.Config `yaml:"speaker"`      // of this machine; driver none for no speaker
	Sounds      bool           `yaml:"sounds"`       // feedback sounds on Speaker
}

// WakeWord is a word a satellite listens for. In the file it may be the model's name alone.
type WakeWord struct {
	Model     string  `yaml:"model"`
	Engine    string  `yaml:"engine"`    // MicroWakeWord, OpenWakeWord or OwnWord; empty: MicroWakeWord
	Threshold float64 `yaml:"threshold"` // probability cutoff, 0..1; 0 takes the model's own, or the one before a second look
	Verify    string  `yaml:"verify"`    // VerifyAuto or VerifyOff; empty: VerifyAuto
	// SecondThreshold is the cutoff of the second look, 0..1; 0 takes 0.1.
	SecondThreshold float64 `yaml:"second_threshold"`
	Pipeline        string  `yaml:"pipeline"` // Assist pipeline by name or id; empty takes the preferred one
	Remote          string  `yaml:"remote"`   // what the engine of Config.Wake calls it; empty: the model's name, or one much like it
}

// The engines of wake words on this machine.
const (
	MicroWakeWord = "microwakeword"
	OpenWakeWord  = "openwakeword"
	OwnWord       = "own" // made from recordings of the household
)

// Whether an openWakeWord model of the same word looks again at what a microWakeWord model has heard.
const (
	VerifyAuto = "auto" // when there is one
	VerifyOff  = "off"
)

// MayBeVerified tells whether a second look is taken at the word where a model for one is there.
func (w WakeWord) MayBeVerified() bool {
	return w.Engine != OpenWakeWord && w.Engine != OwnWord && w.Verify != VerifyOff
}

// UnmarshalYAML reads `okay_nabu` as well as `{model: okay_nabu, threshold: 0.9}`.
func (w *WakeWord) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*w = WakeWord{Model: n.Value}
		return nil
	}
	type plain WakeWord // without this method
	return n.Decode((*plain)(w))
}

// DefaultConfig is a satellite on the default microphone that listens for "Okay Nabu".
func DefaultConfig() Config {
	silent := speaker.DefaultConfig()
	silent.Driver = "none"
	return Config{Microphone: audio.DefaultConfig(), WakeWords: []WakeWord{{Model: "okay_nabu"}}, Reply: Reply{Speaker: silent}}
}

var (
	idPattern     = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)
	playerPattern = regexp.MustCompile(`^media_player\.[a-z0-9_]+$`)
	modelPattern  = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`) // a file name without its ending
)

// Validate names every key that is wrong and says what is allowed; it is empty when all is well.
func (c Config) Validate() map[string]string {
	wrong := map[string]string{}
	switch {
	case c.ID == "":
		wrong["id"] = "is missing; name the satellite, such as kitchen"
	case !idPattern.MatchString(c.ID):
		wrong["id"] = fmt.Sprintf("%q is not an id; use a-z, 0-9, _ and -, at most 32 of them", c.ID)
	}
	for key, problem := range c.Microphone.Validate() {
		wrong["microphone."+key] = problem
	}
	if len(c.WakeWords) == 0 {
		wrong["wake_words"] = "there is none; name at least one model, such as [okay_nabu]"
	}
	for key, problem := range c.Reply.Speaker.Validate() {
		wrong["reply.speaker."+key] = problem
	}
	if c.Reply.Sounds && c.Reply.Speaker.Driver == "none" {
		wrong["reply.sounds"] = "needs a speaker of this machine; set reply.speaker.driver to auto, pulse or alsa"
	}
	if p := c.Reply.MediaPlayer; p != "" && !playerPattern.MatchString(p) {
		wrong["reply.media_player"] = fmt.Sprintf("%q is not a media player; write it like media_player.kitchen", p)
	}
	if c.Wake != "" {
		if u, err := url.Parse(c.Wake); err != nil || u.Scheme != "wyoming" || u.Hostname() == "" || u.Port() == "" {
			wrong["wake"] = fmt.Sprintf("%q is not an address; write it like wyoming://192.168.1.10:10400, or leave it out to listen here", c.Wake)
		}
	}
	seen := map[string]bool{}
	for i, w := range c.WakeWords {
		at := fmt.Sprintf("wake_words[%d]", i)
		switch {
		case w.Model == "":
			wrong[at] = "has no model; write it like okay_nabu or {model: okay_nabu, threshold: 0.9}"
		case !modelPattern.MatchString(w.Model):
			wrong[at] = fmt.Sprintf("%q is not the name of a model; `earshot models list` shows them", w.Model)
		case seen[w.Model]:
			wrong[at] = fmt.Sprintf("%q is there twice; keep one", w.Model)
		}
		if !(w.Threshold >= 0 && w.Threshold <= 1) { // NaN too
			wrong[at+".threshold"] = fmt.Sprintf("%v is not a probability; use 0 to 1, or leave it out for the model's own", w.Threshold)
		}
		if !slices.Contains([]string{"", MicroWakeWord, OpenWakeWord, OwnWord}, w.Engine) {
			wrong[at+".engine"] = fmt.Sprintf("%q is not an engine; use %s, %s or %s", w.Engine, MicroWakeWord, OpenWakeWord, OwnWord)
		}
		if !slices.Contains([]string{"", VerifyAuto, VerifyOff}, w.Verify) {
			wrong[at+".verify"] = fmt.Sprintf("%q is not known; use %s or %s", w.Verify, VerifyAuto, VerifyOff)
		}
		if !(w.SecondThreshold >= 0 && w.SecondThreshold <= 1) {
			wrong[at+".second_threshold"] = fmt.Sprintf("%v is not a probability; use 0 to 1, or leave it out for 0.1", w.SecondThreshold)
		}
		if w.Remote != "" && c.Wake == "" {
			wrong[at+".remote"] = "is only for a satellite with an engine under wake; leave it out"
		}
		seen[w.Model] = true
	}
	return wrong
}
