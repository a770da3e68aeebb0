package bridge

import (
	"sync"
	"time"

	"earshot/detector"
	"earshot/internal/audio"
)

const (
	trialEvery = 10              // frames between two looks at the scores
	trialQueue = 64              // events that may wait to be taken
	trialGrace = 5 * time.Second // by which a trial whose microphone gives nothing outlasts its time
)

// Refusal is why something cannot be done now: a sentence for people.
type Refusal string

// Error is the sentence.
func (r Refusal) Error() string { return string(r) }

// TrialEvent is what was heard in a Trial: either the scores of the last 100 ms, or a wake word.
type TrialEvent struct {
	At        time.Duration // since the trial began
	LevelDBFS float64
	Scores    map[string]float64 // the highest of each wake word since the event before, 0..1; nil for a wake word
	WakeWord  string             // id of one that would have counted; "" for scores
	Score     float64
}

// Trial lets people try the wake words of a satellite. As long as it runs, nothing is recorded or carried out.
type Trial struct {
	from  *Satellite
	limit int64
	queue chan TrialEvent

	// What follows belongs to the goroutine of the satellite's Run.
	samples int64 // heard so far
	best    map[string]float64

	mu    sync.Mutex // guards what follows
	over  bool
	guard *time.Timer
}

// Try begins a trial that ends by itself after so much sound, at most. Its only error is a Refusal.
func (s *Satellite) Try(length time.Duration) (*Trial, error) {
	if s.cfg.Wake != "" {
		return nil, Refusal("A wake engine on another machine listens for this satellite, and it does not tell its scores.")
	}
	status := s.Status()
	if refused := cannotHear(status.Muted, status.Microphone); refused != "" {
		return nil, refused
	}
	if status.State != Idle {
		return nil, Refusal("The satellite is busy with a command; try again when that is over.")
	}
	t := &Trial{from: s, limit: int64(length) * audio.SampleRate / int64(time.Second), queue: make(chan TrialEvent, trialQueue), best: map[string]float64{}}
	for _, w := range s.cfg.WakeWords {
		t.best[w.Model] = 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !s.trial.CompareAndSwap(nil, t) {
		return nil, Refusal("A test of this satellite runs already; wait for its end.")
	}
	t.guard = time.AfterFunc(length+trialGrace, t.Close)
	return t, nil
}

// Events is the queue of what is heard, which is closed at the end. What is not taken in time is lost.
func (t *Trial) Events() <-chan TrialEvent { return t.queue }

// Close ends the trial; the satellite listens as before from the next frame on. It may be called twice.
func (t *Trial) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.from.trial.CompareAndSwap(t, nil)
	if !t.over {
		t.over = true
		t.guard.Stop()
		close(t.queue)
	}
}

// endTrial ends the one that runs, if any.
func (s *Satellite) endTrial() {
	if t := s.trial.Load(); t != nil {
		t.Close()
	}
}

// currentTrial is the trial that a frame belongs to, nil when there is none.
func (s *Satellite) currentTrial() *Trial {
	t := s.trial.Load()
	if t == s.trying {
		return t
	}
	s.trying = t
	s.ring.clear() // what was said in a trial is not recorded
	if t == nil {
		s.deps.Detector.Trace(nil)
	} else {
		s.deps.Detector.Trace(t.score)
	}
	return t
}

// score notes an inference.
func (t *Trial) score(d detector.Detection) {
	if best, known := t.best[d.Model]; known {
		t.best[d.Model] = max(best, d.Score)
	}
}

// try tells of a frame and of the wake words in it.
func (s *Satellite) try(t *Trial, f *audio.Frame, found []detector.Detection) {
	t.samples += audio.FrameSamples
	for _, hit := range found {
		if s.counts(hit.Model, f.Sample) {
			t.send(TrialEvent{WakeWord: hit.Model, Score: hit.Score})
		}
	}
	if t.samples%(trialEvery*audio.FrameSamples) == 0 {
		scores := make(map[string]float64, len(t.best))
		for model, best := range t.best {
			scores[model] = best
			t.best[model] = 0
		}
		t.send(TrialEvent{Scores: scores})
	}
	if t.samples >= t.limit {
		t.Close()
	}
}

func (t *Trial) send(e TrialEvent) {
	e.At, e.LevelDBFS = duration(int(t.samples)), t.from.deps.Microphone.Status().LevelDBFS
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return
	}
	select {
	case t.queue <- e:
	default: // capture never waits
	}
}
