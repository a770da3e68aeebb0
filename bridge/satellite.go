package bridge

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"earshot/detector"
	"earshot/history"
	"earshot/internal/assist"
	"earshot/internal/audio"
)

// Transcriber turns speech into text; both a Wyoming server and Home Assistant's Assist are behind it.
type Transcriber interface {
	// Transcribe takes 16 kHz mono samples until frames is closed and returns the words, none when there were none.
	// Once it has returned, or ctx is done, it neither reads frames nor keeps any of their samples.
	Transcribe(ctx context.Context, req assist.SpeechRequest, frames <-chan []int16) (assist.Transcript, error)
}

// wakeDetector finds wake words; *detector.Detector is one.
type wakeDetector interface {
	Process(pcm []int16) []detector.Detection
	Reset()
	Cutoff(model string) float64
	// Trace has fn called for every inference with its score; nil turns that off. It is not called while Process runs.
	Trace(fn func(detector.Detection))
}

// recorder keeps finished recordings, and nothing of their samples once Add has returned; *history.History is one.
type recorder interface {
	Add(ctx context.Context, r history.Recording) (history.Entry, error)
}

// settings remembers what was switched across restarts; *history.History is one.
type settings interface {
	Setting(ctx context.Context, key string) (string, error)
	SetSetting(ctx context.Context, key, value string) error
}

// Deps are the parts a satellite works with. Those up to Settings are needed.
type Deps struct {
	Microphone    *audio.Microphone // the satellite runs it
	Detector      wakeDetector      // with the thresholds of the configuration
	NewEndpointer func() *detector.Endpointer
	History       recorder
	Settings      settings
	Transcriber   Transcriber // nil: there is no assistant, and commands are only recorded
	Agent         Agent       // nil: words are only written down
	Voice         Voice       // nil: replies are not spoken
	Sounds        Sounds      // nil: there are no feedback sounds
	Arbiter       *Arbiter    // shared by the satellites of a house; nil: this one answers always
	Privacy       *Privacy    // nil: spoken privacy commands are words like others
	Language      string      // for the Transcriber, such as "en"; "" leaves it to that
	Device        string      // identifier of the satellite's device in Home Assistant, which stands for its room

	// Refused returns the words that the Detector's second look has refused in the last Process; nil: nobody wants to see near misses.
	Refused func() []detector.Detection

	Log zerolog.Logger
}

const (
	readerQueue = 200                  // frames: the satellite may be busy for 2 s before one is lost
	refractory  = 2 * audio.SampleRate // samples in which a word does not count again. ref: linux-voice-assistant, 2 s
	maxOpen     = 8                    // recordings in memory, of at most 0.6 MB each, besides one near miss of 64 kB
)

// Satellite is one microphone that listens for wake words and records what is said after them.
type Satellite struct {
	cfg        Config
	deps       Deps
	endpointer *detector.Endpointer // of the one recording that is being made
	events     events
	hush       chan struct{}   // a signal waits when the microphone was muted
	again      chan invitation // to listen without a wake word
	over       chan struct{}   // closed when Run has ended

	// What follows belongs to the goroutine of Run.
	in        audio.Frame // received into, so that nothing is allocated
	ring      ring
	session   *session         // the recording that is being made; nil when there is none
	heard     map[string]int64 // the sample at which each word last counted
	missed    map[string]int64 // the sample at which each word was last a near miss
	finishing sync.WaitGroup   // recordings that wait for their words and are being stored
	trying    *Trial           // what the detector is traced for; nil for nothing

	trial atomic.Pointer[Trial] // the one that runs; nil when there is none

	sounding atomic.Int32 // feedback sounds in the air

	remembering sync.Mutex // one write of the mute switch at a time

	mu         sync.Mutex // guards what follows
	open       map[*session]State
	spare      []int16 // memory for the next recording; nil when it is in use
	muted      bool
	switched   bool // somebody has muted or unmuted since the start
	last       time.Time
	problem    string
	assistant  string // pipeline that a person has chosen; "" for none
	talk       conversation
	announcing func() // ends the announcement that is being played; nil when there is none
	asked      question
}

// NewSatellite prepares a satellite; Run makes it listen.
func NewSatellite(cfg Config, deps Deps) *Satellite {
	if cfg.Name == "" {
		cfg.Name = cfg.ID
	}
	return &Satellite{
		cfg: cfg, deps: deps, endpointer: deps.NewEndpointer(),
		events: events{open: map[*Subscription]struct{}{}},
		hush:   make(chan struct{}, 1),
		again:  make(chan invitation, 1),
		over:   make(chan struct{}),
		heard:  map[string]int64{}, missed: map[string]int64{},
		open: map[*session]State{},
	}
}

// Run listens until ctx ends, and returns nil then, when everything is stored and every goroutine has ended. It may be called once.
// The microphone runs within it, so that a microphone that was muted before a restart is not opened. Its only error is the microphone's: a
// configuration that Validate refuses.
func (s *Satellite) Run(ctx context.Context) error {
	defer s.events.close()
	defer close(s.over)
	s.restoreMute(ctx)
	reader := s.deps.Microphone.Subscribe("satellite "+s.cfg.ID, readerQueue)
	changes, stop := s.deps.Microphone.Watch()
	defer stop()
	var err error
	var microphone sync.WaitGroup
	microphone.Go(func() { err = s.deps.Microphone.Run(ctx) })
	s.loop(ctx, reader, changes)
	microphone.Wait()
	s.finishing.Wait()
	if err != nil {
		return fmt.Errorf("run satellite %q: %w", s.cfg.ID, err)
	}
	return nil
}

// loop takes frames and news until the microphone has ended, which it does when ctx has.
func (s *Satellite) loop(ctx context.Context, reader *audio.Reader, changes <-chan struct{}) {
	defer s.endTrial()
	for {
		var ok bool
		select {
		case s.in, ok = <-reader.C():
			if !ok {
				s.cancel(ctx)
				return
			}
			s.frame(ctx, &s.in)
		case <-changes:
			s.drain(ctx, reader)
			s.microphoneChanged(ctx)
		case <-s.hush:
			s.drain(ctx, reader)
			s.cancel(ctx)
			s.endTrial()
		case i := <-s.again:
			s.drain(ctx, reader)
			s.listenAgain(ctx, i)
		}
	}
}

// drain takes the frames that came before some news.
func (s *Satellite) drain(ctx context.Context, reader *audio.Reader) {
	for range len(reader.C()) {
		var ok bool
		if s.in, ok = <-reader.C(); !ok {
			return
		}
		s.frame(ctx, &s.in)
	}
}

// frame takes 10 ms of audio. It never waits for anything.
func (s *Satellite) frame(ctx context.Context, f *audio.Frame) {
	if f.Restart {
		s.deps.Detector.Reset()
		s.ring.clear()
	}
	if s.sounding.Load() > 0 {
		clear(f.PCM[:]) // our own sound is not part of what was said
	}
	trial := s.currentTrial()
	if trial == nil {
		s.ring.push(&f.PCM)
	}
	if s.session != nil && s.session.by.left() {
		s.abandoned(ctx)
	}
	if s.session != nil && s.record(ctx, f) {
		s.finish(ctx)
	}
	found := s.deps.Detector.Process(f.PCM[:])
	if trial != nil {
		s.try(trial, f, found)
		return
	}
	for _, hit := range found {
		s.wake(ctx, hit, f)
	}
	if s.deps.Refused == nil {
		return
	}
	for _, hit := range s.deps.Refused() {
		s.nearMiss(ctx, hit, f)
	}
}

// counts tells whether a word counts at a sample, which it does not when it was heard a moment ago.
func (s *Satellite) counts(model string, sample int64) bool {
	if last, ok := s.heard[model]; ok && sample-last < refractory {
		return false
	}
	s.heard[model] = sample
	return true
}

// wake starts a recording, unless one is being made or the word was heard a moment ago.
func (s *Satellite) wake(ctx context.Context, hit detector.Detection, f *audio.Frame) {
	if !s.counts(hit.Model, f.Sample) {
		return
	}
	own := false
	s.change(func() {
		if own = s.ownVoice(hit.WakeWord); !own {
			s.interrupt()
		}
	})
	if own {
		return
	}
	var waits *asker
	switch {
	case s.session == nil:
	case s.session.round > 0:
		waits = s.supersede(ctx)
	default:
		return // it is a part of the command
	}
	ago := int(hit.Delay)
	w := Wake{At: f.Time.Add(-duration(ago)), Model: hit.Model, Phrase: hit.WakeWord, Score: hit.Score, Threshold: hit.Cutoff}
	if hit.Second > 0 {
		w.SecondLook = time.Since(w.At)
	}
	if s.session = s.newSession(w, ago); s.session == nil {
		s.deps.Log.Warn().Str("wake_word", w.Model).Msg("not recorded: too many recordings wait to be finished")
		waits.tell(Said{Played: true})
		return
	}
	s.session.by = waits
	s.change(func() { s.last = w.At })
	if s.session.elsewhere = !s.deps.Arbiter.first(w.Model, s.cfg.ID, w.At); !s.session.elsewhere {
		s.sound(ctx, "listening")
	}
	s.deps.Log.Info().Str("wake_word", w.Model).Float64("score", w.Score).Msg("wake word")
	s.events.publish(Event{Kind: Woke, Wake: w})
}

// microphoneChanged ends the recording when no more sound will come for it.
func (s *Satellite) microphoneChanged(ctx context.Context) {
	state := s.deps.Microphone.Status().State
	if state != audio.Listening {
		s.endTrial()
	}
	switch state {
	case audio.Muted, audio.Lost: // a frame that was on its way when the microphone was muted may have begun one more recording
		s.cancel(ctx)
	case audio.Ended: // what a file does not hold was not said
		if s.session != nil {
			s.finish(ctx)
		}
	}
	s.events.publish(Event{Kind: MicrophoneChanged})
}

// cancel gives up the recording that is being made; the audio so far is kept.
func (s *Satellite) cancel(ctx context.Context) {
	if s.session != nil {
		s.session.cancelled = true
		s.finish(ctx)
	}
}

// change alters what mu guards, and tells when Status's State, Muted or StorageProblem is another now.
func (s *Satellite) change(alter func()) {
	type facts struct {
		state   State
		muted   bool
		problem string
	}
	now := func() facts { return facts{s.state(), s.muted, s.problem} }
	s.mu.Lock()
	before := now()
	alter()
	after := now()
	s.mu.Unlock()
	if before != after {
		s.events.publish(Event{Kind: StatusChanged})
	}
}
