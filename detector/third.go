package detector

import (
	"fmt"
	"sync/atomic"

	"earshot/detector/openwakeword"
)

// Verifier has a third opinion on a word that would count: one of its scores near that moment has to be over a cutoff. It hears what tells the word
// from speech hears, so a microWakeWord model that is not looked at twice has none.
type Verifier struct {
	Cutoff    float64 // 0..1
	Chunks    int     // embeddings that a score is made from; before it has heard so many it agrees to everything
	NewScorer func() Scorer
}

// third is a word's part of it. One goroutine hears with it; everybody may exchange the verifier.
type third struct {
	opinion atomic.Pointer[opinion] // nil: none is asked for
	number  uint64                  // of the sound that it was last asked about
	taken   atomic.Uint64
	agreed  atomic.Uint64
}

// opinion is a verifier in a stream; what is not the verifier belongs to the goroutine that hears.
type opinion struct {
	verifier Verifier
	scorer   Scorer
	heard    int   // embeddings, up to verifier.Chunks
	latest   int64 // sample at which it was last over its cutoff
}

func (t *third) reset() {
	if o := t.opinion.Load(); o != nil {
		o.scorer.Reset()
		o.heard, o.latest = 0, never
	}
}

// hear takes the embedding of the chunk that ends at a sample.
func (t *third) hear(embedding *openwakeword.Embedding, end int64) {
	o := t.opinion.Load()
	if o == nil {
		return
	}
	score := o.scorer.Put(embedding)
	if o.heard = min(o.heard+1, o.verifier.Chunks); o.heard == o.verifier.Chunks && float64(score) >= o.verifier.Cutoff {
		o.latest = end
	}
}

// agreesNow tells whether the chunk that ends at a sample is one that it is over its cutoff at.
func (t *third) agreesNow(end int64) bool {
	o := t.opinion.Load()
	return o != nil && o.latest == end
}

// agrees tells whether a word that would count at a sample does. The number tells sounds apart: it may be asked about one many times.
func (t *third) agrees(at int64, number uint64) bool {
	o := t.opinion.Load()
	if o == nil {
		return true
	}
	if t.number != number {
		t.number = number
		t.taken.Add(1)
	}
	if o.heard == o.verifier.Chunks && !near(at, o.latest) {
		return false
	}
	t.agreed.Add(1)
	return true
}

// SetVerifier has a verifier asked about a model's word from now on, nil: none. It may be called while another goroutine runs Process.
func (d *Detector) SetVerifier(model string, v *Verifier) error {
	w := d.word(model)
	switch {
	case w == nil:
		return fmt.Errorf("set a verifier: there is no model %q", model)
	case v == nil:
		if w.look != nil {
			w.look.third.opinion.Store(nil)
		}
		return nil
	case w.look == nil:
		return fmt.Errorf("set a verifier of %q: it is told without speech embeddings, as no second look is taken", model)
	}
	w.look.third.opinion.Store(&opinion{verifier: *v, scorer: v.NewScorer(), latest: never})
	return nil
}

// HasVerifier tells whether a verifier is asked about a model's word. It may be called while another goroutine runs Process.
func (d *Detector) HasVerifier(model string) bool {
	w := d.word(model)
	return w != nil && w.look != nil && w.look.third.opinion.Load() != nil
}

// Opinions is how often a verifier was asked about a sound, and how often it agreed that it is the word. It may be called while another goroutine
// runs Process.
func (d *Detector) Opinions(model string) (asked, agreed uint64) {
	if w := d.word(model); w != nil && w.look != nil {
		return w.look.third.taken.Load(), w.look.third.agreed.Load()
	}
	return 0, 0
}
