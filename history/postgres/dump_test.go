package postgres_test

import (
	"errors"
	"fmt"
	process "os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"earshot/history"
	"earshot/history/postgres/postgrestest"
)

// TestNewer refuses a database that a later version of the program has changed.
func TestNewer(t *testing.T) {
	server := postgrestest.Start(t)
	s := open(t, server.URL())
	e, key := entry(1, "from before")
	insert(t, s, e, key)
	server.Exec(`INSERT INTO earshot.migrations (name) VALUES ('migrations/9999_future.sql')`)
	for range 2 {
		if _, err := open(t, server.URL()).Totals(t.Context(), history.Selection{}); !errors.Is(err, history.ErrNewer) {
			t.Errorf("a newer database: %v", err)
		}
	}
	if n := count(t, s); n != 1 { // one that has it open goes on
		t.Errorf("%d entries are left", n)
	}
}

// TestDumped brings a history to another database by the server's own tools, as docs/backup.md says.
func TestDumped(t *testing.T) {
	server := postgrestest.Start(t)
	from, to := server.Database(), server.Database()
	s := open(t, from)
	var entries []history.Entry
	for n := range 20 {
		e, key := entry(n, "dumped")
		insert(t, s, e, key)
		entries = append(entries, e)
	}
	if _, err := s.Trash(t.Context(), history.Selection{IDs: []string{entries[3].ID}}, 1); err != nil {
		t.Fatal(err)
	}
	if err := s.SetSetting(t.Context(), "save/kitchen", "text"); err != nil {
		t.Fatal(err)
	}
	if err := s.AddAccess(t.Context(), history.Access{ID: entries[3].ID, At: entries[3].At, Who: "a test", Action: history.AccessDeleted, Entries: 1}); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), "earshot.dump")
	for _, command := range [][]string{
		{"pg_dump", "--format=custom", "--schema=earshot", "--file=" + script, from},
		{"pg_restore", "--exit-on-error", "--no-owner", "--dbname=" + to, script},
	} {
		if out, err := process.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command[0], err, out)
		}
	}
	r := open(t, to)
	for n, want := range entries {
		got, err := r.Get(t.Context(), want.ID)
		if n == 3 {
			if !errors.Is(err, history.ErrNotFound) {
				t.Errorf("what was deleted is there: %v", err)
			}
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("(-want +got):\n%s%v", diff, err)
		}
		if key, err := r.Key(t.Context(), want.ID); err != nil || key != fmt.Sprint("dumped key ", n) {
			t.Errorf("the key is another: %v", err)
		}
	}
	if v, err := r.Setting(t.Context(), "save/kitchen"); v != "text" || err != nil {
		t.Errorf("setting: %q, %v", v, err)
	}
	if a, err := r.Access(t.Context(), entries[3].ID); err != nil || a.Who != "a test" {
		t.Errorf("access log: %v, %v", a, err)
	}
	if err := r.Check(t.Context()); err != nil {
		t.Error(err)
	}
	e, key := entry(30, "after")
	insert(t, r, e, key)
	if n := count(t, r); n != 20 {
		t.Errorf("%d entries, want 20", n)
	}
}
