package main

import (
	"earshot/detector"
	"earshot/detector/openwakeword"
)

// audience listens to recordings in which nobody says a wake word, and counts how often the models fire.
type audience struct {
	groups    []*group
	listeners []*listener
	files     int
	samples   int64 // of the recordings
	played    int64 // samples, with the silence around them
	start     int64 // of the present recording, in played
}

// group are models that are used in one way, in one detector: there a name is only once.
type group struct {
	det     *detector.Detector
	members map[string]*listener
}

// listener counts how often one model fires.
type listener struct {
	model   *detector.Model
	fired   int
	firedIn int // recordings
	scores  []scoredAt

	// Of the present recording:
	first int // of scores
	found int // how often it fired
}

// scoredAt is a score over the cutoff, at a sample of all that was played.
type scoredAt struct {
	at    int64
	score float64
}

const (
	// lead is the silence before each recording, in samples, so that a model has settled when it begins: 2.5 s. It also keeps what fired in one
	// recording apart from the next.
	lead = 5 * detector.SampleRate / 2
	// tail is the silence after each, so that its end is heard: 0.5 s.
	tail = detector.SampleRate / 2
	// apart is how long after a score over the cutoff another one counts as a further mistake, in samples: 2 s.
	//
	// ref: linux-voice-assistant; the figures of the catalogue were counted so
	apart = 2 * detector.SampleRate
)

func newAudience(models []*detector.Model) (*audience, error) {
	type use struct {
		engine string
		twice  bool
	}
	a := &audience{}
	together := map[use][]*listener{}
	seen := map[use]map[string]bool{}
	for _, m := range models {
		u := use{engineOf(m), m.SecondLook() != ""}
		if seen[u] == nil {
			seen[u] = map[string]bool{}
		}
		if !seen[u][m.ID] {
			seen[u][m.ID] = true
			l := &listener{model: m}
			a.listeners, together[u] = append(a.listeners, l), append(together[u], l)
		}
	}
	for u, listeners := range together {
		g, err := a.group(listeners, u.twice)
		if err != nil {
			return nil, err
		}
		a.groups = append(a.groups, g)
	}
	return a, nil
}

func (a *audience) group(listeners []*listener, twice bool) (*group, error) {
	g := &group{members: map[string]*listener{}}
	var models []*detector.Model
	for _, l := range listeners {
		g.members[l.model.ID], models = l, append(models, l.model)
	}
	var err error
	if g.det, err = detector.New(models...); err != nil || twice {
		return g, err // two thresholds are counted together, by what is found
	}
	g.det.Trace(func(hit detector.Detection) {
		if l := g.members[hit.Model]; hit.Score >= l.model.Cutoff {
			l.scores = append(l.scores, scoredAt{a.start + hit.Sample, hit.Score})
		}
	})
	for _, m := range models {
		if err := g.det.SetCutoff(m.ID, 1); err != nil { // a word that fires begins anew, and would leave a hole in the curve
			return nil, err
		}
	}
	return g, nil
}

// begin starts a recording.
func (a *audience) begin() {
	a.start = a.played
	for _, g := range a.groups {
		g.det.Reset()
	}
	for _, l := range a.listeners {
		l.first, l.found = len(l.scores), 0
	}
	a.process(make([]int16, lead))
}

// hear takes the next samples of the recording.
func (a *audience) hear(pcm []int16) {
	a.samples += int64(len(pcm))
	a.process(pcm)
}

func (a *audience) process(pcm []int16) {
	a.played += int64(len(pcm))
	for _, g := range a.groups {
		for _, hit := range g.det.Process(pcm) {
			g.members[hit.Model].found++
		}
	}
}

// end ends it.
func (a *audience) end() {
	a.process(make([]int16, tail))
	a.files++
	for _, l := range a.listeners {
		if l.model.SecondLook() == "" {
			l.found = over(l.scores[l.first:], l.model.Cutoff)
		}
		if l.found > 0 {
			l.fired += l.found
			l.firedIn++
		}
	}
}

// embed has it hear a recording of which only the speech embeddings are there, after silence.
func (a *audience) embed(frames int, at func(frame int, e *openwakeword.Embedding)) {
	a.start = a.played
	scorers := make([]detector.Scorer, len(a.listeners))
	for i, l := range a.listeners {
		l.first, scorers[i] = len(l.scores), l.model.NewScorer()
	}
	var e openwakeword.Embedding
	for frame := range frames {
		at(frame, &e)
		a.played += openwakeword.ChunkSamples
		for i, l := range a.listeners {
			if score := float64(scorers[i].Put(&e)); score >= l.model.Cutoff {
				l.scores = append(l.scores, scoredAt{a.played, score})
			}
		}
	}
	a.samples += a.played - a.start
	a.end()
}

// over counts how often scores were over a cutoff.
func over(scores []scoredAt, cutoff float64) (n int) {
	last := int64(-apart)
	for _, s := range scores {
		if s.score < cutoff {
			continue
		}
		if s.at-last >= apart {
			n++
		}
		last = s.at
	}
	return n
}

// better is the lowest threshold that fires less than once an hour, 0 when there is none.
func (l *listener) better(hours float64) float64 {
	for percent := int(l.model.Cutoff*100) + 1; percent < 100; percent++ {
		if cutoff := float64(percent) / 100; float64(over(l.scores, cutoff)) < hours {
			return cutoff
		}
	}
	return 0
}
