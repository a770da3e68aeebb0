package server

import (
	"time"

	"earshot/history"
)

// What stands where the text would be.
const (
	notIntendedNote = "Text not available — audio not intended for the assistant"
	nearMissNote    = "The wake word was nearly heard"
	sampleNote      = "A sample of a wake word"
)

// timeFormat is RFC 3339 with milliseconds, which is as exact as the history is.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// entryJSON is an entry as clients see it.
type entryJSON struct {
	ID         string              `json:"id"`
	Satellite  string              `json:"satellite"`
	Area       string              `json:"area"`
	At         string              `json:"at"`   // the wake instant, in the zone it was heard in
	Zone       string              `json:"zone"` // its name
	DurationMS int64               `json:"duration_ms"`
	WakeWord   string              `json:"wake_word"`
	Score      float64             `json:"score"`               // of the wake word, 0..1
	Threshold  float64             `json:"threshold"`           // that the score was over
	Outcome    history.Outcome     `json:"outcome"`             // of a command understood, not_understood, not_intended, failed, cancelled, elsewhere or recorded; else near_miss or sample
	TextNote   string              `json:"text_note,omitempty"` // what to show instead of a transcript
	Transcript string              `json:"transcript"`
	Language   string              `json:"language"`
	Reply      string              `json:"reply"`
	Intent     string              `json:"intent"`
	Error      *history.EntryError `json:"error"`
	Clip       *history.Clip       `json:"clip"`  // null: no audio is kept
	Peaks      []byte              `json:"peaks"` // loudness over the clip in steps of 0..255, one byte each; base64 as in RFC 4648, section 4
	Timings    timingsJSON         `json:"timings"`
	Kept       bool                `json:"kept"`   // no deletion takes it, unless it says include_kept
	Label      history.Label       `json:"label"`  // correct, mistake or empty
	Shared     bool                `json:"shared"` // it helps to improve the wake words
}

// timingsJSON are offsets from the wake instant; null means the step was not reached.
type timingsJSON struct {
	SpeechEndMS  *int64 `json:"speech_end_ms"`
	TranscriptMS *int64 `json:"transcript_ms"`
	ReplyMS      *int64 `json:"reply_ms"`
}

func (s *Server) entryJSON(e history.Entry) entryJSON {
	j := entryJSON{
		ID: e.ID, Satellite: e.Satellite, Area: e.Area,
		At: formatTime(e.At, s.entryZone(e.Zone)), Zone: e.Zone, DurationMS: e.Duration.Milliseconds(),
		WakeWord: e.WakeWord, Score: e.Score, Threshold: e.Threshold,
		Outcome: e.Outcome, Transcript: e.Transcript, Language: e.Language, Reply: e.Reply, Intent: e.Intent,
		Error: e.Error, Clip: e.Clip, Peaks: e.Peaks, Kept: e.Kept, Label: e.Label, Shared: e.Shared,
		Timings: timingsJSON{reached(e.Timings.SpeechEnd), reached(e.Timings.Transcript), reached(e.Timings.Reply)},
	}
	switch {
	case e.Transcript != "":
	case e.Outcome == history.NotIntended:
		j.TextNote = notIntendedNote
	case e.Outcome == history.NearMiss:
		j.TextNote = nearMissNote
	case e.Outcome == history.Sample:
		j.TextNote = sampleNote
	}
	return j
}

// zone is the household's.
func (s *Server) zone() *time.Location { return s.deps.History.Calendar().Zone }

// entryZone is the zone an entry was heard in, or the household's when that one is not known here.
func (s *Server) entryZone(name string) *time.Location {
	household := s.zone()
	if name == "" || name == household.String() {
		return household
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return household
	}
	return loc
}

func reached(d time.Duration) *int64 {
	if d == 0 {
		return nil
	}
	ms := d.Milliseconds()
	return &ms
}

func formatTime(t time.Time, loc *time.Location) string { return t.In(loc).Format(timeFormat) }

// boundary is one side of a range as an answer prints it; null when that side is open.
func boundary(t time.Time, loc *time.Location) *string {
	if t.IsZero() {
		return nil
	}
	s := formatTime(t, loc)
	return &s
}
