package historytest

import (
	"fmt"
	"testing"
	"time"

	"earshot/history"
)

// filtered is six entries that differ in one thing each.
func filtered() []history.Entry {
	entries := make([]history.Entry, 6)
	for n := range entries {
		entries[n] = entry(n)
	}
	entries[1].Satellite = "hall"
	entries[2].Outcome = history.NotIntended
	entries[3].WakeWord, entries[3].Shared = "alexa", true
	entries[4].Label, entries[4].Kept = history.LabelMistake, true
	entries[5].Label, entries[5].Satellite = history.LabelCorrect, "hall"
	return entries
}

// testFilters has every filter hold for all that takes one.
func testFilters(t *testing.T, s history.Store) {
	yes, no := true, false
	entries := filtered()
	insertShuffled(t, s, entries)
	at := func(n int) time.Time { return entries[n].At }
	for _, c := range []struct {
		name string
		f    history.Filter
		want []int
	}{
		{"none", history.Filter{}, []int{5, 4, 3, 2, 1, 0}},
		{"empty lists", history.Filter{Satellites: []string{}, Outcomes: []history.Outcome{}, Labels: []history.Label{}}, []int{5, 4, 3, 2, 1, 0}},
		{"satellite", history.Filter{Satellites: []string{"hall"}}, []int{5, 1}},
		{"satellites", history.Filter{Satellites: []string{"hall", "kitchen", "attic", "hall"}}, []int{5, 4, 3, 2, 1, 0}},
		{"unknown satellite", history.Filter{Satellites: []string{"Hall"}}, nil},
		{"outcome", history.Filter{Outcomes: []history.Outcome{history.NotIntended}}, []int{2}},
		{"outcomes", history.Filter{Outcomes: []history.Outcome{history.NotIntended, history.Understood}, From: at(2)}, []int{5, 4, 3, 2}},
		{"wake word", history.Filter{WakeWords: []string{"alexa"}}, []int{3}},
		{"wake words", history.Filter{WakeWords: []string{"alexa", "okay_nabu"}, To: at(4)}, []int{3, 2, 1, 0}},
		{"label", history.Filter{Labels: []history.Label{history.LabelMistake}}, []int{4}},
		{"labels", history.Filter{Labels: []history.Label{history.LabelMistake, history.LabelCorrect}}, []int{5, 4}},
		{"no label", history.Filter{Labels: []history.Label{history.LabelNone}}, []int{3, 2, 1, 0}},
		{"kept", history.Filter{Kept: &yes}, []int{4}},
		{"not kept", history.Filter{Kept: &no}, []int{5, 3, 2, 1, 0}},
		{"shared", history.Filter{Shared: &yes}, []int{3}},
		{"not shared", history.Filter{Shared: &no}, []int{5, 4, 2, 1, 0}},
		{"text", history.Filter{Text: "LIGHT 3"}, []int{3}},
		{"text of a satellite", history.Filter{Text: "light", Satellites: []string{"hall"}}, []int{5, 1}},
		{"from is included", history.Filter{From: at(3)}, []int{5, 4, 3}},
		{"to is not", history.Filter{To: at(3)}, []int{2, 1, 0}},
		{"from and to", history.Filter{From: at(1), To: at(4)}, []int{3, 2, 1}},
		{"an empty range", history.Filter{From: at(3), To: at(3)}, nil},
		{"a range the wrong way round", history.Filter{From: at(4), To: at(1)}, nil},
		{"less than a millisecond after", history.Filter{From: at(3).Add(time.Microsecond), To: at(5).Add(time.Microsecond)}, []int{5, 4}},
		{"in another zone", history.Filter{From: at(3).In(time.FixedZone("x", -7200))}, []int{5, 4, 3}},
		{"years away", history.Filter{From: time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), To: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, []int{5, 4, 3, 2, 1, 0}},
		{"several at once", history.Filter{Satellites: []string{"hall"}, Labels: []history.Label{history.LabelCorrect}, From: at(2), Kept: &no}, []int{5}},
		{"several that exclude each other", history.Filter{Satellites: []string{"hall"}, WakeWords: []string{"alexa"}}, nil},
		{"a text that is no SQL", history.Filter{Satellites: []string{"x' OR '1'='1", `"`, `\`}}, nil},
	} {
		want, covered := []string{}, []history.Entry{}
		for _, n := range c.want {
			want, covered = append(want, entries[n].ID), append(covered, entries[n])
		}
		for _, limit := range []int{0, 1} {
			wantIDs(t, fmt.Sprintf("%s, limit %d", c.name, limit), all(t, s, history.Query{Filter: c.f, Limit: limit}), want)
		}
		wantTotals(t, s, history.Selection{Filter: c.f}, covered)
		wantStats(t, s, c.f, covered)
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
		{"打开厨房的灯", "はい、つけました"},
		{"أطفئ الضوء", "סגרתי את האור"},
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
		"厨房": {8}, "つけ": {8}, "灯火": nil, "الضوء": {9}, "האור": {9},
		"lightdone": nil, "light\ndone": nil, // transcript and reply are two texts
		" ": {0, 1, 4, 7, 9},
	} {
		want, covered := []string{}, []history.Entry{}
		for _, n := range found {
			want, covered = append(want, entries[n].ID), append(covered, entries[n])
		}
		wantIDs(t, fmt.Sprintf("text %q", text), all(t, s, history.Query{Filter: history.Filter{Text: text}, Limit: 2}), reversed(want))
		wantTotals(t, s, history.Selection{Filter: history.Filter{Text: text}}, covered)
	}
	ids := trash(t, s, history.Selection{Filter: history.Filter{Text: "Die TÜR"}})
	wantIDs(t, "wiped by text", ids, []string{entries[1].ID})
	wantGone(t, s, entries[1])
}
