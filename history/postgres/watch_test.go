package postgres_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/history"
	"earshot/history/postgres"
	"earshot/history/postgres/postgrestest"
	"earshot/internal/testkit"
)

// patience is for what takes a server some time.
const patience = 30 * time.Second

// watch collects the changes that a store sees, until the test ends.
func watch(t *testing.T, s *postgres.Store) <-chan history.Change {
	t.Helper()
	changes := make(chan history.Change, 1000)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Watch(ctx, func(c history.Change) { changes <- c }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("watch: %v", err)
		}
	})
	return changes
}

// next waits for a change.
func next(t *testing.T, changes <-chan history.Change) history.Change {
	t.Helper()
	select {
	case c := <-changes:
		return c
	case <-time.After(patience):
		t.Fatal("no change is seen")
		return history.Change{}
	}
}

// watched is two stores on one database, and what the second one sees of the first. It is sure to be watching.
func watched(t *testing.T, url string) (one, two *postgres.Store, changes <-chan history.Change) {
	t.Helper()
	one, two = open(t, url), open(t, url)
	changes = watch(t, two)
	probe, key := entry(-1, "probe")
	testkit.Within(t, patience, "the second store watches", func() bool {
		_ = one.Insert(t.Context(), probe, key)
		trash(t, one, history.Selection{IDs: []string{probe.ID}})
		if err := one.Drop(t.Context(), []string{probe.ID}); err != nil {
			t.Fatal(err)
		}
		return len(changes) > 0
	})
	last, key := entry(-2, "last probe") // after which nothing of the others is under way
	insert(t, one, last, key)
	trash(t, one, history.Selection{IDs: []string{last.ID}})
	if err := one.Drop(t.Context(), []string{last.ID}); err != nil {
		t.Fatal(err)
	}
	for c := next(t, changes); c.Action != history.Deleted || !slices.Contains(c.IDs, last.ID); c = next(t, changes) {
	}
	return one, two, changes
}

func TestWatch(t *testing.T) {
	server := postgrestest.Start(t)
	one, two, changes := watched(t, server.Database())
	e, key := entry(1, "a")
	want := func(c history.Change) {
		t.Helper()
		if diff := cmp.Diff(c, next(t, changes)); diff != "" {
			t.Errorf("change (-want +got):\n%s", diff)
		}
	}
	insert(t, one, e, key)
	want(history.Change{Action: history.Added, IDs: []string{e.ID}})
	own, key := entry(2, "b")
	insert(t, two, own, key) // its own are not told
	if n, err := one.Update(t.Context(), history.Selection{IDs: []string{e.ID}}, history.Update{Kept: new(true)}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	want(history.Change{Action: history.Updated, IDs: []string{e.ID}})
	trash(t, one, history.Selection{What: history.WhatText, IncludeKept: true})
	want(history.Change{Action: history.Updated, IDs: []string{e.ID, own.ID}})
	trash(t, one, history.Selection{IncludeKept: true})
	want(history.Change{Action: history.Deleted, IDs: []string{e.ID, own.ID}})
	if err := one.Insert(t.Context(), e, key); err == nil {
		t.Error("garbage came back")
	}
	if err := one.Drop(t.Context(), []string{e.ID, own.ID}); err != nil {
		t.Fatal(err)
	}
	insert(t, one, e, key) // what was refused is not told, so this is next
	want(history.Change{Action: history.Added, IDs: []string{e.ID}})
}

func TestWatchMany(t *testing.T) {
	server := postgrestest.Start(t)
	one, _, changes := watched(t, server.Database())
	ids := []string{}
	for n := range 600 {
		e, key := entry(n, "x")
		insert(t, one, e, key)
		ids = append(ids, e.ID)
		next(t, changes)
	}
	trash(t, one, history.Selection{})
	gone := []string{}
	for len(gone) < len(ids) {
		c := next(t, changes)
		if c.Action != history.Deleted {
			t.Fatalf("%s is seen", c.Action)
		}
		gone = append(gone, c.IDs...)
	}
	if diff := cmp.Diff(ids, gone); diff != "" {
		t.Errorf("deleted (-want +got):\n%s", diff)
	}
	// So many that others look anew instead.
	for n := range 2100 {
		e, key := entry(n+1000, "x")
		insert(t, one, e, key)
		next(t, changes)
	}
	if n, err := one.Update(t.Context(), history.Selection{}, history.Update{Kept: new(true)}); n != 2100 || err != nil {
		t.Fatal(n, err)
	}
	if c := next(t, changes); c.Action != history.Reset {
		t.Errorf("%s of %d is seen, want reset", c.Action, len(c.IDs))
	}
}

// TestWatchStrangers has somebody else use the channel.
func TestWatchStrangers(t *testing.T) {
	server := postgrestest.Start(t)
	url := server.Database()
	_, _, changes := watched(t, url)
	for _, payload := range []string{``, `x`, `{}`, `null`, `{"action":"deleted"}`, `{"action":"gone","ids":["1"]}`, `[1]`} {
		exec(t, url, `SELECT pg_notify('earshot_history', '`+payload+`')`)
		if c := next(t, changes); c.Action != history.Reset || c.IDs != nil {
			t.Errorf("%q is taken for %+v", payload, c)
		}
	}
}

// TestOutage has the server go away and come back: nothing hangs, nothing is lost, and who watches looks anew.
func TestOutage(t *testing.T) {
	testkit.NoLeaks(t)
	server := postgrestest.Start(t)
	one, two, changes := watched(t, server.Database())
	e, key := entry(1, "before")
	insert(t, one, e, key)
	next(t, changes)
	server.Stop()
	e, key = entry(2, "meanwhile")
	if err := one.Insert(t.Context(), e, key); err == nil {
		t.Fatal("added to a server that is away")
	} else if strings.Contains(err.Error(), "keeper") || strings.Contains(err.Error(), "meanwhile") {
		t.Errorf("the error shows too much: %v", err)
	}
	if _, err := two.List(t.Context(), history.Query{}); err == nil {
		t.Error("listed by a server that is away")
	}
	server.Start()
	insert(t, one, e, key) // at the first try
	if n := count(t, two); n != 2 {
		t.Errorf("%d entries, want 2", n)
	}
	if c := next(t, changes); c.Action != history.Reset {
		t.Errorf("%s is seen after the outage, want reset", c.Action)
	}
	testkit.Within(t, patience, "changes are seen again", func() bool {
		if _, err := one.Update(t.Context(), history.Selection{IDs: []string{e.ID}}, history.Update{}); err != nil {
			t.Fatal(err)
		}
		return len(changes) > 0 && next(t, changes).Action == history.Updated
	})
	for _, s := range []*postgres.Store{one, two} {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestFrozen has a server that keeps its connections and does not answer.
func TestFrozen(t *testing.T) {
	server := postgrestest.Start(t)
	s, err := postgres.Open(t.Context(), postgres.Config{URL: server.Database(), Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	e, key := entry(1, "a")
	testkit.Within(t, patience, "the database is made", func() bool { return s.Insert(t.Context(), e, key) == nil })
	server.Freeze()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	late, key := entry(2, "b")
	if err := s.Insert(ctx, late, key); err == nil || ctx.Err() != nil {
		t.Errorf("added to a frozen server: %v", err)
	}
	server.Thaw()
	testkit.Within(t, patience, "the server answers again", func() bool { return s.Insert(t.Context(), late, key) == nil })
}

// TestSilent has something listen that never answers.
func TestSilent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := postgres.Open(t.Context(), postgres.Config{URL: "postgres://u:secret@" + l.Addr().String() + "/d", Timeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = s.Get(t.Context(), "x")
	if want := "read an entry: the PostgreSQL server did not answer in time"; fmt.Sprint(err) != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestErrors wants reasons for people, without passwords.
func TestErrors(t *testing.T) {
	server := postgrestest.Start(t)
	good := server.Database()
	const secret = "hunter2"
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server.Exec(`CREATE ROLE guest LOGIN PASSWORD 'hunter3'`, `CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`)
	host := good[strings.Index(good, "@")+1 : strings.LastIndex(good, "/")]
	for name, c := range map[string]struct {
		config postgres.Config
		want   string
	}{
		"no url":            {postgres.Config{URL: ""}, "write it like postgres://"},
		"another url":       {postgres.Config{URL: "mysql://u:" + secret + "@h/d"}, "write it like postgres://"},
		"a broken url":      {postgres.Config{URL: "postgres://u:" + secret + "@h:x/d"}, "write it like postgres://"},
		"no password file":  {postgres.Config{URL: good, PasswordFile: file + "s"}, "no such file"},
		"wrong password":    {postgres.Config{URL: good, Password: secret}, "refused the password"},
		"a file with it":    {postgres.Config{URL: good, PasswordFile: file}, "refused the password"},
		"unknown user":      {postgres.Config{URL: "postgres://x:" + secret + "@" + host + "/postgres"}, "refused the password"},
		"no such database":  {postgres.Config{URL: good + "0000"}, "the database is not there"},
		"nobody listens":    {postgres.Config{URL: "postgres://u:" + secret + "@127.0.0.1:1/d"}, "connection refused"},
		"not allowed":       {postgres.Config{URL: "postgres://guest:hunter3@" + host + "/postgres"}, "owner of the database"},
		"a small encoding":  {postgres.Config{URL: strings.Replace(good, good[strings.LastIndex(good, "/"):], "/latin", 1)}, "UTF8"},
		"a host of no name": {postgres.Config{URL: "postgres://u:" + secret + "@nowhere.invalid/d"}, "nowhere.invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			c.config.Timeout = 10 * time.Second
			s, err := postgres.Open(t.Context(), c.config)
			if err == nil {
				defer s.Close()
				_, err = s.Get(t.Context(), "x")
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "hunter3") {
				t.Errorf("%v, want one with %q", err, c.want)
			}
		})
	}
	if left := slices.Collect(slices.Values(open(t, good).Remains())); len(left) == 0 {
		t.Error("a store that has not connected says that nothing remains")
	}
}
