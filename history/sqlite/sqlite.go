// Package sqlite keeps the rows of the history in one SQLite file.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver

	"earshot/history"
	"earshot/internal/durable"
)

// Store is a history.Store in a file. One connection writes, several read, and two move the journal into the database.
type Store struct {
	path        string
	lock        io.Closer
	read, mover *sql.DB
	write       *sql.DB // the handle of writer's connection
	writer      writer

	// Guarded by the turn of writer.
	journal *journal
	lost    bool // which pages hold remnants is not known: look at all
	place   place

	foreign bool // a newer version's: nothing of it is changed, the journal included

	emptying chan struct{}      // full while somebody empties the journal
	wake     chan struct{}      // the journal is long
	stop     context.CancelFunc // ends tend, and lets nobody have the turn any more
	closing  <-chan struct{}
	tended   chan struct{}
	once     sync.Once
	closed   error
}

var _ history.Store = (*Store)(nil)

const readers = 4

// Open opens the database at path, which is made when it is not there, and brings it up to date. No other process can open it until Close.
// The error of a database that cannot be read any more is a history.ErrDamaged, and of one from a newer version of this program a history.ErrNewer;
// its files have not been changed then.
func Open(ctx context.Context, path string) (*Store, error) {
	s := &Store{
		path: path, journal: newJournal(path), writer: writer{turn: make(chan struct{}, 1), statements: map[string]*sql.Stmt{}},
		emptying: make(chan struct{}, 1), wake: make(chan struct{}, 1), tended: make(chan struct{}),
	}
	var tending context.Context
	tending, s.stop = context.WithCancel(context.Background())
	s.closing = tending.Done()
	err := s.open(ctx)
	go s.tend(tending)
	if err != nil {
		return nil, errors.Join(fail("open history database "+path, err), s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	s.release()
	err := durable.MakeFolder(filepath.Dir(s.path))
	if err != nil {
		return err
	}
	if s.lock, err = history.Lock(s.path + ".lock"); err != nil {
		return err
	}
	size, err := makePrivate(s.path)
	if err != nil {
		return err
	}
	// What a crash has left in the journal, before SQLite can move it.
	if err := s.journal.follow(); err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	left, err := s.journal.size()
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	if err := s.connect(ctx); err != nil {
		return err
	}
	const small = 32 << 20 // bytes: checked in a quarter of a second
	if left > 0 || size <= small {
		if err := quickCheck(ctx, s.read); err != nil {
			return err
		}
	}
	if err := s.refuseNewer(ctx); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	return s.empty(ctx, journalPatience) // a crash may have come between a deletion and this
}

// connect opens the handles. secure_delete overwrites what is deleted, which the driver does not do by itself.
// ref: https://sqlite.org/pragma.html#pragma_secure_delete
func (s *Store) connect(ctx context.Context) error {
	var err error
	if s.write, err = s.handle(1, "busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(1)"); err != nil {
		return err
	}
	if s.read, err = s.handle(readers, "busy_timeout(10000)", "query_only(1)"); err != nil {
		return err
	}
	if s.mover, err = s.handle(2, "busy_timeout(0)", "synchronous(FULL)"); err != nil {
		return err
	}
	s.writer.conn, err = s.write.Conn(ctx)
	return err
}

func (s *Store) handle(connections int, pragmas ...string) (*sql.DB, error) {
	values := url.Values{"_pragma": append(pragmas, "wal_autocheckpoint(0)", "temp_store(MEMORY)")}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: s.path}).EscapedPath()+"?"+values.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// makePrivate makes the file with our mode and not the driver's, which gives its journals the mode of the file. It returns its size.
func makePrivate(path string) (int64, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, errors.Join(err, f.Close())
	}
	return info.Size(), errors.Join(f.Chmod(0o600), f.Close())
}

// Close empties the journal, closes the database and lets others have it. It may be called twice.
func (s *Store) Close() error {
	s.once.Do(func() { s.closed = s.close() })
	return s.closed
}

func (s *Store) close() error {
	s.stop()
	<-s.tended
	if s.lock == nil {
		if s.read != nil { // see OpenCopy
			return fail("close "+s.path, s.read.Close())
		}
		return nil
	}
	defer s.lock.Close() // last
	<-s.writer.turn      // when who has it is done
	var err error
	if s.writer.conn != nil {
		var done bool
		if !s.foreign {
			done, err = s.cutWithin(closePatience)
		}
		if !done {
			keep, lockErr := keepJournal(s.path)
			err = errors.Join(err, lockErr)
			defer keep.Close()
		}
		for _, statement := range s.writer.statements {
			err = errors.Join(err, statement.Close())
		}
		err = errors.Join(err, s.writer.conn.Close())
	}
	for _, db := range []*sql.DB{s.read, s.mover, s.write} {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}
	return fail("close history database "+s.path, errors.Join(err, s.journal.close()))
}

// cutWithin empties the journal, or gives up.
func (s *Store) cutWithin(patience time.Duration) (done bool, err error) {
	for end := time.Now().Add(patience); ; time.Sleep(journalPause) {
		if done, err = s.cut(context.Background()); done || err != nil || time.Now().After(end) {
			return done, err
		}
	}
}

// Check looks for damage in the whole database, as it is on the disk and not in anybody's memory.
func (s *Store) Check(ctx context.Context) error {
	select {
	case <-s.closing:
		return fail("check the history database", errClosed)
	default:
	}
	db, err := s.handle(1, "busy_timeout(10000)", "query_only(1)")
	if err == nil {
		err = errors.Join(quickCheck(ctx, db), db.Close())
	}
	return fail("check the history database", err)
}

// quickCheck has SQLite look at every page. The first thing it finds is said; it is about pages and tables, and never what is in them.
func quickCheck(ctx context.Context, db *sql.DB) error {
	var result string
	if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&result); err != nil {
		return err
	}
	if result != "ok" {
		return fmt.Errorf("%w: %s", history.ErrDamaged, result)
	}
	return nil
}

// Remains is nil: what is deleted here can be read nowhere.
func (s *Store) Remains() []string { return nil }

// Setting returns a remembered value.
func (s *Store) Setting(ctx context.Context, key string) (string, error) {
	var value string
	err := s.read.QueryRowContext(ctx, `SELECT value FROM settings WHERE key = ?`, key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, fail("read setting "+key, err)
}

// SetSetting remembers a value, or forgets it.
func (s *Store) SetSetting(ctx context.Context, key, value string) error {
	err := s.change(ctx, atOnce, func(t tx) error {
		if value == "" {
			_, err := t.exec(`DELETE FROM settings WHERE key = ?`, key)
			return err
		}
		_, err := t.exec(`INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
		return err
	})
	return fail("remember setting "+key, err)
}
