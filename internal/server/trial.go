package server

import (
	"context"
	"fmt"
	"math"
	"time"
)

// Trials let people try the wake words of a satellite.
type Trials interface {
	// Try begins a trial that ends by itself after length. An id that is not configured is an ErrUnknownSatellite; what keeps it from being
	// carried out now is a Refusal.
	Try(ctx context.Context, satellite string, length time.Duration) (Trial, error)
}

// Trial is one that runs.
type Trial interface {
	// Next waits for the next thing that is heard; ok is false at the end, and when ctx has ended.
	Next(ctx context.Context) (heard Heard, ok bool)
	// Close ends it. It may be called twice.
	Close()
}

// Heard is what a trial tells: scores, or a wake word that would have counted.
type Heard struct {
	At        time.Duration // since the trial began
	LevelDBFS float64
	Scores    map[string]float64 // the highest of each wake word since the event before, 0..1; nil for a wake word
	WakeWord  string             // its id; "" for scores
	Score     float64
}

// trialResult says what is tried, and for how long.
type trialResult struct {
	Seconds   int64      `json:"seconds"`
	WakeWords []WakeWord `json:"wake_words"`
}

// trialEvent is what is heard meanwhile.
type trialEvent struct {
	Action    string             `json:"action"` // scores (ten times a second), wake or end
	AtMS      *int64             `json:"at_ms,omitempty"`
	LevelDBFS *float64           `json:"level_dbfs,omitempty"` // with scores
	Scores    map[string]float64 `json:"scores,omitempty"`     // the highest of each wake word since the event before, 0..1
	WakeWord  string             `json:"wake_word,omitempty"`  // with wake: what would have begun a recording
	Score     *float64           `json:"score,omitempty"`      // of that wake word
}

// The length of a trial in seconds.
const (
	longestTrial = 60
	usualTrial   = 20
)

func (s *Server) trySatellite(f *fields) action {
	satellite := f.text("satellite", "id of the satellite")
	length := f.number("seconds", 1, longestTrial, fmt.Sprintf("how long; %d when it is left out", usualTrial))
	f.require("satellite")
	return func(ctx context.Context, by call) (any, error) {
		result := trialResult{Seconds: *length}
		if result.Seconds == 0 {
			result.Seconds = usualTrial
		}
		err := s.listen(by, func() (listener, error) {
			trial, err := s.deps.Satellites.Try(ctx, *satellite, time.Duration(result.Seconds)*time.Second)
			if err != nil {
				return nil, fmt.Errorf("try the wake words of satellite %q: %w", *satellite, err)
			}
			return trialListener{trial}, nil
		})
		if err != nil {
			return nil, err
		}
		for _, sat := range s.satellites() {
			if sat.ID == *satellite {
				result.WakeWords = sat.WakeWords
			}
		}
		s.deps.Log.Info().Str("satellite", *satellite).Str("by", by.who.Name).Msg("wake words are tried; nothing is recorded meanwhile")
		return result, nil
	}
}

// trialListener tells what a trial hears.
type trialListener struct{ Trial }

func (l trialListener) forward(ctx context.Context, send func(any) bool) error {
	for {
		heard, ok := l.Next(ctx)
		if !ok {
			send(trialEvent{Action: "end"})
			return nil
		}
		if !send(newTrialEvent(heard)) {
			return nil
		}
	}
}

func newTrialEvent(h Heard) trialEvent {
	at := h.At.Milliseconds()
	if h.WakeWord != "" {
		score := thousandths(h.Score)
		return trialEvent{Action: "wake", AtMS: &at, WakeWord: h.WakeWord, Score: &score}
	}
	level := tenths(h.LevelDBFS)
	e := trialEvent{Action: "scores", AtMS: &at, LevelDBFS: &level, Scores: make(map[string]float64, len(h.Scores))}
	for word, score := range h.Scores {
		e.Scores[word] = thousandths(score)
	}
	return e
}

// thousandths rounds a score.
func thousandths(v float64) float64 { return math.Round(v*1000) / 1000 }
