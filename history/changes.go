package history

import "sync/atomic"

// The actions of a Change.
const (
	Added   = "added"
	Updated = "updated"
	Deleted = "deleted"
	Reset   = "reset" // more has changed than is told: look anew
)

// Change is something that happened to the history.
type Change struct {
	Action  string   // one of those above
	Entries []Entry  // as they are now; for Added and Updated
	IDs     []string // for Deleted, and for Updated when they were many
}

// Subscription is a bounded queue of changes. A reader that is too slow loses the newest ones, and sees so by Dropped.
type Subscription struct {
	h       *History
	changes chan Change
	dropped atomic.Uint64
}

// Subscribe adds a reader of changes whose queue holds buffer of them (at least one).
func (h *History) Subscribe(buffer int) *Subscription {
	s := &Subscription{h: h, changes: make(chan Change, max(1, buffer))}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subscriptions[s] = struct{}{}
	return s
}

// C is the queue; it is closed by Close.
func (s *Subscription) C() <-chan Change { return s.changes }

// Dropped counts the changes this reader was too slow for.
func (s *Subscription) Dropped() uint64 { return s.dropped.Load() }

// Close ends the subscription. It may be called twice.
func (s *Subscription) Close() {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	if _, open := s.h.subscriptions[s]; open {
		delete(s.h.subscriptions, s)
		close(s.changes)
	}
}

// tell publishes a change in its order among the others.
func (h *History) tell(c Change) {
	h.changing.Lock()
	defer h.changing.Unlock()
	h.publish(c)
}

// publish tells every subscription, and waits for none.
func (h *History) publish(c Change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.subscriptions {
		select {
		case s.changes <- c:
		default:
			s.dropped.Add(1)
		}
	}
}
