package postgres_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"earshot/history"
	"earshot/history/postgres"
	"earshot/history/postgres/postgrestest"
)

// mark is in everything that the entries here hold, in capitals as folded texts are.
const mark = "ZEBRAFISH"

// The words of an entry that each kind of deletion wipes. The last two are the folded ones.
func wiped(what history.What) []string {
	audio := []string{mark + " heard", mark + " key"}
	text := []string{mark + " said", mark + " answered", mark + " meant", mark + " failed", mark + " SAID", mark + " ANSWERED"}
	switch what {
	case history.WhatAudio:
		return audio
	case history.WhatText:
		return text
	}
	return slices.Concat(audio, text)
}

// hits lists the files of the server, its log too, that hold one of some words.
func hits(t *testing.T, server *postgrestest.Server, words []string) []string {
	t.Helper()
	found := []string{}
	err := filepath.WalkDir(server.DataDir(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, w := range words {
			if bytes.Contains(data, []byte(w)) {
				name, _ := filepath.Rel(server.DataDir(), path)
				found = append(found, name)
				break
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// fill adds entries whose words get everywhere: into tables, the log, statistics, and out of line where they are long.
func fill(t *testing.T, s history.Store, url string) []string {
	t.Helper()
	ids := []string{}
	for n := range 40 {
		e, key := entry(n*24*60, mark)
		if n%8 == 0 {
			for range 200 {
				e.Transcript += rand.Text() + mark + " said "
			}
		}
		insert(t, s, e, key)
		ids = append(ids, e.ID)
	}
	if _, err := s.Update(t.Context(), history.Selection{IDs: ids[:20]}, history.Update{Label: new(history.LabelMistake)}); err != nil {
		t.Fatal(err)
	}
	exec(t, url, `ANALYZE`, `CHECKPOINT`)
	return ids
}

func exec(t testing.TB, url string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func trash(t testing.TB, s history.Store, sel history.Selection) {
	t.Helper()
	if got, err := s.Trash(t.Context(), sel, 1000); err != nil || len(got) == 0 {
		t.Fatalf("trashed %d: %v", len(got), err)
	}
}

// TestRemnants wants no byte of what was deleted in any file of the server, where Earshot's user has the rights for that.
func TestRemnants(t *testing.T) {
	for name, settings := range map[string][]string{"segments are used again": nil, "segments are removed": {"wal_recycle=off"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := postgrestest.Start(t, settings...)
			for _, what := range []history.What{history.WhatAudio, history.WhatText, history.WhatAll} {
				url := server.Database()
				s := open(t, url)
				ids := fill(t, s, url)
				if found := hits(t, server, wiped(what)); len(found) == 0 {
					t.Fatal("nothing is found before the deletion")
				}
				trash(t, s, history.Selection{IDs: ids[3:35], What: what})
				trash(t, s, history.Selection{What: what})
				if err := s.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				if found := hits(t, server, wiped(what)); len(found) > 0 {
					t.Errorf("%s: found in %v", what, found)
				}
				if left := s.Remains(); len(left) != 2 {
					t.Errorf("remains: %q", left)
				}
				trashRest(t, s)
			}
		})
	}
}

// trashRest wipes what a deletion of a part has left, for the next one not to find it.
func trashRest(t *testing.T, s *postgres.Store) {
	t.Helper()
	if _, err := s.Trash(t.Context(), history.Selection{}, 1000); err != nil {
		t.Fatal(err)
	}
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestRemnantsNeighbours wipes single entries out of a shelf that others stay in.
func TestRemnantsNeighbours(t *testing.T) {
	server := postgrestest.Start(t)
	url := server.Database()
	s := open(t, url)
	for n := range 300 {
		e, key := entry(n, fmt.Sprintf("%s%03d", mark, n))
		insert(t, s, e, key)
	}
	exec(t, url, `ANALYZE`, `CHECKPOINT`)
	for _, n := range []int{0, 150, 299} {
		e, _ := entry(n, "")
		trash(t, s, history.Selection{IDs: []string{e.ID}})
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if found := hits(t, server, []string{fmt.Sprintf("%s%03d", mark, n)}); len(found) > 0 {
			t.Errorf("entry %d: found in %v", n, found)
		}
		if found := hits(t, server, []string{fmt.Sprintf("%s%03d", mark, n+1), fmt.Sprintf("%s%03d", mark, n-1)}); len(found) == 0 {
			t.Errorf("entry %d: its neighbours are gone", n)
		}
	}
}

// TestRemnantsWithoutRights has a user who owns the database and nothing more: then the log is all that remains, and that is said.
func TestRemnantsWithoutRights(t *testing.T) {
	server := postgrestest.Start(t)
	owned := server.Database()
	u, err := url.Parse(owned)
	if err != nil {
		t.Fatal(err)
	}
	server.Exec(`CREATE ROLE bridge LOGIN PASSWORD 'of-the-bridge'`, `ALTER DATABASE `+strings.TrimPrefix(u.Path, "/")+` OWNER TO bridge`)
	u.User = url.UserPassword("bridge", "of-the-bridge")
	s := open(t, u.String())
	fill(t, s, owned)
	trash(t, s, history.Selection{})
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	found := hits(t, server, wiped(history.WhatAll))
	if len(found) == 0 || slices.ContainsFunc(found, func(name string) bool { return !strings.HasPrefix(name, "pg_wal/") }) {
		t.Errorf("found in %v, want only the log", found)
	}
	if left := s.Remains(); len(left) != 3 || !strings.Contains(left[2], "pg_checkpoint") {
		t.Errorf("remains: %q", left)
	}
	exec(t, owned, `GRANT pg_checkpoint, pg_monitor TO bridge`, `GRANT EXECUTE ON FUNCTION pg_switch_wal() TO bridge`)
	e, key := entry(1, mark)
	insert(t, s, e, key)
	trash(t, s, history.Selection{})
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found := hits(t, server, wiped(history.WhatAll)); len(found) > 0 {
		t.Errorf("with the rights: found in %v", found)
	}
	if left := s.Remains(); len(left) != 2 {
		t.Errorf("remains with the rights: %q", left)
	}
}

// TestRemnantsHeld has the log kept by the server for somebody, which is said.
func TestRemnantsHeld(t *testing.T) {
	server := postgrestest.Start(t, "wal_keep_size=1GB")
	url := server.Database()
	s := open(t, url)
	fill(t, s, url)
	trash(t, s, history.Selection{})
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := s.Remains(); len(left) != 3 || !strings.Contains(left[2], "wal_keep_size") {
		t.Errorf("remains: %q", left)
	}
}

// TestRemnantsSeen has another session that can still see what was deleted: Flush does not claim that it is gone, and a later one does it.
func TestRemnantsSeen(t *testing.T) {
	server := postgrestest.Start(t)
	url := server.Database()
	s := open(t, url)
	fill(t, s, url)
	reader, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close(context.WithoutCancel(t.Context()))
	if _, err := reader.Exec(t.Context(), `BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class`); err != nil {
		t.Fatal(err)
	}
	trash(t, s, history.Selection{})
	soon, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := s.Flush(soon); err == nil {
		t.Error("flushed while somebody could see it")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := reader.Exec(t.Context(), `COMMIT`); err != nil {
		t.Fatal(err)
	}
	if err := open(t, url).Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found := hits(t, server, wiped(history.WhatAll)); len(found) > 0 {
		t.Errorf("found in %v", found)
	}
}

// TestFlushBehindReader has a session read a shelf for long, as a backup does: additions go on, and Flush does not claim to be done.
func TestFlushBehindReader(t *testing.T) {
	server := postgrestest.Start(t)
	url := server.Database()
	s := open(t, url)
	fill(t, s, url)
	reader, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close(context.WithoutCancel(t.Context()))
	if _, err := reader.Exec(t.Context(), `BEGIN; SELECT count(*) FROM earshot.details`); err != nil {
		t.Fatal(err)
	}
	trash(t, s, history.Selection{})
	soon, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	flushed := make(chan error, 1)
	go func() { flushed <- s.Flush(soon) }()
	added := 0
	for n := 1000; soon.Err() == nil; n++ {
		e, key := entry(n, "other")
		insert(t, s, e, key)
		added++
	}
	if err := <-flushed; err == nil {
		t.Error("flushed while a shelf was read")
	}
	if n := count(t, s); added == 0 || n != int64(added) {
		t.Errorf("%d entries, %d were added", n, added)
	}
	if _, err := reader.Exec(t.Context(), `COMMIT`); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found := hits(t, server, wiped(history.WhatAll)); len(found) > 0 {
		t.Errorf("found in %v", found)
	}
}

// TestRemnantsLogged has the server log what it is sent, which is said.
func TestRemnantsLogged(t *testing.T) {
	server := postgrestest.Start(t, "log_statement=mod")
	s := open(t, server.Database())
	e, key := entry(1, mark)
	insert(t, s, e, key)
	if found := hits(t, server, wiped(history.WhatAll)); !slices.Contains(found, "log") {
		t.Errorf("found in %v, want the log too", found)
	}
	if left := s.Remains(); len(left) != 3 || !strings.Contains(left[2], "log_parameter_max_length") {
		t.Errorf("remains: %q", left)
	}
}
