package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"

	"earshot/history"
)

// Snapshot writes the database at path, as it is at one moment, into a new file that only its owner can read. The database may be in use, by
// another process too, and is not changed. What was deleted before is in no byte of the copy, as it is written row by row.
func Snapshot(ctx context.Context, path, to string) error {
	return fail("copy the history database", snapshot(ctx, path, to))
}

func snapshot(ctx context.Context, path, to string) (err error) {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) // SQLite takes an empty file for a new one
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	// Read-only, so that this is never who moves a journal that was left by a crash into the database: what it holds has not been scrubbed.
	db, err := readOnly(path, "mode=ro")
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `VACUUM INTO ?`, to)
	return errors.Join(err, db.Close(), f.Sync())
}

func readOnly(path, how string) (*sql.DB, error) {
	values := url.Values{"_pragma": {"busy_timeout(10000)", "temp_store(MEMORY)"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+how+"&"+values.Encode())
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

// OpenCopy opens a copy that Snapshot has made, for reading; every change is an error. Nothing is written beside it, so that it may lie on a
// file system of another machine. One that an earlier version of the program has made is refused: only Open brings it up to date.
func OpenCopy(ctx context.Context, path string) (*Store, error) {
	done := make(chan struct{})
	close(done)
	s := &Store{path: path, journal: newJournal(path), stop: func() {}, closing: done, tended: done}
	var err error
	if _, err = os.Stat(path); err == nil {
		s.read, err = readOnly(path, "mode=ro&immutable=1")
	}
	if err == nil {
		err = s.checkCopy(ctx)
	}
	if err != nil {
		return nil, errors.Join(fail("open the copy of a history database", err), s.Close())
	}
	return s, nil
}

func (s *Store) checkCopy(ctx context.Context) error {
	if err := quickCheck(ctx, s.read); err != nil {
		return err
	}
	if err := s.refuseNewer(ctx); err != nil {
		return err
	}
	var n int
	if err := s.read.QueryRowContext(ctx, `SELECT count(*) FROM migrations`).Scan(&n); err != nil {
		return err
	}
	if n != len(steps()) {
		return fmt.Errorf("%w; start this version on the history once, or restore the backup into an empty folder, which brings it up to date", history.ErrOlder)
	}
	return nil
}
