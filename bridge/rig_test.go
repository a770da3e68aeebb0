package bridge_test

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"earshot/bridge"
	"earshot/detector"
	"earshot/history"
	"earshot/internal/assist"
	"earshot/internal/audio"
)

// A scripted sound says by its thousands what the scripted detector and VAD are to make of it.
const (
	quiet = 0
	voice = 1
	nabu  = 5 // a frame of it is a wake word
	alexa = 6
	late  = 7 // a wake word that was said lateBy earlier, and has been decided only now
	near  = 8 // a second look has refused okay_nabu, which was best nearBy earlier
	other = 9 // the same of alexa
)

// lateBy is as late as a second look may be, in samples.
const lateBy = 5120

// nearBy is how many samples after its best moment a word is refused.
const nearBy = 8000

// part is a stretch of scripted sound; a wake word lasts one frame of 10 ms.
type part struct {
	what int
	ms   int
}

// sound makes samples that no two frames of a second share, so that a frame out of place is seen.
func sound(parts ...part) []int16 {
	var pcm []int16
	for _, p := range parts {
		for range p.ms * audio.SampleRate / 1000 {
			pcm = append(pcm, int16(p.what*1000+len(pcm)%997))
		}
	}
	return pcm
}

func writeWAV(t *testing.T, pcm []int16) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sound.wav")
	if err := os.WriteFile(path, history.WAV(pcm), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// scriptedDetector hears what the sound says, and notes what it was given.
type scriptedDetector struct {
	mu     sync.Mutex
	pcm    []int16
	resets int
	trace  func(detector.Detection)
	refuse []detector.Detection
	after  func(samples int) // called in the satellite's goroutine; may be nil
}

func (d *scriptedDetector) Process(pcm []int16) []detector.Detection {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pcm = append(d.pcm, pcm...)
	if d.after != nil {
		d.after(len(d.pcm))
	}
	if d.trace != nil {
		d.trace(detector.Detection{Model: "okay_nabu", Score: float64(pcm[0]/1000) / 10})
		d.trace(detector.Detection{Model: "stranger", Score: 1})
	}
	d.refuse = nil
	switch pcm[0] / 1000 {
	case near:
		d.refuse = []detector.Detection{{Model: "okay_nabu", WakeWord: "Okay Nabu", Score: 0.61, Cutoff: 0.2, Delay: nearBy}}
	case other:
		d.refuse = []detector.Detection{{Model: "alexa", WakeWord: "Alexa", Score: 0.42, Cutoff: 0.2, Delay: nearBy}}
	case nabu:
		return []detector.Detection{{Model: "okay_nabu", WakeWord: "Okay Nabu", Score: 0.97, Cutoff: 0.85}}
	case alexa:
		return []detector.Detection{{Model: "alexa", WakeWord: "Alexa", Score: 0.93, Cutoff: 0.9}}
	case late:
		return []detector.Detection{{Model: "okay_nabu", WakeWord: "Okay Nabu", Score: 0.31, Cutoff: 0.2, Second: 0.4, Delay: lateBy}}
	}
	return nil
}

func (d *scriptedDetector) Refused() []detector.Detection {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.refuse
}

func (d *scriptedDetector) Reset() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.resets++
}

func (d *scriptedDetector) Trace(fn func(detector.Detection)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.trace = fn
}

func (d *scriptedDetector) Cutoff(string) float64 { return 0.85 }

// scriptedVAD takes a chunk that is mostly voice for speech.
type scriptedVAD struct{}

func (scriptedVAD) Process(chunk []int16) float32 {
	n := 0
	for _, v := range chunk {
		if v/1000 == voice {
			n++
		}
	}
	if n > len(chunk)/2 {
		return 1
	}
	return 0
}

func (scriptedVAD) Reset() {}

// fakeHistory keeps what it is given.
type fakeHistory struct {
	add func(ctx context.Context, n int) error // of the n-th recording, from 0; nil stores

	mu      sync.Mutex
	entries []history.Entry
	clips   [][]int16
	lent    []int16 // the last recording's own memory
	calls   int
}

// count is how many entries there are by now.
func (h *fakeHistory) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.entries)
}

func (h *fakeHistory) Add(ctx context.Context, r history.Recording) (history.Entry, error) {
	h.mu.Lock()
	n := h.calls
	h.calls++
	h.mu.Unlock()
	if h.add != nil {
		if err := h.add(ctx, n); err != nil {
			return history.Entry{}, err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	r.Entry.ID = string(rune('A' + n))
	h.entries = append(h.entries, r.Entry)
	h.clips = append(h.clips, slices.Clone(r.PCM))
	h.lent = r.PCM
	return r.Entry, nil
}

// fakeSettings remembers in memory.
type fakeSettings struct {
	mu     sync.Mutex
	values map[string]string
	err    error
	slow   func() // called while a value is on its way; may be nil
}

func (f *fakeSettings) Setting(_ context.Context, key string) (string, error) {
	f.mu.Lock()
	value, err := f.values[key], f.err
	f.mu.Unlock()
	if f.slow != nil {
		f.slow()
	}
	return value, err
}

func (f *fakeSettings) SetSetting(_ context.Context, key, value string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.values[key] = value
	return f.err
}

// fakeTranscriber reads all audio and then answers.
type fakeTranscriber struct {
	answer func(ctx context.Context, n int) (string, error) // of the n-th command, from 0

	mu    sync.Mutex
	heard [][]int16 // by command
}

func (f *fakeTranscriber) Transcribe(ctx context.Context, req assist.SpeechRequest, frames <-chan []int16) (assist.Transcript, error) {
	if req.Language != "en" {
		return assist.Transcript{}, errors.New("the language is " + req.Language)
	}
	text, err := f.transcribe(ctx, frames)
	return assist.Transcript{Text: text}, err
}

func (f *fakeTranscriber) transcribe(ctx context.Context, frames <-chan []int16) (string, error) {
	f.mu.Lock()
	n := len(f.heard)
	f.heard = append(f.heard, nil)
	f.mu.Unlock()
	for {
		select {
		case pcm, more := <-frames:
			if !more {
				return f.answer(ctx, n)
			}
			f.mu.Lock()
			f.heard[n] = append(f.heard[n], pcm...)
			f.mu.Unlock()
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// commands counts the commands it was given.
func (f *fakeTranscriber) commands() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.heard)
}

// says answers every command with the same words.
func says(text string) func(context.Context, int) (string, error) {
	return func(context.Context, int) (string, error) { return text, nil }
}

// rig is a satellite with a real microphone that plays a scripted sound, and fakes around it. It lives in a synctest bubble: a minute takes no time.
type rig struct {
	*bridge.Satellite
	id       string // kitchen when empty
	pcm      []int16
	path     string
	mic      *audio.Microphone
	detector *scriptedDetector
	history  *fakeHistory
	settings *fakeSettings
	speech   *fakeTranscriber // nil: there is none
	loop     bool
	words    []string           // wake words; okay_nabu when there are none
	more     func(*bridge.Deps) // further parts; may be nil
	after    func()             // called in the bubble when Run has ended; may be nil

	began  time.Time
	events []bridge.Event
	cancel func() // as when another part of the program has failed
	ended  chan error
}

// play runs the satellite on a sound. What alter changes is done before, what meanwhile does happens while it runs; it ends a minute after that.
func play(t *testing.T, pcm []int16, alter func(*rig), meanwhile func(*rig)) *rig {
	t.Helper()
	r := &rig{
		pcm: pcm, path: writeWAV(t, pcm),
		detector: &scriptedDetector{}, history: &fakeHistory{}, settings: &fakeSettings{values: map[string]string{}},
	}
	if alter != nil {
		alter(r)
	}
	synctest.Test(t, func(t *testing.T) {
		r.start(t)
		if meanwhile != nil {
			meanwhile(r)
		}
		r.sleep(time.Minute)
		r.stop(t)
		if r.after != nil {
			r.after()
		}
	})
	return r
}

func (r *rig) start(t *testing.T) {
	cfg := bridge.DefaultConfig()
	cfg.ID, cfg.Area = cmp.Or(r.id, "kitchen"), "Ground floor"
	cfg.Microphone.Driver, cfg.Microphone.Device, cfg.Microphone.Loop = "file", r.path, r.loop
	for i, w := range r.words {
		cfg.WakeWords = append(cfg.WakeWords[:i:i], bridge.WakeWord{Model: w})
	}
	r.mic = audio.NewMicrophone(cfg.Microphone, zerolog.Nop())
	deps := bridge.Deps{
		Microphone: r.mic, Detector: r.detector, History: r.history, Settings: r.settings, Language: "en", Log: zerolog.Nop(),
		NewEndpointer: func() *detector.Endpointer {
			return detector.NewEndpointer(scriptedVAD{}, detector.EndpointConfig{})
		},
	}
	if r.speech != nil {
		deps.Transcriber = r.speech
	}
	if r.more != nil {
		r.more(&deps)
	}
	r.Satellite = bridge.NewSatellite(cfg, deps)
	sub := r.Subscribe(1000)
	r.began = time.Now()
	ctx, cancel := context.WithCancelCause(t.Context())
	r.cancel = func() { cancel(errors.New("another part failed")) }
	r.ended = make(chan error, 1)
	go func() {
		err := r.Run(ctx)
		for e := range sub.C() {
			r.events = append(r.events, e)
		}
		r.ended <- err
	}()
}

func (r *rig) stop(t *testing.T) {
	r.cancel()
	if err := <-r.ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}

// sleep lets time pass in the bubble.
func (r *rig) sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// at waits until so much of the sound was played.
func (r *rig) at(d time.Duration) { r.sleep(time.Until(r.began.Add(d))) }
