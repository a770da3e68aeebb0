package ownword

import (
	"math"
	"slices"

	"earshot/detector/openwakeword"
)

// refractory is how many chunks belong to one false accept: 2 s.
const refractory = 2 * openwakeword.SampleRate / chunk

// expect chooses the cutoff on recordings of the bank that the word was not trained on, and counts what is missed of samples that were kept out. It
// lists those that are missed as they were recorded.
func (t *Trainer) expect(w *Word, takes []*take, theta []float64, negatives [][]float32) (unlike []int) {
	held := t.heldOut(takes, theta)
	limit := t.limit(held, int(math.Round(t.config.FalseAccepts*t.hours)))
	w.Cutoff = min(max(sigmoid(float64(limit)), 1e-6), 1-1e-6)
	w.Expected = Expected{Samples: len(takes), Hours: t.hours, FalseAccepts: float64(t.accepts(held, limit)) / t.hours}
	missed := make([][2]float64, len(takes))
	third := thinned(negatives)
	each(len(takes), func(_, i int) {
		w, bias := weights(solve(rows(takes, takes[i]), third, theta))
		for c, hearings := range [][][][]float32{takes[i].quiet, takes[i].noisy} {
			for _, windows := range hearings {
				if highest(w, bias, windows) < limit {
					missed[i][c] += 1 / float64(len(hearings))
				}
			}
		}
	})
	for i, m := range missed {
		if m[0] > 0 {
			unlike = append(unlike, i)
		}
		w.Expected.MissedQuiet += m[0] / float64(len(takes))
		w.Expected.MissedNoise += m[1] / float64(len(takes))
	}
	return unlike
}

// thinned takes every third row: enough to see what one recording less does, in a third of the time.
func thinned(list [][]float32) (third [][]float32) {
	for i := 0; i < len(list); i += 3 {
		third = append(third, list[i])
	}
	return third
}

// highest is the best score of some windows.
func highest(w []float32, bias float32, windows [][]float32) float32 {
	top := float32(math.Inf(-1))
	for _, row := range windows {
		top = max(top, dot(w, row)+bias)
	}
	return top
}

// heldOut scores each half of the bank with what the other half teaches.
func (t *Trainer) heldOut(takes []*take, theta []float64) []float32 {
	positives := rows(takes, nil)
	out := make([]float32, len(t.starts))
	each(2, func(_, half int) {
		mine := func(i int) bool { return t.half[i] == half }
		negatives := t.random(anyWindows/2, mine)
		negatives = append(negatives, t.hardest(theta, hardWindows/2, mine)...)
		scores := t.scores(solve(positives, negatives, theta)) // there is one optimum, wherever it begins
		for i, h := range t.half {
			if h != half {
				out[i] = scores[i]
			}
		}
	})
	return out
}

// accepts counts how often the word would be heard in the bank.
func (t *Trainer) accepts(scores []float32, limit float32) (n int) {
	last := -refractory
	for i, s := range scores {
		if s < limit {
			continue
		}
		if t.starts[i]-last >= refractory {
			n++
		}
		last = t.starts[i]
	}
	return n
}

// limit is the lowest score at which the bank has at most so many false accepts.
func (t *Trainer) limit(scores []float32, most int) float32 {
	order := slices.Sorted(slices.Values(scores))
	low, high := 0, len(order)-1
	for low < high {
		m := (low + high) / 2
		if t.accepts(scores, order[m]) <= most {
			high = m
		} else {
			low = m + 1
		}
	}
	return order[low]
}
