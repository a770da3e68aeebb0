package detector

import "slices"

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

// highest is the best of some scores that are near one of the others that is over a cutoff.
func highest(scores, others []scored, cutoff float64) (best float64) {
	for _, s := range scores {
		near := func(o scored) bool { return o.score >= cutoff && max(s.end-o.end, o.end-s.end) <= agree }
		if s.score > best && slices.ContainsFunc(others, near) {
			best = s.score
		}
	}
	return best
}
