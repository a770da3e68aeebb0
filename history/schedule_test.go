package history

import (
	"testing"
	"time"
)

// clock is a wall clock that goes on by steps of an hour, or jumps, and counts the runs of a schedule.
type clock struct {
	now  time.Time
	plan *schedule
	runs []time.Time
}

func startClock(zone string, at string, last, now time.Time) *clock {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	h := &History{cal: Calendar{Zone: loc}}
	rules := DefaultConfig()
	rules.Retention.At = at
	h.defaults.Store(&defaults{retention: rules.Retention})
	return &clock{now: now, plan: newSchedule(h.nextRun, last, time.Time{}, now)}
}

// goOn lets time pass, as retainDaily does.
func (c *clock) goOn(d time.Duration) *clock {
	for end := c.now.Add(d); c.now.Before(end); {
		c.now = c.now.Add(max(time.Second, min(c.plan.wait(c.now), end.Sub(c.now))))
		c.look()
	}
	return c
}

// jump sets the clock. The timer that was started before goes on for an hour at most.
func (c *clock) jump(to time.Time) *clock {
	c.now = to.Add(clockLook)
	c.look()
	return c
}

func (c *clock) look() {
	if c.plan.look(c.now); c.plan.due(c.now) {
		c.runs = append(c.runs, c.now)
		c.plan.next = c.plan.nextRun(c.now)
	}
}

// TestScheduleEveryDay runs on every day of two years exactly once, also on those of 23 and 25 hours, at whatever time it is set to run.
func TestScheduleEveryDay(t *testing.T) {
	for _, zone := range []string{"Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Asia/Beirut"} {
		for _, at := range []string{"00:00", "00:30", "01:45", "02:30", "03:00", "23:59"} {
			c := startClock(zone, at, time.Time{}, time.Date(2025, 12, 31, 12, 0, 0, 0, time.UTC))
			c.goOn(730 * 24 * time.Hour)
			days := map[string]int{}
			for _, run := range c.runs {
				days[run.In(c.zone()).Format(time.DateOnly)]++
			}
			if len(days) < 729 || len(c.runs) != len(days) {
				t.Errorf("%s at %s: %d runs on %d days of 730", zone, at, len(c.runs), len(days))
			}
		}
	}
}

func (c *clock) zone() *time.Location { return c.plan.nextRun(c.now).Location() }

// TestScheduleClock has a clock that is set, wrong for a while, or wrong at a start.
func TestScheduleClock(t *testing.T) {
	const d = 24 * time.Hour
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	ran, boot, far := now.Add(-9*time.Hour), time.Date(1970, 1, 1, 0, 0, 10, 0, time.UTC), time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
	start := func(last, now time.Time) *clock { return startClock("Europe/Berlin", "03:30", last, now) }
	for name, c := range map[string]struct {
		clock *clock
		runs  int // from the point of view of whoever looks at the clock
		sure  bool
	}{
		"goes on":                                    {start(ran, now).goOn(3 * d), 3, true},
		"was off for three days":                     {start(ran.Add(-3*d), now).goOn(time.Hour), 1, true},
		"was off for a month: a day later":           {start(ran.Add(-30*d), now).goOn(23 * time.Hour), 0, false},
		"was off for a month":                        {start(ran.Add(-30*d), now).goOn(25 * time.Hour), 1, true},
		"starts in 1970":                             {start(ran, boot).goOn(time.Hour), 0, true},
		"starts in 1970, is right after an hour":     {start(ran, boot).goOn(time.Hour).jump(now).goOn(2 * time.Hour), 0, false},
		"starts in 1970, is right for a day":         {start(ran, boot).goOn(time.Hour).jump(now).goOn(d + time.Hour), 1, true},
		"starts two days late, then is right":        {start(ran, now.Add(-2*d)).goOn(time.Hour).jump(now).goOn(d), 2, true},
		"a day ahead":                                {start(ran, now).goOn(time.Hour).jump(now.Add(d)).goOn(time.Hour), 1, true},
		"a day back":                                 {start(ran, now).goOn(time.Hour).jump(now.Add(-d)).goOn(d), 1, true},
		"in 2099 for an hour, and right again":       {start(ran, now).jump(far).goOn(time.Hour).jump(now).goOn(time.Hour), 0, true},
		"in 2099 for an hour, and right for a day":   {start(ran, now).jump(far).goOn(time.Hour).jump(now).goOn(d), 1, true},
		"starts in 2099":                             {start(ran, far).goOn(20 * time.Hour), 0, false},
		"ran in 2099, which was wrong: not never":    {start(far, now).goOn(2 * d), 2, true},
		"never ran, starts in 1970, and jumps ahead": {start(time.Time{}, boot).goOn(time.Hour).jump(now).goOn(time.Hour), 0, false},
	} {
		if len(c.clock.runs) != c.runs || c.clock.plan.believed() != c.sure {
			t.Errorf("%s: ran at %v, want %d times; believed %v, want %v", name, c.clock.runs, c.runs, c.clock.plan.believed(), c.sure)
		}
	}
}

// TestScheduleDoubtSurvives: a machine that is restarted more than once a day has its clock believed after a day all the same.
func TestScheduleDoubtSurvives(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	last := now.Add(-90 * 24 * time.Hour)
	c, doubt := (*clock)(nil), time.Time{}
	for range 4 {
		c = startClock("Europe/Berlin", "03:30", last, now)
		c.plan = newSchedule(c.plan.nextRun, last, doubt, now)
		doubt, now = c.plan.doubt, now.Add(7*time.Hour)
	}
	if c.goOn(4 * time.Hour); len(c.runs) != 1 {
		t.Errorf("ran %d times, want once", len(c.runs))
	}
}
