package bridge

import (
	"context"
	"errors"
	"time"

	"earshot/history"
)

// storeLimit bounds how long the history may take for one recording, also while the program ends.
const storeLimit = 10 * time.Second

// finish closes the recording that is being made. What is left to do for it does not hold up the next one.
func (s *Satellite) finish(ctx context.Context) {
	o := s.session
	s.session = nil
	o.speechEnd = s.endpointer.SpeechEnd()
	s.change(func() {
		s.open[o] = Idle
		if o.stt != nil && !o.cancelled {
			s.open[o] = Processing
		}
	})
	if o.spoken() && !o.cancelled && !o.elsewhere {
		s.sound(ctx, "done")
	}
	s.finishing.Go(func() {
		e := s.conclude(ctx, o)
		if e.Outcome == history.Failed {
			s.sound(ctx, "error")
		}
		s.store(ctx, o, e)
		o.by.tell(o.answered(e))
		heard := s.speak(ctx, o)
		s.release(o)
		if o.asks && heard {
			s.askAgain(ctx, o)
		}
	})
}

// store gives the recording to the history, unless a deletion has covered it meanwhile.
func (s *Satellite) store(ctx context.Context, o *session, e history.Entry) {
	defer close(o.stored)
	s.mu.Lock()
	o.storing = true
	s.mu.Unlock()
	switch {
	case o.discarded:
		s.deps.Log.Info().Str("outcome", string(e.Outcome)).Msg("recording discarded before it was stored")
		return
	case o.round > 0 && !o.spoken():
		return // nobody answered, and nothing was triggered
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeLimit)
	defer cancel()
	problem := ""
	concluded := e
	e, err := s.deps.History.Add(ctx, history.Recording{Entry: e, PCM: o.pcm})
	switch {
	case err == nil:
		concluded = e
		o.id = e.ID
		s.deps.Log.Info().Str("entry", e.ID).Str("outcome", string(e.Outcome)).Dur("audio", e.Duration).Msg("recorded")
		s.events.publish(Event{Kind: Added, Entry: e})
	case !errors.Is(err, history.ErrNotSaved):
		s.deps.Log.Error().Err(err).Msg("recording lost")
		problem = "The last recording could not be stored. Is the disk full or read-only?"
	}
	if !o.miss {
		s.events.publish(Event{Kind: Concluded, Entry: concluded})
	}
	s.change(func() { s.problem = problem })
}

// release forgets the recording and keeps its memory, without its sound, for the next one.
func (s *Satellite) release(o *session) {
	clear(o.pcm)
	s.change(func() {
		delete(s.open, o)
		if !o.miss {
			s.spare = o.pcm[:0]
		}
	})
}

// DiscardCovered drops what is not in the history yet and whose wake instant is within from <= instant < to (a zero time leaves that side
// open): the recording being made, those whose words are awaited, and words that come late. It returns how many they are. The commands themselves go
// on: one of them may be the very one that asked for the deletion.
//
// What is just being stored does not count, and is waited for, at most 10 s: it can be deleted from the history then. So the order is first
// DiscardCovered, then History.Delete.
func (s *Satellite) DiscardCovered(from, to time.Time) int {
	var late []*session
	n := 0
	s.mu.Lock()
	for o := range s.open {
		if !o.within(from, to) {
			continue
		}
		if o.storing {
			late = append(late, o)
			continue
		}
		if !o.discarded {
			o.discarded = true
			n++
		}
	}
	s.mu.Unlock()
	for _, o := range late {
		<-o.stored
	}
	return n
}

// Underway tells whether a command that began at an instant or later is not in the history yet.
func (s *Satellite) Underway(from time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for o := range s.open {
		if !o.miss && o.within(from, time.Time{}) && !o.storing && !o.discarded {
			return true
		}
	}
	return false
}

// Covered counts what DiscardCovered would drop.
func (s *Satellite) Covered(from, to time.Time) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for o := range s.open {
		if o.within(from, to) && !o.storing && !o.discarded {
			n++
		}
	}
	return n
}

// within tells whether the wake instant is in a range; a zero time leaves that side open.
func (o *session) within(from, to time.Time) bool {
	at := o.wake.At.Truncate(time.Millisecond) // as the history keeps it
	return !at.Before(from) && (to.IsZero() || at.Before(to))
}
