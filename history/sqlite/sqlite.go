// Package sqlite keeps the rows of the history in one SQLite file.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"earshot/history"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is a history.Store in a file. One handle writes, several read.
type Store struct {
	lock        io.Closer
	write, read *sql.DB
}

var _ history.Store = (*Store)(nil)

const readers = 4

// Open opens the database at path, which is made when it is not there, and brings it up to date. No other process can open it until Close.
func Open(ctx context.Context, path string) (*Store, error) {
	s := &Store{}
	err := s.open(ctx, path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open history database %s: %w", path, err), s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, path string) error {
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err != nil {
		return err
	}
	if s.lock, err = history.Lock(path + ".lock"); err != nil {
		return err
	}
	if err := makePrivate(path); err != nil {
		return err
	}
	if s.write, err = handle(path, 1); err != nil {
		return err
	}
	if s.read, err = handle(path, readers, "query_only(1)"); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	return s.emptyJournal(ctx) // a crash may have come between a deletion and this
}

// makePrivate makes the file with our mode and not the driver's, which gives its journals the mode of the file.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

// handle makes a handle. secure_delete overwrites what is deleted, which the driver does not do by itself.
// ref: https://sqlite.org/pragma.html#pragma_secure_delete
func handle(path string, connections int, pragmas ...string) (*sql.DB, error) {
	values := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(1)", "temp_store(MEMORY)",
	}, pragmas...)}
	c, err := newConnector("file:" + (&url.URL{Path: path}).EscapedPath() + "?" + values.Encode())
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// migrate runs every migration that has not been run, each in a transaction of its own.
func (s *Store) migrate(ctx context.Context) error {
	if _, err := s.write.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY) STRICT`); err != nil {
		return err
	}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := s.migrateOne(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (s *Store) migrateOne(ctx context.Context, name string) error {
	script, err := fs.ReadFile(migrations, name)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM migrations WHERE name = ?`, name).Scan(&n); err != nil || n > 0 {
			return err
		}
		if _, err := tx.ExecContext(ctx, string(script)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO migrations (name) VALUES (?)`, name)
		return err
	})
}

// change runs fn in a transaction that is committed when it returns nil.
func (s *Store) change(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Close closes the database and lets others have it. It may be called twice.
func (s *Store) Close() error {
	var err error
	if s.lock != nil {
		defer s.lock.Close() // last
	}
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}
	return err
}

// Setting returns a remembered value.
func (s *Store) Setting(ctx context.Context, key string) (string, error) {
	var value string
	err := s.read.QueryRowContext(ctx, `SELECT value FROM settings WHERE key = ?`, key).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read setting %s: %w", key, err)
	}
	return value, nil
}

// SetSetting remembers a value.
func (s *Store) SetSetting(ctx context.Context, key, value string) error {
	_, err := s.write.ExecContext(ctx, `INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
	if err != nil {
		return fmt.Errorf("remember setting %s: %w", key, err)
	}
	return nil
}
