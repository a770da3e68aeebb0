package discovery

import (
	"slices"
	"strconv"
	"strings"
)

// Order is what a person asks for in Home Assistant.
type Order struct {
	Satellite string // empty: the order is for the bridge
	Kind      Kind
	WakeWord  string  // for Listen and Threshold: the id
	On        bool    // for switches
	Number    float64 // for numbers
	Choice    string  // for Keep one of KeepOptions; for SetAssistant AsConfigured or a name of SetAssistants
}

// Kind says what an Order is about.
type Kind string

// The kinds of orders.
const (
	Mute         Kind = "mute"
	SaveSound    Kind = "save"
	SaveText     Kind = "save_text"
	Listen       Kind = "listen"    // for a wake word
	Threshold    Kind = "threshold" // of a wake word, 0..1
	Gain         Kind = "gain"      // dB
	Keep         Kind = "keep"
	SetAssistant Kind = "assistant"
	DeleteLast   Kind = "delete_last"
	DeleteToday  Kind = "delete_today"
	DeleteWeek   Kind = "delete_this_week"
	DeleteAll    Kind = "delete_everything"
	TestHearing  Kind = "test_microphone"
	Improve      Kind = "improve" // the bridge's: recordings help to improve the wake words
)

// Orders that take long have a lane of their own, so that a switch does not wait for them.
const (
	quickLane = iota
	slowLane
	lanes
)

func (k Kind) lane() int {
	switch k {
	case DeleteLast, DeleteToday, DeleteWeek, DeleteAll, TestHearing:
		return slowLane
	}
	return quickLane
}

// maxChoice bounds what is taken for the name of an assistant, in bytes.
const maxChoice = 255

// order is what a payload on the entity's command topic asks for; ok is false for what the entity cannot be.
func (e entity) order(payload []byte) (o Order, ok bool) {
	o, text := *e.asks, string(payload)
	switch e.Platform {
	case platformSwitch:
		o.On = text == switchOn
		return o, o.On || text == switchOff
	case platformNumber:
		n, err := strconv.ParseFloat(text, 64)
		o.Number = n
		return o, err == nil && n >= e.Min && n <= e.Max // not so for NaN
	case platformSelect:
		o.Choice = text
		if o.Kind == SetAssistant {
			return o, text != "" && len(text) <= maxChoice
		}
		return o, slices.Contains(e.Options, text)
	default:
		return o, text == buttonPress
	}
}

// wordKey is the key of an entity of a wake word.
func wordKey(k Kind, word string) string { return string(k) + "_" + strings.ToLower(word) }
