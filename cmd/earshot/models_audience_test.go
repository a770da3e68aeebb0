package main

import "testing"

// TestMistakesAreCounted counts what goes on, or comes again within two seconds, once.
func TestMistakesAreCounted(t *testing.T) {
	at := func(seconds, score float64) scoredAt { return scoredAt{int64(seconds * 16000), score} }
	l := &listener{scores: []scoredAt{
		at(0, 0.6), at(0.5, 0.9), at(2, 0.7), // one
		at(3.9, 0.6),   // still the same: 1.9 s after the last
		at(5.9, 0.7),   // another
		at(100, 0.955), // a third
	}}
	for cutoff, want := range map[float64]int{0.5: 3, 0.65: 3, 0.8: 2, 0.95: 1, 0.99: 0} {
		if got := over(l.scores, cutoff); got != want {
			t.Errorf("over %v: %d times, want %d", cutoff, got, want)
		}
	}
	if over(nil, 0.5) != 0 {
		t.Error("silence is counted")
	}
}

// TestBetterThreshold is the lowest that fires less than once an hour.
func TestBetterThreshold(t *testing.T) {
	model, err := newWakeModels("../../models").microWord("okay_nabu") // its own threshold is 0.85
	if err != nil {
		t.Fatalf("%v; run `make models` first", err)
	}
	l := &listener{model: model, scores: []scoredAt{{0, 0.86}, {160000, 0.904}, {320000, 0.953}}}
	for hours, want := range map[float64]float64{0.5: 0.96, 1: 0.96, 1.5: 0.91, 2.5: 0.87} {
		if got := l.better(hours); got != want {
			t.Errorf("in %v h: %v, want %v", hours, got, want)
		}
	}
	l.scores = append(l.scores, scoredAt{0, 1})
	if got := l.better(0.5); got != 0 {
		t.Errorf("a model that is always sure could have %v", got)
	}
}

func TestHeadName(t *testing.T) {
	for name, want := range map[string]string{"hey_Friday!": "hey_Friday", "Mr._Wick": "Mr._Wick", "hey you": "hey_you", "..": "model", "Нафаня": "model"} {
		if got := headName(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}
