package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"earshot/history"
)

const accessColumns = `id, at, who, action, entries, stored, details`

// AddAccess adds a line to the access log.
func (s *Store) AddAccess(ctx context.Context, a history.Access) error {
	var details any
	if a.Details != nil {
		details = string(a.Details)
	}
	err := s.change(ctx, atOnce, func(t tx) error {
		_, err := t.exec(`INSERT INTO accesses (`+accessColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			a.ID, a.At.UnixMilli(), a.Who, a.Action, a.Entries, a.Stored, details)
		return err
	})
	if exists(err) {
		err = history.ErrExists
	}
	return fail("add to the access log", err)
}

func scanAccess(scan func(...any) error) (history.Access, error) {
	var a history.Access
	var at int64
	var details sql.NullString
	if err := scan(&a.ID, &at, &a.Who, &a.Action, &a.Entries, &a.Stored, &details); err != nil {
		return history.Access{}, err
	}
	a.At = time.UnixMilli(at).UTC()
	if details.Valid {
		a.Details = json.RawMessage(details.String)
	}
	return a, nil
}

// Access returns one line of the access log.
func (s *Store) Access(ctx context.Context, id string) (history.Access, error) {
	a, err := scanAccess(s.read.QueryRowContext(ctx, `SELECT `+accessColumns+` FROM accesses WHERE id = ?`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return history.Access{}, fmt.Errorf("line of the access log: %w", history.ErrNotFound)
	}
	return a, fail("read the access log", err)
}

// Accesses lists the access log.
func (s *Store) Accesses(ctx context.Context, before string, limit int) ([]history.Access, error) {
	var out []history.Access
	rows, err := s.read.QueryContext(ctx, `SELECT `+accessColumns+` FROM accesses WHERE ?1 = '' OR id < ?1 ORDER BY id DESC LIMIT ?2`, before, max(0, limit))
	err = forEach(rows, err, func(scan func(...any) error) error {
		a, err := scanAccess(scan)
		out = append(out, a)
		return err
	})
	return out, fail("read the access log", err)
}

// DropAccesses forgets old lines of the access log.
func (s *Store) DropAccesses(ctx context.Context, before time.Time) error {
	err := s.change(ctx, atOnce, func(t tx) error {
		_, err := t.exec(`DELETE FROM accesses WHERE at < ?`, ceilMilli(before))
		return err
	})
	return fail("shorten the access log", err)
}
