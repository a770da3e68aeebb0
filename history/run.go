package history

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	deliverEvery = 10 * time.Second // how often a shared history that is away is tried again
	checkAfter   = time.Minute      // when the whole database is looked through after a start
)

// Run keeps the history as the household wants it: retention at its time and when a limit is passed, news of other bridges, recordings that wait
// to be delivered. It returns nil when ctx has ended.
func (h *History) Run(ctx context.Context) error {
	var parts sync.WaitGroup
	parts.Go(func() { h.retainDaily(ctx) })
	parts.Go(func() { h.lookThrough(ctx) })
	if w, ok := h.main.store.(Watcher); ok {
		parts.Go(func() { h.watch(ctx, w) })
	}
	if h.spool != nil {
		parts.Go(func() { h.deliverAlways(ctx) })
	}
	parts.Wait()
	return nil
}

// retainDaily runs retention once a day, at the next chance when the program was not running then, and looks at the limits after additions.
func (h *History) retainDaily(ctx context.Context) {
	var (
		last  RetentionRun
		doubt time.Time
	)
	if _, err := h.remembered(ctx, retentionSetting, &last); err != nil && ctx.Err() == nil {
		h.log.Error().Err(err).Msg("the last retention run is not known")
	}
	if text, err := h.local().Setting(ctx, doubtSetting); err == nil && text != "" {
		doubt, _ = time.Parse(time.RFC3339, text) // what is not a time is no doubt
	}
	plan := newSchedule(h.nextRun, last.At, doubt, wall())
	h.noteDoubt(ctx, doubt, plan.doubt)
	for {
		timer := time.NewTimer(plan.wait(wall()))
		over := false
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-h.woken:
			timer.Stop()
			over, _ = h.overLimit(ctx) // what is not known now is seen after the next addition
		case <-h.retimed:
			timer.Stop()
			plan.next = h.nextRun(wall())
		case <-timer.C:
		}
		before := plan.doubt
		plan.look(wall())
		h.noteDoubt(ctx, before, plan.doubt)
		if over || plan.due(wall()) {
			h.retainNow(ctx, plan)
		}
	}
}

// wall is the time of day, as it was set: without what Go keeps beside it to measure how long something takes.
func wall() time.Time { return time.Now().Round(0) }

// noteDoubt remembers whether the clock is believed, so that a restart does not make it begin anew.
func (h *History) noteDoubt(ctx context.Context, before, doubt time.Time) {
	if doubt.Equal(before) {
		return
	}
	text := ""
	if !doubt.IsZero() {
		text = doubt.UTC().Format(time.RFC3339)
		h.log.Warn().Time("clock", doubt).Msg("the clock of this machine is suddenly more than a week ahead; " +
			"recordings that are too old by it are deleted when it has gone on for a day")
	}
	if err := h.local().SetSetting(ctx, doubtSetting, text); err != nil && ctx.Err() == nil {
		h.log.Warn().Err(err).Msg("a restart will begin anew to see whether the clock is right")
	}
}

// retainNow runs retention. While the clock is not believed it goes by the limits only.
func (h *History) retainNow(ctx context.Context, plan *schedule) {
	run, err := h.keepRules(ctx, plan.believed())
	if plan.believed() {
		plan.next = h.nextRun(wall())
	}
	switch {
	case err != nil && ctx.Err() == nil:
		if !plan.failed {
			h.log.Error().Err(err).Int("deleted", run.Deleted).Msg("retention ended early, and is tried again every minute")
		}
		plan.failed = true
		plan.next = wall().Add(keepAway)
	case plan.failed || run.Deleted > 0:
		plan.failed = false
		h.log.Info().Int("deleted", run.Deleted).Int64("bytes", run.Stored).Msg("retention deleted recordings")
	}
}

// overLimit tells whether the history is larger than the household wants it.
func (h *History) overLimit(ctx context.Context) (bool, error) {
	limits, err := h.Limits(ctx)
	if err != nil || limits.MaxEntries == 0 && limits.MaxMegabytes == 0 {
		return false, err
	}
	all, err := h.main.store.Totals(ctx, Selection{})
	return excess(all.Sum, limits) > 0, err
}

// lookThrough looks for damage once, when everything has started. What it finds is an alarm; the satellites go on.
func (h *History) lookThrough(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(checkAfter):
	}
	err := h.main.store.Check(ctx)
	if !errors.Is(err, ErrDamaged) {
		return
	}
	problem := "The shared history database is damaged; its server has to be seen to."
	if !h.shared {
		problem = "The history database is damaged. Restart the bridge: it sets the database aside and begins a new one."
		if mark := markDamaged(h.cfg.Dir); mark != nil {
			err = errors.Join(err, fmt.Errorf("note the damage for the next start: %w", mark))
		}
	}
	h.log.Error().Err(err).Msg(problem)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.damage = problem
}

// watch passes on what other bridges do to the same history.
func (h *History) watch(ctx context.Context, w Watcher) {
	err := w.Watch(ctx, func(c Change) {
		if c.Action != Deleted && len(c.IDs) > 0 {
			for _, id := range c.IDs {
				if e, err := h.main.store.Get(ctx, id); err == nil {
					c.Entries = append(c.Entries, e)
				}
			}
			c.IDs = nil
		}
		h.tell(c)
	})
	if err != nil && ctx.Err() == nil {
		h.log.Error().Err(err).Msg("changes of other bridges are not seen any more")
	}
}

// deliverAlways brings recordings from the spool to the main shelf.
func (h *History) deliverAlways(ctx context.Context) {
	tick := time.NewTicker(deliverEvery)
	defer tick.Stop()
	for {
		if err := h.Deliver(ctx); err == nil && h.isAway() {
			h.setAway(false)
			h.log.Info().Msg("the history can be reached again")
		} else if err != nil && !h.isAway() && ctx.Err() == nil {
			h.log.Warn().Err(err).Msg("recordings wait on this machine")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
