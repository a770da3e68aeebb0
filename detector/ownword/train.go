package ownword

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"earshot/detector/openwakeword"
	"earshot/detector/ownword/mix"
)

const (
	window = frames * size // values that a word is heard in
	// cost of a mistake against large weights.
	cost = 0.003
	// anyWindows of the bank are taken at random, hardWindows are those that sound most like the word.
	anyWindows  = 8000
	hardWindows = 2000
	// MinSamples is how many recordings a word needs at least.
	MinSamples = 3
	// GoodSamples is how many it should be made from: three of each of three people.
	GoodSamples = 9
	// MaxSamples is how many recordings are used at most.
	MaxSamples = 64
)

// Config says how a word is made. The zero value works.
type Config struct {
	Copies       int     // with noise, of each recording; 0 means 12; at least 3
	FalseAccepts float64 // an hour on the bank that the cutoff is chosen for; 0 means 2, of which a household hears fewer
	Seed         uint64  // of the noise: the same seed and recordings give the same word
}

func (c Config) withDefaults() Config {
	if c.Copies == 0 {
		c.Copies = 12
	}
	c.Copies = max(c.Copies, 3)
	if c.FalseAccepts == 0 {
		c.FalseAccepts = 2
	}
	return c
}

// Trainer makes words.
type Trainer struct {
	network *openwakeword.Network
	bank    *Bank
	config  Config
	scaled  scaling
	values  []float32 // of the bank, scaled, one frame after the other
	starts  []int     // of the windows of the bank that lie in one recording: their first frames
	half    []int     // 0 or 1 for each of them
	hours   float64   // of the bank
}

// NewTrainer returns a trainer that tells words from the sounds of a bank. Both the network and the bank are only read.
func NewTrainer(network *openwakeword.Network, bank *Bank, config Config) (*Trainer, error) {
	t := &Trainer{network: network, bank: bank, config: config.withDefaults(), scaled: scale(bank), hours: bank.Hours()}
	t.values = make([]float32, bank.Frames()*size)
	var e openwakeword.Embedding
	for i := range bank.Frames() {
		bank.Embedding(i, &e)
		t.scaled.apply(&e, t.values[i*size:][:size])
	}
	at := 0
	for i, r := range bank.Recordings() {
		for k := range r.Frames - frames + 1 {
			t.starts = append(t.starts, at+k)
			t.half = append(t.half, i%2)
		}
		at += r.Frames
	}
	if len(t.starts) < 1000 {
		return nil, errors.New("the bank of other sounds is too small to learn from")
	}
	return t, nil
}

// row is one window of the bank.
func (t *Trainer) row(i int) []float32 { return t.values[t.starts[i]*size:][:window] }

// Lesson is a word that is being learned. One goroutine may use it.
type Lesson struct {
	trainer *Trainer
	phrase  string
	takes   []*take
	given   uint64 // recordings, also those that were taken back
	unlike  []int
}

// Sound is how a recording sounds.
type Sound struct {
	LevelDBFS float64 // of its loudest 32 ms
	NoiseDBFS float64 // of the quietest tenth of it
	Clipped   bool    // it was too loud for the microphone
}

// NewLesson begins a word that people call phrase.
func (t *Trainer) NewLesson(phrase string) (*Lesson, error) {
	if err := CheckPhrase(phrase); err != nil {
		return nil, err
	}
	return &Lesson{trainer: t, phrase: phrase}, nil
}

// Samples is how many recordings there are.
func (l *Lesson) Samples() int { return len(l.takes) }

// Add takes a recording of the word, 16 kHz mono, which should hold it once, with little before and after it. It does the greater part of the work,
// some tenths of a second. Its error says to people why the recording is of no use.
func (l *Lesson) Add(pcm []int16) (Sound, error) {
	if len(l.takes) == MaxSamples {
		return Sound{}, fmt.Errorf("there are %d recordings already, which is enough", MaxSamples)
	}
	k, err := newTake(pcm)
	if err != nil {
		return Sound{}, err
	}
	voices := [][]float32{k.audio} // of the household, who talk in the background of its copies
	for _, other := range l.takes {
		voices = append(voices, other.audio)
	}
	k.listen(l.trainer.network, &l.trainer.scaled, l.trainer.config.Copies, voices, l.trainer.config.Seed+l.given<<32)
	l.given++
	l.takes = append(l.takes, k)
	return k.sound(), nil
}

// Remove takes back the newest recording, if there is one.
func (l *Lesson) Remove() { l.takes = l.takes[:max(len(l.takes)-1, 0)] }

// Unlike lists the recordings, from 0 on, that the newest Word would not have heard, had it learned from the others only: something else may have
// been said in them.
func (l *Lesson) Unlike() []int { return l.unlike }

// Word makes the word from the recordings. The lesson may go on.
func (l *Lesson) Word() (*Word, error) {
	if len(l.takes) < MinSamples {
		return nil, fmt.Errorf("make wake word %q: %d recordings; it takes %d to %d", l.phrase, len(l.takes), MinSamples, MaxSamples)
	}
	t := l.trainer
	theta, negatives := t.fit(l.takes)
	word := &Word{Phrase: l.phrase, Network: t.bank.Network}
	t.scaled.fold(theta, word)
	l.unlike = t.expect(word, l.takes, theta, negatives)
	return word, nil
}

// fit trains on all recordings: first against windows of the bank at random, then also against those that came nearest. It returns the weights
// and the negatives of the second turn.
func (t *Trainer) fit(takes []*take) (theta []float64, negatives [][]float32) {
	positives := rows(takes, nil)
	negatives = t.random(anyWindows, func(int) bool { return true })
	theta = solve(positives, negatives[:min(anyWindows/4, len(negatives))], nil) // enough to find what is near
	negatives = append(negatives, t.hardest(theta, hardWindows, func(int) bool { return true })...)
	return solve(positives, negatives, theta), negatives
}

// random takes windows of the bank that may be used.
func (t *Trainer) random(n int, may func(int) bool) [][]float32 {
	r := rand.New(rand.NewPCG(t.config.Seed, 1<<32))
	var list [][]float32
	for _, i := range r.Perm(len(t.starts)) {
		if len(list) == n {
			break
		}
		if may(i) {
			list = append(list, t.row(i))
		}
	}
	return list
}

// hardest takes the windows that may be used and score most.
func (t *Trainer) hardest(theta []float64, n int, may func(int) bool) [][]float32 {
	scores := t.scores(theta)
	order := make([]int, 0, len(scores))
	for i := range scores {
		if may(i) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case scores[a] > scores[b]:
			return -1
		case scores[a] < scores[b]:
			return 1
		default:
			return a - b
		}
	})
	var list [][]float32
	for _, i := range order[:min(n, len(order))] {
		list = append(list, t.row(i))
	}
	return list
}

// scores scores all windows of the bank, before the sigmoid.
func (t *Trainer) scores(theta []float64) []float32 {
	w, bias := weights(theta)
	out := make([]float32, len(t.starts))
	const block = 4096
	each((len(out)+block-1)/block, func(_, k int) {
		for i := k * block; i < min(len(out), (k+1)*block); i++ {
			out[i] = dot(w, t.row(i)) + bias
		}
	})
	return out
}

// rows lists the windows of all recordings but one.
func rows(takes []*take, without *take) (list [][]float32) {
	for _, k := range takes {
		if k != without {
			list = append(list, k.rows...)
		}
	}
	return list
}

func solve(positives, negatives [][]float32, start []float64) []float64 {
	p := problem{slices.Concat(positives, negatives), len(positives), cost}
	return p.solve(start)
}

// weights converts a solution for scoring.
func weights(theta []float64) (w []float32, bias float32) {
	w = make([]float32, len(theta)-1)
	for k := range w {
		w[k] = float32(theta[k])
	}
	return w, float32(theta[len(w)])
}

// each does n jobs on as many goroutines as a solution takes; each job is told by which of them.
func each(n int, job func(worker, i int)) {
	var wait sync.WaitGroup
	for k := range workers {
		wait.Go(func() {
			for i := k; i < n; i += workers {
				job(k, i)
			}
		})
	}
	wait.Wait()
}

// noiseKind chooses the noise of a copy.
func noiseKind(r *rand.Rand) mix.Kind {
	if r.IntN(2) == 0 {
		return mix.Voices // what is hardest
	}
	return mix.Kind(r.IntN(int(mix.Kinds)))
}
