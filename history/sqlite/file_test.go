package sqlite_test

import (
	"bytes"
	"context"
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
	"earshot/internal/testkit"
)

// newEntry makes one whose texts begin with a marker.
func newEntry(at time.Time, marker string) history.Entry {
	return history.Entry{
		ID: ulid.MustNew(ulid.Timestamp(at), ulid.DefaultEntropy()).String(), At: at, Satellite: "kitchen", Outcome: history.Understood,
		Transcript: marker, Reply: "reply to " + marker, Intent: "intent " + marker, Error: &history.EntryError{Message: "error " + marker},
		Clip: &history.Clip{MediaType: "audio/flac", Bytes: 1, Stored: 2, SampleRate: 16000}, Peaks: []byte("peaks " + marker),
	}
}

// keyOf is the key an entry of newEntry is added with.
func keyOf(marker string) string { return "key " + marker }

func insert(t *testing.T, s *sqlite.Store, entries ...history.Entry) {
	t.Helper()
	for _, e := range entries {
		if err := s.Insert(t.Context(), e, keyOf(e.Transcript)); err != nil {
			t.Fatal(err)
		}
	}
}

// wipe trashes and flushes.
func wipe(t *testing.T, s *sqlite.Store, sel history.Selection) {
	t.Helper()
	for {
		got, err := s.Trash(t.Context(), sel, 7)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) < 7 {
			break
		}
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// everything is every byte of the files of a database, upper-cased, since texts are kept folded too.
func everything(t *testing.T, path string) []byte {
	t.Helper()
	names, err := filepath.Glob(path + "*")
	if err != nil || len(names) == 0 {
		t.Fatalf("%v, %v", names, err)
	}
	var all []byte
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data...)
	}
	return bytes.ToUpper(all)
}

func readable(all []byte, marker string) bool {
	return bytes.Contains(all, []byte(strings.ToUpper(marker)))
}

// crowdOfMarkers is what TestNoRemnants has added, by id.
type crowdOfMarkers struct {
	r     *rand.Rand
	left  map[string]string
	gone  []string
	round int
}

// add puts in some entries of all sizes.
func (c *crowdOfMarkers) add(t *testing.T, s *sqlite.Store, jumping bool) {
	for n := range 20 {
		at := time.Now()
		if jumping {
			at = at.Add(-time.Duration(c.r.IntN(1000)) * time.Minute)
		}
		marker := fmt.Sprintf("marker-%d-%d-", c.round, n)
		e := newEntry(at, marker+strings.Repeat("z", c.r.IntN(300)*(1+c.r.IntN(20)/19*30))) // some need pages of their own
		c.left[e.ID] = marker
		insert(t, s, e)
	}
}

// pick takes up to n ids away.
func (c *crowdOfMarkers) pick(n int) []string {
	ids := []string{}
	for id, marker := range c.left {
		if len(ids) == n {
			break
		}
		ids = append(ids, id)
		c.gone = append(c.gone, marker)
		delete(c.left, id)
	}
	return ids
}

// TestNoRemnants adds, changes and deletes in every order, so that pages are split, merged and filled again, and then looks for every
// text and key that was ever deleted. secure_delete alone does not pass it.
func TestNoRemnants(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			c := &crowdOfMarkers{r: rand.New(rand.NewPCG(seed, 0)), left: map[string]string{}}
			path := filepath.Join(testkit.MemoryDir(t), "history.db")
			s := open(t, path)
			for c.round = range 25 {
				c.add(t, s, seed%2 == 1)
				if c.r.IntN(3) == 0 {
					if _, err := s.Update(t.Context(), history.Selection{}, history.Update{Label: new(history.LabelMistake)}); err != nil {
						t.Fatal(err)
					}
				}
				ids := c.pick(c.r.IntN(25))
				for _, part := range [][]string{ids[:len(ids)/2], ids[len(ids)/2:]} { // others are added between the parts
					if got, err := s.Trash(t.Context(), history.Selection{IDs: part}, 100); err != nil || len(got) != len(part) {
						t.Fatalf("%d wiped, want %d (%v)", len(got), len(part), err)
					}
					c.round += 100
					c.add(t, s, true)
				}
				if c.round%3 == 0 { // some lose their parts, and not the row
					parts := c.pick(5)
					wipe(t, s, history.Selection{IDs: parts, What: history.WhatText})
					wipe(t, s, history.Selection{IDs: parts, What: history.WhatAudio})
					wipe(t, s, history.Selection{Filter: history.Filter{Text: "no such text"}})
				}
				if err := s.Drop(t.Context(), ids); err != nil {
					t.Fatal(err)
				}
				if seed > 1 && c.r.IntN(3) == 0 {
					if err := s.Close(); err != nil {
						t.Fatal(err)
					}
					s = open(t, path)
				} else if err := s.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				c.look(t, path)
				c.round %= 100
			}
			c.compare(t, s)
			s.Close()
			checkIntegrity(t, path)
		})
	}
}

// look searches the files for what has gone.
func (c *crowdOfMarkers) look(t *testing.T, path string) {
	t.Helper()
	all := everything(t, path)
	for _, marker := range c.gone {
		if readable(all, marker) {
			at := bytes.Index(all, []byte(strings.ToUpper(marker)))
			t.Fatalf("round %d: %s can still be read: %q", c.round, marker, all[max(0, at-20):min(len(all), at+40)])
		}
	}
}

// compare wants the others to be there.
func (c *crowdOfMarkers) compare(t *testing.T, s *sqlite.Store) {
	t.Helper()
	for id, marker := range c.left {
		e, err := s.Get(t.Context(), id)
		if err != nil || !strings.HasPrefix(e.Transcript, marker) {
			t.Errorf("%s: %q, %v", marker, e.Transcript, err)
		}
		if key, err := s.Key(t.Context(), id); err != nil || key != keyOf(e.Transcript) {
			t.Errorf("%s: the wrong key, %v", marker, err)
		}
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

// TestReaderInTheWay has somebody read while a deletion wants to empty the journal: it must wait, and not answer before it is done, and
// nobody else may have to wait with it.
func TestReaderInTheWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	s := open(t, path)
	insert(t, s, newEntry(time.Now(), "marker-read"))
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	reading, err := db.Query(`SELECT id FROM entries`)
	if err != nil || !reading.Next() {
		t.Fatalf("read: %v", err)
	}
	if _, err := s.Trash(t.Context(), history.Selection{}, 10); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Flush(t.Context()) }()
	for n := range 20 {
		insert(t, s, newEntry(time.Now(), fmt.Sprint("other-", n)))
	}
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := s.Flush(short); err == nil {
		t.Error("it answered while the old text could still be read")
	}
	select {
	case err := <-done:
		t.Errorf("it answered while the old text could still be read: %v", err)
	default:
	}
	reading.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if readable(everything(t, path), "marker-read") {
		t.Error("the text can be read")
	}
}

// TestReopen keeps everything, and lets nobody else in meanwhile.
func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a folder % with ?signs#", "history.db")
	s := open(t, path)
	e := newEntry(time.UnixMilli(1790000000000).UTC(), "kept")
	insert(t, s, e)
	if err := s.SetSetting(t.Context(), "a", "b"); err != nil {
		t.Fatal(err)
	}
	_, err := sqlite.Open(t.Context(), path)
	if want := fmt.Sprintf("open history database %s: lock %[1]s.lock: another process has it; end that one, or use another folder", path); err == nil || err.Error() != want {
		t.Errorf("opened twice: %v, want %s", err, want)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		t.Errorf("the journal has %d bytes after Close", info.Size())
	}
	s = open(t, path)
	if got, err := s.Get(t.Context(), e.ID); err != nil || got.Transcript != "kept" {
		t.Errorf("%+v, %v", got, err)
	}
	if v, err := s.Setting(t.Context(), "a"); err != nil || v != "b" {
		t.Errorf("%q, %v", v, err)
	}
}
