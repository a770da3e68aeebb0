package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"earshot/bridge"
	"earshot/detector"
	"earshot/detector/ownword"
	"earshot/internal/audio"
)

// ears hear wake words: on this machine, or on another one.
type ears interface {
	Process(pcm []int16) []detector.Detection
	Reset()
	Cutoff(model string) float64
}

// satelliteModels are what a satellite listens with, by the ids of its wake words.
func (p *parts) satelliteModels(cfg bridge.Config) (map[string]*detector.Model, error) {
	models := map[string]*detector.Model{}
	for _, w := range cfg.WakeWords {
		m, err := p.models.word(w)
		if err != nil {
			return nil, err
		}
		models[w.Model] = m
	}
	return models, nil
}

// localEars are the models of a satellite with the thresholds of its configuration.
func localEars(cfg bridge.Config, models map[string]*detector.Model) (ears, error) {
	var list []*detector.Model
	for _, w := range cfg.WakeWords {
		list = append(list, models[w.Model])
	}
	words, err := detector.New(list...)
	if err != nil {
		return nil, err
	}
	for _, w := range cfg.WakeWords {
		if w.Threshold == 0 {
			continue // the model's own
		}
		if err := words.SetCutoff(w.Model, w.Threshold); err != nil {
			return nil, err
		}
	}
	return words, nil
}

// choosyEars are the ears of a satellite, without the wake words that a person has switched off.
type choosyEars struct {
	ears
	effort    effort
	off       atomic.Pointer[map[string]bool] // nil: none; what it points to does not change
	switching sync.Mutex                      // one who changes off at a time
}

// Process returns the wake words that count.
func (w *choosyEars) Process(pcm []int16) []detector.Detection {
	began := time.Now()
	found := w.ears.Process(pcm)
	w.effort.add(time.Since(began), len(pcm))
	return w.counting(found)
}

// Refused returns the wake words of the last Process that would count if the second look had agreed.
func (w *choosyEars) Refused() []detector.Detection {
	if local, ok := w.ears.(*detector.Detector); ok {
		return w.counting(local.Refused())
	}
	return nil
}

// counting leaves out the words that are switched off.
func (w *choosyEars) counting(found []detector.Detection) []detector.Detection {
	off := w.off.Load()
	if len(found) == 0 || off == nil {
		return found
	}
	return slices.DeleteFunc(found, func(d detector.Detection) bool { return (*off)[d.Model] })
}

// effortWindow is how much sound an effort is measured over, in samples: ten seconds.
const effortWindow = 10 * audio.SampleRate

// effort is the share of one processor core that hearing takes. One goroutine adds; everybody may ask.
type effort struct {
	spent time.Duration
	heard int           // samples
	share atomic.Uint64 // bits of a float64: per cent, of the last window; 0 before the first
}

func (e *effort) add(spent time.Duration, samples int) {
	e.spent += spent
	if e.heard += samples; e.heard < effortWindow {
		return
	}
	heard := time.Duration(e.heard) * time.Second / audio.SampleRate
	e.share.Store(math.Float64bits(100 * float64(e.spent) / float64(heard)))
	e.spent, e.heard = 0, 0
}

func (e *effort) percent() float64 { return math.Float64frombits(e.share.Load()) }

// active tells whether a wake word counts.
func (w *choosyEars) active(model string) bool {
	off := w.off.Load()
	return off == nil || !(*off)[model]
}

// setActive switches a wake word on or off.
func (w *choosyEars) setActive(model string, on bool) {
	w.switching.Lock()
	defer w.switching.Unlock()
	off := map[string]bool{}
	if old := w.off.Load(); old != nil {
		maps.Copy(off, *old)
	}
	off[model] = !on
	w.off.Store(&off)
}

// Trace has fn called for every inference on this machine; an engine elsewhere does not tell its own.
func (w *choosyEars) Trace(fn func(detector.Detection)) {
	if local, ok := w.ears.(*detector.Detector); ok {
		local.Trace(fn)
	}
}

// setThreshold changes the probability over which a wake word counts.
func (w *choosyEars) setThreshold(model string, threshold float64) error {
	local, ok := w.ears.(*detector.Detector)
	if !ok {
		return fmt.Errorf("change the threshold of %q: the engine on the other machine has its own", model)
	}
	return local.SetCutoff(model, threshold)
}

// setSecondThreshold changes the probability over which the second look at a wake word has to be.
func (w *choosyEars) setSecondThreshold(model string, threshold float64) error {
	local, ok := w.ears.(*detector.Detector)
	if !ok {
		return fmt.Errorf("change the threshold of the second look at %q: the engine on the other machine has its own", model)
	}
	return local.SetSecondCutoff(model, threshold)
}

// secondThreshold is that probability, 0 where no second look is taken.
func (w *choosyEars) secondThreshold(model string) float64 {
	if local, ok := w.ears.(*detector.Detector); ok {
		return local.SecondCutoff(model)
	}
	return 0
}

// setVerifier has a verifier asked about a wake word from now on; nil: none.
func (w *choosyEars) setVerifier(model string, v *ownword.Verifier) error {
	local, ok := w.ears.(*detector.Detector)
	switch {
	case v == nil && !ok:
		return nil
	case !ok:
		return fmt.Errorf("set a verifier of %q: the engine on the other machine has none", model)
	case v == nil:
		return local.SetVerifier(model, nil)
	}
	return local.SetVerifier(model, &detector.Verifier{
		Cutoff: v.Cutoff, Chunks: ownword.Window, NewScorer: func() detector.Scorer { return v.NewScorer() },
	})
}

// hasVerifier tells whether one is asked.
func (w *choosyEars) hasVerifier(model string) bool {
	local, ok := w.ears.(*detector.Detector)
	return ok && local.HasVerifier(model)
}
