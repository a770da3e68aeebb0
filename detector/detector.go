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
	Score    float64 // mean probability 0..1 of the window
	Peak     float64 // highest probability of the window
	Cutoff   float64 // that the score was over
}

// Detector listens for several wake words in one stream of audio. Only SetCutoff and Cutoff may be called while another goroutine
// uses it.
type Detector struct {
	frontEnd *microfrontend.FrontEnd
	words    []*word
	trace    func(Detection)
	frames   int64
	found    []Detection // reused by Process
}

// word is one model's part of a stream.
type word struct {
	model  *Model
	net    *tflite.Interpreter
	filled int           // frames of the network's next input
	cutoff atomic.Uint64 // bits of a float64
	rule   rule
}

// New returns a detector for models that LoadModel returned, at the start of a stream.
func New(models ...*Model) (*Detector, error) {
	if len(models) == 0 {
		return nil, errors.New("start detector: no model was named")
	}
	d := &Detector{frontEnd: microfrontend.New(), found: make([]Detection, 0, 4*len(models))}
	for _, m := range models {
		if m == nil || m.net == nil {
			return nil, errors.New("start detector: a model was not loaded")
		}
		if d.word(m.ID) != nil {
			return nil, fmt.Errorf("start detector: model %q was named twice", m.ID)
		}
		w := &word{model: m, net: m.net.NewInterpreter(), rule: newRule(m.Window)}
		w.cutoff.Store(math.Float64bits(m.Cutoff))
		d.words = append(d.words, w)
	}
	return d, nil
}

// Reset begins a new stream: all audio heard so far is forgotten. Cutoffs stay.
func (d *Detector) Reset() {
	d.frontEnd.Reset()
	d.frames = 0
	for _, w := range d.words {
		w.net.Reset()
		w.filled = 0
		w.rule.reset()
	}
}

// Process takes the next samples of the stream, any number of them, and returns the wake words that were heard in them. The result
// is valid until the next call. A word that goes on is reported again after about a second, not before.
func (d *Detector) Process(pcm []int16) []Detection {
	d.found = d.found[:0]
	var features [microfrontend.Channels]uint16
	for len(pcm) > 0 {
		used, complete := d.frontEnd.Process(pcm, &features)
		pcm = pcm[used:]
		if !complete {
			continue
		}
		d.frames++
		for _, w := range d.words {
			d.frame(w, &features)
		}
	}
	return d.found
}

// frame gives one word the features of one frame.
func (d *Detector) frame(w *word, features *[microfrontend.Channels]uint16) {
	cutoff := math.Float64frombits(w.cutoff.Load())
	if w.take(features) {
		probability := w.net.Run()
		w.rule.put(probability)
		if d.trace != nil {
			mean, _ := w.rule.window()
			d.trace(Detection{w.model.ID, w.model.WakeWord, d.position(), mean, float64(probability) / fullScale, cutoff})
		}
	}
	if score, peak, ok := w.rule.fires(cutoff); ok {
		d.found = append(d.found, Detection{w.model.ID, w.model.WakeWord, d.position(), score, peak, cutoff})
	}
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
		return math.Float64frombits(w.cutoff.Load())
	}
	return 0
}

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
