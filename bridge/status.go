package bridge

import (
	"slices"
	"time"

	"earshot/internal/audio"
)

// State is what a satellite is doing; the names are those of Home Assistant's own satellites.
// ref: home-assistant/core homeassistant/components/assist_satellite/entity.py, AssistSatelliteState
type State string

// The states of a satellite.
const (
	Idle       State = "idle"       // waits for a wake word
	Listening  State = "listening"  // records a command
	Processing State = "processing" // waits for the words of the last command, or for what comes of them
	Responding State = "responding" // speaks a reply or an announcement
)

// Status is what is known about a satellite at one time.
type Status struct {
	ID, Name, Area string
	State          State
	Muted          bool // somebody wants the microphone closed
	Microphone     audio.Status
	LastHeard      time.Time // the last wake instant since the start; zero before the first
	WakeWords      []Word
	StorageProblem string // a sentence for people; "" when all is well
}

// Word is a wake word a satellite listens for.
type Word struct {
	Model     string
	Threshold float64 // the probability, 0..1, over which it counts, as it is now
}

// Status tells how the satellite is. It is safe at any time.
func (s *Satellite) Status() Status {
	words := make([]Word, len(s.cfg.WakeWords))
	for i, w := range s.cfg.WakeWords {
		words[i] = Word{Model: w.Model, Threshold: s.deps.Detector.Cutoff(w.Model)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return Status{
		ID: s.cfg.ID, Name: s.cfg.Name, Area: s.cfg.Area,
		State: s.state(), Muted: s.muted, Microphone: s.deps.Microphone.Status(),
		LastHeard: s.last, WakeWords: words, StorageProblem: s.problem,
	}
}

// state is the one that people notice most of those the open recordings and an announcement are in. It needs mu.
func (s *Satellite) state() State {
	noticed := []State{Idle, Responding, Processing, Listening}
	state := Idle
	if s.announcing != nil {
		state = Responding
	}
	for _, of := range s.open {
		if slices.Index(noticed, of) > slices.Index(noticed, state) {
			state = of
		}
	}
	return state
}
