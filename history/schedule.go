package history

import "time"

const (
	clockLook  = time.Hour          // how often the clock is looked at: a timer goes on as before when somebody sets it
	clockJump  = 7 * 24 * time.Hour // a clock that is suddenly so much ahead is not believed at once
	clockTrust = 24 * time.Hour     // it is when it has gone on for so long
	clockKnown = clockTrust + clockJump
)

// schedule says when retention runs, by a clock that may be wrong for a while and jump: a small computer without a clock of its own starts in
// 1970 or in last month, and one whose battery is empty may start in 2099. Then everything would look as if it were old.
type schedule struct {
	nextRun func(after time.Time) time.Time
	next    time.Time // of the runs
	seen    time.Time // what the clock showed last; zero: it was never seen
	doubt   time.Time // what the clock showed when it was suddenly far ahead; zero: it is believed
	failed  bool      // the last run, which has been told
}

// newSchedule goes on after the last run, which may be none, and with a doubt that is still open.
func newSchedule(nextRun func(time.Time) time.Time, last, doubt, now time.Time) *schedule {
	s := &schedule{nextRun: nextRun, seen: last}
	if !last.IsZero() {
		s.next = nextRun(last)
	}
	if !doubt.IsZero() && !now.Before(doubt) && now.Sub(doubt) < clockKnown {
		s.seen, s.doubt = doubt, doubt
	}
	s.look(now)
	return s
}

// look takes notice of what the clock shows.
func (s *schedule) look(now time.Time) {
	switch {
	case !s.seen.IsZero() && now.Sub(s.seen) > clockJump:
		s.doubt = now
	case now.Before(s.doubt) || now.Sub(s.doubt) >= clockTrust:
		s.doubt = time.Time{}
	}
	s.seen = now
	if soonest := s.nextRun(now); s.next.IsZero() || s.next.After(soonest) { // the clock was set back
		s.next = soonest
	}
}

// believed tells whether ages can be told from the clock.
func (s *schedule) believed() bool { return s.doubt.IsZero() }

// due tells whether retention is to run now.
func (s *schedule) due(now time.Time) bool { return s.believed() && !now.Before(s.next) }

// wait is how long nothing has to be done.
func (s *schedule) wait(now time.Time) time.Duration {
	if !s.believed() {
		return clockLook
	}
	return max(0, min(clockLook, s.next.Sub(now)))
}
