package server

import (
	"context"
	"errors"
	"fmt"

	"earshot/history"
)

// ErrUnknownWakeWord is returned by Satellites for a wake word that the satellite is not configured with.
var ErrUnknownWakeWord = errors.New("unknown wake word")

// Refusal says in a sentence for people why something cannot be done.
type Refusal string

// Error is the sentence.
func (r Refusal) Error() string { return string(r) }

// Refuse makes a sentence for people of an error that already speaks to them.
func Refuse(err error) Refusal { return Refusal(sentence(err)) }

// WakeWordChange is what a person wants of a wake word; what is nil stays.
type WakeWordChange struct {
	Threshold       *float64 // 0.01..1
	SecondThreshold *float64 // 0.01..1
	Active          *bool
}

// WakeWords are the wake words of every satellite.
type WakeWords interface {
	// SetWakeWord changes a wake word of a satellite and returns it as it is then. Ids that are not configured are an ErrUnknownSatellite or an
	// ErrUnknownWakeWord; what an engine elsewhere decides, and the threshold of a second look that is not taken, are a Refusal.
	SetWakeWord(ctx context.Context, satellite, word string, change WakeWordChange) (WakeWord, error)
}

// wakeWordsResult is every wake word of every satellite.
type wakeWordsResult struct {
	WakeWords []satelliteWakeWord `json:"wake_words"`
}

// satelliteWakeWord is a word and the satellite that listens for it.
type satelliteWakeWord struct {
	Satellite string `json:"satellite"`
	WakeWord
}

func (s *Server) listWakeWords(context.Context, call) (any, error) {
	result := wakeWordsResult{[]satelliteWakeWord{}}
	for _, sat := range s.deps.Satellites.List() {
		for _, w := range sat.WakeWords {
			result.WakeWords = append(result.WakeWords, satelliteWakeWord{sat.ID, w})
		}
	}
	return result, nil
}

// leastThreshold is the lowest one that can be set: at 0 everything would be the wake word.
const leastThreshold = 0.01

func (s *Server) updateWakeWord(f *fields) action {
	satellite := f.text("satellite", "id of the satellite")
	word := f.text("wake_word", "id of the wake word")
	threshold := f.decimal("threshold", leastThreshold, 1, "the probability over which it counts")
	second := f.decimal("second_threshold", leastThreshold, 1, "the probability over which the second look at it has to be, where one is taken")
	active := f.flag("active", "whether the satellite listens for it")
	f.require("satellite", "wake_word")
	return func(ctx context.Context, by call) (any, error) {
		change := WakeWordChange{Active: *active}
		if *threshold != 0 {
			change.Threshold = threshold
		}
		if *second != 0 {
			change.SecondThreshold = second
		}
		if change == (WakeWordChange{}) {
			return nil, invalidFormat("threshold: say threshold, second_threshold or active")
		}
		w, err := s.deps.Satellites.SetWakeWord(ctx, *satellite, *word, change)
		if err != nil {
			return nil, fmt.Errorf("change wake word %q of satellite %q: %w", *word, *satellite, err)
		}
		if err := s.deps.History.Note(ctx, history.Access{Who: by.who.Name, Action: history.AccessChanged}); err != nil {
			return nil, err
		}
		return satelliteWakeWord{*satellite, w}, nil
	}
}
