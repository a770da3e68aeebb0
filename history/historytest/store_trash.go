package historytest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/history"
)

// trash wipes and returns the ids, oldest first, and how many were spared.
func trash(t *testing.T, s history.Store, sel history.Selection) (ids []string, spared int) {
	t.Helper()
	got, err := s.Trash(t.Context(), sel)
	if err != nil {
		t.Fatalf("trash %+v: %v", sel, err)
	}
	ids = []string{}
	for _, e := range got.Entries {
		ids = append(ids, e.ID)
	}
	return ids, got.KeptSkipped
}

// wantGone finds the entries in no way that a store offers.
func wantGone(t *testing.T, s history.Store, entries ...history.Entry) {
	t.Helper()
	for _, e := range entries {
		if _, err := s.Get(t.Context(), e.ID); !errors.Is(err, history.ErrNotFound) {
			t.Errorf("get %s: %v, want ErrNotFound", e.ID, err)
		}
		wantIDs(t, "its text is found", all(t, s, history.Query{Text: e.Transcript, From: e.At, To: e.At.Add(1)}), []string{})
	}
}

func garbage(t *testing.T, s history.Store) []string {
	t.Helper()
	ids, err := s.Garbage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{}, ids...)
}

func testTrashByID(t *testing.T, s history.Store) {
	silent := entry(2)
	silent.Clip, silent.Peaks = nil, nil
	insert(t, s, entry(0), entry(1), silent, entry(3))
	got, err := s.Trash(t.Context(), history.Selection{IDs: []string{silent.ID, entry(1).ID, "unknown", entry(1).ID, entry(9).ID}})
	want := history.Trashed{Entries: []history.TrashedEntry{
		{ID: entry(1).ID, Bytes: 1001, Duration: 4321 * time.Millisecond}, {ID: silent.ID, Duration: 4321 * time.Millisecond},
	}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("trashed (-want +got):\n%s%v", diff, err)
	}
	wantGone(t, s, entry(1), silent)
	wantIDs(t, "left", all(t, s, history.Query{}), idsOf([]history.Entry{entry(3), entry(0)}))
	if totals, err := s.Totals(t.Context(), ""); err != nil || totals.Entries != 2 || totals.ClipBytes != 2003 {
		t.Errorf("totals: %+v, %v", totals, err)
	}
	// Many at once, more than a statement may have arguments.
	many := []string{}
	for n := range 33_000 {
		many = append(many, id(base, uint64(n)+1000))
	}
	ids, _ := trash(t, s, history.Selection{IDs: append(many, entry(3).ID)})
	wantIDs(t, "of many", ids, []string{entry(3).ID})
}

func testTrashByRange(t *testing.T, s history.Store) {
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
		sel  history.Selection
		want []int
	}{
		{"no satellite of that name", history.Selection{Satellites: []string{"nowhere"}}, nil},
		{"an empty range", history.Selection{From: at(2), To: at(2)}, nil},
		{"from is included, to is not", history.Selection{From: at(1), To: at(2)}, []int{1}},
		{"two satellites in a range", history.Selection{To: at(4), Satellites: []string{"kitchen", "bath"}}, []int{0, 2, 3}},
		{"one satellite", history.Selection{Satellites: []string{"hall"}}, []int{4}},
		{"no bound: the future too", history.Selection{}, []int{5, 6}},
	} {
		want := []string{}
		var gone []history.Entry
		for _, n := range c.want {
			want = append(want, entries[n].ID)
			gone = append(gone, entries[n])
		}
		ids, _ := trash(t, s, c.sel)
		wantIDs(t, c.name, ids, want)
		wantGone(t, s, gone...)
	}
}

// testTrashNothing makes sure that an empty list of ids is not taken for no list.
func testTrashNothing(t *testing.T, s history.Store) {
	insert(t, s, entry(1))
	for _, sel := range []history.Selection{{IDs: []string{}}, {IDs: []string{""}}, {IDs: []string{"%"}, IncludeKept: true}} {
		if ids, _ := trash(t, s, sel); len(ids) != 0 {
			t.Errorf("%+v wiped %v", sel, ids)
		}
	}
	wantIDs(t, "left", all(t, s, history.Query{}), []string{entry(1).ID})
	wantIDs(t, "garbage", garbage(t, s), []string{})
}

func testTrashKept(t *testing.T, s history.Store) {
	kept := entry(1)
	kept.Kept = true
	far := entry(9)
	far.Kept = true
	insert(t, s, entry(0), kept, entry(2), far)
	for _, sel := range []history.Selection{
		{To: far.At},
		{IDs: []string{kept.ID, entry(9).ID[:25] + "Z"}},
	} {
		if _, spared := trash(t, s, sel); spared != 1 {
			t.Errorf("%+v spared %d, want 1", sel, spared)
		}
	}
	wantIDs(t, "left", all(t, s, history.Query{}), []string{far.ID, kept.ID})
	ids, spared := trash(t, s, history.Selection{IDs: []string{kept.ID}, IncludeKept: true})
	if spared != 0 {
		t.Errorf("spared %d although kept ones were included", spared)
	}
	wantIDs(t, "with include_kept", ids, []string{kept.ID})
	ids, _ = trash(t, s, history.Selection{IncludeKept: true})
	wantIDs(t, "all with include_kept", ids, []string{far.ID})
}

func testGarbage(t *testing.T, s history.Store) {
	insert(t, s, entry(2), entry(1), entry(3))
	trash(t, s, history.Selection{IDs: []string{entry(2).ID}})
	trash(t, s, history.Selection{IDs: []string{entry(1).ID}})
	wantIDs(t, "garbage, oldest first", garbage(t, s), idsOf([]history.Entry{entry(1), entry(2)}))
	if err := s.Insert(t.Context(), entry(1)); err == nil {
		t.Error("a deleted id came back while its clip waits to be removed")
	}
	for _, ids := range [][]string{nil, {}, {"unknown"}, {entry(3).ID}, {entry(2).ID, entry(2).ID}} {
		if err := s.Drop(t.Context(), ids); err != nil {
			t.Errorf("drop %v: %v", ids, err)
		}
	}
	wantIDs(t, "garbage after drop", garbage(t, s), []string{entry(1).ID})
	wantIDs(t, "an entry is not garbage", all(t, s, history.Query{}), []string{entry(3).ID})
}

func testClips(t *testing.T, s history.Store) {
	silent := entry(2)
	silent.Clip, silent.Peaks = nil, nil
	insert(t, s, entry(1), silent, entry(3), entry(4))
	trash(t, s, history.Selection{IDs: []string{entry(4).ID}})
	seen := map[string]int{}
	err := s.Clips(t.Context(), func(id string) error {
		seen[id]++
		return nil
	})
	if diff := cmp.Diff(map[string]int{entry(1).ID: 1, entry(3).ID: 1}, seen); diff != "" || err != nil {
		t.Errorf("clips (-want +got):\n%s%v", diff, err)
	}
	enough := errors.New("enough")
	if err := s.Clips(t.Context(), func(string) error { return enough }); !errors.Is(err, enough) {
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
				report("insert", s.Insert(ctx, e))
				if n%5 == 4 {
					got, err := s.Trash(ctx, history.Selection{IDs: []string{e.ID}})
					report("trash", err)
					if len(got.Entries) != 1 {
						t.Errorf("trash: %d entries, want 1", len(got.Entries))
					}
					report("drop", s.Drop(ctx, []string{e.ID}))
				}
			}
		})
		wg.Go(func() {
			for range each {
				_, err := s.List(ctx, history.Query{Text: "light", Limit: 5})
				report("list", err)
				_, err = s.Totals(ctx, "")
				report("totals", err)
				report("set", s.SetSetting(ctx, "k", "v"))
			}
		})
	}
	wg.Wait()
	if got := all(t, s, history.Query{}); len(got) != writers*each*4/5 {
		t.Errorf("%d entries are left, want %d", len(got), writers*each*4/5)
	}
	wantIDs(t, "garbage", garbage(t, s), []string{})
}
