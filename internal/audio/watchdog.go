package audio

import (
	"sync"
	"time"
)

// watchdog ends a wait that takes too long. Its timer is set about once for the longest wait, and not anew for every one: the waits of a microphone come and
// go some twenty times a second, and each timer set wakes the program once more.
type watchdog struct {
	bite func()

	mu       sync.Mutex
	deadline time.Time // when the wait has taken too long; zero while nobody waits
	next     time.Time // when the timer goes off; it may find that there is time left
	timer    *time.Timer
	bitten   bool
	over     bool
}

// restAfter is when the watchdog looks again where it found nobody waiting.
const restAfter = 50 * time.Millisecond

// wait begins a wait, now, that must end within patience.
func (w *watchdog) wait(now time.Time, patience time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deadline = now.Add(patience)
	if w.timer == nil {
		w.timer = time.AfterFunc(patience, w.look)
	} else if w.deadline.Before(w.next) {
		w.timer.Reset(patience)
	} else {
		return
	}
	w.next = w.deadline
}

// done ends the wait.
func (w *watchdog) done() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deadline = time.Time{}
}

// end lets the watchdog go, and tells whether it has bitten.
func (w *watchdog) end() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	if w.timer != nil {
		w.timer.Stop()
	}
	return w.bitten
}

func (w *watchdog) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over || w.bitten {
		return
	}
	left := restAfter
	if !w.deadline.IsZero() {
		left = time.Until(w.deadline)
	}
	if left > 0 {
		w.next = time.Now().Add(left)
		w.timer.Reset(left)
		return
	}
	w.bitten = true
	go w.bite() // which may take its time
}
