package detector

import (
	"slices"

	"earshot/detector/openwakeword"
)

// Meter tells what a wake word's model makes of recordings, whatever its cutoffs are.
type Meter struct {
	detector      *Detector
	first, second []scored // of the recording that is heard
	twice         bool
}

// Scores are what a recording scores, moment by moment.
type Scores struct {
	first, second []scored
	twice         bool
}

// NewMeter returns one for a model, which goes on being used elsewhere.
func NewMeter(m *Model) (*Meter, error) {
	d, err := New(m)
	if err != nil {
		return nil, err
	}
	w, t := d.words[0], &Meter{detector: d, twice: m.SecondLook() != ""}
	cutoff := 1.0 // nothing is over it, after which a word would begin anew
	if t.twice {
		cutoff = 0 // the second stage is awake all the time
	}
	if err := d.SetCutoff(m.ID, cutoff); err != nil {
		return nil, err
	}
	if w.look != nil {
		w.look.settle = 0 // what came before a recording is taken for silence
	}
	if t.twice {
		d.ears.heard = func(_ *word, at int64, score float64) { t.second = append(t.second, scored{at, score}) }
	}
	d.Trace(func(hit Detection) { t.first = append(t.first, scored{hit.Sample, hit.Score}) })
	return t, nil
}

// Measure hears a recording, 16 kHz mono, as a stream of its own, after silence.
//
// With the 2 s before the wake instant that recordings have, the first stage scores within 0.005 of what it did live, on our recordings of
// three words after noise, talk and silence; where no word is, being cold adds 0.05 at most. The second stage differs as much as it does
// between two beginnings of its 80 ms steps, which a recording does not keep: by 0.04 for hey_jarvis and okay_nabu, whose scores are high,
// and by up to 0.4 for an alexa of a synthetic voice, whose live scores are from 0.2 to 0.9. A word of which the recording has not the
// beginning scores nothing.
func (t *Meter) Measure(pcm []int16) Scores {
	t.first, t.second = t.first[:0], t.second[:0]
	t.detector.Reset()
	t.detector.Process(pcm)
	return Scores{slices.Clone(t.first), slices.Clone(t.second), t.twice}
}

// First is the highest cutoff, 0..1, at which the word would have counted, where a second look at it has to be over a cutoff of its own.
func (s Scores) First(second float64) float64 {
	if !s.twice {
		second = 0
		s.second = s.first // each is near itself
	}
	return highest(s.first, s.second, second)
}

// Second is the highest cutoff of the second look, 0..1, at which the word would have counted, where the first stage has one of its own.
// It is 0 for a word that is not looked at twice.
func (s Scores) Second(first float64) float64 {
	return highest(s.second, s.first, first)
}

// Around hears a recording as Measure does, and returns the speech embeddings about where its word would count with some cutoffs, from the
// earliest on that a verifier would have an opinion of, which is made from so many: one run for each of two beginnings of the 80 ms steps. It is
// nil where the word would not count, or is told without embeddings. A second cutoff is held against nothing where no second look is taken.
func (t *Meter) Around(pcm []int16, scores Scores, first, second float64, chunks int) [][]openwakeword.Embedding {
	w := t.detector.words[0]
	from, to := scores.counts(first, second)
	if w.model.speech == nil || to < from {
		return nil
	}
	var runs [][]openwakeword.Embedding
	stream := w.model.speech.Network.NewStream()
	for _, late := range []int{0, chunkSamples / 2} {
		var run []openwakeword.Embedding
		end := int64(late)
		stream.Reset()
		stream.Process(pcm[min(late, len(pcm)):], func(e *openwakeword.Embedding) {
			if end += chunkSamples; end >= from-agree-int64(chunks-1)*chunkSamples && end <= to+agree {
				run = append(run, *e)
			}
		})
		if len(run) >= chunks {
			runs = append(runs, run)
		}
	}
	return runs
}

// counts is between which samples the word would count; to is before from where it would not.
func (s Scores) counts(first, second float64) (from, to int64) {
	from, to = 0, -1
	for _, f := range s.first {
		agrees := func(o scored) bool { return o.score >= second && near(f.end, o.end) }
		if f.score < first || (s.twice && !slices.ContainsFunc(s.second, agrees)) {
			continue
		}
		if to < 0 {
			from = f.end
		}
		to = f.end
	}
	return from, to
}

// highest is the best of some scores that are near one of the others that is over a cutoff.
func highest(scores, others []scored, cutoff float64) (best float64) {
	for _, s := range scores {
		agrees := func(o scored) bool { return o.score >= cutoff && near(s.end, o.end) }
		if s.score > best && slices.ContainsFunc(others, agrees) {
			best = s.score
		}
	}
	return best
}
