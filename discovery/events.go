package discovery

import "time"

// Wake is one detection of a wake word.
type Wake struct {
	WakeWord  string
	Score     float64 // 0..1
	Threshold float64 // 0..1
	EntryID   string  // of the recording in the history; may be empty
}

// Command is a command that has ended.
type Command struct {
	Outcome    string // one of Config.Outcomes
	EntryID    string // of the recording in the history; empty: it is not stored
	WakeWord   string
	SpeechEnd  time.Duration // since the wake instant, as are the other two; zero: it did not come to that
	Transcript time.Duration
	Reply      time.Duration
	// Text and Answer are what was said. Home Assistant keeps them in its database, also after the recording was deleted here: they are only
	// for households that have asked for it.
	Text, Answer string
}

// wakeEvent is the payload of an event entity; what follows event_type becomes attributes.
type wakeEvent struct {
	EventType string  `json:"event_type"`
	WakeWord  string  `json:"wake_word"`
	Score     float64 `json:"score"`
	Threshold float64 `json:"threshold"`
	EntryID   string  `json:"entry_id,omitempty"`
}

const wakeDetected = "detected"

// commandEvent is the same for commands; times are in ms.
type commandEvent struct {
	EventType  string `json:"event_type"`
	EntryID    string `json:"entry_id,omitempty"`
	WakeWord   string `json:"wake_word"`
	SpeechEnd  int64  `json:"speech_end_ms,omitempty"`
	Transcript int64  `json:"transcript_ms,omitempty"`
	Reply      int64  `json:"reply_ms,omitempty"`
	Text       string `json:"text,omitempty"`
	Answer     string `json:"answer,omitempty"`
}

func (c Command) event() commandEvent {
	return commandEvent{
		c.Outcome, c.EntryID, c.WakeWord, c.SpeechEnd.Milliseconds(), c.Transcript.Milliseconds(), c.Reply.Milliseconds(), c.Text, c.Answer,
	}
}
