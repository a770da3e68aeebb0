package table

import (
	"time"

	"earshot/history"
)

// Columns of an entry in the order of Scan: those of e are searched and summed, those of d are not.
const Columns = `e.id, e.satellite, d.area, e.at, d.zone, e.duration, e.wake_word, d.score, d.threshold, e.outcome, d.transcript, d.language,
	d.reply, d.intent, d.error_code, d.error_message, d.media_type, d.bytes, e.stored, d.sample_rate, d.peaks, d.speech_end, d.transcribed,
	d.replied, e.kept, e.label, e.shared`

// What an entry has, for the column parts.
const (
	HasClip  = 1
	HasText  = 2 // a transcript or a reply
	HasWords = 4 // anything that a deletion of text wipes
)

// Parts is what an entry has.
func Parts(e history.Entry) int64 {
	var p int64
	if e.Clip != nil {
		p |= HasClip
	}
	if e.Transcript != "" || e.Reply != "" {
		p |= HasText | HasWords
	}
	if e.Intent != "" || e.Error != nil && e.Error.Message != "" {
		p |= HasWords
	}
	return p
}

// Scan reads an entry from a row of Columns.
func Scan(scan func(...any) error) (history.Entry, error) {
	var e history.Entry
	var clip history.Clip
	var problem history.EntryError
	var at, duration, speechEnd, transcribed, replied int64
	err := scan(&e.ID, &e.Satellite, &e.Area, &at, &e.Zone, &duration, &e.WakeWord, &e.Score, &e.Threshold,
		&e.Outcome, &e.Transcript, &e.Language, &e.Reply, &e.Intent, &problem.Code, &problem.Message,
		&clip.MediaType, &clip.Bytes, &clip.Stored, &clip.SampleRate, &e.Peaks, &speechEnd, &transcribed, &replied, &e.Kept, &e.Label, &e.Shared)
	if err != nil {
		return history.Entry{}, err
	}
	e.At = time.UnixMilli(at).UTC()
	e.Duration = Milliseconds(duration)
	e.Timings = history.Timings{SpeechEnd: Milliseconds(speechEnd), Transcript: Milliseconds(transcribed), Reply: Milliseconds(replied)}
	if clip.MediaType != "" {
		e.Clip = &clip
	}
	if problem != (history.EntryError{}) {
		e.Error = &problem
	}
	return e, nil
}

// Milliseconds is how a database keeps a time.
func Milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
