package historytest

import (
	"errors"
	"fmt"
	"math/rand/v2"
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
		page, err := s.List(t.Context(), history.Query{Limit: limit})
		if err != nil || len(page.Entries) != min(limit, len(want)) || (page.NextCursor == "") != (limit >= len(want)) {
			t.Errorf("first page of %d: %d entries, cursor %q (%v)", limit, len(page.Entries), page.NextCursor, err)
		}
	}
	from, to := base.Add(time.Millisecond), base.Add(4*time.Millisecond)
	wantIDs(t, "a range in pages", all(t, s, history.Query{From: from, To: to, Limit: 3}), want[10:23])
}

func testPagesWhileChanging(t *testing.T, s history.Store) {
	entries := crowd()
	insertShuffled(t, s, entries)
	want := reversed(idsOf(entries))
	first, err := s.List(t.Context(), history.Query{Limit: 4})
	if err != nil {
		t.Fatal(err)
	}
	insert(t, s, entry(5)) // newer than all
	if _, err := s.Trash(t.Context(), history.Selection{IDs: []string{want[3], want[5]}}); err != nil {
		t.Fatal(err)
	}
	rest := all(t, s, history.Query{Limit: 4, Cursor: first.NextCursor})
	wantIDs(t, "the pages after, when the entry of the cursor is gone", rest, append([]string{want[4]}, want[6:]...))
}

func testPageLimits(t *testing.T, s history.Store) {
	for n := range history.MaxLimit + 3 {
		e := entry(n)
		e.Clip, e.Peaks = nil, nil
		insert(t, s, e)
	}
	for limit, want := range map[int]int{0: history.DefaultLimit, -1: history.DefaultLimit, 1: 1, history.MaxLimit: history.MaxLimit, history.MaxLimit + 1: history.MaxLimit} {
		page, err := s.List(t.Context(), history.Query{Limit: limit})
		if err != nil || len(page.Entries) != want || page.NextCursor == "" {
			t.Errorf("limit %d: %d entries, cursor %q (%v), want %d", limit, len(page.Entries), page.NextCursor, err, want)
		}
	}
}

func testFilters(t *testing.T, s history.Store) {
	yes, no := true, false
	entries := make([]history.Entry, 6)
	for n := range entries {
		entries[n] = entry(n)
	}
	entries[1].Satellite = "hall"
	entries[2].Outcome = history.NotIntended
	entries[3].WakeWord = "alexa"
	entries[4].Label, entries[4].Kept = history.LabelMistake, true
	entries[5].Label, entries[5].Satellite = history.LabelCorrect, "hall"
	insertShuffled(t, s, entries)
	at := func(n int) time.Time { return entries[n].At }
	for _, c := range []struct {
		name string
		q    history.Query
		want []int
	}{
		{"none", history.Query{}, []int{5, 4, 3, 2, 1, 0}},
		{"satellite", history.Query{Satellite: "hall"}, []int{5, 1}},
		{"unknown satellite", history.Query{Satellite: "Hall"}, nil},
		{"outcome", history.Query{Outcome: history.NotIntended}, []int{2}},
		{"wake word", history.Query{WakeWord: "alexa"}, []int{3}},
		{"label", history.Query{Label: history.LabelMistake}, []int{4}},
		{"kept", history.Query{Kept: &yes}, []int{4}},
		{"not kept", history.Query{Kept: &no}, []int{5, 3, 2, 1, 0}},
		{"text", history.Query{Text: "light 3"}, []int{3}},
		{"from is included", history.Query{From: at(3)}, []int{5, 4, 3}},
		{"to is not", history.Query{To: at(3)}, []int{2, 1, 0}},
		{"from and to", history.Query{From: at(1), To: at(4)}, []int{3, 2, 1}},
		{"an empty range", history.Query{From: at(3), To: at(3)}, nil},
		{"a range the wrong way round", history.Query{From: at(4), To: at(1)}, nil},
		{"less than a millisecond after", history.Query{From: at(3).Add(time.Microsecond), To: at(5).Add(time.Microsecond)}, []int{5, 4}},
		{"in another zone", history.Query{From: at(3).In(time.FixedZone("x", -7200))}, []int{5, 4, 3}},
		{"several at once", history.Query{Satellite: "hall", Label: history.LabelCorrect, From: at(2), Kept: &no}, []int{5}},
		{"several that exclude each other", history.Query{Satellite: "hall", WakeWord: "alexa"}, nil},
		{"a text that is no SQL", history.Query{Satellite: "x' OR '1'='1"}, nil},
	} {
		want := []string{}
		for _, n := range c.want {
			want = append(want, entries[n].ID)
		}
		for _, limit := range []int{0, 1} {
			c.q.Limit = limit
			wantIDs(t, fmt.Sprintf("%s, limit %d", c.name, limit), all(t, s, c.q), want)
		}
	}
}

func testText(t *testing.T, s history.Store) {
	words := []struct{ transcript, reply string }{
		{"Turn on the LIGHT", "Done"},
		{"ÖFFNE die Tür", "Geöffnet"},
		{"ΣΊΣΥΦΟΣ", ""},
		{"Москва", ""},
		{"volume 100%", "Volume is 100 percent"},
		{"a_b", "axb"},
		{"", ""},
		{"İstanbul ẞ 🚪", `back\slash "quote" 'single'`},
	}
	entries := make([]history.Entry, len(words))
	for n, w := range words {
		entries[n] = entry(n)
		entries[n].Transcript, entries[n].Reply = w.transcript, w.reply
	}
	insert(t, s, entries...)
	for text, found := range map[string][]int{
		"light": {0}, "LiGhT": {0}, "turn on the light": {0}, "lights": nil,
		"done":  {0},                                                       // in the reply
		"öffne": {1}, "ÖFFNE": {1}, "tÜR": {1}, "geÖff": {1}, "offne": nil, // an accent is not letter case
		"σίσυφος": {2}, "Σίσυφοσ": {2}, "москва": {3}, "МОСКВА": {3},
		"100%": {4}, "%": {4}, "_": {5}, "a_b": {5}, "axb": {5}, "1__": nil, "t%t": nil, // nothing is a wildcard
		"ß": {7}, "🚪": {7}, `\`: {7}, `"`: {7}, "'": {7}, "' OR 1=1 --": nil, "stanBUL": {7},
		"lightdone": nil, "light\ndone": nil, // transcript and reply are two texts
		" ": {0, 1, 4, 7},
	} {
		want := []string{}
		for _, n := range found {
			want = append(want, entries[n].ID)
		}
		wantIDs(t, fmt.Sprintf("text %q", text), all(t, s, history.Query{Text: text, Limit: 2}), reversed(want))
	}
}

func testBadCursors(t *testing.T, s history.Store) {
	insertShuffled(t, s, crowd())
	page, err := s.List(t.Context(), history.Query{Limit: 3})
	if err != nil {
		t.Fatal(err)
	}
	good := page.NextCursor
	for _, cursor := range []string{
		"x", " ", "1", "'", "\x00", "💥", good + "A", good + good, good[:len(good)-1], good[1:], good[:len(good)/2], "AAAA" + good, page.Entries[0].ID,
	} {
		if _, err := s.List(t.Context(), history.Query{Cursor: cursor}); !errors.Is(err, history.ErrBadCursor) {
			t.Errorf("cursor %q: %v, want ErrBadCursor", cursor, err)
		}
	}
	// One from another list of the same history is a place in time all the same.
	if got := all(t, s, history.Query{Cursor: good, Limit: 7}); len(got) != len(crowd())-3 {
		t.Errorf("%d entries after the first page, want %d", len(got), len(crowd())-3)
	}
}
