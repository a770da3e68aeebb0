package server

import (
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
