// Package historytest proves that a store of the history and its clips keep their contracts.
package historytest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/oklog/ulid/v2"

	"earshot/history"
)

// TestStore runs every test of a history.Store. open returns a new, empty one; it is closed by the tests.
func TestStore(t *testing.T, open func(t *testing.T) history.Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, history.Store)
	}{
		{"Empty", testEmpty},
		{"RoundTrip", testRoundTrip},
		{"InsertTwice", testInsertTwice},
		{"Order", testOrder},
		{"Pages", testPages},
		{"PagesWhileChanging", testPagesWhileChanging},
		{"PageLimits", testPageLimits},
		{"Filters", testFilters},
		{"Text", testText},
		{"BadCursors", testBadCursors},
		{"Totals", testTotals},
		{"TrashByID", testTrashByID},
		{"TrashByRange", testTrashByRange},
		{"TrashNothing", testTrashNothing},
		{"TrashKept", testTrashKept},
		{"Garbage", testGarbage},
		{"Clips", testClips},
		{"Settings", testSettings},
		{"Cancelled", testCancelled},
		{"Concurrent", testConcurrent},
		{"Closed", testClosed},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			t.Cleanup(func() { _ = s.Close() })
			test.run(t, s)
		})
	}
}

// base is the time of the entries made here.
var base = time.Date(2026, 11, 24, 18, 0, 0, 0, time.UTC)

// id makes the n-th id of a millisecond.
func id(at time.Time, n uint64) string {
	u := ulid.ULID{}
	_ = u.SetTime(ulid.Timestamp(at)) // the times here fit
	binary.BigEndian.PutUint64(u[8:], n)
	return u.String()
}

// entry makes one with everything filled in, n minutes after base.
func entry(n int) history.Entry {
	at := base.Add(time.Duration(n) * time.Minute)
	return history.Entry{
		ID: id(at, uint64(n)), Satellite: "kitchen", Area: "Kitchen", At: at, Zone: "Europe/Berlin", Duration: 4321 * time.Millisecond,
		WakeWord: "okay_nabu", Score: 0.9765625, Threshold: 0.85,
		Outcome: history.Understood, Transcript: fmt.Sprintf("turn on light %d", n), Language: "en", Reply: "Turned on", Intent: "HassTurnOn",
		Clip:    &history.Clip{MediaType: "audio/flac", Bytes: 1000 + int64(n), SampleRate: 16000},
		Peaks:   []byte{0, 1, 127, 128, 255},
		Timings: history.Timings{SpeechEnd: 2100 * time.Millisecond, Transcript: 2500 * time.Millisecond, Reply: 3 * time.Second},
	}
}

func insert(t *testing.T, s history.Store, entries ...history.Entry) {
	t.Helper()
	for _, e := range entries {
		if err := s.Insert(t.Context(), e); err != nil {
			t.Fatalf("insert %s: %v", e.ID, err)
		}
	}
}

// idsOf lists entries by id.
func idsOf(entries []history.Entry) []string {
	ids := []string{}
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	return ids
}

// all goes through every page of a query.
func all(t *testing.T, s history.Store, q history.Query) []string {
	t.Helper()
	ids := []string{}
	for {
		page, err := s.List(t.Context(), q)
		if err != nil {
			t.Fatalf("list %+v: %v", q, err)
		}
		ids = append(ids, idsOf(page.Entries)...)
		if page.NextCursor == "" {
			return ids
		}
		if len(page.Entries) == 0 {
			t.Fatalf("list %+v: an empty page has a cursor", q)
		}
		q.Cursor = page.NextCursor
	}
}

func reversed(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Reverse(ids)
	return ids
}

func wantIDs(t *testing.T, what string, got, want []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func testEmpty(t *testing.T, s history.Store) {
	ctx := t.Context()
	if _, err := s.Get(ctx, id(base, 1)); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("get: %v, want ErrNotFound", err)
	}
	if page, err := s.List(ctx, history.Query{}); err != nil || page.Entries == nil || len(page.Entries) != 0 || page.NextCursor != "" {
		t.Errorf("list: %+v, %v", page, err)
	}
	if totals, err := s.Totals(ctx, ""); err != nil || totals != (history.Totals{}) {
		t.Errorf("totals: %+v, %v", totals, err)
	}
	if ids, err := s.Garbage(ctx); err != nil || len(ids) != 0 {
		t.Errorf("garbage: %v, %v", ids, err)
	}
	if v, err := s.Setting(ctx, "nothing"); err != nil || v != "" {
		t.Errorf("setting: %q, %v", v, err)
	}
}

func testRoundTrip(t *testing.T, s history.Store) {
	full := entry(1)
	full.Error = &history.EntryError{Code: "stt-stream-failed", Message: "the server went away"}
	full.Kept, full.Label, full.Shared = true, history.LabelMistake, true
	words := entry(2)
	words.Transcript = "Schalte Tür 🚪 an; 'x' \"y\" \\ 100% _ \n שלום 你好 e\u0301 DROP TABLE entries;--"
	words.Error = &history.EntryError{Message: "only words"}
	bare := history.Entry{ID: id(base, 9), At: base, Satellite: "hall", Outcome: history.NotIntended}
	old := entry(3)
	old.At = time.UnixMilli(1).UTC() // before a small computer has learned the time
	zoned := entry(4)
	zoned.At = zoned.At.In(time.FixedZone("x", 3600))
	for name, e := range map[string]history.Entry{"full": full, "words": words, "bare": bare, "old": old, "zoned": zoned} {
		insert(t, s, e)
		got, err := s.Get(t.Context(), e.ID)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		e.At = e.At.UTC()
		if diff := cmp.Diff(e, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if got.At.Location() != time.UTC {
			t.Errorf("%s: the time is in %v, not UTC", name, got.At.Location())
		}
		page, err := s.List(t.Context(), history.Query{From: e.At, To: e.At.Add(time.Millisecond)})
		if err != nil || len(page.Entries) != 1 || !cmp.Equal(page.Entries[0], e) {
			t.Errorf("%s: listed as %+v (%v)", name, page.Entries, err)
		}
	}
}

func testInsertTwice(t *testing.T, s history.Store) {
	first, second := entry(1), entry(1)
	second.Transcript = "something else"
	insert(t, s, first)
	if err := s.Insert(t.Context(), second); err == nil {
		t.Error("an id was taken twice")
	}
	if got, err := s.Get(t.Context(), first.ID); err != nil || got.Transcript != first.Transcript {
		t.Errorf("the first is %q now (%v)", got.Transcript, err)
	}
}

func testTotals(t *testing.T, s history.Store) {
	silent, other := entry(3), entry(2)
	silent.Clip, silent.Peaks = nil, nil
	other.Satellite = "hall"
	insert(t, s, entry(1), silent, other)
	for satellite, want := range map[string]history.Totals{
		"":        {Entries: 3, ClipBytes: 2003, Duration: 3 * 4321 * time.Millisecond, Newest: silent.At},
		"kitchen": {Entries: 2, ClipBytes: 1001, Duration: 2 * 4321 * time.Millisecond, Newest: silent.At},
		"hall":    {Entries: 1, ClipBytes: 1002, Duration: 4321 * time.Millisecond, Newest: other.At},
		"nowhere": {},
	} {
		if got, err := s.Totals(t.Context(), satellite); err != nil || got != want {
			t.Errorf("totals of %q: %+v, %v, want %+v", satellite, got, err, want)
		}
	}
}

func testSettings(t *testing.T, s history.Store) {
	ctx := t.Context()
	for _, c := range [][2]string{{"a", "1"}, {"b", "2"}, {"a", "3"}, {"b", ""}, {"save/kitchen", "audio+text"}, {"Ä", "ö 'x'"}} {
		if err := s.SetSetting(ctx, c[0], c[1]); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Setting(ctx, c[0]); err != nil || got != c[1] {
			t.Errorf("setting %s: %q, %v, want %q", c[0], got, err, c[1])
		}
	}
	if got, err := s.Setting(ctx, "a"); err != nil || got != "3" {
		t.Errorf("setting a: %q, %v, want 3", got, err)
	}
}

// calls are all methods that work, by name.
func calls(s history.Store) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Insert":     func(ctx context.Context) error { return s.Insert(ctx, entry(77)) },
		"Get":        func(ctx context.Context) error { _, err := s.Get(ctx, entry(1).ID); return err },
		"List":       func(ctx context.Context) error { _, err := s.List(ctx, history.Query{}); return err },
		"Totals":     func(ctx context.Context) error { _, err := s.Totals(ctx, ""); return err },
		"Trash":      func(ctx context.Context) error { _, err := s.Trash(ctx, history.Selection{}); return err },
		"Clips":      func(ctx context.Context) error { return s.Clips(ctx, func(string) error { return nil }) },
		"Garbage":    func(ctx context.Context) error { _, err := s.Garbage(ctx); return err },
		"Drop":       func(ctx context.Context) error { return s.Drop(ctx, []string{entry(1).ID}) },
		"Setting":    func(ctx context.Context) error { _, err := s.Setting(ctx, "a"); return err },
		"SetSetting": func(ctx context.Context) error { return s.SetSetting(ctx, "a", "after") },
	}
}

func testCancelled(t *testing.T, s history.Store) {
	insert(t, s, entry(1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range calls(s) {
		if err := call(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want %v", name, err, context.Canceled)
		}
	}
	wantIDs(t, "after calls that were cancelled", all(t, s, history.Query{}), []string{entry(1).ID})
	if v, err := s.Setting(t.Context(), "a"); err != nil || v != "" {
		t.Errorf("a setting was changed to %q (%v)", v, err)
	}
}

func testClosed(t *testing.T, s history.Store) {
	insert(t, s, entry(1))
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	for name, call := range calls(s) {
		if err := call(t.Context()); err == nil || errors.Is(err, history.ErrNotFound) {
			t.Errorf("%s after close: %v, want an error", name, err)
		}
	}
}
