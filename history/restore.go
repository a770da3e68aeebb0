package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Saved is a copy of a history from before.
type Saved struct {
	Store Store                           // only read
	Clip  func(id string) ([]byte, error) // as it was stored; ErrNotFound when it is not there
	Made  time.Time                       // what was deleted after that does not come back
}

// Restored is what became of a copy's entries.
type Restored struct {
	Entries int // that are back
	Clips   int // of entries that were there without theirs
	There   int // entries that were there
	Deleted int // entries that were deleted since, and stay so
	// Untold counts deletions since of which the access log does not tell what they were about: by id or by words, when the history of today is
	// not the one that the copy was made of.
	Untold int
}

// Restore puts back what is missing from this history and in the copy, and nothing that was deleted. In the history that the copy was made of an
// entry that is not there any more was deleted. In another one, begun after a damage, the deletions in its access log are made up for.
func (h *History) Restore(ctx context.Context, from Saved) (Restored, error) {
	h.deleting.Lock()
	defer h.deleting.Unlock()
	r, err := h.restore(ctx, from)
	if err != nil {
		return r, fmt.Errorf("restore: %w", err)
	}
	return r, h.Note(ctx, Access{Who: "restore", Action: AccessChanged, Entries: int64(r.Entries + r.Clips)})
}

func (h *History) restore(ctx context.Context, from Saved) (r Restored, err error) {
	was, err := from.Store.Setting(ctx, identitySetting)
	if err != nil {
		return r, err
	}
	is, err := h.main.store.Setting(ctx, identitySetting)
	if err != nil {
		return r, err
	}
	m := merge{h: h, from: from, same: was != "" && was == is, left: map[string]bool{}}
	if err := h.main.eachGarbage(ctx, func(id string) { m.left[id] = true }); err != nil {
		return r, err
	}
	if m.deletions, err = h.allDeletions(ctx, from.Made); err != nil {
		return r, err
	}
	for _, d := range m.deletions {
		if !m.same && (d.kind.ByText || d.kind.ByID > 0) {
			m.Untold++
		}
	}
	for q := (Query{Limit: MaxLimit}); ; {
		page, err := from.Store.List(ctx, q)
		if err != nil {
			return m.Restored, err
		}
		for _, e := range page.Entries {
			if err := m.one(ctx, e); err != nil {
				return m.Restored, err
			}
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			return m.Restored, nil
		}
	}
}

// merge is a restoration on its way.
type merge struct {
	Restored
	h         *History
	from      Saved
	same      bool            // the copy is one of this history
	left      map[string]bool // deleted, and their clips still wait to be removed
	deletions []pastDeletion
}

// one looks at an entry of the copy.
func (m *merge) one(ctx context.Context, e Entry) error {
	here, err := m.h.main.store.Get(ctx, e.ID)
	switch {
	case err == nil:
		return m.clip(ctx, here)
	case !errors.Is(err, ErrNotFound):
		return err
	case m.same || m.left[e.ID]:
		m.Deleted++
		return nil
	}
	audio, text := m.deleted(e)
	if audio && text {
		m.Deleted++
		return nil
	}
	it := item{entry: e}
	if text {
		it.entry.Transcript, it.entry.Reply, it.entry.Intent = "", "", ""
		if e.Error != nil {
			it.entry.Error = &EntryError{Code: e.Error.Code}
		}
	}
	if e.Clip != nil && !audio {
		it.key, err = m.from.Store.Key(ctx, e.ID)
		if err == nil {
			it.clip, err = m.from.Clip(e.ID)
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	if it.clip == nil {
		it.key, it.entry.Clip, it.entry.Peaks = "", nil, nil
	}
	if err := m.h.main.put(ctx, it); err != nil {
		return err
	}
	m.Entries++
	return nil
}

// clip puts an entry's clip back where it should be and is not.
func (m *merge) clip(ctx context.Context, here Entry) error {
	m.There++
	if here.Clip == nil {
		return nil // its audio was deleted, or there was none
	}
	b, err := m.h.main.blobs.Open(ctx, here.ID)
	if err == nil {
		return b.Close()
	}
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	data, err := m.from.Clip(here.ID)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err == nil {
		err = m.h.main.blobs.Put(ctx, here.ID, data)
	}
	if err == nil {
		m.Clips++
	}
	return err
}

// deleted tells what of an entry was deleted since, as far as the access log tells.
func (m *merge) deleted(e Entry) (audio, text bool) {
	for _, d := range m.deletions {
		if !d.covers(e) {
			continue
		}
		audio = audio || d.what != WhatText
		text = text || d.what != WhatAudio
	}
	return audio, text
}

// allDeletions reads every deletion after an instant from the access log.
func (h *History) allDeletions(ctx context.Context, from time.Time) (list []pastDeletion, err error) {
	for before := ""; ; {
		lines, err := h.main.store.Accesses(ctx, before, accessLooked)
		if err != nil || len(lines) == 0 {
			return list, err
		}
		for _, a := range lines {
			var d deletion
			if !a.At.Before(from) && a.Action == AccessDeleted && json.Unmarshal(a.Details, &d) == nil {
				list = append(list, pastDeletion{a.At, d.Kind, d.Receipt.What})
			}
		}
		before = lines[len(lines)-1].ID
	}
}
