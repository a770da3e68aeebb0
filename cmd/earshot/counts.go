package main

import (
	"context"
	"fmt"
	"time"

	"earshot/discovery"
	"earshot/history"
)

// counted is what the history knew of a satellite when it was last asked.
type counted struct {
	discovery.Counts
	known  bool
	newest time.Time
	keep   string // what Keep recordings shows
}

const (
	countEvery   = 5 * time.Second  // at most
	recountEvery = time.Minute      // also when nothing is told: the day changes, and so may the rules
	countLimit   = 10 * time.Second // for all satellites
)

// count keeps the numbers of the history, which may be far away, where the entities take them from.
func (h *house) count(ctx context.Context) {
	changes := h.history.Subscribe(eventQueue)
	defer changes.Close()
	wait := time.NewTimer(0)
	defer wait.Stop()
	h.markUncounted("")
	var last time.Time
	all, waiting, failing := time.Now(), true, false
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-changes.C():
			h.changed(c)
			if !waiting {
				waiting = true
				wait.Reset(max(0, time.Until(last.Add(countEvery))))
			}
		case <-wait.C:
			if time.Since(all) >= recountEvery {
				h.markUncounted("")
				all = time.Now()
			}
			err := h.recount(ctx)
			if err != nil && ctx.Err() == nil && !failing {
				h.log.Error().Err(err).Msg("the history cannot be counted")
			}
			if failing = err != nil; failing {
				h.markUncounted("")
			}
			waiting, last = false, time.Now()
			wait.Reset(recountEvery)
		}
	}
}

// changed notes whose numbers a change has made old. A deletion tells ids only.
func (h *house) changed(c history.Change) {
	if c.Action != history.Added {
		h.markUncounted("")
		return
	}
	for _, e := range c.Entries {
		h.markUncounted(e.Satellite)
	}
}

// markUncounted has a satellite counted anew, or all of them for "".
func (h *house) markUncounted(satellite string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.all() {
		r.uncounted = r.uncounted || satellite == "" || r.id == satellite
	}
}

// recount asks the history about all satellites whose numbers are old.
func (h *house) recount(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, countLimit)
	defer cancel()
	var old []*room
	var ids []string
	h.mu.Lock()
	for _, r := range h.all() {
		if r.uncounted {
			r.uncounted = false // what changes from here on is counted the next time
			old, ids = append(old, r), append(ids, r.id)
		}
	}
	h.mu.Unlock()
	deletions, err := h.history.LastDeletions(ctx, ids)
	if err != nil {
		return fmt.Errorf("read the access log: %w", err)
	}
	for _, r := range old {
		c, err := h.countRoom(ctx, r)
		if err != nil {
			return fmt.Errorf("count the recordings of satellite %q: %w", r.id, err)
		}
		c.LastDeletion = deletions[r.id]
		h.mu.Lock()
		r.counted = c
		h.mu.Unlock()
	}
	err = h.countHub(ctx)
	h.markStale(func(r *room) bool { return r.counted.known })
	return err
}

func (h *house) countRoom(ctx context.Context, r *room) (counted, error) {
	c := counted{known: true}
	filter := history.Filter{Satellites: []string{r.id}}
	all, err := h.history.Totals(ctx, filter)
	if err != nil {
		return c, err
	}
	filter.Outcomes = history.CommandOutcomes()
	commands, err := h.history.Totals(ctx, filter)
	if err != nil {
		return c, err
	}
	c.Recordings, c.newest = all.Entries, commands.Newest
	if filter.From, _, err = h.history.Calendar().Period("today", time.Now()); err != nil {
		return c, err
	}
	today, err := h.history.Totals(ctx, filter) // of commands
	if err != nil {
		return c, err
	}
	filter.Outcomes = []history.Outcome{history.NotIntended}
	mistaken, err := h.history.Totals(ctx, filter)
	if err != nil {
		return c, err
	}
	c.Today, c.FalseToday = today.Entries, mistaken.Entries
	rules, err := h.history.Rules(ctx, r.id)
	c.keep = keepChoice(rules)
	return c, err
}

// countHub asks about the whole history.
func (h *house) countHub(ctx context.Context) error {
	all, err := h.history.Totals(ctx, history.Filter{})
	if err != nil {
		return fmt.Errorf("count the history: %w", err)
	}
	improve, err := h.history.Improve(ctx)
	if err != nil {
		return fmt.Errorf("read whether the wake words are improved: %w", err)
	}
	h.mu.Lock()
	h.hub = discovery.Hub{
		Counted: true, StoredBytes: all.Stored, Recordings: all.Entries, NextCleanup: h.history.NextRetention(), Improve: improve,
	}
	h.mu.Unlock()
	return nil
}
