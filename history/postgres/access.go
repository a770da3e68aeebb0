package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"earshot/history"
)

const accessColumns = `id, at, who, action, entries, stored, details`

// AddAccess adds a line to the access log.
func (s *Store) AddAccess(ctx context.Context, a history.Access) error {
	var details *string
	if a.Details != nil {
		text := plain(string(a.Details))
		details = &text
	}
	err := s.change(ctx, s.timeout, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO accesses (`+accessColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			plain(a.ID), a.At.UnixMilli(), plain(a.Who), plain(a.Action), a.Entries, a.Stored, details)
		return err
	})
	if is(err, uniqueViolation) {
		err = history.ErrExists
	}
	return fail("add to the access log", err)
}

func scanAccess(row pgx.CollectableRow) (history.Access, error) {
	var a history.Access
	var at int64
	var details *string
	if err := row.Scan(&a.ID, &at, &a.Who, &a.Action, &a.Entries, &a.Stored, &details); err != nil {
		return history.Access{}, err
	}
	a.At = time.UnixMilli(at).UTC()
	if details != nil {
		a.Details = json.RawMessage(*details)
	}
	return a, nil
}

// Access returns one line of the access log.
func (s *Store) Access(ctx context.Context, id string) (history.Access, error) {
	var a history.Access
	err := s.ask(ctx, s.timeout, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, `SELECT `+accessColumns+` FROM accesses WHERE id = $1`, plain(id))
		if err != nil {
			return err
		}
		a, err = pgx.CollectExactlyOneRow(rows, scanAccess)
		return err
	})
	return a, fail("read the access log", err)
}

// Accesses lists the access log.
func (s *Store) Accesses(ctx context.Context, before string, limit int) ([]history.Access, error) {
	var out []history.Access
	err := s.ask(ctx, s.timeout, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, `SELECT `+accessColumns+` FROM accesses WHERE $1 = '' OR id < $1 ORDER BY id DESC LIMIT $2`, plain(before), max(0, limit))
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, scanAccess)
		return err
	})
	return out, fail("read the access log", err)
}

// DropAccesses forgets old lines of the access log.
func (s *Store) DropAccesses(ctx context.Context, before time.Time) error {
	err := s.change(ctx, patience, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM accesses WHERE at < $1`, ceilMilli(before))
		return err
	})
	return fail("shorten the access log", err)
}
