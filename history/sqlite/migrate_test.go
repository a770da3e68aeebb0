package sqlite_test

import (
	"bufio"
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"earshot/history"
	"earshot/history/sqlite"
)

// firstSchema makes a database as the first version left it, with so many entries, of which it has deleted others, and returns what is in it.
func firstSchema(t *testing.T, path string, many int) []history.Entry {
	t.Helper()
	script, err := os.ReadFile("migrations/0001_entries.sql")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=secure_delete(1)&_pragma=synchronous(OFF)")
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
	for n := range many {
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
	checkMigrated(t, path, firstSchema(t, path, 1200))
}

// checkMigrated opens a database of firstSchema, and wants all of it there.
func checkMigrated(t *testing.T, path string, entries []history.Entry) {
	t.Helper()
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
	last := strings.ToUpper(entries[len(entries)-1].Transcript)
	if page, err := s.List(t.Context(), history.Query{Filter: history.Filter{Text: last}}); err != nil || len(page.Entries) != 1 {
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

// TestNewer refuses what a later version of the program has changed, and leaves every byte of it, and of its journal, as it was.
func TestNewer(t *testing.T) {
	t.Parallel()
	origin, path := filepath.Join(t.TempDir(), "history.db"), filepath.Join(t.TempDir(), "history.db")
	s := open(t, origin)
	insert(t, s, newEntry(time.Now(), "from before"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+origin)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`INSERT INTO migrations (name) VALUES ('migrations/9999_future.sql')`); err != nil {
		t.Fatal(err)
	}
	// Copied while it is open, as a kill would leave it: the journal is not in the database yet.
	before := map[string][]byte{}
	for _, end := range []string{"", "-wal"} {
		data, err := os.ReadFile(origin + end)
		if err != nil || len(data) == 0 {
			t.Fatalf("history.db%s: %d bytes, %v", end, len(data), err)
		}
		if err := os.WriteFile(path+end, data, 0o600); err != nil {
			t.Fatal(err)
		}
		before[end] = data
	}
	for range 2 {
		_, err = sqlite.Open(t.Context(), path)
		if !errors.Is(err, history.ErrNewer) || errors.Is(err, history.ErrDamaged) {
			t.Fatalf("opened: %v", err)
		}
		for end, want := range before {
			if got, err := os.ReadFile(path + end); err != nil || !bytes.Equal(got, want) {
				t.Errorf("history.db%s was changed: %v", end, err)
			}
		}
	}
}

const migratingPath = "EARSHOT_TEST_MIGRATION"

// TestMigrateKilled kills a process while it brings a database over, at moments from its beginning to its end, and has the next one go on.
func TestMigrateKilled(t *testing.T) {
	t.Parallel()
	if path := os.Getenv(migratingPath); path != "" {
		fmt.Println("begins")
		s, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("done")
		_ = s.Close()
		return
	}
	origin := filepath.Join(t.TempDir(), "history.db")
	entries := firstSchema(t, origin, 100)
	whole := migrateFor(t, copyOf(t, origin), time.Hour)
	cut := 0
	const moments = 8
	for n := range moments {
		path := copyOf(t, origin)
		for again := range 2 { // the second one is killed while it makes up for the first
			if migrateFor(t, path, whole*time.Duration(n+again)/moments) > 0 {
				break
			}
			cut++
		}
		checkMigrated(t, path, entries)
	}
	if cut < moments/2 {
		t.Errorf("only %d were killed before they were done: this test saw little", cut)
	}
}

// copyOf is a database in a folder of its own.
func copyOf(t *testing.T, origin string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.db")
	for _, end := range []string{"", "-wal"} {
		data, err := os.ReadFile(origin + end)
		if end != "" && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(path+end, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// migrateFor kills a process some time after it has begun, and returns how long it took to be done, 0 when it was not.
func migrateFor(t *testing.T, path string, limit time.Duration) (took time.Duration) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestMigrateKilled$", "-test.timeout=1m")
	cmd.Env = append(os.Environ(), migratingPath+"="+path)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var began time.Time
	for lines := bufio.NewScanner(out); lines.Scan(); {
		switch lines.Text() {
		case "begins":
			began = time.Now()
			timer := time.AfterFunc(limit, func() { _ = cmd.Process.Kill() })
			defer timer.Stop()
		case "done":
			took = time.Since(began)
		}
	}
	_ = cmd.Wait() // it may have been killed
	return took
}
