package postgres_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"earshot/history"
	"earshot/history/postgres"
	"earshot/history/postgres/postgrestest"
	"earshot/internal/testkit"
)

// TestStartAtOnce has several bridges find an empty database.
func TestStartAtOnce(t *testing.T) {
	server := postgrestest.Start(t)
	url := server.Database()
	var wg sync.WaitGroup
	for n := range 6 {
		s := open(t, url)
		wg.Go(func() {
			e, key := entry(n, "x")
			if err := s.Insert(t.Context(), e, key); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := count(t, open(t, url)); n != 6 {
		t.Errorf("%d entries, want 6", n)
	}
}

// TestDeleteTogether has two stores delete the same entries while both add some: each goes once, and all that were there go.
func TestDeleteTogether(t *testing.T) {
	server := postgrestest.Start(t)
	url := server.Database()
	stores := []*postgres.Store{open(t, url), open(t, url)}
	old := []string{}
	for n := range 400 {
		e, key := entry(n, "old")
		insert(t, stores[n%2], e, key)
		old = append(old, e.ID)
	}
	last, _ := entry(400, "")
	var mu sync.Mutex
	var wg sync.WaitGroup
	gone := []string{}
	for n, s := range stores {
		for range 2 {
			wg.Go(func() {
				for {
					got, err := s.Trash(t.Context(), history.Selection{Filter: history.Filter{To: last.At}}, 7)
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					for _, e := range got {
						gone = append(gone, e.ID)
					}
					mu.Unlock()
					if len(got) < 7 {
						break
					}
				}
				if err := s.Flush(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Go(func() {
			for i := range 60 {
				e, key := entry(1000+2*i+n, "new")
				if err := s.Insert(t.Context(), e, key); err != nil {
					t.Error(err)
				}
				if _, err := s.Update(t.Context(), history.Selection{}, history.Update{Shared: new(true)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	slices.Sort(gone)
	if !slices.Equal(gone, old) {
		t.Errorf("%d went, want each of %d once", len(gone), len(old))
	}
	if n := count(t, stores[0]); n != 120 {
		t.Errorf("%d entries are left, want 120", n)
	}
	if err := stores[1].Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestInsertWhileDeleting has an id come back in the very moment in which another session deletes it: it is refused.
func TestInsertWhileDeleting(t *testing.T) {
	server := postgrestest.Start(t)
	url := server.Database()
	s := open(t, url)
	e, key := entry(1, "x")
	insert(t, s, e, key)
	other, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(t.Context())
	if _, err := other.Exec(t.Context(), `BEGIN; DELETE FROM earshot.entries; DELETE FROM earshot.details; INSERT INTO earshot.garbage (id) VALUES ('`+e.ID+`')`); err != nil {
		t.Fatal(err)
	}
	inserted := make(chan error, 1)
	go func() { inserted <- s.Insert(t.Context(), e, key) }()
	waiting(t, server)
	if _, err := other.Exec(t.Context(), `COMMIT`); err != nil {
		t.Fatal(err)
	}
	if err := <-inserted; err == nil || errors.Is(err, history.ErrExists) {
		t.Errorf("a deleted id came back: %v", err)
	}
	if n := count(t, s); n != 0 {
		t.Errorf("%d entries, want none", n)
	}
}

// TestKeepWhileDeleting has another session keep an entry in the moment in which it would be deleted, and touch one that is to go.
func TestKeepWhileDeleting(t *testing.T) {
	server := postgrestest.Start(t)
	url := server.Database()
	s := open(t, url)
	kept, key := entry(1, "x")
	insert(t, s, kept, key)
	touched, key := entry(2, "y")
	insert(t, s, touched, key)
	other, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(t.Context())
	if _, err := other.Exec(t.Context(), `BEGIN; UPDATE earshot.entries SET kept = id = '`+kept.ID+`', rev = pg_current_xact_id()`); err != nil {
		t.Fatal(err)
	}
	trashed := make(chan []history.TrashedEntry, 1)
	go func() {
		got, err := s.Trash(t.Context(), history.Selection{}, 10)
		if err != nil {
			t.Error(err)
		}
		trashed <- got
	}()
	waiting(t, server)
	if _, err := other.Exec(t.Context(), `COMMIT`); err != nil {
		t.Fatal(err)
	}
	if got := <-trashed; len(got) != 1 || got[0].ID != touched.ID {
		t.Errorf("trashed %+v, want only %s", got, touched.ID)
	}
}

// TestMarkOfCommits counts while an addition is not committed whose transaction is older than one that is: the mark leaves it out.
func TestMarkOfCommits(t *testing.T) {
	server := postgrestest.Start(t)
	url := server.Database()
	s := open(t, url)
	slow, key := entry(1, "slow")
	insert(t, s, slow, key)
	other, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(t.Context())
	if _, err := other.Exec(t.Context(), `BEGIN; UPDATE earshot.entries SET rev = pg_current_xact_id()`); err != nil {
		t.Fatal(err)
	}
	quick, key := entry(2, "quick")
	insert(t, s, quick, key)
	totals, err := s.Totals(t.Context(), history.Selection{Filter: history.Filter{From: quick.At}})
	if err != nil || totals.Entries != 1 {
		t.Fatal(totals, err)
	}
	if _, err := other.Exec(t.Context(), `COMMIT`); err != nil {
		t.Fatal(err)
	}
	got, err := s.Trash(t.Context(), history.Selection{AsOf: totals.Mark}, 10)
	if err != nil || len(got) != 1 || got[0].ID != quick.ID {
		t.Errorf("trashed %+v, want only %s (%v)", got, quick.ID, err)
	}
}

// TestMoved has a database whose transactions are of a server that had counted further: they are not of the future.
func TestMoved(t *testing.T) {
	server := postgrestest.Start(t)
	url := server.Database()
	s := open(t, url)
	e, key := entry(1, "x")
	insert(t, s, e, key)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	exec(t, url, `UPDATE earshot.entries SET rev = '99999999'`, `INSERT INTO earshot.dirty (shelf, rev) VALUES (0, '99999999')`)
	s = open(t, url)
	totals, err := s.Totals(t.Context(), history.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	trash(t, s, history.Selection{AsOf: totals.Mark})
	if err := s.Flush(t.Context()); err != nil {
		t.Error(err)
	}
}

// waiting returns when a session waits for another.
func waiting(t *testing.T, server *postgrestest.Server) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	testkit.Within(t, patience, "a session waits for another", func() bool {
		var yes bool
		err := conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock')`).Scan(&yes)
		return err == nil && yes
	})
}

// TestDamage has the tables not belong together any more.
func TestDamage(t *testing.T) {
	server := postgrestest.Start(t)
	for _, statement := range []string{`DELETE FROM earshot.details`, `DELETE FROM earshot.entries`} {
		url := server.Database()
		s := open(t, url)
		e, key := entry(1, "x")
		insert(t, s, e, key)
		if err := s.Check(t.Context()); err != nil {
			t.Errorf("check: %v", err)
		}
		exec(t, url, statement)
		if err := s.Check(t.Context()); !errors.Is(err, history.ErrDamaged) {
			t.Errorf("check after %s: %v, want ErrDamaged", statement, err)
		}
	}
}

// TestPlain has texts come back that PostgreSQL's texts cannot hold, as near as can be.
func TestPlain(t *testing.T) {
	server := postgrestest.Start(t)
	s := open(t, server.Database())
	e, key := entry(1, "x")
	e.Transcript = "a\x00b \xff c"
	insert(t, s, e, key)
	got, err := s.Get(t.Context(), e.ID)
	if want := "a\uFFFDb \uFFFD c"; err != nil || got.Transcript != want {
		t.Errorf("%q, want %q (%v)", got.Transcript, want, err)
	}
	for _, text := range []string{"A\x00B", "\xff C"} {
		page, err := s.List(t.Context(), history.Query{Filter: history.Filter{Text: text}})
		if err != nil || len(page.Entries) != 1 {
			t.Errorf("%q finds %d (%v)", text, len(page.Entries), err)
		}
	}
	if _, err := s.Get(t.Context(), "\x00\xff"); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("%v, want ErrNotFound", err)
	}
}
