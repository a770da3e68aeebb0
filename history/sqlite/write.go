package sqlite

import (
	"context"
	"database/sql"
)

// writer is the one connection that changes the database. Whoever holds its turn may use it, and what the Store says it guards.
type writer struct {
	turn       chan struct{} // holds one value while nobody has it; those who wait get it in their order
	conn       *sql.Conn
	statements map[string]*sql.Stmt
	lazy       bool // commits are not synced now
}

// durability says when a commit must survive a power cut.
type durability bool

const (
	atOnce  durability = true
	atFlush durability = false // parts of a deletion: Flush makes them durable before anybody relies on it
)

// acquire waits for the writer's turn.
func (s *Store) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.closing:
		return errClosed
	default:
	}
	select {
	case <-s.writer.turn:
		return nil
	case <-s.closing:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) release() { s.writer.turn <- struct{}{} }

// change runs fn in a transaction that is committed when it returns nil. Waiting for the turn can be cancelled, the transaction cannot.
func (s *Store) change(ctx context.Context, d durability, fn func(tx) error) error {
	if err := s.acquire(ctx); err != nil {
		return err
	}
	defer s.release()
	return s.transact(ctx, d, fn)
}

// transact is change for who has the turn.
func (s *Store) transact(ctx context.Context, d durability, fn func(tx) error) error {
	t := tx{context.WithoutCancel(ctx), &s.writer}
	if err := t.begin(d); err != nil {
		return err
	}
	err := fn(t)
	if err == nil {
		_, err = t.exec(`COMMIT`)
	}
	if err != nil {
		_, _ = t.exec(`ROLLBACK`) // SQLite may have done so: then this fails, and nothing is left to do
		s.passed = passed{}
		return err
	}
	s.follow()
	return nil
}

// tx is a transaction of the writer.
type tx struct {
	ctx context.Context
	w   *writer
}

func (t tx) begin(d durability) error {
	if lazy := d == atFlush; lazy != t.w.lazy {
		mode := `PRAGMA synchronous = FULL`
		if lazy {
			mode = `PRAGMA synchronous = NORMAL`
		}
		if _, err := t.exec(mode); err != nil {
			return err
		}
		t.w.lazy = lazy
	}
	_, err := t.exec(`BEGIN IMMEDIATE`)
	return err
}

// exec runs a statement and returns how many rows it changed.
func (t tx) exec(query string, args ...any) (int64, error) {
	s, err := t.prepare(query)
	if err != nil {
		return 0, err
	}
	result, err := s.ExecContext(t.ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// once runs a statement, or several, that will not come again.
func (t tx) once(query string, args ...any) error {
	_, err := t.w.conn.ExecContext(t.ctx, query, args...)
	return err
}

// each calls fn for every row.
func (t tx) each(fn func(scan func(...any) error) error, query string, args ...any) error {
	s, err := t.prepare(query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(t.ctx, args...)
	return forEach(rows, err, fn)
}

// one scans the only row; sql.ErrNoRows when there is none.
func (t tx) one(query string, args []any, into ...any) error {
	s, err := t.prepare(query)
	if err != nil {
		return err
	}
	return s.QueryRowContext(t.ctx, args...).Scan(into...)
}

const maxStatements = 64 // of those that are kept ready; more come only by unusual filters

// prepare keeps statements ready by their text.
func (t tx) prepare(query string) (*sql.Stmt, error) {
	if s := t.w.statements[query]; s != nil {
		return s, nil
	}
	s, err := t.w.conn.PrepareContext(t.ctx, query)
	if err != nil {
		return nil, err
	}
	for old, one := range t.w.statements {
		if len(t.w.statements) < maxStatements {
			break
		}
		delete(t.w.statements, old)
		_ = one.Close() // nothing depends on it
	}
	t.w.statements[query] = s
	return s, nil
}

// forEach calls fn for every row of a query.
func forEach(rows *sql.Rows, err error, fn func(scan func(...any) error) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
