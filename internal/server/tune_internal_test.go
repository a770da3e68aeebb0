package server

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRecommend(t *testing.T) {
	good := func(n int, v float64) (list []float64) {
		for range n {
			list = append(list, v)
		}
		return list
	}
	for name, tc := range map[string]struct {
		m    marked
		want float64 // 0 for none
		says string
	}{
		"over the second largest": {
			marked{good(31, 0.9), []float64{0.12, 0.11, 0.342, 0.2, 0.15, 0.96, 0.13}, 0.1}, 0.35,
			"With 0.35 instead of 0.10 1 of 7 false triggers would have counted, and all of 31 right ones would.",
		},
		"two that are alike": {
			marked{good(31, 0.9), []float64{0.12, 0.11, 0.342, 0.2, 0.15, 0.345, 0.13}, 0.1}, 0.35,
			"With 0.35 instead of 0.10 none of 7 false triggers would have counted, and all of 31 right ones would.",
		},
		"a score that is a step of its own": {
			marked{good(5, 0.9), []float64{0.5, 0.5, 0.5, 0.5, 0.5}, 0.1}, 0.51,
			"With 0.51 instead of 0.10 none of 5 false triggers would have counted, and all of 5 right ones would.",
		},
		"one in twenty may go": {
			marked{append(good(19, 0.9), 0.3), good(5, 0.4), 0.1}, 0.41,
			"With 0.41 instead of 0.10 none of 5 false triggers would have counted, and 19 of 20 right ones would.",
		},
		"two in twenty may not": {
			marked{append(good(18, 0.9), 0.3, 0.2), good(5, 0.4), 0.1}, 0,
			"No cutoff helps: one that keeps out all but one of the 5 false triggers would keep out 2 of the 20 right ones too.",
		},
		"one that does not count now is no loss": {
			marked{append(good(19, 0.9), 0.3, 0.05), good(5, 0.4), 0.1}, 0.41,
			"With 0.41 instead of 0.10 none of 5 false triggers would have counted, and 19 of 21 right ones would.",
		},
		"never below 0.05": {
			marked{good(5, 0.9), good(5, 0.012), 0.01}, 0.05,
			"With 0.05 instead of 0.01 none of 5 false triggers would have counted, and all of 5 right ones would.",
		},
		"never lower than now": {
			marked{good(5, 0.9), append(good(5, 0.2), 0.8), 0.5}, 0,
			"There is nothing to change: with the present 0.50 1 of 6 false triggers would count again, and all of 5 right ones would.",
		},
		"none is so high": {
			marked{good(5, 1), good(5, 1), 0.9}, 0,
			"No cutoff helps: one that keeps out all but one of the 5 false triggers would keep out 5 of the 5 right ones too.",
		},
		"too few mistakes": {
			marked{good(31, 0.9), good(4, 0.2), 0.1}, 0,
			"That is too little to go by: mark at least 5 false triggers as mistakes and 5 others as correct; 4 and 31 could be measured.",
		},
		"too few right ones": {
			marked{good(4, 0.9), good(7, 0.2), 0.1}, 0,
			"That is too little to go by: mark at least 5 false triggers as mistakes and 5 others as correct; 7 and 4 could be measured.",
		},
		"nothing": {
			marked{nil, nil, 0.1}, 0,
			"That is too little to go by: mark at least 5 false triggers as mistakes and 5 others as correct; 0 and 0 could be measured.",
		},
	} {
		got, says := tc.m.recommend("threshold")
		if (got == nil) != (tc.want == 0) || (got != nil && *got != recommendation{"threshold", tc.want}) || says != tc.says {
			t.Errorf("%s: %+v: %s\nwant %v: %s", name, got, says, tc.want, tc.says)
		}
	}
}

// TestRecommendSecond lowers the cutoff of the second look only where what was nearly heard makes that clearly right.
func TestRecommendSecond(t *testing.T) {
	many := func(n int, v float64) []float64 { return slices.Repeat([]float64{v}, n) }
	for name, tc := range map[string]struct {
		correct, mistakes []float64
		want              float64 // 0 for none
		says              string
	}{
		"just under what was missed": {
			append(many(6, 0.9), 0.067, 0.081, 0.072), append(many(5, 0.02), 0.4), 0.06,
			"With 0.06 instead of 0.10 all of 9 right ones would have counted, 3 more than now, and 1 of 6 false triggers, as now.",
		},
		"no lower than a mistake lets it": {
			append(many(6, 0.9), 0.067, 0.081, 0.092), append(many(5, 0.02), 0.079), 0.08,
			"With 0.08 instead of 0.10 8 of 9 right ones would have counted, 2 more than now, and none of 6 false triggers, as now.",
		},
		"a mistake that scores as much": {
			append(many(6, 0.9), 0.067, 0.069), append(many(5, 0.02), 0.068), 0,
			"There is nothing to change: with the present 0.10 none of 6 false triggers would count again, and 6 of 8 right ones would. " +
				"A lower one would let in more false triggers, or too few right ones.",
		},
		"one right one is left": {
			append(many(6, 0.9), 0.067, 0.081, 0.092), append(many(5, 0.02), 0.085), 0,
			"There is nothing to change: with the present 0.10 none of 6 false triggers would count again, and 6 of 9 right ones would. " +
				"A lower one would let in more false triggers, or too few right ones.",
		},
		"never below 0.05": {
			append(many(6, 0.9), 0.01, 0.049, 0.055, 0.08), many(5, 0.005), 0.05,
			"With 0.05 instead of 0.10 8 of 10 right ones would have counted, 2 more than now, and none of 5 false triggers, as now.",
		},
		"all below 0.05": {
			append(many(6, 0.9), 0.01, 0.049), many(5, 0.005), 0,
			"There is nothing to change: with the present 0.10 none of 5 false triggers would count again, and 6 of 8 right ones would. " +
				"A lower one would let in more false triggers, or too few right ones.",
		},
		"one that was missed is too few": {
			append(many(6, 0.9), 0.07), many(5, 0.02), 0,
			"There is nothing to change: with the present 0.10 none of 5 false triggers would count again, and 6 of 7 right ones would.",
		},
		"nobody has marked what was rightly refused": {
			append(many(6, 0.9), 0.07, 0.08), append(many(4, 0.02), 0.4), 0,
			"There is nothing to change: with the present 0.10 1 of 5 false triggers would count again, and 6 of 8 right ones would. " +
				"For a lower one, mark at least 5 of what was nearly heard as mistakes; 4 could be measured.",
		},
		"false triggers call for a higher one": {
			append(many(40, 0.9), 0.07, 0.08), append(many(5, 0.02), many(5, 0.4)...), 0.41,
			"With 0.41 instead of 0.10 none of 10 false triggers would have counted, and 40 of 42 right ones would.",
		},
		"false triggers call for one that does not help": {
			append(many(6, 0.3), 0.07, 0.08), append(many(5, 0.02), many(5, 0.4)...), 0,
			"No cutoff helps: one that keeps out all but one of the 10 false triggers would keep out 8 of the 8 right ones too.",
		},
		"too little": {
			[]float64{0.07, 0.08}, many(5, 0.02), 0,
			"That is too little to go by: mark at least 5 false triggers as mistakes and 5 others as correct; 5 and 2 could be measured.",
		},
	} {
		got, says := marked{tc.correct, tc.mistakes, 0.1}.recommendSecond()
		if (got == nil) != (tc.want == 0) || (got != nil && *got != recommendation{"second_threshold", tc.want}) || says != tc.says {
			t.Errorf("%s: %+v: %s\nwant %v: %s", name, got, says, tc.want, tc.says)
		}
	}
}

func TestTuneCurve(t *testing.T) {
	m := marked{[]float64{0.9, 0.3}, []float64{0.2, 0.11}, 0.1}
	curve := m.curve(&recommendation{"threshold", 0.21})
	var cutoffs []float64
	for _, p := range curve.Curve {
		cutoffs = append(cutoffs, p.Cutoff)
	}
	want := []float64{0.05, 0.1, 0.15, 0.2, 0.21, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99}
	if diff := cmp.Diff(want, cutoffs); diff != "" {
		t.Error(diff)
	}
	for cutoff, want := range map[int]tunePoint{1: {0.1, 2, 2}, 3: {0.2, 1, 2}, 4: {0.21, 0, 2}, 7: {0.35, 0, 1}, 19: {0.95, 0, 0}} {
		if got := curve.Curve[cutoff]; got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}
