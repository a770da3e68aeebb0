package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	deliverPart  = 50
	accessLooked = 1000 // lines of the access log that are looked at for deletions; more than a household makes in a day
)

// Deliver brings every recording that was kept on this machine, while the shared history could not be reached, to that. What a deletion has
// covered meanwhile is dropped instead.
func (h *History) Deliver(ctx context.Context) error {
	if h.spool == nil {
		return nil
	}
	if h.isAway() {
		if _, err := h.main.mend(ctx, h.orphanAge()); err != nil {
			return err
		}
	}
	for {
		page, err := h.spool.store.List(ctx, Query{Limit: deliverPart})
		if err != nil || len(page.Entries) == 0 {
			return err
		}
		if err := h.deliver(ctx, page.Entries); err != nil {
			return fmt.Errorf("deliver recordings: %w", err)
		}
	}
}

// deliver brings some recordings over. A deletion comes before or after, never in between.
func (h *History) deliver(ctx context.Context, entries []Entry) error {
	h.deleting.Lock()
	defer h.deleting.Unlock()
	deletions, err := h.deletionsSince(ctx, entries[len(entries)-1].At)
	if err != nil {
		return err
	}
	done := Selection{IDs: []string{}, IncludeKept: true}
	for _, e := range entries {
		if !covered(deletions, e) {
			if err := h.deliverOne(ctx, e); err != nil {
				return err
			}
		}
		done.IDs = append(done.IDs, e.ID)
	}
	if _, err := h.spool.store.Trash(ctx, done, len(done.IDs)); err != nil {
		return err
	}
	err = h.spool.store.Flush(ctx)
	h.spool.removeClips(ctx)
	return errors.Join(err, h.spool.store.Flush(ctx))
}

func (h *History) deliverOne(ctx context.Context, e Entry) error {
	it := item{entry: e}
	if e.Clip != nil {
		var err error
		if it.key, err = h.spool.store.Key(ctx, e.ID); err != nil {
			return err
		}
		it.clip, err = h.spool.raw(ctx, e.ID)
		if errors.Is(err, ErrNotFound) {
			it.key, it.entry.Clip, it.entry.Peaks = "", nil, nil
		} else if err != nil {
			return err
		}
	}
	err := h.main.put(ctx, it)
	if errors.Is(err, ErrExists) {
		return nil // it was brought over before, and the answer was lost
	}
	return err
}

// pastDeletion is a deletion of the access log.
type pastDeletion struct {
	at   time.Time
	kind kind
	what What
}

// deletionsSince reads from the access log which deletions there were after an instant.
func (h *History) deletionsSince(ctx context.Context, from time.Time) ([]pastDeletion, error) {
	lines, err := h.main.store.Accesses(ctx, "", accessLooked)
	if err != nil {
		return nil, err
	}
	var list []pastDeletion
	for _, a := range lines {
		var d deletion
		if a.At.Before(from) || a.Action != AccessDeleted || json.Unmarshal(a.Details, &d) != nil {
			continue
		}
		list = append(list, pastDeletion{a.At, d.Kind, d.Receipt.What})
	}
	return list, nil
}

// covered tells whether a recording was there when a deletion was made that it belongs to. A deletion by text or by id cannot be told: the
// access log knows neither.
func covered(deletions []pastDeletion, e Entry) bool {
	return slices.ContainsFunc(deletions, func(d pastDeletion) bool { return d.what == WhatAll && d.covers(e) })
}

// covers tells whether it was about an entry, as far as can be told.
func (d pastDeletion) covers(e Entry) bool {
	k := d.kind
	s := Selection{Filter: Filter{From: k.From, To: k.To, Satellites: k.Satellites, Outcomes: k.Outcomes, WakeWords: k.WakeWords, Labels: k.Labels}}
	return !k.ByText && k.ByID == 0 && e.At.Before(d.at) && s.matches(e) && (!e.Kept || k.IncludeKept)
}
