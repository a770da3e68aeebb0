package sqlite

import (
	"context"
	"encoding/json"
	"slices"

	"earshot/history"
	"earshot/history/table"
)

// Trash wipes the oldest of the selected entries.
func (s *Store) Trash(ctx context.Context, sel history.Selection, limit int) ([]history.TrashedEntry, error) {
	c, err := conditionOf(sel)
	if err != nil || limit <= 0 {
		return nil, fail("delete from the history database", err)
	}
	if !sel.IncludeKept {
		c.where.add("kept = 0")
	}
	var out []history.TrashedEntry
	err = s.change(ctx, atFlush, func(t tx) error {
		var err error
		out, err = s.trash(t, sel, c, limit)
		return err
	})
	if err != nil {
		return nil, fail("delete from the history database", err)
	}
	return out, nil
}

// trash begins where the last part of the same deletion has ended, so that entries that stay are not gone through again and again.
func (s *Store) trash(t tx, sel history.Selection, c *condition, limit int) ([]history.TrashedEntry, error) {
	p := part{what: sel.What, condition: c, changes: changes{}}
	name, err := json.Marshal(sel)
	if err != nil {
		return nil, err
	}
	if s.passed.selection == string(name) {
		p.after = s.passed.Place
	}
	s.passed = passed{} // until this part is done
	if err := p.find(t, limit); err != nil || len(p.out) == 0 {
		return nil, err
	}
	if err := p.wipe(t); err != nil {
		return nil, err
	}
	if err := p.changes.apply(t); err != nil {
		return nil, err
	}
	if sel.IDs == nil {
		s.passed = passed{p.last, string(name)}
	}
	return p.out, nil
}

// passed is how far a deletion has come.
type passed struct {
	table.Place
	selection string // what it deletes; "" stands for no deletion
}

// part is one part of a deletion.
type part struct {
	what        history.What
	condition   *condition
	after, last table.Place
	out         []history.TrashedEntry
	clips       []string
	details     []int64
	changes     changes
}

// find notes what is about to go.
func (p *part) find(t tx, limit int) error {
	where, args := p.condition.all()
	if p.after.ID != "" {
		where, args = p.condition.beyond(p.after, true)
	}
	return t.each(func(scan func(...any) error) error {
		var e history.TrashedEntry
		var g group
		var n int64
		old := sums{entries: 1}
		if err := scan(&p.last.At, &e.ID, &n, &g.satellite, &g.outcome, &g.wakeWord, &g.kept, &g.parts, &old.stored, &old.duration); err != nil {
			return err
		}
		p.last.ID, g.stretch, e.Duration = e.ID, p.last.At>>fineShift, table.Milliseconds(old.duration)
		if g.parts&table.HasClip != 0 && p.what != history.WhatText {
			e.HasClip, e.Stored = true, old.stored
			p.clips = append(p.clips, e.ID)
		}
		p.out, p.details = append(p.out, e), append(p.details, n)
		p.count(g, old)
		return nil
	}, `SELECT at, id, n, satellite, outcome, wake_word, kept, parts, stored, duration FROM `+p.condition.source()+` WHERE `+where+
		` ORDER BY at, id LIMIT ?`, append(args, limit)...)
}

// count notes how the totals change.
func (p *part) count(from group, old sums) {
	left, to := old, from
	switch p.what {
	case history.WhatAudio:
		left.stored, to.parts = 0, from.parts&^table.HasClip
	case history.WhatText:
		to.parts = from.parts & table.HasClip
	default:
		left = sums{}
	}
	p.changes.add(from, sums{-old.entries, -old.stored, -old.duration})
	p.changes.add(to, left)
}

// wipe makes garbage of the clips, and wipes what was found.
func (p *part) wipe(t tx) error {
	found := *p.condition
	found.to = p.last.At + 1
	where, args := found.all()
	if p.after.ID != "" {
		where, args = found.beyond(p.after, true)
	}
	where, args = where+" AND (at, id) <= (?, ?)", append(args, p.last.At, p.last.ID)
	const these = ` WHERE n IN (SELECT value FROM json_each(?))`
	var details, entries string
	switch p.what {
	case history.WhatAudio:
		details = `UPDATE details SET key = '', media_type = '', bytes = 0, sample_rate = 0, peaks = NULL` + these
		entries = `UPDATE ` + p.condition.source() + ` SET stored = 0, parts = parts & ~1 WHERE `
	case history.WhatText:
		details = `UPDATE details SET transcript = '', reply = '', intent = '', error_message = ''` + these
		entries = `UPDATE ` + p.condition.source() + ` SET folded = x'', parts = parts & 1 WHERE `
	default:
		details = `DELETE FROM details` + these
		entries = `DELETE FROM ` + p.condition.source() + ` WHERE `
	}
	if len(p.clips) > 0 {
		if _, err := t.exec(`INSERT OR IGNORE INTO garbage (id) SELECT value FROM json_each(?)`, list(p.clips)); err != nil {
			return err
		}
	}
	if _, err := t.exec(details, list(p.details)); err != nil {
		return err
	}
	_, err := t.exec(entries+where, args...)
	return err
}

// Garbage lists ids whose clips wait to be removed.
func (s *Store) Garbage(ctx context.Context, after string, limit int) ([]string, error) {
	var ids []string
	rows, err := s.read.QueryContext(ctx, `SELECT id FROM garbage WHERE id > ? ORDER BY id LIMIT ?`, after, max(0, limit))
	err = forEach(rows, err, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, fail("list the history database", err)
}

// Drop forgets garbage rows, a part at a time.
func (s *Store) Drop(ctx context.Context, ids []string) error {
	const part = 1000
	for some := range slices.Chunk(ids, part) {
		err := s.change(ctx, atFlush, func(t tx) error {
			_, err := t.exec(`DELETE FROM garbage WHERE id IN (SELECT value FROM json_each(?))`, list(some))
			return err
		})
		if err != nil {
			return fail("forget garbage", err)
		}
	}
	return nil
}
