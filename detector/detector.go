package detector

import (
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	"earshot/detector/microfrontend"
	"earshot/detector/tflite"
)

const (
	// SampleRate is the rate of all audio in Hz.
	SampleRate = 16000
	// FrameSamples is how many samples lie between two decisions: 10 ms.
	FrameSamples = 160
)

// Detection says that a wake word was heard.
type Detection struct {
	Model    string // ID of the model
	WakeWord string
	Sample   int64   // first sample after the frame that fired, counted since New or Reset
	Score    float64 // mean probability 0..1 of the window; of an openWakeWord model alone that of its 80 ms
	Peak     float64 // highest probability of the window
	Cutoff   float64 // that the score was over

	// Second is what the second look scored, 0..1; 0 where none was taken. Delay is how many samples after Sample it has decided: 5,120 at most
	// where it agreed.
	Second float64
	Delay  int64
}

// Detector listens for several wake words in one stream of audio. Its cutoffs may be read and set while another goroutine uses it.
type Detector struct {
	frontEnd *microfrontend.FrontEnd
	words    []*word
	ears     *ears // nil when no word is told from speech
	micro    bool  // a word needs the front end
	trace    func(Detection)
	frames   int64
	found    []Detection // reused by Process
	refused  []Detection // reused by Process
}

// word is one model's part of a stream.
type word struct {
	model  *Model
	cutoff atomic.Uint64       // bits of a float64
	net    *tflite.Interpreter // nil: speech tells the word alone
	filled int                 // frames of the network's next input
	rule   rule
	look   *look // nil: net tells the word alone
}

// New returns a detector for models that LoadModel returned, at the start of a stream.
func New(models ...*Model) (*Detector, error) {
	if len(models) == 0 {
		return nil, errors.New("start detector: no model was named")
	}
	d := &Detector{frontEnd: microfrontend.New(), found: make([]Detection, 0, 4*len(models)), refused: make([]Detection, 0, 4*len(models))}
	for _, m := range models {
		if m == nil || (m.net == nil && m.speech == nil) {
			return nil, errors.New("start detector: a model was not loaded")
		}
		if d.word(m.ID) != nil {
			return nil, fmt.Errorf("start detector: model %q was named twice", m.ID)
		}
		w := &word{model: m}
		w.cutoff.Store(math.Float64bits(m.Cutoff))
		if m.net != nil {
			d.micro = true
			w.net, w.rule = m.net.NewInterpreter(), newRule(m.Window)
		}
		if m.speech != nil {
			if d.ears == nil {
				d.ears = newEars(m.speech.Network)
				d.ears.heard = d.spoken
			}
			d.ears.add(w)
		}
		d.words = append(d.words, w)
	}
	return d, nil
}

// Reset begins a new stream: all audio heard so far is forgotten. Cutoffs stay.
func (d *Detector) Reset() {
	d.frontEnd.Reset()
	d.frames, d.refused = 0, d.refused[:0]
	if d.ears != nil {
		d.ears.reset()
	}
	for _, w := range d.words {
		if w.net == nil {
			continue
		}
		w.net.Reset()
		w.filled = 0
		w.rule.reset()
	}
}

// Process takes the next samples of the stream, any number of them, and returns the wake words that were heard in them. The result
// is valid until the next call. A word that goes on is reported again after about a second, not before.
func (d *Detector) Process(pcm []int16) []Detection {
	d.found, d.refused = d.found[:0], d.refused[:0]
	if !d.micro {
		d.ears.hear(pcm)
		return d.found
	}
	var features [microfrontend.Channels]uint16
	for len(pcm) > 0 {
		used, complete := d.frontEnd.Process(pcm, &features)
		if d.ears != nil {
			d.ears.hear(pcm[:used])
		}
		pcm = pcm[used:]
		if !complete {
			continue
		}
		d.frames++
		for _, w := range d.words {
			if w.net != nil {
				d.frame(w, &features)
			}
		}
	}
	return d.found
}

// frame gives one word the features of one frame.
func (d *Detector) frame(w *word, features *[microfrontend.Channels]uint16) {
	cutoff := w.threshold()
	if w.take(features) {
		probability := w.net.Run()
		w.rule.put(probability)
		mean, _ := w.rule.window()
		if w.look != nil && w.look.refuses(d.position()) {
			d.refused = append(d.refused, d.nearly(w, cutoff))
		}
		if w.look != nil && w.look.firstStage(d.position(), mean, cutoff, d.ears) {
			d.found = append(d.found, d.agreed(w))
		}
		if d.trace != nil {
			hit := w.detection(d.position(), mean, float64(probability)/fullScale, cutoff)
			if w.look != nil && mean >= cutoff {
				hit.Second = w.look.best(d.position())
			}
			d.trace(hit)
		}
	}
	if w.look != nil {
		return
	}
	if score, peak, ok := w.rule.fires(cutoff); ok {
		d.found = append(d.found, w.detection(d.position(), score, peak, cutoff))
	}
}

// spoken takes what a chunk scored as one word.
func (d *Detector) spoken(w *word, at int64, score float64) {
	cutoff := w.threshold()
	if w.net == nil {
		hit := w.detection(at, score, score, cutoff)
		if d.trace != nil {
			d.trace(hit)
		}
		if w.look.alone(at, score, cutoff) {
			hit = w.detection(w.look.first, w.look.mean, w.look.mean, cutoff)
			hit.Delay = at - w.look.first
			d.found = append(d.found, hit)
		}
		return
	}
	if w.look.secondStage(at, score) {
		d.found = append(d.found, d.agreed(w))
	}
	if d.trace != nil && at-w.look.first <= agree {
		hit := d.agreed(w)
		hit.Sample, hit.Second = max(at, w.look.first), score
		d.trace(hit)
	}
}

// agreed is a word that both stages have heard.
func (d *Detector) agreed(w *word) Detection {
	l := w.look
	hit := w.detection(l.first, l.mean, l.mean, w.threshold())
	hit.Second, hit.Delay = l.score, max(0, d.ears.position-l.first)
	return hit
}

// nearly is a word that the second stage has refused.
func (d *Detector) nearly(w *word, cutoff float64) Detection {
	top := w.look.top
	hit := w.detection(top.end, top.score, top.score, cutoff)
	hit.Delay = d.ears.position - top.end
	return hit
}

// Refused returns the wake words that the first stage has heard, and the second look, or a verifier, has not agreed to, as it turned out in the last Process: each
// with the best score of the first stage since it asked, and where that was. The result is valid until the next call of Process.
func (d *Detector) Refused() []Detection { return d.refused }

func (w *word) detection(sample int64, score, peak, cutoff float64) Detection {
	return Detection{Model: w.model.ID, WakeWord: w.model.WakeWord, Sample: sample, Score: score, Peak: peak, Cutoff: cutoff}
}

// Looks is how often the first stage of a wake word has asked for a second look, and how often that agreed. It may be called while another
// goroutine runs Process.
func (d *Detector) Looks(model string) (taken, agreed uint64) {
	if w := d.word(model); w != nil && w.look != nil {
		return w.look.taken.Load(), w.look.agreed.Load()
	}
	return 0, 0
}

// take fills one frame into the network's input and tells whether it is complete.
func (w *word) take(features *[microfrontend.Channels]uint16) bool {
	in := w.net.Input()[w.filled*microfrontend.Channels:][:microfrontend.Channels]
	for i, f := range features {
		in[i] = w.model.quantized[min(f, maxFeature)]
	}
	w.filled++
	if w.filled < w.model.stride {
		return false
	}
	w.filled = 0
	return true
}

// position is the first sample after the latest frame.
func (d *Detector) position() int64 {
	return microfrontend.WindowSamples + (d.frames-1)*FrameSamples
}

// SetCutoff changes the probability, 0..1, over which a model fires. It may be called while another goroutine runs Process.
func (d *Detector) SetCutoff(model string, cutoff float64) error {
	w := d.word(model)
	if w == nil {
		return fmt.Errorf("set cutoff: there is no model %q", model)
	}
	if !(cutoff >= 0 && cutoff <= 1) {
		return fmt.Errorf("set cutoff of %q: %v is not within 0 and 1", model, cutoff)
	}
	w.cutoff.Store(math.Float64bits(cutoff))
	return nil
}

// Cutoff returns the probability, 0..1, over which a model fires, 0 for a model that is not there. It may be called while another
// goroutine runs Process.
func (d *Detector) Cutoff(model string) float64 {
	if w := d.word(model); w != nil {
		return w.threshold()
	}
	return 0
}

// SetSecondCutoff changes the probability, over 0 and up to 1, over which the second look at a word has to be. It may be called while another
// goroutine runs Process.
func (d *Detector) SetSecondCutoff(model string, cutoff float64) error {
	w := d.word(model)
	switch {
	case w == nil || w.model.SecondLook() == "":
		return fmt.Errorf("set the cutoff of the second look at %q: there is none", model)
	case !(cutoff > 0 && cutoff <= 1):
		return fmt.Errorf("set the cutoff of the second look at %q: %v is not over 0 and up to 1", model, cutoff)
	}
	w.look.second.Store(math.Float64bits(cutoff))
	return nil
}

// SecondCutoff returns the probability, 0..1, over which the second look at a word has to be, 0 where there is none. It may be called while
// another goroutine runs Process.
func (d *Detector) SecondCutoff(model string) float64 {
	if w := d.word(model); w != nil && w.model.SecondLook() != "" {
		return w.look.cutoff()
	}
	return 0
}

func (w *word) threshold() float64 { return math.Float64frombits(w.cutoff.Load()) }

// Trace has fn called for every inference of every model. Its score is the mean over the window, which is what a cutoff is held
// against, and its peak that inference's own probability. Nil turns it off. It must not be called while Process runs.
func (d *Detector) Trace(fn func(Detection)) { d.trace = fn }

func (d *Detector) word(model string) *word {
	for _, w := range d.words {
		if w.model.ID == model {
			return w
		}
	}
	return nil
}
