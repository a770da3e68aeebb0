package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Receipt answers a deletion.
type Receipt struct {
	ID      string // of the line in the access log
	What    What
	Deleted int
	// KeptSkipped counts what was spared because it is kept.
	KeptSkipped int
	// InProgressDiscarded counts recordings that were just being made and are not stored.
	InProgressDiscarded int
	Stored              int64          // bytes of the clips that went
	Duration            time.Duration  // of the audio that went
	From, To            time.Time      // the bounds used; zero where there was none
	Failed              []FailedDelete // at most failedListed of them
	FailedCount         int
	Remains             []string // what cannot be reached from here, in plain words
}

// FailedDelete is an entry that could not be deleted, and why.
type FailedDelete struct {
	ID  string `json:"id"`
	Why string `json:"why"`
}

const (
	trashPart    = 500 // entries wiped in one transaction: additions get their turn between two
	unlinkPart   = 1000
	toldParts    = 4 // of a deletion with more of them, the ids are not told
	failedListed = 100
)

// Delete deletes what a selection covers, also recordings that are being made just now. When it returns, the text and the keys are in none of
// the files, and the clips are unlinked; a clip that could not be removed is in Failed, cannot be played any more, and is tried again by every
// later deletion and by the next start. With an error a part may be deleted all the same: the receipt says how much. by is who asked.
func (h *History) Delete(ctx context.Context, by string, s Selection) (Receipt, error) {
	h.deleting.Lock()
	defer h.deleting.Unlock()
	id, err := h.newID(time.Now())
	if err != nil {
		return Receipt{}, fmt.Errorf("delete: %w", err)
	}
	return h.delete(ctx, request{id: id, by: by, Selection: s})
}

// request is a deletion on its way.
type request struct {
	id string // of the receipt
	by string
	Selection
	shown      time.Time // when its preview was made; zero without one
	inProgress bool      // the preview has counted recordings in progress
}

// parts are what a request is about: of recordings in progress, and of stored ones.
func (q request) parts() (live Selection, stored []Selection) {
	live, stored = q.Selection, []Selection{q.Selection}
	if q.shown.IsZero() {
		return live, stored
	}
	if live.To.IsZero() || q.shown.Before(live.To) {
		live.To = q.shown
	}
	if q.inProgress { // they may have been stored since
		late := live
		late.AsOf = ""
		if from := q.shown.Add(-inProgressAge); late.From.Before(from) {
			late.From = from
		}
		stored = append(stored, late)
	}
	return live, stored
}

// inProgressAge is longer than a recording can be in progress.
const inProgressAge = 90 * time.Second

// delete carries a deletion out and writes it down. It needs deleting.
func (h *History) delete(ctx context.Context, q request) (Receipt, error) {
	if !q.What.Valid() {
		return Receipt{}, fmt.Errorf("delete: %q is not a part of a recording; use all, audio or text", string(q.What))
	}
	r := Receipt{ID: q.id, What: q.What, From: q.From, To: q.To, Failed: []FailedDelete{}}
	if r.What == "" {
		r.What = WhatAll
	}
	began := time.Now()
	live := h.attached()
	making, stored := q.parts()
	if live != nil && r.What == WhatAll {
		r.InProgressDiscarded = live.Discard(making)
	}
	var err error
	shelves, done, looked := []shelf{h.main}, []explained(nil), true
	erase := func(s shelf, sel Selection) {
		what, failed := s.erase(ctx, h, sel, &r)
		done, err = append(done, what), errors.Join(err, failed)
		looked = looked && what.clips != nil
	}
	for _, s := range stored {
		erase(h.main, s)
	}
	if h.spool != nil && q.AsOf == "" { // nothing of the spool was in a preview
		shelves = append(shelves, *h.spool)
		erase(*h.spool, q.Selection)
	}
	if looked { // else the error says all there is to say
		explain(context.WithoutCancel(ctx), q.IDs, shelves, done, &r)
	}
	r.Remains = h.remains(live)
	if r.Deleted+r.InProgressDiscarded+r.FailedCount > 0 || q.by != retentionName {
		err = errors.Join(err, h.writeDown(context.WithoutCancel(ctx), began, q, r))
	}
	return r, err
}

func (h *History) attached() Live {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.live
}

// remains is what no deletion reaches.
func (h *History) remains(live Live) []string {
	list := []string{"A backup made before the deletion still holds what it held then."}
	list = append(list, h.main.store.Remains()...)
	for _, folder := range h.aside {
		list = append(list, fmt.Sprintf("The damaged history in %s was set aside and may still hold recordings: delete that folder when you do not need it.", folder))
	}
	if live != nil {
		list = append(list, live.Remains()...)
	}
	return list
}

// writeDown adds a deletion to the access log, with its receipt. The log names no entry. Its time is when the deletion began: what was said
// since then is not covered by it.
func (h *History) writeDown(ctx context.Context, began time.Time, q request, r Receipt) error {
	r.Failed = nil
	details, err := json.Marshal(deletion{kindOf(q.Selection), r})
	if err != nil {
		return fmt.Errorf("write the deletion down: %w", err)
	}
	return h.main.store.AddAccess(ctx, Access{
		ID: q.id, At: began.UTC().Truncate(time.Millisecond), Who: q.by, Action: AccessDeleted,
		Entries: int64(r.Deleted + r.InProgressDiscarded), Stored: r.Stored, Details: details,
	})
}

// deletion is what the access log keeps of one.
type deletion struct {
	Kind    kind
	Receipt Receipt
}

// kind says what sort of selection it was, without words and ids of entries.
type kind struct {
	From, To    time.Time
	Satellites  []string  `json:",omitempty"`
	Outcomes    []Outcome `json:",omitempty"`
	WakeWords   []string  `json:",omitempty"`
	Labels      []Label   `json:",omitempty"`
	ByText      bool      `json:",omitempty"`
	ByID        int       `json:",omitempty"`
	IncludeKept bool      `json:",omitempty"`
}

func kindOf(s Selection) kind {
	return kind{s.From, s.To, s.Satellites, s.Outcomes, s.WakeWords, s.Labels, s.Text != "", len(s.IDs), s.IncludeKept}
}
