package sqlite_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"earshot/history"
)

// firstSchema makes a database as the first version left it, with some entries, of which it has deleted others, and returns what is in it.
func firstSchema(t *testing.T, path string) []history.Entry {
	t.Helper()
	script, err := os.ReadFile("migrations/0001_entries.sql")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=secure_delete(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	run := func(query string, args ...any) {
		t.Helper()
		if _, err := db.Exec(query, args...); err != nil {
			t.Fatal(err)
		}
	}
	run(`CREATE TABLE migrations (name TEXT PRIMARY KEY) STRICT`)
	run(string(script))
	run(`INSERT INTO migrations (name) VALUES ('migrations/0001_entries.sql')`)
	run(`INSERT INTO settings (key, value) VALUES ('clips', 'identity'), ('save/kitchen', 'text')`)
	run(`INSERT INTO garbage (id) VALUES ('01M87BC1N0000FZZZZZZZZZZZZ')`)
	var entries []history.Entry
	for n := range 1200 {
		e := newEntry(time.UnixMilli(1790000000000+int64(n)*12_345_678).UTC(), fmt.Sprintf("marker-%d- Tür", n))
		if n%4 == 1 { // goes, from between the others
			e.Transcript += strings.Repeat("q", 300)
		}
		e.Area, e.Zone, e.WakeWord, e.Score, e.Threshold, e.Language = "Room", "Europe/Berlin", "alexa", 0.5, 0.25, "de"
		e.Duration, e.Timings, e.Kept, e.Shared = 3*time.Second, history.Timings{SpeechEnd: time.Second, Reply: 2 * time.Second}, n%3 == 0, n%5 == 0
		e.Label = []history.Label{history.LabelNone, history.LabelCorrect, history.LabelMistake}[n%3]
		e.Clip.Bytes, e.Clip.Stored = int64(1000+n), int64(1000+n)
		if n%7 == 0 {
			e.Clip, e.Peaks, e.Error = nil, nil, nil
		}
		insertFirst(run, e)
		entries = append(entries, e)
	}
	left := entries[:0:0]
	for n, e := range entries {
		if n%4 == 1 {
			run(`DELETE FROM entries WHERE id = ?`, e.ID)
		} else {
			left = append(left, e)
		}
	}
	return left
}

func insertFirst(run func(string, ...any), e history.Entry) {
	var clip history.Clip
	if e.Clip != nil {
		clip = *e.Clip
	}
	var problem history.EntryError
	if e.Error != nil {
		problem = *e.Error
	}
	run(`INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		e.ID, e.Satellite, e.Area, e.At.UnixMilli(), e.Zone, e.Duration.Milliseconds(), e.WakeWord, e.Score, e.Threshold, string(e.Outcome),
		e.Transcript, e.Language, e.Reply, e.Intent, problem.Code, problem.Message, clip.MediaType, clip.Bytes, clip.SampleRate, e.Peaks,
		e.Timings.SpeechEnd.Milliseconds(), e.Timings.Transcript.Milliseconds(), e.Timings.Reply.Milliseconds(), e.Kept, string(e.Label), e.Shared)
}

// TestMigrate brings a database of the first version over, and leaves nothing of what that had deleted.
func TestMigrate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	entries := firstSchema(t, path)
	s := open(t, path)
	keys := map[string]bool{}
	for _, want := range entries {
		got, err := s.Get(t.Context(), want.ID)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Fatalf("%s (-want +got):\n%s%v", want.ID, diff, err)
		}
		key, err := s.Key(t.Context(), want.ID)
		if (err == nil) != (want.Clip != nil) {
			t.Fatalf("key: %v, with clip: %v", err, want.Clip != nil)
		}
		if _, bad := age.ParseX25519Identity(key); want.Clip != nil && (bad != nil || keys[key]) {
			t.Fatalf("the key is none, or another's too: %v", bad != nil)
		}
		keys[key] = true
	}
	totals, err := s.Totals(t.Context(), history.Selection{})
	if err != nil || totals.Entries != int64(len(entries)) || !totals.Newest.Equal(entries[len(entries)-1].At) {
		t.Errorf("totals: %+v, %v, want %d entries", totals, err, len(entries))
	}
	if page, err := s.List(t.Context(), history.Query{Filter: history.Filter{Text: "MARKER-1199- TÜR"}}); err != nil || len(page.Entries) != 1 {
		t.Errorf("found %d by text, %v", len(page.Entries), err)
	}
	for key, want := range map[string]string{"clips": "identity", "save/kitchen": "text", "clips/plain": "yes"} {
		if got, err := s.Setting(t.Context(), key); err != nil || got != want {
			t.Errorf("setting %s: %q, %v, want %q", key, got, err, want)
		}
	}
	if ids, err := s.Garbage(t.Context(), "", 10); err != nil || len(ids) != 1 {
		t.Errorf("garbage: %v, %v", ids, err)
	}
	all := everything(t, path)
	if bytes.Contains(all, []byte("QQQQQQQQ")) {
		t.Error("what the first version had deleted can be read")
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestMigrateNothing has no clips to seal.
func TestMigrateNothing(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "history.db"))
	if v, err := s.Setting(t.Context(), "clips/plain"); err != nil || v != "" {
		t.Errorf("a new database has plain clips: %q, %v", v, err)
	}
}
