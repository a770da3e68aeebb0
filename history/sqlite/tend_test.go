package sqlite

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"earshot/history"
)

// TestTend adds and deletes much, so that the journal is emptied beside the work many times, and wants no page of the database to hold
// remnants at any of these times.
func TestTend(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	longest := int64(0)
	for n := range 12_000 {
		if err := s.change(t.Context(), atFlush, func(tx tx) error { return insert(tx, benchEntry(n*7919%12_000), benchKey) }); err != nil {
			t.Fatal(err)
		}
		if n%500 == 499 {
			if _, err := s.Trash(t.Context(), history.Selection{Filter: history.Filter{Satellites: []string{"room2"}}}, 1000); err != nil {
				t.Fatal(err)
			}
		}
		if n%1000 == 999 {
			longest = max(longest, s.journalSize(t))
			wantClean(t, path)
		}
	}
	if most := int64(4 * longJournal * 4096); longest == 0 || longest > most {
		t.Errorf("the journal has grown to %d bytes, want at most %d", longest, most)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	wantClean(t, path)
	if info, err := os.Stat(path); err != nil || info.Size() < 4<<20 {
		t.Errorf("nothing got into the database: %v", err)
	}
}

func (s *Store) journalSize(t *testing.T) int64 {
	t.Helper()
	if err := s.acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.release()
	size, err := s.journal.size()
	if err != nil {
		t.Fatal(err)
	}
	return size
}

// wantClean looks at every page in the file, which is not what readers see when the journal has newer ones.
func wantClean(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for number := 1; len(data) >= 4096; number++ {
		if hasRemnants(data[:4096], number == 1) {
			t.Errorf("page %d holds remnants", number)
		}
		data = data[4096:]
	}
}
