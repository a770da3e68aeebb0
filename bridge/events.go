package bridge

import (
	"sync"
	"sync/atomic"
	"time"

	"earshot/history"
)

// EventKind says what an Event is about.
type EventKind string

// The kinds of events.
const (
	Woke              EventKind = "woke"       // a wake word began a recording: Event.Wake
	StatusChanged     EventKind = "status"     // another State, Muted or StorageProblem in Status
	MicrophoneChanged EventKind = "microphone" // another State or Reason in Status's Microphone
	Added             EventKind = "added"      // a recording is in the history: Event.Entry
	Concluded         EventKind = "concluded"  // a command is over: Event.Entry, without an ID when it is not in the history
)

// Event is something that happened to a satellite. What is so now, Status tells.
type Event struct {
	Kind  EventKind
	Wake  Wake
	Entry history.Entry
}

// Wake is one detection of a wake word.
type Wake struct {
	At               time.Time // the wake instant: when the last sample before the decision was captured
	Model, Phrase    string    // its id, and what people say
	Score, Threshold float64   // 0..1

	// SecondLook is how long after At a second look has decided; 0 where none was taken.
	SecondLook time.Duration
}

// Subscription is a bounded queue of events. A reader that is too slow loses the newest ones and sees so by Dropped; the satellite never waits.
type Subscription struct {
	from    *events
	queue   chan Event
	dropped atomic.Uint64
}

// C is the queue. It is closed by Close, and when Run has ended.
func (s *Subscription) C() <-chan Event { return s.queue }

// Dropped counts the events this reader was too slow for.
func (s *Subscription) Dropped() uint64 { return s.dropped.Load() }

// Close ends the subscription. It may be called twice.
func (s *Subscription) Close() {
	s.from.mu.Lock()
	defer s.from.mu.Unlock()
	s.from.end(s)
}

// Subscribe adds a reader of events whose queue holds buffer of them (at least one).
func (s *Satellite) Subscribe(buffer int) *Subscription {
	sub := &Subscription{from: &s.events, queue: make(chan Event, max(1, buffer))}
	s.events.mu.Lock()
	defer s.events.mu.Unlock()
	s.events.open[sub] = struct{}{}
	if s.events.over {
		s.events.end(sub)
	}
	return sub
}

// events gives every event to all subscriptions.
type events struct {
	mu   sync.Mutex // guards what follows
	open map[*Subscription]struct{}
	over bool // no event comes any more
}

func (e *events) publish(ev Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for s := range e.open {
		select {
		case s.queue <- ev:
		default:
			s.dropped.Add(1)
		}
	}
}

func (e *events) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.over = true
	for s := range e.open {
		e.end(s)
	}
}

// end needs mu.
func (e *events) end(s *Subscription) {
	if _, open := e.open[s]; open {
		delete(e.open, s)
		close(s.queue)
	}
}
