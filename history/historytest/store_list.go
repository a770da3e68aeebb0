package historytest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"earshot/history"
)

// crowd is entries of which many share a millisecond, oldest first, as they are to be listed backwards.
func crowd() []history.Entry {
	var out []history.Entry
	for ms := range 6 {
		at := base.Add(time.Duration(ms) * time.Millisecond)
		for n := range []int{1, 4, 2, 7, 1, 9}[ms] {
			e := entry(0)
			e.ID, e.At, e.Transcript = id(at, uint64(n)), at, fmt.Sprintf("ms %d entry %d", ms, n)
			out = append(out, e)
		}
	}
	return out
}

// insertShuffled adds entries in an order that is none.
func insertShuffled(t *testing.T, s history.Store, entries []history.Entry) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	for _, i := range r.Perm(len(entries)) {
		insert(t, s, entries[i])
	}
}

// list returns one page.
func list(t *testing.T, s history.Store, q history.Query) history.Page {
	t.Helper()
	page, err := s.List(t.Context(), q)
	if err != nil {
		t.Fatalf("list %+v: %v", q, err)
	}
	return page
}

func testOrder(t *testing.T, s history.Store) {
	entries := crowd()
	insertShuffled(t, s, entries)
	wantIDs(t, "newest first", all(t, s, history.Query{}), reversed(idsOf(entries)))
	// The time decides, also where an id says something else.
	late := entry(0)
	late.ID, late.At = id(base.Add(-time.Hour), 1), base.Add(time.Hour)
	insert(t, s, late)
	wantIDs(t, "by time before id", all(t, s, history.Query{}), append([]string{late.ID}, reversed(idsOf(entries))...))
}

func testPages(t *testing.T, s history.Store) {
	entries := crowd()
	insertShuffled(t, s, entries)
	want := reversed(idsOf(entries))
	for _, limit := range []int{1, 2, 3, 5, len(want) / 2, len(want) - 1, len(want), len(want) + 1, history.MaxLimit} {
		wantIDs(t, fmt.Sprintf("in pages of %d", limit), all(t, s, history.Query{Limit: limit}), want)
		page := list(t, s, history.Query{Limit: limit})
		if len(page.Entries) != min(limit, len(want)) || (page.NextCursor == "") != (limit >= len(want)) || page.PrevCursor != "" {
			t.Errorf("first page of %d: %d entries, cursors %q and %q", limit, len(page.Entries), page.NextCursor, page.PrevCursor)
		}
		q := history.Query{Limit: limit, Newer: true}
		page = list(t, s, q)
		if page.NextCursor != "" {
			t.Errorf("oldest page of %d: there is something older", limit)
		}
		got := idsOf(page.Entries)
		for page.PrevCursor != "" {
			q.Cursor = page.PrevCursor
			page = list(t, s, q)
			got = append(idsOf(page.Entries), got...)
		}
		wantIDs(t, fmt.Sprintf("from the oldest on, in pages of %d", limit), got, want)
	}
	from, to := base.Add(time.Millisecond), base.Add(4*time.Millisecond)
	wantIDs(t, "a range in pages", all(t, s, history.Query{Filter: history.Filter{From: from, To: to}, Limit: 3}), want[10:23])
}

// testPagesBack goes to the oldest page and back again, with and without a filter.
func testPagesBack(t *testing.T, s history.Store) {
	entries := crowd()
	for n := range entries {
		entries[n].Satellite = []string{"kitchen", "hall"}[n%2]
	}
	insertShuffled(t, s, entries)
	var hall []string
	for _, e := range entries {
		if e.Satellite == "hall" {
			hall = append(hall, e.ID)
		}
	}
	for _, c := range []struct {
		filter history.Filter
		want   []string
	}{{history.Filter{}, reversed(idsOf(entries))}, {history.Filter{Satellites: []string{"hall"}}, reversed(hall)}} {
		for _, limit := range []int{1, 2, 5, len(c.want) - 1} {
			q := history.Query{Filter: c.filter, Limit: limit}
			page := list(t, s, q)
			for page.NextCursor != "" {
				q.Cursor = page.NextCursor
				page = list(t, s, q)
			}
			last := len(page.Entries)
			got := idsOf(page.Entries)
			for q.Newer = true; page.PrevCursor != ""; {
				q.Cursor = page.PrevCursor
				page = list(t, s, q)
				if page.NextCursor == "" {
					t.Errorf("pages of %d: there are older entries, but no cursor", limit)
				}
				got = append(idsOf(page.Entries), got...)
			}
			wantIDs(t, fmt.Sprintf("back in pages of %d, the oldest has %d", limit, last), got, c.want)
		}
	}
}

func testPagesWhileChanging(t *testing.T, s history.Store) {
	entries := crowd()
	insertShuffled(t, s, entries)
	want := reversed(idsOf(entries))
	first := list(t, s, history.Query{Limit: 4})
	insert(t, s, entry(5)) // newer than all
	trash(t, s, history.Selection{IDs: []string{want[3], want[5], want[8]}})
	rest := all(t, s, history.Query{Limit: 4, Cursor: first.NextCursor})
	wantIDs(t, "the pages after, when the entry of the cursor is gone", rest, append([]string{want[4]}, slices.Delete(slices.Clone(want[6:]), 2, 3)...))
	second := list(t, s, history.Query{Limit: 4, Cursor: first.NextCursor}) // 4, 6, 7, 9
	trash(t, s, history.Selection{IDs: []string{want[4]}})                  // the entry of its PrevCursor
	back := list(t, s, history.Query{Limit: 10, Cursor: second.PrevCursor, Newer: true})
	wantIDs(t, "the page before, when the entry of the cursor is gone", idsOf(back.Entries), append([]string{entry(5).ID}, want[:3]...))
	if back.PrevCursor != "" {
		t.Error("a cursor for newer ones than the newest")
	}
	next := list(t, s, history.Query{Limit: 2, Cursor: back.NextCursor})
	wantIDs(t, "and forth", idsOf(next.Entries), want[6:8])
}

// testPagesGone wants a way back from a page whose entries have all gone.
func testPagesGone(t *testing.T, s history.Store) {
	entries := crowd()
	insertShuffled(t, s, entries)
	want := reversed(idsOf(entries))
	first := list(t, s, history.Query{Limit: 4})
	second := list(t, s, history.Query{Limit: 4, Cursor: first.NextCursor})
	trash(t, s, history.Selection{IDs: want[4:]})
	page := list(t, s, history.Query{Limit: 4, Cursor: first.NextCursor})
	if len(page.Entries) != 0 || page.NextCursor != "" || page.PrevCursor == "" {
		t.Errorf("older than all: %d entries, cursors %q and %q", len(page.Entries), page.NextCursor, page.PrevCursor)
	}
	page = list(t, s, history.Query{Limit: 4, Cursor: page.PrevCursor, Newer: true})
	wantIDs(t, "back from an empty page", idsOf(page.Entries), want[:4])
	late := entry(-5)
	insert(t, s, late)
	trash(t, s, history.Selection{IDs: want[:4]})
	page = list(t, s, history.Query{Limit: 4, Cursor: second.PrevCursor, Newer: true})
	if len(page.Entries) != 0 || page.NextCursor == "" || page.PrevCursor != "" {
		t.Errorf("newer than all: %d entries, cursors %q and %q", len(page.Entries), page.NextCursor, page.PrevCursor)
	}
	page = list(t, s, history.Query{Limit: 4, Cursor: page.NextCursor})
	wantIDs(t, "forth from an empty page", idsOf(page.Entries), []string{late.ID})
}

func testPageLimits(t *testing.T, s history.Store) {
	for n := range history.MaxLimit + 3 {
		insert(t, s, silent(n))
	}
	for limit, want := range map[int]int{0: history.DefaultLimit, -1: history.DefaultLimit, 1: 1, history.MaxLimit: history.MaxLimit, history.MaxLimit + 1: history.MaxLimit} {
		page := list(t, s, history.Query{Limit: limit})
		if len(page.Entries) != want || page.NextCursor == "" {
			t.Errorf("limit %d: %d entries, cursor %q, want %d", limit, len(page.Entries), page.NextCursor, want)
		}
	}
}

func testBadCursors(t *testing.T, s history.Store) {
	insertShuffled(t, s, crowd())
	page := list(t, s, history.Query{Limit: 3})
	good := page.NextCursor
	for _, cursor := range []string{
		"x", " ", "1", "'", "\x00", "💥", good + "A", good + good, good[:len(good)-1], good[1:], good[:len(good)/2], "AAAA" + good, page.Entries[0].ID,
	} {
		for _, newer := range []bool{false, true} {
			if _, err := s.List(t.Context(), history.Query{Cursor: cursor, Newer: newer}); !errors.Is(err, history.ErrBadCursor) {
				t.Errorf("cursor %q: %v, want ErrBadCursor", cursor, err)
			}
		}
	}
	// One from another list of the same history is a place in time all the same.
	if got := all(t, s, history.Query{Cursor: good, Limit: 7}); len(got) != len(crowd())-3 {
		t.Errorf("%d entries after the first page, want %d", len(got), len(crowd())-3)
	}
}
