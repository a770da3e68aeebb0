// Package history keeps what the household said, lets it be found, and deletes it.
package history

import (
	"errors"
	"time"
)

// Outcome says how a recording ended.
type Outcome string

// The outcomes an entry can have.
const (
	Understood    Outcome = "understood"     // words were recognised, and carried out where an assistant is set up
	NotUnderstood Outcome = "not_understood" // words, but nothing could be done with them
	NotIntended   Outcome = "not_intended"   // no speech after the wake word, or no text recognised
	Failed        Outcome = "failed"         // the assistant or the speech-to-text could not be reached
	Cancelled     Outcome = "cancelled"      // given up by a person, or by the end of the program
	Elsewhere     Outcome = "elsewhere"      // another microphone answered
	Recorded      Outcome = "recorded"       // no assistant is set up
	NearMiss      Outcome = "near_miss"      // no command: the wake word was nearly heard, but the second look said no
	Sample        Outcome = "sample"         // no command: a wake word of the household's own was made from it
)

// Outcomes lists every outcome, in the order people meet them.
func Outcomes() []Outcome { return append(CommandOutcomes(), NearMiss, Sample) }

// CommandOutcomes lists how a command can end: the outcomes of all that began with a wake word, or when the satellite was made to listen.
func CommandOutcomes() []Outcome {
	return []Outcome{Understood, NotUnderstood, NotIntended, Failed, Cancelled, Elsewhere, Recorded}
}

// ErrNotFound is returned for an entry or a clip that is not there: it never was, or it was deleted.
var ErrNotFound = errors.New("not found")

// Entry is one recording with everything known about it.
type Entry struct {
	ID        string // ULID; its time part is At
	Satellite string // id of the microphone that heard it
	Area      string // the room, as configured
	At        time.Time
	Zone      string        // IANA name of the household's zone when it was heard
	Duration  time.Duration // of the audio, pre-roll included

	WakeWord  string  // id of the wake-word model
	Score     float64 // mean probability over the sliding window when it fired, 0..1
	Threshold float64 // the probability cutoff it had to pass, 0..1

	Outcome    Outcome
	Transcript string
	Language   string
	Reply      string
	Intent     string // short name of what was done
	Error      *EntryError

	Clip    *Clip   // nil when no audio is kept
	Peaks   []byte  // PeakCount loudness steps (0..255) over the clip, for drawing; nil when no audio is kept
	Timings Timings // when each step was reached
	Kept    bool    // survives every deleter unless it says include_kept
	Label   Label
	Shared  bool // part of the improvement set
}

// PeakCount is the number of steps in Entry.Peaks.
const PeakCount = 128

// EntryError is what went wrong, for programs (Code) and for people (Message).
type EntryError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Clip describes the stored audio of an entry.
type Clip struct {
	MediaType  string `json:"media_type"` // audio/flac
	Bytes      int64  `json:"bytes"`
	Stored     int64  `json:"-"`           // bytes it takes where it is stored, sealed
	SampleRate int    `json:"sample_rate"` // Hz
}

// Timings are offsets from the wake instant; zero means the step was not reached.
type Timings struct {
	SpeechEnd  time.Duration
	Transcript time.Duration
	Reply      time.Duration
}

// Label is a person's judgement of an entry.
type Label string

// The labels an entry can have.
const (
	LabelNone    Label = ""
	LabelCorrect Label = "correct"
	LabelMistake Label = "mistake"
)

// Recording is a finished recording on its way into the history.
type Recording struct {
	Entry Entry   // ID, Clip and Peaks are filled in by History.Add
	PCM   []int16 // 16 kHz mono, pre-roll included; may be empty
}
