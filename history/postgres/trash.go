package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"earshot/history"
	"earshot/history/table"
)

// Trash wipes the oldest of the selected entries. Where another bridge is at the same ones, it waits for that, and takes what is left.
func (s *Store) Trash(ctx context.Context, sel history.Selection, limit int) ([]history.TrashedEntry, error) {
	c, err := conditionOf(sel)
	if err != nil || limit <= 0 {
		return nil, fail("delete from the history database", err)
	}
	if !sel.IncludeKept {
		c.add("NOT e.kept")
	}
	var out []history.TrashedEntry
	err = s.change(ctx, patience, func(ctx context.Context, tx pgx.Tx) error {
		p := part{tx: tx, what: sel.What, shelves: map[int16][]string{}}
		if err := p.find(ctx, c.clone(), limit); err != nil || len(p.out) == 0 {
			out = nil
			return err
		}
		out = p.out
		if err := p.wipe(ctx); err != nil {
			return err
		}
		return s.notify(ctx, tx, p.action(), p.ids)
	})
	if err != nil {
		return nil, fail("delete from the history database", err)
	}
	return out, nil
}

// part is one part of a deletion.
type part struct {
	tx      pgx.Tx
	what    history.What
	out     []history.TrashedEntry
	ids     []string
	clips   []string
	shelves map[int16][]string // ids by shelf
}

// find locks what is about to go. Rows that another one is changing are looked at again when that is done; skipping them instead would leave out
// what it has only touched.
func (p *part) find(ctx context.Context, c *condition, limit int) error {
	if err := c.seek(ctx, p.tx); err != nil {
		return err
	}
	rows, err := p.tx.Query(ctx, `SELECT e.id, e.shelf, e.parts, e.stored, e.duration FROM entries e`+c.where()+order(true)+` LIMIT `+c.arg(limit)+` FOR UPDATE`, c.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var e history.TrashedEntry
		var shelf, parts int16
		var stored, duration int64
		if err := rows.Scan(&e.ID, &shelf, &parts, &stored, &duration); err != nil {
			return err
		}
		e.Duration = table.Milliseconds(duration)
		if parts&table.HasClip != 0 && p.what != history.WhatText {
			e.HasClip, e.Stored = true, stored
			p.clips = append(p.clips, e.ID)
		}
		p.out, p.ids = append(p.out, e), append(p.ids, e.ID)
		p.shelves[shelf] = append(p.shelves[shelf], e.ID)
	}
	return rows.Err()
}

// wipe makes garbage of the clips, wipes what was found, and notes which shelves have remnants now.
func (p *part) wipe(ctx context.Context) error {
	const these = ` WHERE id = ANY ($1::text[])`
	var details, entries string
	switch p.what {
	case history.WhatAudio:
		details = `UPDATE details SET key = '', media_type = '', bytes = 0, sample_rate = 0, peaks = NULL`
		entries = `UPDATE entries SET stored = 0, parts = parts & ~1`
	case history.WhatText:
		details = `UPDATE details SET folded = '', transcript = '', reply = '', intent = '', error_message = ''`
		entries = `UPDATE entries SET parts = parts & 1`
	default:
		details = `DELETE FROM details`
		entries = `DELETE FROM entries`
	}
	if _, err := p.tx.Exec(ctx, `INSERT INTO garbage (id) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING`, p.clips); err != nil {
		return err
	}
	if _, err := p.tx.Exec(ctx, entries+these, p.ids); err != nil {
		return err
	}
	for shelf, ids := range p.shelves {
		if _, err := p.tx.Exec(ctx, details+these+` AND shelf = $2`, ids, shelf); err != nil {
			return err
		}
		if _, err := p.tx.Exec(ctx, `INSERT INTO dirty (shelf, rev) VALUES ($1, pg_current_xact_id())`, shelf); err != nil {
			return err
		}
	}
	return nil
}

// action is what others are told.
func (p *part) action() string {
	if p.what == history.WhatAudio || p.what == history.WhatText {
		return history.Updated
	}
	return history.Deleted
}

// Garbage lists ids whose clips wait to be removed.
func (s *Store) Garbage(ctx context.Context, after string, limit int) ([]string, error) {
	var ids []string
	err := s.ask(ctx, s.timeout, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, `SELECT id FROM garbage WHERE id > $1 ORDER BY id LIMIT $2`, plain(after), max(0, limit))
		if err != nil {
			return err
		}
		ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return ids, fail("list garbage", err)
}

// Drop forgets garbage rows.
func (s *Store) Drop(ctx context.Context, ids []string) error {
	err := s.change(ctx, patience, func(ctx context.Context, tx pgx.Tx) error {
		// In one order, so that two who drop the same do not wait for each other.
		_, err := tx.Exec(ctx, `DELETE FROM garbage WHERE id IN (SELECT id FROM garbage WHERE id = ANY ($1::text[]) ORDER BY id FOR UPDATE)`, plains(ids))
		return err
	})
	return fail("forget garbage", err)
}
