package ownword

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"earshot/detector/openwakeword"
)

// Window is how many embeddings a score of a word or a verifier is made from.
const Window = frames

// When a verifier is good enough to be used.
const (
	// MinExamples is how many right ones and how many mistakes it is measured on at least.
	MinExamples = 10
	// leastRefused is how many mistakes have to be refused at least, and refusedShare which part of them.
	leastRefused = 3
	refusedShare = 1.0 / 3
	// mustStay is the part of the right ones that have to stay.
	mustStay = 0.95
	// spread is how many standard deviations below the mean of the right ones the cutoff is at least: 5 % of them are lower if they are spread
	// normally, and the two are known from 10 to 20 of them.
	// ref: the one-sided prediction bound, t(0.95, n-1)·√(1+1/n), is 1.92 for 10 and 1.77 for 20
	spread = 1.9
	// folds is how many times a part of the recordings is kept out of the training.
	folds = 10
	// weight is the cost of all windows together; each has the same share, however many there are.
	weight = 3
)

// Example is a recording of a wake word that was heard: embeddings about the moment at which it was, once or from several beginnings of their steps.
// A run has one opinion for each of its windows, and its best one counts.
type Example [][]openwakeword.Embedding

// HeldOut is what recordings that were kept out of the training say about a verifier.
type HeldOut struct {
	Correct      int `json:"correct"`       // recordings that are the word
	CorrectLeft  int `json:"correct_left"`  // those of them that still count
	Mistakes     int `json:"mistakes"`      // recordings that are not
	MistakesLeft int `json:"mistakes_left"` // those of them that still count
}

// Better tells whether the verifier is worth having.
func (h HeldOut) Better() bool {
	refused := h.Mistakes - h.MistakesLeft
	return h.enough() && refused >= leastRefused && float64(refused) >= refusedShare*float64(h.Mistakes) &&
		float64(h.CorrectLeft) >= mustStay*float64(h.Correct)
}

func (h HeldOut) enough() bool { return h.Correct >= MinExamples && h.Mistakes >= MinExamples }

// Verifier tells a wake word as one household says it from what a model mistakes for it there.
type Verifier struct {
	Word    // Phrase is the id of the wake word; nothing is expected of it
	HeldOut HeldOut
}

// Verify makes a verifier for the wake word id of recordings that are the word, and of mistakes. It tells what it is worth in any case; the verifier is
// nil where there are too few recordings to tell. The bank brings the values of embeddings to one scale.
func Verify(id string, bank *Bank, correct, mistakes []Example) (*Verifier, HeldOut, error) {
	measured := HeldOut{Correct: len(correct), CorrectLeft: len(correct), Mistakes: len(mistakes), MistakesLeft: len(mistakes)}
	if err := CheckPhrase(id); err != nil || !measured.enough() {
		return nil, measured, err
	}
	for _, e := range slices.Concat(correct, mistakes) {
		if len(e) == 0 || slices.ContainsFunc(e, func(run []openwakeword.Embedding) bool { return len(run) < Window }) {
			return nil, measured, fmt.Errorf("make a verifier for %q: a recording has fewer than %d embeddings", id, Window)
		}
	}
	scaled := scale(bank)
	right, wrong := examples(&scaled, correct), examples(&scaled, mistakes)
	limit := measured.measure(right, wrong)
	v := &Verifier{Word: Word{Phrase: id, Network: bank.Network, Cutoff: squeeze(limit)}, HeldOut: measured}
	scaled.fold(learn(right, wrong, func(int) bool { return true }), &v.Word)
	return v, measured, nil
}

// squeeze makes a cutoff between 0 and 1 of a score before the sigmoid.
func squeeze(limit float32) float64 { return min(max(sigmoid(float64(limit)), 1e-6), 1-1e-6) }

// runs are the windows of a recording, scaled, run by run.
type runs [][][]float32

// examples cuts recordings into windows.
func examples(scaled *scaling, list []Example) []runs {
	out := make([]runs, len(list))
	for i, example := range list {
		for _, run := range example {
			values := make([]float32, len(run)*size)
			for k := range run {
				scaled.apply(&run[k], values[k*size:][:size])
			}
			var windows [][]float32
			for end := frames; end <= len(run); end++ {
				windows = append(windows, windowAt(values, end))
			}
			out[i] = append(out[i], windows)
		}
	}
	return out
}

// learn trains on the recordings that may be used, by their places in either list.
func learn(right, wrong []runs, may func(i int) bool) []float64 {
	rows := func(list []runs) (rows [][]float32) {
		for i, r := range list {
			if may(i) {
				rows = append(rows, slices.Concat(r...)...)
			}
		}
		return rows
	}
	positives, negatives := rows(right), rows(wrong)
	p := problem{slices.Concat(positives, negatives), len(positives), weight / float64(len(positives)+len(negatives))}
	return p.solve(nil)
}

// measure keeps a part of the recordings out of the training at a time, and counts what is left of them at the cutoff that it returns.
func (h *HeldOut) measure(right, wrong []runs) (limit float32) {
	correct, mistakes := make([]float32, len(right)), make([]float32, len(wrong))
	each(folds, func(_, fold int) {
		out := func(i int) bool { return i%folds == fold }
		w, bias := weights(learn(right, wrong, func(i int) bool { return !out(i) }))
		for i, r := range right {
			if out(i) { // a right one has to stay however the steps begin
				correct[i] = slices.Min(best(w, bias, r))
			}
		}
		for i, r := range wrong {
			if out(i) {
				mistakes[i] = slices.Max(best(w, bias, r))
			}
		}
	})
	limit = lowest(correct)
	left := func(scores []float32) (n int) {
		for _, s := range scores {
			if s >= limit {
				n++
			}
		}
		return n
	}
	h.CorrectLeft, h.MistakesLeft = left(correct), left(mistakes)
	return limit
}

// lowest is a cutoff that enough of the right ones reach, and also those that are to come: the lowest that is seen among few is not the lowest of many.
func lowest(scores []float32) float32 {
	order := slices.Sorted(slices.Values(scores))
	seen := order[len(order)-int(math.Ceil(mustStay*float64(len(order))))]
	n, mean, square := float64(len(scores)), 0.0, 0.0
	for _, s := range scores {
		mean += float64(s) / n
	}
	for _, s := range scores {
		square += (float64(s) - mean) * (float64(s) - mean) / (n - 1)
	}
	return min(seen, float32(mean-spread*math.Sqrt(square)))
}

// best is the highest score of each run.
func best(w []float32, bias float32, r runs) (list []float32) {
	for _, windows := range r {
		list = append(list, highest(w, bias, windows))
	}
	return list
}

// Save writes the verifier into a file that only the owner may read. The file is complete or not there.
func (v *Verifier) Save(path string) error {
	f := v.file(verifierType)
	f.HeldOut = &v.HeldOut
	if err := f.save(path); err != nil {
		return fmt.Errorf("save the verifier of wake word %q: %w", v.Phrase, err)
	}
	return nil
}

// LoadVerifier reads a file that Verifier.Save wrote.
func LoadVerifier(path string) (*Verifier, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("load verifier: %w", err)
	}
	defer in.Close()
	v, err := readVerifier(in)
	if err != nil {
		return nil, fmt.Errorf("load verifier %s: %w", path, err)
	}
	return v, nil
}

func readVerifier(r io.Reader) (*Verifier, error) {
	f, err := readFile(r, verifierType)
	if err != nil {
		return nil, err
	}
	w, err := f.word()
	if err != nil {
		return nil, err
	}
	if f.HeldOut == nil {
		return nil, errors.New("it does not say what it is worth")
	}
	return &Verifier{*w, *f.HeldOut}, nil
}
