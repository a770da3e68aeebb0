package historytest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/history"
)

// trash wipes all of a selection, two at a time, and returns the ids, oldest first.
func trash(t *testing.T, s history.Store, sel history.Selection) []string {
	t.Helper()
	const part = 2
	ids := []string{}
	for {
		got, err := s.Trash(t.Context(), sel, part)
		if err != nil {
			t.Fatalf("trash %+v: %v", sel, err)
		}
		for _, e := range got {
			ids = append(ids, e.ID)
		}
		if len(got) < part {
			break
		}
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatalf("flush: %v", err)
	}
	return ids
}

// wantGone finds the entries in no way that a store offers.
func wantGone(t *testing.T, s history.Store, entries ...history.Entry) {
	t.Helper()
	for _, e := range entries {
		if _, err := s.Get(t.Context(), e.ID); !errors.Is(err, history.ErrNotFound) {
			t.Errorf("get %s: %v, want ErrNotFound", e.ID, err)
		}
		wantKey(t, s, e.ID, "")
		f := history.Filter{Text: e.Transcript, From: e.At, To: e.At.Add(1)}
		wantIDs(t, "its text is found", all(t, s, history.Query{Filter: f}), []string{})
	}
}

// garbage lists all garbage, in pages.
func garbage(t *testing.T, s history.Store) []string {
	t.Helper()
	ids := []string{}
	for after := ""; ; after = ids[len(ids)-1] {
		page, err := s.Garbage(t.Context(), after, 2)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, page...)
		if len(page) < 2 {
			return ids
		}
	}
}

func testTrashByID(t *testing.T, s history.Store) {
	insert(t, s, entry(0), entry(1), silent(2), entry(3))
	got, err := s.Trash(t.Context(), history.Selection{IDs: []string{silent(2).ID, entry(1).ID, "unknown", entry(1).ID, entry(9).ID}}, 10)
	want := []history.TrashedEntry{
		{ID: entry(1).ID, HasClip: true, Stored: 1301, Duration: 4321 * time.Millisecond}, {ID: silent(2).ID, Duration: 4321 * time.Millisecond},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("trashed (-want +got):\n%s%v", diff, err)
	}
	wantGone(t, s, entry(1), silent(2))
	wantIDs(t, "garbage, which an entry without a clip is not", garbage(t, s), []string{entry(1).ID})
	wantTotals(t, s, history.Selection{}, []history.Entry{entry(0), entry(3)})
	ids := trash(t, s, history.Selection{IDs: []string{entry(0).ID, entry(3).ID}, Filter: history.Filter{From: entry(1).At}})
	wantIDs(t, "of two, by id and range", ids, []string{entry(3).ID})
	// Many at once, more than a statement may have arguments.
	many := []string{}
	for n := range 33_000 {
		many = append(many, id(base, uint64(n)+1000))
	}
	wantIDs(t, "of many", trash(t, s, history.Selection{IDs: append(many, entry(0).ID)}), []string{entry(0).ID})
}

func testTrashByFilter(t *testing.T, s history.Store) {
	at := func(n int) time.Time { return entry(n).At }
	var entries []history.Entry
	for n := range 6 {
		e := entry(n)
		e.Satellite = []string{"kitchen", "hall", "bath"}[n%3]
		entries = append(entries, e)
	}
	future := entry(0)
	future.At = time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
	future.ID = id(future.At, 1)
	entries = append(entries, future)
	insertShuffled(t, s, entries)
	for _, c := range []struct {
		name string
		f    history.Filter
		want []int
	}{
		{"no satellite of that name", history.Filter{Satellites: []string{"nowhere"}}, nil},
		{"an empty range", history.Filter{From: at(2), To: at(2)}, nil},
		{"nothing has such an outcome", history.Filter{Outcomes: []history.Outcome{history.Failed}}, nil},
		{"from is included, to is not", history.Filter{From: at(1), To: at(2)}, []int{1}},
		{"two satellites in a range", history.Filter{To: at(4), Satellites: []string{"kitchen", "bath"}}, []int{0, 2, 3}},
		{"one satellite", history.Filter{Satellites: []string{"hall"}}, []int{4}},
		{"no bound: the future too", history.Filter{}, []int{5, 6}},
	} {
		want := []string{}
		var gone []history.Entry
		for _, n := range c.want {
			want = append(want, entries[n].ID)
			gone = append(gone, entries[n])
		}
		wantIDs(t, c.name, trash(t, s, history.Selection{Filter: c.f}), want)
		wantGone(t, s, gone...)
	}
}

// testTrashInParts wipes the oldest first, and meets what comes in between.
func testTrashInParts(t *testing.T, s history.Store) {
	entries := crowd()
	insertShuffled(t, s, entries)
	want := idsOf(entries)
	part := func(limit int, want []string) {
		t.Helper()
		got, err := s.Trash(t.Context(), history.Selection{}, limit)
		ids := []string{}
		for _, e := range got {
			ids = append(ids, e.ID)
		}
		wantIDs(t, fmt.Sprintf("a part of %d", limit), ids, want)
		if err != nil {
			t.Error(err)
		}
	}
	part(1, want[:1])
	part(5, want[1:6])
	wantIDs(t, "left", all(t, s, history.Query{}), reversed(want[6:]))
	early := entry(-1)
	insert(t, s, early)
	part(2, []string{early.ID, want[6]})
	part(100, want[7:])
	part(100, []string{})
	wantIDs(t, "garbage", garbage(t, s), append([]string{early.ID}, want...))
}

// testTrashNothing makes sure that an empty list of ids is not taken for no list.
func testTrashNothing(t *testing.T, s history.Store) {
	insert(t, s, entry(1))
	for _, sel := range []history.Selection{{IDs: []string{}}, {IDs: []string{""}}, {IDs: []string{"%"}, IncludeKept: true}} {
		if ids := trash(t, s, sel); len(ids) != 0 {
			t.Errorf("%+v wiped %v", sel, ids)
		}
	}
	wantIDs(t, "left", all(t, s, history.Query{}), []string{entry(1).ID})
	wantIDs(t, "garbage", garbage(t, s), []string{})
}

func testTrashKept(t *testing.T, s history.Store) {
	kept, far := entry(1), entry(9)
	kept.Kept, far.Kept = true, true
	insert(t, s, entry(0), kept, entry(2), far)
	for _, what := range []history.What{history.WhatAudio, history.WhatText, history.WhatAll} {
		wantIDs(t, "not kept, "+string(what), trash(t, s, history.Selection{What: what}), idsOf([]history.Entry{entry(0), entry(2)}))
		wantIDs(t, "kept, by id", trash(t, s, history.Selection{IDs: []string{kept.ID}, What: what}), []string{})
		wantIDs(t, "kept, by filter", trash(t, s, history.Selection{Filter: history.Filter{Kept: new(true)}, What: what}), []string{})
	}
	for _, e := range []history.Entry{kept, far} {
		got, err := s.Get(t.Context(), e.ID)
		if diff := cmp.Diff(e, got); diff != "" || err != nil {
			t.Errorf("kept (-want +got):\n%s%v", diff, err)
		}
		wantKey(t, s, e.ID, key(e))
	}
	ids := trash(t, s, history.Selection{IDs: []string{kept.ID}, IncludeKept: true})
	wantIDs(t, "with include_kept", ids, []string{kept.ID})
	wantIDs(t, "all with include_kept", trash(t, s, history.Selection{IncludeKept: true}), []string{far.ID})
}

// testTrashAudio leaves the texts, and has nothing to do the second time.
func testTrashAudio(t *testing.T, s history.Store) {
	insert(t, s, entry(1), silent(2), entry(3))
	got, err := s.Trash(t.Context(), history.Selection{What: history.WhatAudio}, 1)
	want := []history.TrashedEntry{{ID: entry(1).ID, HasClip: true, Stored: 1301, Duration: 4321 * time.Millisecond}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("trashed (-want +got):\n%s%v", diff, err)
	}
	wantIDs(t, "the rest", trash(t, s, history.Selection{What: history.WhatAudio}), []string{entry(3).ID})
	wantIDs(t, "once more", trash(t, s, history.Selection{What: history.WhatAudio}), []string{})
	for n := 1; n <= 3; n++ {
		got, err := s.Get(t.Context(), entry(n).ID)
		if diff := cmp.Diff(silent(n), got); diff != "" || err != nil {
			t.Errorf("without audio (-want +got):\n%s%v", diff, err)
		}
		wantKey(t, s, entry(n).ID, "")
	}
	wantIDs(t, "garbage", garbage(t, s), idsOf([]history.Entry{entry(1), entry(3)}))
	got, err = s.Trash(t.Context(), history.Selection{IDs: []string{entry(1).ID}}, 10) // while its clip is garbage
	if want[0].HasClip, want[0].Stored = false, 0; !cmp.Equal(want, got) || err != nil {
		t.Errorf("the text after the audio: %+v, %v", got, err)
	}
	if err := s.Drop(t.Context(), []string{entry(3).ID}); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, "garbage, in the end", garbage(t, s), []string{entry(1).ID})
	wantIDs(t, "left", all(t, s, history.Query{}), idsOf([]history.Entry{entry(3), silent(2)}))
}

// testTrashText leaves the audio and what is no text.
func testTrashText(t *testing.T, s history.Store) {
	problem, coded, none := entry(2), entry(4), entry(3)
	for _, e := range []*history.Entry{&problem, &coded, &none} {
		e.Transcript, e.Reply, e.Intent = "", "", ""
	}
	problem.Error = &history.EntryError{Message: "no intent recognised for turn on"} // may quote what was said
	coded.Error = &history.EntryError{Code: "no-intent", Message: "turn on"}
	insert(t, s, entry(1), problem, none, coded)
	sel := history.Selection{What: history.WhatText}
	got, err := s.Trash(t.Context(), sel, 10)
	want := []history.TrashedEntry{}
	for _, n := range []int{1, 2, 4} {
		want = append(want, history.TrashedEntry{ID: entry(n).ID, Duration: 4321 * time.Millisecond})
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("trashed (-want +got):\n%s%v", diff, err)
	}
	wantIDs(t, "once more", trash(t, s, sel), []string{})
	left := []history.Entry{entry(1), problem, none, coded}
	left[0].Transcript, left[0].Reply, left[0].Intent = "", "", ""
	left[1].Error = nil
	left[3].Error = &history.EntryError{Code: "no-intent"}
	for _, e := range left {
		got, err := s.Get(t.Context(), e.ID)
		if diff := cmp.Diff(e, got); diff != "" || err != nil {
			t.Errorf("without text (-want +got):\n%s%v", diff, err)
		}
		wantKey(t, s, e.ID, key(e))
	}
	wantIDs(t, "found by its text", all(t, s, history.Query{Filter: history.Filter{Text: "light"}}), []string{})
	wantIDs(t, "garbage", garbage(t, s), []string{})
	wantTotals(t, s, history.Selection{}, left)
}

func testGarbage(t *testing.T, s history.Store) {
	insert(t, s, entry(2), entry(1), entry(3), entry(4), entry(5))
	trash(t, s, history.Selection{IDs: []string{entry(2).ID, entry(5).ID}})
	trash(t, s, history.Selection{IDs: []string{entry(1).ID}})
	wantIDs(t, "garbage, oldest first", garbage(t, s), idsOf([]history.Entry{entry(1), entry(2), entry(5)}))
	if err := s.Insert(t.Context(), entry(1), "key"); err == nil {
		t.Error("a deleted id came back while its clip waits to be removed")
	}
	wantGone(t, s, entry(1))
	wantTotals(t, s, history.Selection{}, []history.Entry{entry(3), entry(4)})
	for _, ids := range [][]string{nil, {}, {"unknown"}, {entry(3).ID}, {entry(2).ID, entry(2).ID}} {
		if err := s.Drop(t.Context(), ids); err != nil {
			t.Errorf("drop %v: %v", ids, err)
		}
	}
	wantIDs(t, "garbage after drop", garbage(t, s), idsOf([]history.Entry{entry(1), entry(5)}))
	wantIDs(t, "an entry is not garbage", all(t, s, history.Query{}), idsOf([]history.Entry{entry(4), entry(3)}))
	if err := s.Flush(t.Context()); err != nil {
		t.Errorf("flush: %v", err)
	}
}

func testClips(t *testing.T, s history.Store) {
	insert(t, s, entry(1), silent(2), entry(3), entry(4))
	trash(t, s, history.Selection{IDs: []string{entry(4).ID}})
	seen := map[string]int64{}
	err := s.Clips(t.Context(), func(id string, stored int64) error {
		seen[id] += stored
		return nil
	})
	if diff := cmp.Diff(map[string]int64{entry(1).ID: 1301, entry(3).ID: 1303}, seen); diff != "" || err != nil {
		t.Errorf("clips (-want +got):\n%s%v", diff, err)
	}
	enough := errors.New("enough")
	if err := s.Clips(t.Context(), func(string, int64) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("clips: %v, want %v", err, enough)
	}
}

// testConcurrent adds, reads and wipes at once; nothing may fail, get lost or stay.
func testConcurrent(t *testing.T, s history.Store) {
	const writers, each = 4, 25
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	report := func(what string, err error) {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for w := range writers {
		wg.Go(func() {
			for n := range each {
				e := entry(n)
				e.ID, e.Satellite = id(e.At, uint64(w*each+n)), fmt.Sprint("room", w)
				report("insert", s.Insert(ctx, e, key(e)))
				if n%5 != 4 {
					continue
				}
				got, err := s.Trash(ctx, history.Selection{IDs: []string{e.ID}}, 10)
				report("trash", err)
				if len(got) != 1 {
					t.Errorf("trash: %d entries, want 1", len(got))
				}
				report("flush", s.Flush(ctx))
				report("drop", s.Drop(ctx, []string{e.ID}))
			}
		})
		wg.Go(func() {
			for range each {
				_, err := s.List(ctx, history.Query{Filter: history.Filter{Text: "light"}, Limit: 5})
				report("list", err)
				_, err = s.Totals(ctx, history.Selection{})
				report("totals", err)
				report("set", s.SetSetting(ctx, "k", "v"))
			}
		})
	}
	wg.Wait()
	var left []history.Entry
	for w := range writers {
		for n := range each {
			if e := entry(n); n%5 != 4 {
				e.ID, e.Satellite = id(e.At, uint64(w*each+n)), fmt.Sprint("room", w)
				left = append(left, e)
			}
		}
	}
	wantTotals(t, s, history.Selection{}, left)
	got, want := all(t, s, history.Query{}), idsOf(left)
	slices.Sort(got)
	slices.Sort(want)
	wantIDs(t, "left", got, want)
	wantIDs(t, "garbage", garbage(t, s), []string{})
}
