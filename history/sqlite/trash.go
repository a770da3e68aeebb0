package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"earshot/history"
)

// Trash turns the selected rows into garbage rows. It returns when their text is in none of the store's files any more.
func (s *Store) Trash(ctx context.Context, sel history.Selection) (history.Trashed, error) {
	var out history.Trashed
	err := s.change(ctx, func(tx *sql.Tx) error {
		var err error
		out, err = trash(ctx, tx, sel)
		return err
	})
	if err != nil {
		return history.Trashed{}, fmt.Errorf("delete from the history database: %w", err)
	}
	if len(out.Entries) == 0 {
		return out, nil
	}
	// The rows are gone; the journal has to follow even when nobody waits for it any more.
	if err := s.emptyJournal(context.WithoutCancel(ctx)); err != nil {
		return out, fmt.Errorf("delete from the history database: %w", err)
	}
	return out, nil
}

func trash(ctx context.Context, tx *sql.Tx, sel history.Selection) (history.Trashed, error) {
	var out history.Trashed
	where, args := selection(sel)
	if !sel.IncludeKept {
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM entries WHERE kept AND `+where, args...).Scan(&out.KeptSkipped); err != nil {
			return out, err
		}
		where += ` AND NOT kept`
	}
	var err error
	if out.Entries, err = collect(ctx, tx, where, args); err != nil {
		return out, err
	}
	for _, change := range []string{`INSERT OR IGNORE INTO garbage (id) SELECT id FROM entries WHERE `, `DELETE FROM entries WHERE `} {
		if _, err := tx.ExecContext(ctx, change+where, args...); err != nil {
			return out, err
		}
	}
	if len(out.Entries) == 0 {
		return out, nil
	}
	return out, scrub(ctx, tx)
}

// collect notes what is about to go.
func collect(ctx context.Context, tx *sql.Tx, where string, args []any) ([]history.TrashedEntry, error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, bytes, duration FROM entries WHERE `+where+` ORDER BY at, id`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []history.TrashedEntry
	for rows.Next() {
		var e history.TrashedEntry
		var ms int64
		if err := rows.Scan(&e.ID, &e.Bytes, &ms); err != nil {
			return nil, err
		}
		e.Duration = milliseconds(ms)
		out = append(out, e)
	}
	return out, rows.Err()
}

const (
	journalPatience = 30 * time.Second // how long readers may be in the way altogether; each of them takes milliseconds
	journalPause    = 10 * time.Millisecond
)

// emptyJournal moves the write-ahead log into the database and cuts it to nothing: pages with deleted text would stay in it otherwise.
// The pragma succeeds even when a reader was in the way, so its row is looked at.
// ref: https://sqlite.org/pragma.html#pragma_wal_checkpoint
func (s *Store) emptyJournal(ctx context.Context) error {
	for end := time.Now().Add(journalPatience); ; {
		var busy, logged, moved int
		if err := s.write.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &logged, &moved); err != nil {
			return err
		}
		if busy == 0 {
			return nil
		}
		if time.Now().After(end) {
			return errors.New("a reader keeps the journal from being emptied; try again")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(journalPause):
		}
	}
}

// Clips calls fn for every entry whose audio is kept.
func (s *Store) Clips(ctx context.Context, fn func(id string) error) error {
	return s.ids(ctx, `SELECT id FROM entries WHERE media_type <> ''`, fn)
}

// Garbage lists the ids whose clips wait to be removed.
func (s *Store) Garbage(ctx context.Context) ([]string, error) {
	var ids []string
	err := s.ids(ctx, `SELECT id FROM garbage ORDER BY id`, func(id string) error {
		ids = append(ids, id)
		return nil
	})
	return ids, err
}

// ids calls fn for every id of a query.
func (s *Store) ids(ctx context.Context, query string, fn func(id string) error) error {
	rows, err := s.read.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("list the history database: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return fmt.Errorf("list the history database: %w", err)
		}
		if err := fn(id); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("list the history database: %w", err)
	}
	return nil
}

// Drop forgets garbage rows. An id tells when something was said, so it does not stay in the journal either.
func (s *Store) Drop(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := s.write.ExecContext(ctx, `DELETE FROM garbage WHERE id IN (SELECT value FROM json_each(?))`, jsonList(ids))
	if err == nil {
		err = s.emptyJournal(ctx)
	}
	if err != nil {
		return fmt.Errorf("forget garbage: %w", err)
	}
	return nil
}
