package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

const (
	longJournal     = 8000                  // frames from which on the journal is emptied beside the work
	shortJournal    = 64                    // frames that may be moved while others wait
	journalPatience = 30 * time.Second      // how long readers may be in the way altogether; each of them takes milliseconds
	closePatience   = time.Second           // the same when the store is closed
	journalPause    = 10 * time.Millisecond // between two tries
)

// follow notes what the last transaction has done to the journal. Who calls it has the turn.
func (s *Store) follow() {
	if err := s.journal.follow(); err != nil {
		s.lost = true
	}
	if s.journal.frames() >= longJournal {
		select {
		case s.wake <- struct{}{}:
		default: // awake already
		}
	}
}

// tend empties the journal whenever it has become long, so that it stays small also when nothing is ever deleted.
func (s *Store) tend(ctx context.Context) {
	defer close(s.tended)
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
			_ = s.empty(ctx, 0) // what cannot be moved now stays in the journal, and the next transaction asks for it again
		}
	}
}

// Flush returns when nothing that was wiped before can be read from the files any more.
func (s *Store) Flush(ctx context.Context) error {
	return fail("wipe what was deleted from the history database", s.empty(ctx, journalPatience))
}

// empty moves the journal into the database, without remnants, and cuts it to nothing: pages with deleted text would stay in it otherwise.
// The long part of it is done while others may write. A reader that needs the journal is waited for as long as patience says.
func (s *Store) empty(ctx context.Context, patience time.Duration) error {
	select {
	case s.emptying <- struct{}{}:
		defer func() { <-s.emptying }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := s.moveMost(ctx); err != nil {
		return err
	}
	for end := time.Now().Add(patience); ; {
		done, err := s.moveRest(ctx)
		if done || err != nil {
			return err
		}
		if !time.Now().Before(end) {
			return errors.New("a reader keeps the journal from being emptied; try again")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(journalPause):
		}
	}
}

// moveMost scrubs in short transactions, and moves what has been scrubbed while others write. What they write meanwhile is less each time.
func (s *Store) moveMost(ctx context.Context) error {
	const rounds = 4 // enough, unless a reader keeps the journal from being moved
	for moved, round := 0, 0; round < rounds; {
		if err := s.acquire(ctx); err != nil {
			return err
		}
		left, err := s.scrubPart(ctx)
		if err == nil && left == 0 && s.journal.frames()-moved > shortJournal {
			if moved, err = s.moveWhatIsClean(ctx); err != nil { // it has given the turn back
				return err
			}
			round++
			continue
		}
		s.release()
		if err != nil || left == 0 {
			return err
		}
	}
	return nil
}

// scrubPart overwrites the remnants of some pages, and returns how many pages are left. Who calls it has the turn.
func (s *Store) scrubPart(ctx context.Context) (left int, err error) {
	t := tx{context.WithoutCancel(ctx), &s.writer}
	if s.lost { // all pages may have changed
		var pages uint32
		if err := t.one(`PRAGMA page_count`, nil, &pages); err != nil {
			return 0, err
		}
		if pages >= maxPages {
			return 0, errors.New("the database is too large")
		}
		for number := uint32(1); number <= pages; number++ {
			s.journal.dirty[number] = struct{}{}
		}
		s.lost = false
	}
	if err := s.scrubSome(t); err != nil {
		return 0, err
	}
	return len(s.journal.dirty), nil
}

// moveWhatIsClean is called with the turn, when no page in the journal holds remnants, and gives it back. A reader that looks at this
// moment keeps later pages from being moved, and the journal from beginning anew, before they have been scrubbed. It returns how many
// frames of the journal have been moved.
func (s *Store) moveWhatIsClean(ctx context.Context) (moved int, err error) {
	var now *sql.Tx
	if now, err = s.mover.BeginTx(ctx, nil); err == nil {
		var n int
		err = now.QueryRowContext(ctx, `SELECT count(*) FROM revision`).Scan(&n)
	}
	s.release()
	if now != nil {
		defer func() { _ = now.Rollback() }()
	}
	if err != nil {
		return 0, err
	}
	_, moved, err = s.checkpoint(ctx, `PRAGMA wal_checkpoint(PASSIVE)`)
	return moved, err
}

// moveRest scrubs and moves what has come since, and cuts the journal. It is not done when a reader is in the way.
func (s *Store) moveRest(ctx context.Context) (done bool, err error) {
	if err := s.acquire(ctx); err != nil {
		return false, err
	}
	defer s.release()
	return s.cut(ctx)
}

// cut is moveRest for who has the turn.
func (s *Store) cut(ctx context.Context) (done bool, err error) {
	for left := 1; left > 0; {
		if left, err = s.scrubPart(ctx); err != nil {
			return false, err
		}
	}
	if size, err := s.journal.size(); err != nil || size == 0 {
		return size == 0, err
	}
	done, _, err = s.checkpoint(context.WithoutCancel(ctx), `PRAGMA wal_checkpoint(TRUNCATE)`)
	if done {
		s.journal.next = 0
	}
	return done, err
}

// checkpoint runs a pragma that succeeds also when somebody was in the way: its row tells.
// ref: https://sqlite.org/pragma.html#pragma_wal_checkpoint
func (s *Store) checkpoint(ctx context.Context, pragma string) (done bool, moved int, err error) {
	var busy, logged int
	err = s.mover.QueryRowContext(ctx, pragma).Scan(&busy, &logged, &moved)
	return err == nil && busy == 0, moved, err
}
