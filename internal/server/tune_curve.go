package server

import (
	"fmt"
	"math"
	"slices"
)

// tuneCurve is what each cutoff would have left.
type tuneCurve struct {
	Current float64     `json:"current"`
	Curve   []tunePoint `json:"curve"` // by rising cutoff
}

// tunePoint is what one cutoff would have left.
type tunePoint struct {
	Cutoff       float64 `json:"cutoff"`
	MistakesLeft int     `json:"mistakes_left"`
	CorrectLeft  int     `json:"correct_left"`
}

// recommendation is a cutoff that would have been better: wake_words/update takes it as that field.
type recommendation struct {
	Field  string  `json:"field"` // threshold or second_threshold
	Cutoff float64 `json:"cutoff"`
}

// marked are the highest cutoffs at which recordings would have counted, and the cutoff as it is.
type marked struct {
	correct, mistakes []float64
	current           float64
}

// When a cutoff is recommended, and which.
//
// ref: shared measurements behind the second look, section 6.3: with 5 or more mistakes to just over the second largest of their scores, if 95 %
// of the correct ones stay, never below 0.05. As many correct ones are asked for, as 95 % of nothing would always stay.
const (
	leastMarked  = 5
	leastGained  = 2 // right ones that a lower cutoff has to let in
	mustStay     = 0.95
	lowestTuned  = 0.05
	highestTuned = 0.99
	tuneStep     = 0.05
)

// at counts what a cutoff would have left.
func (m marked) at(cutoff float64) tunePoint {
	left := func(list []float64) (n int) {
		for _, v := range list {
			if v >= cutoff {
				n++
			}
		}
		return n
	}
	return tunePoint{cutoff, left(m.mistakes), left(m.correct)}
}

// curve is what cutoffs in equal steps would have left, the present one, and the one that is recommended.
func (m marked) curve(r *recommendation) tuneCurve {
	cutoffs := []float64{m.current, highestTuned}
	for i := 1; i < 20; i++ {
		cutoffs = append(cutoffs, thousandths(float64(i)*tuneStep))
	}
	if r != nil {
		cutoffs = append(cutoffs, r.Cutoff)
	}
	slices.Sort(cutoffs)
	curve := tuneCurve{Current: m.current, Curve: []tunePoint{}}
	for _, c := range slices.Compact(cutoffs) {
		curve.Curve = append(curve.Curve, m.at(c))
	}
	return curve
}

// recommendSecond is recommend for the second look, of which near misses tell what a lower cutoff would let in: where a higher one is not called for, a
// lower one may be, that lets in leastGained right ones, and no false trigger more. Those that count now say nothing of what else it would let in, so
// leastMarked mistakes have to be below the present one.
func (m marked) recommendSecond() (*recommendation, string) {
	const field = "second_threshold"
	r, says := m.recommend(field)
	now := m.at(m.current)
	mistakes, correct := len(m.mistakes), len(m.correct)
	if mistakes < leastMarked || correct < leastMarked || m.over() > m.current || correct-now.CorrectLeft < leastGained {
		return r, says
	}
	if mistakes-now.MistakesLeft < leastMarked {
		return nil, fmt.Sprintf("%s For a lower one, mark at least %d of what was nearly heard as mistakes; %d could be measured.",
			says, leastMarked, mistakes-now.MistakesLeft)
	}
	lower, found := m.lower()
	if !found {
		return nil, says + " A lower one would let in more false triggers, or too few right ones."
	}
	then := m.at(lower)
	return &recommendation{field, lower}, fmt.Sprintf("With %.2f instead of %.2f %s would have counted, %d more than now, and %s, as now.",
		lower, m.current, share(then.CorrectLeft, correct, "right ones"), then.CorrectLeft-now.CorrectLeft, share(then.MistakesLeft, mistakes, "false triggers"))
}

// lower is the lowest cutoff, just under a right one, that lets in enough of them and no more mistakes than now.
func (m marked) lower() (cutoff float64, found bool) {
	now := m.at(m.current)
	for _, score := range slices.Sorted(slices.Values(m.correct)) {
		cutoff = math.Floor(score*100) / 100
		if cutoff < lowestTuned || cutoff >= m.current {
			continue
		}
		if then := m.at(cutoff); then.MistakesLeft == now.MistakesLeft {
			return cutoff, then.CorrectLeft-now.CorrectLeft >= leastGained
		}
	}
	return 0, false
}

// over is just over the second largest score of the mistakes.
func (m marked) over() float64 {
	scores := slices.Sorted(slices.Values(m.mistakes))
	return max(lowestTuned, (math.Floor(scores[len(scores)-2]*100)+1)/100)
}

// recommend says which higher cutoff would have been better, if any, and why.
func (m marked) recommend(field string) (*recommendation, string) {
	mistakes, correct := len(m.mistakes), len(m.correct)
	if mistakes < leastMarked || correct < leastMarked {
		return nil, fmt.Sprintf("That is too little to go by: mark at least %d false triggers as mistakes and %d others as correct; %d and %d could be measured.",
			leastMarked, leastMarked, mistakes, correct)
	}
	better := m.over()
	now := m.at(m.current)
	if better <= m.current {
		return nil, fmt.Sprintf("There is nothing to change: with the present %.2f %s would count again, and %s would.",
			m.current, share(now.MistakesLeft, mistakes, "false triggers"), share(now.CorrectLeft, correct, "right ones"))
	}
	then := m.at(better)
	if better > highestTuned || float64(then.CorrectLeft) < mustStay*float64(now.CorrectLeft) {
		return nil, fmt.Sprintf("No cutoff helps: one that keeps out all but one of the %d false triggers would keep out %d of the %d right ones too.",
			mistakes, correct-then.CorrectLeft, correct)
	}
	return &recommendation{field, better}, fmt.Sprintf("With %.2f instead of %.2f %s would have counted, and %s would.",
		better, m.current, share(then.MistakesLeft, mistakes, "false triggers"), share(then.CorrectLeft, correct, "right ones"))
}
