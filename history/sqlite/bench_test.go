package sqlite

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"earshot/history"
)

const million = 1_000_000

// benchEntry is the n-th of a household that speaks every five minutes.
func benchEntry(n int) history.Entry {
	at := time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * 5 * time.Minute)
	id := ulid.ULID{}
	_ = id.SetTime(ulid.Timestamp(at)) // it fits
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	e := history.Entry{
		ID: id.String(), Satellite: fmt.Sprint("room", n%5), Area: "Room", At: at, Zone: "Europe/Berlin", Duration: 8 * time.Second,
		WakeWord: []string{"okay_nabu", "alexa"}[n/7%2], Score: 0.9, Threshold: 0.8, Outcome: history.Understood, Language: "en",
		Transcript: fmt.Sprintf("Turn on the kitchen light number %d, please", n), Reply: "Turned on the light", Kept: n%100 == 0,
		Clip: &history.Clip{MediaType: "audio/flac", Bytes: 118000, Stored: 118300, SampleRate: 16000}, Peaks: make([]byte, 128),
	}
	for i := range e.Peaks {
		e.Peaks[i] = byte(n + i*i)
	}
	if n%4 == 3 {
		e.Outcome, e.Transcript, e.Reply = history.NotIntended, "", ""
	}
	if n%50 == 0 {
		e.Label = history.LabelMistake
	}
	return e
}

// benchKey is as long as a real one.
const benchKey = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ"

// fill opens a store with many entries.
func fill(tb testing.TB, entries int) *Store {
	tb.Helper()
	s, err := Open(tb.Context(), filepath.Join(tb.TempDir(), "history.db"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	const part = 2000
	for first := 0; first < entries; first += part {
		err := s.change(tb.Context(), atFlush, func(t tx) error {
			for n := first; n < min(first+part, entries); n++ {
				if err := insert(t, benchEntry(n), benchKey); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := s.Flush(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return s
}

// BenchmarkMillion measures what people wait for, in a history of a million entries.
func BenchmarkMillion(b *testing.B) {
	began := time.Now()
	s := fill(b, million)
	b.Logf("filled in %v", time.Since(began))
	b.Run("List", func(b *testing.B) { benchList(b, s) })
	b.Run("Totals", func(b *testing.B) { benchTotals(b, s) })
	b.Run("Check", func(b *testing.B) {
		for b.Loop() {
			if err := s.Check(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Insert", func(b *testing.B) {
		for b.Loop() {
			e := benchEntry(million)
			e.ID = ulid.Make().String()
			if err := s.Insert(b.Context(), e, benchKey); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Trash1", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			if _, err := s.Trash(b.Context(), history.Selection{IDs: []string{benchEntry(million - 1 - n).ID}, IncludeKept: true}, 10); err != nil {
				b.Fatal(err)
			}
			if err := s.Flush(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, c := range []struct {
		name string
		f    history.Filter
	}{
		{"range", history.Filter{From: benchEntry(0).At, To: benchEntry(101_100).At}},
		{"two satellites", history.Filter{From: benchEntry(200_000).At, Satellites: []string{"room1", "room2"}}},
		{"text", history.Filter{From: benchEntry(200_000).At, Text: "3"}},
	} {
		b.Run("Trash100000/"+c.name, func(b *testing.B) { benchTrash(b, s, c.f) })
	}
}

func benchList(b *testing.B, s *Store) {
	middle := history.Query{Filter: history.Filter{To: benchEntry(million / 2).At}}
	page, err := s.List(b.Context(), middle)
	if err != nil {
		b.Fatal(err)
	}
	for name, q := range map[string]history.Query{
		"newest":    {},
		"middle":    middle,
		"older":     {Cursor: page.NextCursor},
		"newer":     {Cursor: page.NextCursor, Newer: true},
		"satellite": {Filter: history.Filter{Satellites: []string{"room3"}}},
		"outcome":   {Filter: history.Filter{Outcomes: []history.Outcome{history.NotIntended}}, Cursor: page.NextCursor, Newer: true},
		"kept":      {Filter: history.Filter{Kept: new(true)}},
		"label":     {Filter: history.Filter{Labels: []history.Label{history.LabelMistake}}, Cursor: page.NextCursor},
		"text":      {Filter: history.Filter{Text: "light"}},
		"no such":   {Filter: history.Filter{Text: "nobody said this"}},
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

func benchTotals(b *testing.B, s *Store) {
	from, to := benchEntry(12_345).At.Add(time.Hour), benchEntry(987_654).At
	for name, sel := range map[string]history.Selection{
		"all":       {},
		"range":     {Filter: history.Filter{From: from, To: to}},
		"satellite": {Filter: history.Filter{From: from, To: to, Satellites: []string{"room1"}, WakeWords: []string{"alexa"}}},
		"nothing":   {Filter: history.Filter{Satellites: []string{"room9"}}},
		"label":     {Filter: history.Filter{Labels: []history.Label{history.LabelMistake}}},
		"text":      {Filter: history.Filter{Text: "nobody said this"}},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Totals(b.Context(), sel); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("stats", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Stats(b.Context(), history.Filter{From: from, To: to}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// benchTrash deletes 100,000 entries in parts while others are added, and counts how long these had to wait and how the memory grew.
func benchTrash(b *testing.B, s *Store, f history.Filter) {
	const entries, part = 100_000, 500
	runtime.GC()
	before := resident(b)
	var peak atomic.Int64
	stop, waits := make(chan struct{}), make(chan []time.Duration)
	go func() {
		var times []time.Duration
		for n := 0; ; n++ {
			select {
			case <-stop:
				waits <- times
				return
			case <-time.After(2 * time.Millisecond):
			}
			e := benchEntry(2*million + n)
			e.ID = ulid.Make().String()
			began := time.Now()
			if err := s.Insert(b.Context(), e, benchKey); err != nil {
				b.Error(err)
			}
			times = append(times, time.Since(began))
			peak.Store(max(peak.Load(), resident(b)))
		}
	}()
	b.ResetTimer()
	began, gone := time.Now(), 0
	for gone < entries {
		got, err := s.Trash(b.Context(), history.Selection{Filter: f}, min(part, entries-gone))
		if err != nil || len(got) == 0 {
			b.Fatal(gone, err)
		}
		gone += len(got)
	}
	b.ReportMetric(time.Since(began).Seconds(), "trash-s")
	if err := s.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(time.Since(began).Seconds(), "flush-s")
	dropAll(b, s)
	b.ReportMetric(time.Since(began).Seconds(), "all-s")
	close(stop)
	times := <-waits
	slices.Sort(times)
	b.ReportMetric(float64(len(times)), "inserts")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(times[len(times)-1].Microseconds())/1000, "max-ms")
	b.ReportMetric(float64(peak.Load()-before)/(1<<20), "grown-MB")
}

// dropAll ends a deletion.
func dropAll(b *testing.B, s *Store) {
	for {
		ids, err := s.Garbage(b.Context(), "", 1000)
		if err != nil {
			b.Fatal(err)
		}
		if len(ids) == 0 {
			break
		}
		if err := s.Drop(b.Context(), ids); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// resident is the memory of this process in bytes.
func resident(tb testing.TB) int64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		tb.Fatal(err)
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(data), &size, &pages); err != nil {
		tb.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
