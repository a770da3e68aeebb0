package historytest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"earshot/history"
)

// sum counts entries the slow way.
func sum(entries []history.Entry) history.Sum {
	var s history.Sum
	for _, e := range entries {
		s.Entries++
		s.Duration += e.Duration
		if e.Transcript != "" || e.Reply != "" {
			s.Texts++
		}
		if e.Clip != nil {
			s.Clips++
			s.Stored += e.Clip.Stored
		}
	}
	return s
}

func totals(entries []history.Entry) history.Totals {
	kept := slices.DeleteFunc(slices.Clone(entries), func(e history.Entry) bool { return !e.Kept })
	out := history.Totals{Sum: sum(entries), Kept: sum(kept)}
	for _, e := range entries {
		if out.Oldest.IsZero() || e.At.Before(out.Oldest) {
			out.Oldest = e.At.UTC()
		}
		if e.At.After(out.Newest) {
			out.Newest = e.At.UTC()
		}
	}
	return out
}

func stats(entries []history.Entry) []history.Stat {
	groups := map[[2]string][]history.Entry{}
	for _, e := range entries {
		group := [2]string{e.Satellite, string(e.Outcome)}
		groups[group] = append(groups[group], e)
	}
	out := []history.Stat{}
	for group, list := range groups {
		out = append(out, history.Stat{Satellite: group[0], Outcome: history.Outcome(group[1]), Sum: sum(list)})
	}
	slices.SortFunc(out, func(a, b history.Stat) int {
		return cmp.Or(strings.Compare(a.Satellite, b.Satellite), cmp.Compare(a.Outcome, b.Outcome))
	})
	return out
}

// counted is totals without what only the store understands.
func counted(t history.Totals) history.Totals {
	t.Mark = ""
	return t
}

func wantTotals(t *testing.T, s history.Store, sel history.Selection, covered []history.Entry) {
	t.Helper()
	got, err := s.Totals(t.Context(), sel)
	if err != nil {
		t.Fatalf("totals of %+v: %v", sel, err)
	}
	if diff := gocmp.Diff(totals(covered), counted(got)); diff != "" {
		t.Errorf("totals of %+v (-want +got):\n%s", sel, diff)
	}
}

func wantStats(t *testing.T, s history.Store, f history.Filter, covered []history.Entry) {
	t.Helper()
	got, err := s.Stats(t.Context(), f)
	if err != nil {
		t.Fatalf("stats of %+v: %v", f, err)
	}
	if diff := gocmp.Diff(stats(covered), append([]history.Stat{}, got...)); diff != "" {
		t.Errorf("stats of %+v (-want +got):\n%s", f, diff)
	}
}

func testTotals(t *testing.T, s history.Store) {
	other, kept, wordless := entry(2), entry(4), entry(5)
	other.Satellite, kept.Kept = "hall", true
	wordless.Transcript, wordless.Reply, wordless.Intent, wordless.Outcome = "", "", "", history.NotIntended
	entries := []history.Entry{entry(1), other, silent(3), kept, wordless}
	insert(t, s, entries...)
	for _, sel := range []history.Selection{{}, {IncludeKept: true}, {What: history.WhatAll}} {
		wantTotals(t, s, sel, entries)
	}
	wantTotals(t, s, history.Selection{Filter: history.Filter{Satellites: []string{"kitchen"}}}, slices.Delete(slices.Clone(entries), 1, 2))
	wantTotals(t, s, history.Selection{What: history.WhatAudio}, slices.Delete(slices.Clone(entries), 2, 3))
	trash(t, s, history.Selection{IDs: []string{entry(1).ID}, What: history.WhatText})
	wantTotals(t, s, history.Selection{What: history.WhatText}, entries[1:4])
	wantTotals(t, s, history.Selection{IDs: []string{other.ID, kept.ID, "unknown", kept.ID}}, []history.Entry{other, kept})
	wantTotals(t, s, history.Selection{IDs: []string{other.ID, kept.ID}, Filter: history.Filter{From: kept.At}}, []history.Entry{kept})
	wantTotals(t, s, history.Selection{IDs: []string{}}, nil)
}

// model is what a store has to do, the slow way.
type model struct {
	r       *rand.Rand
	entries []history.Entry // in no order
	made    int
}

// pick returns one of the values.
func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

// instant is one in a few weeks around a year's end, often a bound of a day.
func (m *model) instant() time.Time {
	at := time.Date(2026, 12, 10+m.r.IntN(40), 0, 0, 0, 0, time.UTC)
	if m.r.IntN(3) > 0 {
		at = at.Add(time.Duration(m.r.IntN(24*60)) * time.Minute)
	}
	return at
}

func (m *model) entry() history.Entry {
	r, at := m.r, m.instant()
	m.made++
	e := history.Entry{
		ID: id(at, uint64(m.made)), At: at, Satellite: pick(r, "kitchen", "hall", "bath"), WakeWord: pick(r, "okay_nabu", "alexa"),
		Outcome: pick(r, history.Understood, history.NotIntended, history.Failed), Duration: time.Duration(r.IntN(9000)) * time.Millisecond,
		Transcript: pick(r, "", "Turn ON the light", "öffne die Tür"), Reply: pick(r, "", "Done"), Kept: r.IntN(5) == 0, Shared: r.IntN(4) == 0,
		Label: pick(r, history.LabelNone, history.LabelCorrect, history.LabelMistake), Timings: history.Timings{Reply: time.Second},
	}
	if r.IntN(3) > 0 {
		e.Clip = &history.Clip{MediaType: "audio/flac", Bytes: 10, Stored: r.Int64N(1 << 33), SampleRate: 16000}
	}
	return e
}

// filter makes one that restricts a few things.
func (m *model) filter() history.Filter {
	var f history.Filter
	r, yes := m.r, m.r.IntN(2) == 0
	for range 1 + r.IntN(3) {
		switch r.IntN(9) {
		case 0, 1:
			f.From = m.instant()
		case 2, 3:
			f.To = m.instant()
		case 4:
			f.Satellites = pick(r, []string{"hall"}, []string{"bath", "kitchen"})
		case 5:
			f.Outcomes = pick(r, []history.Outcome{history.Failed}, []history.Outcome{history.Understood, history.NotIntended})
		case 6:
			f.WakeWords = []string{"alexa"}
		case 7:
			f.Kept = &yes
		case 8:
			f.Labels, f.Shared, f.Text = pick(r, nil, []history.Label{history.LabelMistake}), pick(r, nil, &yes), pick(r, "", "TÜR", "done", "light")
		}
	}
	return f
}

// covers tells whether an entry belongs to a selection by filter.
func covers(sel history.Selection, e history.Entry) bool {
	in := func(n int, has bool) bool { return n == 0 || has }
	text := strings.ToLower(sel.Text)
	words := e.Transcript != "" || e.Reply != ""
	return !e.At.Before(sel.From) && (sel.To.IsZero() || e.At.Before(sel.To)) &&
		in(len(sel.Satellites), slices.Contains(sel.Satellites, e.Satellite)) && in(len(sel.Outcomes), slices.Contains(sel.Outcomes, e.Outcome)) &&
		in(len(sel.WakeWords), slices.Contains(sel.WakeWords, e.WakeWord)) && in(len(sel.Labels), slices.Contains(sel.Labels, e.Label)) &&
		(sel.Kept == nil || *sel.Kept == e.Kept) && (sel.Shared == nil || *sel.Shared == e.Shared) &&
		(strings.Contains(strings.ToLower(e.Transcript), text) || strings.Contains(strings.ToLower(e.Reply), text)) &&
		(sel.What != history.WhatAudio || e.Clip != nil) && (sel.What != history.WhatText || words)
}

// covered lists what belongs to a selection, oldest first.
func (m *model) covered(sel history.Selection) []history.Entry {
	out := slices.DeleteFunc(slices.Clone(m.entries), func(e history.Entry) bool { return !covers(sel, e) })
	slices.SortFunc(out, func(a, b history.Entry) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID)) })
	return out
}

// update changes the entries of a selection here.
func (m *model) update(sel history.Selection, u history.Update) {
	for n := range m.entries {
		e := &m.entries[n]
		if !covers(sel, *e) {
			continue
		}
		if u.Kept != nil {
			e.Kept = *u.Kept
		}
		if u.Label != nil {
			e.Label = *u.Label
		}
		if u.Shared != nil {
			e.Shared = *u.Shared
		}
	}
}

// trash wipes the first limit entries here, and returns them.
func (m *model) trash(sel history.Selection, limit int) []history.TrashedEntry {
	out := []history.TrashedEntry{}
	for _, e := range m.covered(sel) {
		if len(out) == limit || e.Kept && !sel.IncludeKept {
			continue
		}
		gone := history.TrashedEntry{ID: e.ID, Duration: e.Duration}
		if e.Clip != nil && sel.What != history.WhatText {
			gone.HasClip, gone.Stored = true, e.Clip.Stored
		}
		out = append(out, gone)
		n := slices.IndexFunc(m.entries, func(o history.Entry) bool { return o.ID == e.ID })
		switch sel.What {
		case history.WhatAudio:
			m.entries[n].Clip = nil
		case history.WhatText:
			m.entries[n].Transcript, m.entries[n].Reply = "", ""
		default:
			m.entries = slices.Delete(m.entries, n, n+1)
		}
	}
	return out
}

// testRandom changes a store in every way, and compares all that it says with the slow way.
func testRandom(t *testing.T, s history.Store) {
	r := rand.New(rand.NewPCG(3, 4))
	m := &model{r: r}
	for round := range 60 {
		for range r.IntN(30) {
			e := m.entry()
			insert(t, s, e)
			m.entries = append(m.entries, e)
		}
		sel := history.Selection{Filter: m.filter(), What: pick(r, "", history.WhatAll, history.WhatAudio, history.WhatText), IncludeKept: r.IntN(2) == 0}
		if r.IntN(2) == 0 {
			yes := r.IntN(2) == 0
			u := pick(r, history.Update{Kept: &yes}, history.Update{Label: new(history.LabelMistake)}, history.Update{Shared: &yes, Kept: new(false)})
			want := len(m.covered(sel))
			m.update(sel, u)
			if n, err := s.Update(t.Context(), sel, u); err != nil || n != want {
				t.Fatalf("round %d: %d updated, want %d (%v)", round, n, want, err)
			}
		} else {
			limit := 1 + r.IntN(40)
			want := m.trash(sel, limit)
			got, err := s.Trash(t.Context(), sel, limit)
			if diff := gocmp.Diff(want, append([]history.TrashedEntry{}, got...)); diff != "" || err != nil {
				t.Fatalf("round %d: trashed %+v (-want +got):\n%s%v", round, sel, diff, err)
			}
		}
		m.compare(t, s, fmt.Sprint("round ", round))
		if t.Failed() {
			return
		}
	}
}

// compare looks at a store in a few ways.
func (m *model) compare(t *testing.T, s history.Store, what string) {
	t.Helper()
	wantStats(t, s, history.Filter{}, m.entries)
	for range 6 {
		sel := history.Selection{Filter: m.filter(), What: pick(m.r, "", history.WhatAudio, history.WhatText)}
		wantTotals(t, s, sel, m.covered(sel))
		covered := m.covered(history.Selection{Filter: sel.Filter})
		wantStats(t, s, sel.Filter, covered)
		wantIDs(t, what+" listed", all(t, s, history.Query{Filter: sel.Filter, Limit: 1 + m.r.IntN(30)}), reversed(idsOf(covered)))
	}
}

// testAsOf wants what came or changed after a look at the totals to be left alone.
func testAsOf(t *testing.T, s history.Store) {
	insert(t, s, entry(1), entry(2), entry(3))
	before, err := s.Totals(t.Context(), history.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	insert(t, s, entry(4), entry(0))
	for _, n := range []int{2, 4} {
		if n, err := s.Update(t.Context(), history.Selection{IDs: []string{entry(n).ID}}, history.Update{Label: new(history.LabelMistake)}); err != nil || n != 1 {
			t.Fatalf("update: %d, %v", n, err)
		}
	}
	then := history.Selection{AsOf: before.Mark}
	wantTotals(t, s, then, []history.Entry{entry(1), entry(3)})
	if n, err := s.Update(t.Context(), history.Selection{AsOf: before.Mark, IDs: []string{entry(0).ID}}, history.Update{Shared: new(true)}); err != nil || n != 0 {
		t.Errorf("updated %d as of then (%v)", n, err)
	}
	after, err := s.Totals(t.Context(), then)
	if err != nil {
		t.Fatal(err)
	}
	wantIDs(t, "wiped as of then", trash(t, s, then), idsOf([]history.Entry{entry(1), entry(3)}))
	wantIDs(t, "wiped as of then, once more", trash(t, s, then), []string{})
	wantIDs(t, "left", all(t, s, history.Query{}), idsOf([]history.Entry{entry(4), entry(2), entry(0)}))
	insert(t, s, entry(5))
	then.AsOf = after.Mark
	wantIDs(t, "wiped as of later", trash(t, s, then), idsOf([]history.Entry{entry(0), entry(2), entry(4)}))
	wantIDs(t, "left", all(t, s, history.Query{}), idsOf([]history.Entry{entry(5)}))
}

// testBadMarks has a mark that is none cover nothing, rather than all.
func testBadMarks(t *testing.T, s history.Store) {
	insert(t, s, entry(1))
	for _, mark := range []string{"x", " ", "-1", "'", "1.5", "💥", "99999999999999999999999999"} {
		sel := history.Selection{AsOf: mark}
		if _, err := s.Trash(t.Context(), sel, 10); err == nil {
			t.Errorf("wiped as of %q", mark)
		}
		if _, err := s.Update(t.Context(), sel, history.Update{Kept: new(true)}); err == nil {
			t.Errorf("updated as of %q", mark)
		}
		if _, err := s.Totals(t.Context(), sel); err == nil {
			t.Errorf("counted as of %q", mark)
		}
	}
	wantIDs(t, "left", all(t, s, history.Query{}), []string{entry(1).ID})
}

func testUpdate(t *testing.T, s history.Store) {
	kept := entry(3)
	kept.Kept = true
	insert(t, s, entry(1), entry(2), kept)
	update := func(sel history.Selection, u history.Update, want int) {
		t.Helper()
		if n, err := s.Update(t.Context(), sel, u); err != nil || n != want {
			t.Errorf("update %+v: %d, %v, want %d", sel, n, err, want)
		}
	}
	two := history.Selection{IDs: []string{entry(1).ID, kept.ID, "unknown"}}
	update(two, history.Update{Label: new(history.LabelCorrect)}, 2)
	update(two, history.Update{Shared: new(true)}, 2)
	update(two, history.Update{}, 2)
	update(history.Selection{IDs: []string{}}, history.Update{Shared: new(true)}, 0)
	update(history.Selection{Filter: history.Filter{Shared: new(true), Kept: new(false)}}, history.Update{Kept: new(true), Label: new(history.LabelNone)}, 1)
	want := []history.Entry{entry(1), entry(2), kept}
	want[0].Kept, want[0].Shared = true, true
	want[2].Label, want[2].Shared = history.LabelCorrect, true
	for _, e := range want {
		got, err := s.Get(t.Context(), e.ID)
		if diff := gocmp.Diff(e, got); diff != "" || err != nil {
			t.Errorf("updated (-want +got):\n%s%v", diff, err)
		}
		wantKey(t, s, e.ID, key(e))
	}
	update(history.Selection{}, history.Update{Kept: new(false)}, 3)
	wantIDs(t, "kept", all(t, s, history.Query{Filter: history.Filter{Kept: new(true)}}), []string{})
}
