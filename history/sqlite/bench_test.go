package sqlite

import (
	"database/sql"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"earshot/history"
)

const benchEntries = 100_000

// benchStore opens a store with a year of many entries.
func benchStore(b *testing.B) *Store {
	b.Helper()
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "history.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	err = s.change(b.Context(), func(tx *sql.Tx) error {
		insert, err := tx.PrepareContext(b.Context(), insertEntry)
		if err != nil {
			return err
		}
		defer insert.Close()
		for n := range benchEntries {
			e := benchEntry(n)
			if _, err := insert.ExecContext(b.Context(), append(row(e), e.ID)...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func benchEntry(n int) history.Entry {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * 5 * time.Minute)
	id := ulid.ULID{}
	_ = id.SetTime(ulid.Timestamp(at))
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return history.Entry{
		ID: id.String(), Satellite: fmt.Sprint("room", n%5), Area: "Room", At: at, Zone: "Europe/Berlin", Duration: 8 * time.Second, WakeWord: "okay_nabu",
		Score: 0.9, Threshold: 0.8, Outcome: history.Understood, Transcript: fmt.Sprintf("Turn on the kitchen light number %d, please", n), Language: "en",
		Reply: "Turned on the light", Clip: &history.Clip{MediaType: "audio/flac", Bytes: 118000, SampleRate: 16000}, Peaks: make([]byte, 128),
	}
}

func BenchmarkList(b *testing.B) {
	s := benchStore(b)
	for name, q := range map[string]history.Query{
		"newest":    {},
		"middle":    {To: benchEntry(benchEntries / 2).At},
		"satellite": {Satellite: "room3"},
		"text":      {Text: "LIGHT NUMBER 77777,"},
		"no such":   {Text: "nobody said this"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.List(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTrash deletes one entry, and a quarter of all.
func BenchmarkTrash(b *testing.B) {
	b.Run("1", func(b *testing.B) {
		s := benchStore(b)
		for n := 0; b.Loop(); n++ {
			if _, err := s.Trash(b.Context(), history.Selection{IDs: []string{benchEntry(n).ID}}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("25000", func(b *testing.B) {
		for range b.N {
			b.StopTimer()
			s := benchStore(b)
			b.StartTimer()
			got, err := s.Trash(b.Context(), history.Selection{To: benchEntry(benchEntries / 4).At})
			if err != nil || len(got.Entries) != benchEntries/4 {
				b.Fatal(len(got.Entries), err)
			}
		}
	})
}
