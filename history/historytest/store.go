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
		{"Keys", testKeys},
		{"Order", testOrder},
		{"Pages", testPages},
		{"PagesBack", testPagesBack},
		{"PagesWhileChanging", testPagesWhileChanging},
		{"PagesGone", testPagesGone},
		{"PageLimits", testPageLimits},
		{"BadCursors", testBadCursors},
		{"Filters", testFilters},
		{"Text", testText},
		{"Totals", testTotals},
		{"Random", testRandom},
		{"AsOf", testAsOf},
		{"BadMarks", testBadMarks},
		{"Update", testUpdate},
		{"TrashByID", testTrashByID},
		{"TrashByFilter", testTrashByFilter},
		{"TrashInParts", testTrashInParts},
		{"TrashNothing", testTrashNothing},
		{"TrashKept", testTrashKept},
		{"TrashAudio", testTrashAudio},
		{"TrashText", testTrashText},
		{"Garbage", testGarbage},
		{"Clips", testClips},
		{"Access", testAccess},
		{"Settings", testSettings},
		{"Check", testCheck},
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
		Clip:    &history.Clip{MediaType: "audio/flac", Bytes: 1000 + int64(n), Stored: 1300 + int64(n), SampleRate: 16000},
		Peaks:   []byte{0, 1, 127, 128, 255},
		Timings: history.Timings{SpeechEnd: 2100 * time.Millisecond, Transcript: 2500 * time.Millisecond, Reply: 3 * time.Second},
	}
}

// silent is an entry without audio.
func silent(n int) history.Entry {
	e := entry(n)
	e.Clip, e.Peaks = nil, nil
	return e
}

// key is what an entry made here is added with.
func key(e history.Entry) string {
	if e.Clip == nil {
		return ""
	}
	return "key of " + e.ID
}

func insert(t *testing.T, s history.Store, entries ...history.Entry) {
	t.Helper()
	for _, e := range entries {
		if err := s.Insert(t.Context(), e, key(e)); err != nil {
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
	if _, err := s.Key(ctx, id(base, 1)); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("key: %v, want ErrNotFound", err)
	}
	page, err := s.List(ctx, history.Query{})
	if err != nil || page.Entries == nil || len(page.Entries) != 0 || page.NextCursor != "" || page.PrevCursor != "" {
		t.Errorf("list: %+v, %v", page, err)
	}
	if totals, err := s.Totals(ctx, history.Selection{}); err != nil || totals.Mark == "" || counted(totals) != (history.Totals{}) {
		t.Errorf("totals: %+v, %v", totals, err)
	}
	if stats, err := s.Stats(ctx, history.Filter{}); err != nil || len(stats) != 0 {
		t.Errorf("stats: %+v, %v", stats, err)
	}
	if ids, err := s.Garbage(ctx, "", 10); err != nil || len(ids) != 0 {
		t.Errorf("garbage: %v, %v", ids, err)
	}
	if v, err := s.Setting(ctx, "nothing"); err != nil || v != "" {
		t.Errorf("setting: %q, %v", v, err)
	}
	if err := s.Flush(ctx); err != nil {
		t.Errorf("flush: %v", err)
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
		page, err := s.List(t.Context(), history.Query{Filter: history.Filter{From: e.At, To: e.At.Add(time.Millisecond)}})
		if err != nil || len(page.Entries) != 1 || !cmp.Equal(page.Entries[0], e) {
			t.Errorf("%s: listed as %+v (%v)", name, page.Entries, err)
		}
	}
}

func testInsertTwice(t *testing.T, s history.Store) {
	first, second := entry(1), entry(1)
	second.Transcript = "something else"
	insert(t, s, first)
	if err := s.Insert(t.Context(), second, "another key"); !errors.Is(err, history.ErrExists) {
		t.Errorf("an id taken twice: %v, want ErrExists", err)
	}
	if got, err := s.Get(t.Context(), first.ID); err != nil || got.Transcript != first.Transcript {
		t.Errorf("the first is %q now (%v)", got.Transcript, err)
	}
	wantKey(t, s, first.ID, key(first))
	wantTotals(t, s, history.Selection{}, []history.Entry{first})
}

// wantKey wants the key of an entry, or ErrNotFound where it is "".
func wantKey(t *testing.T, s history.Store, id, want string) {
	t.Helper()
	got, err := s.Key(t.Context(), id)
	if want == "" && !errors.Is(err, history.ErrNotFound) {
		t.Errorf("key of %s: %v, want ErrNotFound", id, err)
	}
	if want != "" && (err != nil || got != want) {
		t.Errorf("key of %s: the wrong one (%v)", id, err)
	}
}

func testKeys(t *testing.T, s history.Store) {
	insert(t, s, entry(1), silent(2), entry(3), entry(4))
	wantKey(t, s, entry(1).ID, key(entry(1)))
	wantKey(t, s, silent(2).ID, "")
	wantKey(t, s, "unknown", "")
	trash(t, s, history.Selection{IDs: []string{entry(1).ID}})
	wantKey(t, s, entry(1).ID, "")
	trash(t, s, history.Selection{IDs: []string{entry(3).ID}, What: history.WhatAudio})
	wantKey(t, s, entry(3).ID, "")
	trash(t, s, history.Selection{IDs: []string{entry(4).ID}, What: history.WhatText})
	wantKey(t, s, entry(4).ID, key(entry(4)))
}

// calls are all methods that work, by name.
func calls(s history.Store) map[string]func(context.Context) error {
	one := history.Selection{IDs: []string{entry(1).ID}}
	yes := true
	return map[string]func(context.Context) error{
		"Insert":       func(ctx context.Context) error { return s.Insert(ctx, entry(77), "key") },
		"Get":          func(ctx context.Context) error { _, err := s.Get(ctx, entry(1).ID); return err },
		"Key":          func(ctx context.Context) error { _, err := s.Key(ctx, entry(1).ID); return err },
		"List":         func(ctx context.Context) error { _, err := s.List(ctx, history.Query{}); return err },
		"Totals":       func(ctx context.Context) error { _, err := s.Totals(ctx, history.Selection{}); return err },
		"Stats":        func(ctx context.Context) error { _, err := s.Stats(ctx, history.Filter{}); return err },
		"Update":       func(ctx context.Context) error { _, err := s.Update(ctx, one, history.Update{Kept: &yes}); return err },
		"Trash":        func(ctx context.Context) error { _, err := s.Trash(ctx, history.Selection{}, 10); return err },
		"Flush":        func(ctx context.Context) error { return s.Flush(ctx) },
		"Clips":        func(ctx context.Context) error { return s.Clips(ctx, func(string, int64) error { return nil }) },
		"Garbage":      func(ctx context.Context) error { _, err := s.Garbage(ctx, "", 10); return err },
		"Drop":         func(ctx context.Context) error { return s.Drop(ctx, []string{entry(1).ID}) },
		"AddAccess":    func(ctx context.Context) error { return s.AddAccess(ctx, access(7)) },
		"Access":       func(ctx context.Context) error { _, err := s.Access(ctx, access(1).ID); return err },
		"Accesses":     func(ctx context.Context) error { _, err := s.Accesses(ctx, "", 10); return err },
		"DropAccesses": func(ctx context.Context) error { return s.DropAccesses(ctx, base.AddDate(1, 0, 0)) },
		"Setting":      func(ctx context.Context) error { _, err := s.Setting(ctx, "a"); return err },
		"SetSetting":   func(ctx context.Context) error { return s.SetSetting(ctx, "a", "after") },
		"Check":        func(ctx context.Context) error { return s.Check(ctx) },
	}
}

func testCancelled(t *testing.T, s history.Store) {
	insert(t, s, entry(1))
	if err := s.AddAccess(t.Context(), access(1)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range calls(s) {
		if err := call(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want %v", name, err, context.Canceled)
		}
	}
	wantIDs(t, "after calls that were cancelled", all(t, s, history.Query{}), []string{entry(1).ID})
	if e, err := s.Get(t.Context(), entry(1).ID); err != nil || e.Kept {
		t.Errorf("an entry was changed: kept %v (%v)", e.Kept, err)
	}
	if got := accesses(t, s, "", 10); len(got) != 1 {
		t.Errorf("%d lines in the access log, want 1", len(got))
	}
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

func testCheck(t *testing.T, s history.Store) {
	insertShuffled(t, s, crowd())
	trash(t, s, history.Selection{Filter: history.Filter{To: base.Add(2 * time.Millisecond)}})
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
}
