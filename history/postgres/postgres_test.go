package postgres_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"earshot/history"
	"earshot/history/historytest"
	"earshot/history/postgres"
	"earshot/history/postgres/postgrestest"
)

func open(t testing.TB, url string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Config{URL: url, Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestStore(t *testing.T) {
	server := postgrestest.Start(t)
	historytest.TestStore(t, func(t *testing.T) history.Store { return open(t, server.Database()) })
}

// entry makes one with everything that a deletion wipes, n minutes after a time.
func entry(n int, words string) (e history.Entry, key string) {
	at := time.Date(2026, 11, 24, 18, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Minute)
	id := ulid.ULID{}
	_ = id.SetTime(ulid.Timestamp(at)) // the times here fit
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return history.Entry{
		ID: id.String(), Satellite: "kitchen", Area: "Kitchen", At: at, Zone: "Europe/Berlin", Duration: time.Second, WakeWord: "okay_nabu",
		Outcome: history.Understood, Transcript: fmt.Sprint(words, " said ", n), Reply: words + " answered", Intent: words + " meant",
		Error: &history.EntryError{Code: "none", Message: words + " failed"},
		Clip:  &history.Clip{MediaType: "audio/flac", Bytes: 1, Stored: 2, SampleRate: 16000}, Peaks: []byte(words + " heard"),
	}, fmt.Sprint(words, " key ", n)
}

func insert(t testing.TB, s history.Store, e history.Entry, key string) {
	t.Helper()
	if err := s.Insert(t.Context(), e, key); err != nil {
		t.Fatal(err)
	}
}

func count(t testing.TB, s history.Store) int64 {
	t.Helper()
	totals, err := s.Totals(context.WithoutCancel(t.Context()), history.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	return totals.Entries
}
