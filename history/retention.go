package history

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	retentionName = "retention" // in the access log
	clockForm     = "15:04"
	accessAge     = 400 * 24 * time.Hour // lines of the access log are kept so long
	keepAway      = 60 * time.Second     // how long after a failed run the next one is tried
)

// RetentionRun is what one run did.
type RetentionRun struct {
	At      time.Time `json:"at"` // zero: there was none yet
	Deleted int       `json:"deleted"`
	Stored  int64     `json:"stored"` // bytes
	Failed  int       `json:"failed"`
	Problem string    `json:"problem"` // a sentence for people; "" when all went well
}

// RetentionStatus tells what retention did last, and what it will do next.
type RetentionStatus struct {
	Last RetentionRun
	Next time.Time // of the daily run
	Due  Sum       // what that run will delete, if nothing is added until then
}

// Retention tells what retention did last, and what goes next.
func (h *History) Retention(ctx context.Context) (RetentionStatus, error) {
	s := RetentionStatus{Next: h.nextRun(time.Now())}
	if _, err := h.remembered(ctx, retentionSetting, &s.Last); err != nil {
		return s, err
	}
	doomed, err := h.tooOld(ctx, s.Next)
	for _, sel := range doomed {
		t, totals := h.main.store.Totals(ctx, sel)
		err = errors.Join(err, totals)
		s.Due = add(s.Due, t.Sum, t.Kept)
	}
	return s, err
}

// add is a sum with another one, without a part of that.
func add(s, more, without Sum) Sum {
	return Sum{
		s.Entries + more.Entries - without.Entries, s.Clips + more.Clips - without.Clips, s.Texts + more.Texts - without.Texts,
		s.Stored + more.Stored - without.Stored, s.Duration + more.Duration - without.Duration,
	}
}

// NextRetention tells when the next daily run is.
func (h *History) NextRetention() time.Time { return h.nextRun(time.Now()) }

// nextRun is the first time after an instant at which the clock of the household shows the time of the daily run. Where clocks skip it, it
// is the first moment after it.
func (h *History) nextRun(now time.Time) time.Time {
	at, err := time.Parse(clockForm, h.defaults.Load().retention.At)
	if err != nil {
		at = time.Time{} // midnight; Config.Validate does not let it come to this
	}
	today := dateOf(now, h.cal.Zone)
	for n := range 3 {
		day := today.add(n)
		y, m, d := day.midnight.Date()
		next := time.Date(y, m, d, at.Hour(), at.Minute(), 0, 0, h.cal.Zone)
		if start := day.start(h.cal.Zone); next.Before(start) {
			next = start
		}
		if next.After(now) {
			return next
		}
	}
	return now.Add(24 * time.Hour)
}

// tooOld selects what is older at an instant than the rules of its satellite say. Examples for the wake words are spared.
func (h *History) tooOld(ctx context.Context, at time.Time) ([]Selection, error) {
	stats, err := h.main.store.Stats(ctx, Filter{})
	if err != nil {
		return nil, err
	}
	var doomed []Selection
	no := false
	last := ""
	for _, s := range stats {
		if s.Satellite == last {
			continue
		}
		last = s.Satellite
		rules, err := h.Rules(ctx, s.Satellite)
		if err != nil {
			return nil, err
		}
		for _, c := range rules.classes() {
			if to, ok := c.age.cutoff(at.In(h.cal.Zone)); ok {
				doomed = append(doomed, Selection{Filter: Filter{To: to, Satellites: []string{s.Satellite}, Outcomes: c.outcomes, Shared: &no}})
			}
		}
	}
	return doomed, nil
}

// Retain deletes what is too old and what is too much, now.
func (h *History) Retain(ctx context.Context) (RetentionRun, error) { return h.keepRules(ctx, true) }

// keepRules is Retain, which spares what is too old where the clock is not believed.
func (h *History) keepRules(ctx context.Context, clock bool) (RetentionRun, error) {
	h.deleting.Lock()
	defer h.deleting.Unlock()
	run := RetentionRun{At: time.Now().UTC().Truncate(time.Millisecond)}
	var err error
	if clock {
		err = h.deleteOld(ctx, &run)
	}
	if err == nil {
		err = h.keepLimits(ctx, &run)
	}
	switch {
	case err != nil:
		run.Problem = "Old recordings could not all be deleted; it is tried again. The log of the bridge says why."
	case run.Failed > 0:
		run.Problem = "Files of deleted recordings could not be removed; it is tried again. They cannot be played any more."
	}
	if !clock {
		return run, err // the next start has to know what the clock showed before
	}
	return run, errors.Join(err, h.remember(context.WithoutCancel(ctx), retentionSetting, run))
}

// deleteOld deletes what is too old for its rules, and lines of the access log that are.
func (h *History) deleteOld(ctx context.Context, run *RetentionRun) error {
	doomed, err := h.tooOld(ctx, run.At)
	for _, sel := range doomed {
		if err == nil {
			err = h.retain(ctx, sel, run)
		}
	}
	if err == nil {
		err = h.main.store.DropAccesses(ctx, run.At.Add(-accessAge))
	}
	return err
}

// retain deletes one selection of a run.
func (h *History) retain(ctx context.Context, sel Selection, run *RetentionRun) error {
	t, err := h.main.store.Totals(ctx, sel)
	if err != nil || t.Entries == t.Kept.Entries {
		return err
	}
	id, err := h.newID(time.Now())
	if err != nil {
		return fmt.Errorf("retention: %w", err)
	}
	r, err := h.delete(ctx, request{id: id, by: retentionName, Selection: sel})
	run.Deleted += r.Deleted
	run.Stored += r.Stored
	run.Failed += r.FailedCount
	return err
}

// limitRounds bounds how often keepLimits looks again. Each round comes closer: clips are of about one size.
const limitRounds = 20

// keepLimits deletes the oldest recordings until the limits hold. Kept ones and examples count, and stay.
func (h *History) keepLimits(ctx context.Context, run *RetentionRun) error {
	limits, err := h.Limits(ctx)
	if err != nil || limits.MaxEntries == 0 && limits.MaxMegabytes == 0 {
		return err
	}
	no := false
	for range limitRounds {
		all, err := h.main.store.Totals(ctx, Selection{})
		if err != nil {
			return err
		}
		n := excess(all.Sum, limits)
		if n == 0 {
			return nil
		}
		to, err := h.oldest(ctx, n)
		if err != nil || to.IsZero() {
			return err
		}
		before := run.Deleted
		if err := h.retain(ctx, Selection{Filter: Filter{To: to, Shared: &no}}, run); err != nil || run.Deleted == before {
			return err
		}
	}
	return nil
}

// excess is how many of the oldest entries have to go, by the average size of a clip.
func excess(all Sum, l Limits) int64 {
	n := int64(0)
	if l.MaxEntries > 0 {
		n = all.Entries - l.MaxEntries
	}
	if over := all.Stored - l.MaxMegabytes*1_000_000; l.MaxMegabytes > 0 && over > 0 {
		average := max(1, all.Stored/max(1, all.Clips))
		n = max(n, 1, over/average)
	}
	return max(0, min(n, all.Entries-l.MinKeep))
}

// oldest is the instant right after the n oldest entries that may go; the zero time when none may.
func (h *History) oldest(ctx context.Context, n int64) (to time.Time, err error) {
	no := false
	q := Query{Filter: Filter{Kept: &no, Shared: &no}, Newer: true}
	for n > 0 {
		q.Limit = int(min(n, MaxLimit))
		page, err := h.main.store.List(ctx, q)
		if err != nil || len(page.Entries) == 0 {
			return to, err
		}
		to = page.Entries[0].At.Add(time.Millisecond)
		n -= int64(len(page.Entries))
		if q.Cursor = page.PrevCursor; q.Cursor == "" {
			break
		}
	}
	return to, nil
}
