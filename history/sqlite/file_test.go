package sqlite_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"earshot/history"
	"earshot/history/sqlite"
)

// newEntry makes one whose texts begin with a marker.
func newEntry(at time.Time, marker string) history.Entry {
	return history.Entry{
		ID: ulid.MustNew(ulid.Timestamp(at), ulid.DefaultEntropy()).String(), At: at, Satellite: "kitchen",
		Transcript: marker, Reply: "reply to " + marker, Outcome: history.Understood,
	}
}

// everything is every byte of the files of a database.
func everything(t *testing.T, path string) string {
	t.Helper()
	names, err := filepath.Glob(path + "*")
	if err != nil || len(names) == 0 {
		t.Fatalf("%v, %v", names, err)
	}
	var all strings.Builder
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	return all.String()
}

// TestNoRemnants adds and deletes in every order, so that pages are split, merged and filled again, and then looks for every text that
// was ever deleted. secure_delete alone does not pass it.
func TestNoRemnants(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 0))
			path := filepath.Join(t.TempDir(), "history.db")
			s := open(t, path)
			markers, gone := map[string]string{}, []string{}
			for round := range 25 {
				for n := range 20 {
					at := time.Now().Add(-time.Duration(r.IntN(1000)) * time.Minute * time.Duration(seed%2)) // a clock that jumps, or not
					e := newEntry(at, fmt.Sprintf("marker-%d-%d-", round, n))
					e.Transcript += strings.Repeat("z", r.IntN(300)*(1+r.IntN(20)/19*30)) // some need pages of their own
					markers[e.ID] = fmt.Sprintf("marker-%d-%d-", round, n)
					if err := s.Insert(t.Context(), e); err != nil {
						t.Fatal(err)
					}
				}
				var ids []string
				for id, marker := range markers {
					if len(ids) < r.IntN(25) {
						ids = append(ids, id)
						gone = append(gone, marker)
						delete(markers, id)
					}
				}
				if _, err := s.Trash(t.Context(), history.Selection{IDs: append([]string{}, ids...)}); err != nil {
					t.Fatal(err)
				}
				all := everything(t, path)
				for _, marker := range gone {
					if len(ids) > 0 && strings.Contains(all, marker) {
						t.Fatalf("round %d: %s can still be read", round, marker)
					}
				}
			}
			for id, marker := range markers {
				if e, err := s.Get(t.Context(), id); err != nil || !strings.HasPrefix(e.Transcript, marker) {
					t.Errorf("%s: %q, %v", marker, e.Transcript, err)
				}
			}
			s.Close()
			checkIntegrity(t, path)
		})
	}
}

// checkIntegrity has SQLite look at every page.
func checkIntegrity(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var result string
	if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&result); err != nil || result != "ok" {
		t.Errorf("integrity: %s, %v", result, err)
	}
}

// TestReaderInTheWay has somebody read while a deletion wants to empty the journal: it must wait, and not answer before it is done.
func TestReaderInTheWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	s := open(t, path)
	e := newEntry(time.Now(), "marker-read")
	if err := s.Insert(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	reading, err := db.Query(`SELECT id FROM entries`)
	if err != nil || !reading.Next() {
		t.Fatalf("read: %v", err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := s.Trash(t.Context(), history.Selection{})
		done <- err
	}()
	select {
	case err := <-done:
		reading.Close()
		t.Fatalf("it answered while the old text could still be read: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	reading.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if strings.Contains(everything(t, path), "marker-read") {
		t.Error("the text can be read")
	}
}

// TestKilledBeforeTheJournalWasEmptied opens files as a crash between the deletion and its last step leaves them.
func TestKilledBeforeTheJournalWasEmptied(t *testing.T) {
	live, dead := filepath.Join(t.TempDir(), "history.db"), filepath.Join(t.TempDir(), "history.db")
	s := open(t, live)
	if err := s.Insert(t.Context(), newEntry(time.Now(), "marker-crash")); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+live+"?_pragma=secure_delete(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`DELETE FROM entries`); err != nil {
		t.Fatal(err)
	}
	for _, ending := range []string{"", "-wal"} {
		data, err := os.ReadFile(live + ending)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dead+ending, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(everything(t, dead), "marker-crash") {
		t.Fatal("the text is not in the files: this test sees nothing")
	}
	open(t, dead)
	if strings.Contains(everything(t, dead), "marker-crash") {
		t.Error("the text can still be read")
	}
}

// TestReopen keeps everything, and lets nobody else in meanwhile.
func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a folder % with ?signs#", "history.db")
	s := open(t, path)
	e := newEntry(time.UnixMilli(1790000000000).UTC(), "kept")
	if err := s.Insert(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if err := s.SetSetting(t.Context(), "a", "b"); err != nil {
		t.Fatal(err)
	}
	_, err := sqlite.Open(t.Context(), path)
	if want := fmt.Sprintf("open history database %s: lock %[1]s.lock: another process has it; end that one, or use another folder", path); err == nil || err.Error() != want {
		t.Errorf("opened twice: %v, want %s", err, want)
	}
	s.Close()
	s = open(t, path)
	if got, err := s.Get(t.Context(), e.ID); err != nil || got.Transcript != "kept" {
		t.Errorf("%+v, %v", got, err)
	}
	if v, err := s.Setting(t.Context(), "a"); err != nil || v != "b" {
		t.Errorf("%q, %v", v, err)
	}
}

// TestOpenBroken wants a sentence and no harm where the file is not a database.
func TestOpenBroken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	junk := strings.Repeat("this is not a database. ", 500)
	if err := os.WriteFile(path, []byte(junk), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the lock must be free again
		if _, err := sqlite.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "file is not a database") {
			t.Errorf("%v", err)
		}
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != junk {
		t.Errorf("the file was changed (%v)", err)
	}
	if _, err := sqlite.Open(t.Context(), t.TempDir()); err == nil {
		t.Error("a folder was opened as a database")
	}
}
