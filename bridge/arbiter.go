package bridge

import (
	"sync"
	"time"
)

// claimTime is how long the satellite that heard a word first has it for itself.
// ref: home-assistant/core homeassistant/components/assist_pipeline/const.py, WAKE_WORD_COOLDOWN
const claimTime = 2 * time.Second

// Arbiter lets one of several satellites that hear the same word answer: the first. The zero value is ready, and all satellites of a
// house share one.
type Arbiter struct {
	mu     sync.Mutex
	claims map[string]claim // by word
}

type claim struct {
	satellite string
	at        time.Time
}

// first tells whether a satellite may answer a word that it heard at an instant. A nil Arbiter lets everybody.
func (a *Arbiter) first(word, satellite string, at time.Time) bool {
	if a == nil {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	held, ok := a.claims[word]
	if ok && held.satellite != satellite && at.Sub(held.at).Abs() < claimTime {
		return false
	}
	if a.claims == nil {
		a.claims = map[string]claim{}
	}
	a.claims[word] = claim{satellite, at}
	return true
}
