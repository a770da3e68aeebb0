package bridge

import (
	"cmp"
	"context"
	"errors"
	"time"

	"earshot/detector"
	"earshot/history"
	"earshot/internal/assist"
	"earshot/internal/audio"
)

const (
	maxCommand  = 15 * audio.SampleRate // samples of a recording after its wake instant
	answerLimit = 30 * time.Second      // for the words, once the command has ended
)

// Why a Transcriber is stopped.
var (
	errNoAnswer = errors.New("speech-to-text gave no answer within 30 s")
	errGivenUp  = errors.New("the words are not wanted any more") // nobody sees this one
)

// session is one recording, from its wake word until it is stored.
type session struct {
	wake      Wake
	pcm       []int16 // pre-roll and command; it never outgrows its capacity, so that the transcriber can read parts of it meanwhile
	start     int     // where in pcm the wake instant is
	sent      int     // how much of pcm the transcriber has
	state     detector.EndpointState
	speechEnd int64 // samples after the wake instant; 0 when there was no speech
	cancelled bool
	elsewhere bool           // another microphone answers
	miss      bool           // a near miss, and no command
	round     int            // 0: a wake word began it; else how many recordings since then began without one
	asks      bool           // its reply asks something
	by        *asker         // waits for what is said; nil for nobody
	stt       *transcription // nil until somebody speaks, and when there is no assistant
	reply     assist.Reply
	hush      context.CancelFunc // ends the spoken reply; nil while there is none; guarded by Satellite.mu

	stored    chan struct{} // closed when the history has taken it, or has not; id is valid then
	id        string        // of the entry; "" when there is none
	storing   bool          // the history is taking it; Satellite.mu guards this and what follows
	discarded bool          // it is to be dropped; does not change any more once storing is set
}

// newSession begins a recording with the pre-roll. It returns nil when there is no memory for it. The wake instant was so many samples ago:
// what was said since then, while a second look was taken, is part of the command.
func (s *Satellite) newSession(w Wake, ago int) *session {
	pcm, ok := s.memory()
	if !ok {
		return nil
	}
	pcm = s.ring.appendTo(pcm)
	start := max(0, len(pcm)-ago)
	o := &session{wake: w, pcm: pcm, start: start, sent: start, stored: make(chan struct{})}
	s.endpointer.Reset()
	o.state = s.endpointer.Process(pcm[start:])
	s.change(func() { s.open[o] = Listening })
	return o
}

// memory lends room for a recording, unless so many are open that there must not be more.
func (s *Satellite) memory() (pcm []int16, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count(false) >= maxOpen {
		return nil, false
	}
	pcm, s.spare = s.spare, nil
	if pcm == nil {
		pcm = make([]int16, 0, preRoll+maxCommand)
	}
	return pcm, true
}

// count is how many near misses, or how many other recordings, are open. It needs mu.
func (s *Satellite) count(misses bool) (n int) {
	for o := range s.open {
		if o.miss == misses {
			n++
		}
	}
	return n
}

// record adds a frame to the recording and tells whether that is over.
func (s *Satellite) record(ctx context.Context, f *audio.Frame) (over bool) {
	o := s.session
	o.pcm = append(o.pcm, f.PCM[:]...)
	o.state = s.endpointer.Process(f.PCM[:])
	if o.spoken() && !o.elsewhere && s.deps.Transcriber != nil {
		if o.stt == nil {
			o.stt = s.transcribe(ctx, o.wake)
		}
		o.stt.frames <- o.pcm[o.sent:len(o.pcm):len(o.pcm)]
		o.sent = len(o.pcm)
	}
	return o.state > detector.Speaking || len(o.pcm)-o.start >= maxCommand
}

// spoken tells whether somebody has said something after the wake word.
func (o *session) spoken() bool {
	return o.state == detector.Speaking || o.state == detector.Ended || o.state == detector.TooLong
}

// transcription is a Transcriber at work.
type transcription struct {
	frames chan []int16 // has room for all that a recording can have: sending neither waits nor drops
	ctx    context.Context
	stop   context.CancelCauseFunc
	done   chan struct{} // closed when the Transcriber has returned; what follows is valid then

	words assist.Transcript
	err   error
	at    time.Time
}

// transcribe starts the Transcriber. Nothing leaves the box before.
func (s *Satellite) transcribe(ctx context.Context, w Wake) *transcription {
	t := &transcription{frames: make(chan []int16, maxCommand/audio.FrameSamples), done: make(chan struct{})}
	t.ctx, t.stop = context.WithCancelCause(ctx)
	req := assist.SpeechRequest{
		Pipeline: s.pipeline(w.Model), WakeWordPhrase: w.Phrase, DeviceIdentifier: s.deps.Device, Language: s.deps.Language,
	}
	go func() {
		defer close(t.done)
		t.words, t.err = s.deps.Transcriber.Transcribe(t.ctx, req, t.frames)
		t.at = time.Now()
		if t.err != nil && t.ctx.Err() != nil { // what the Transcriber says then is only how it shows
			t.err = errGivenUp
			if errors.Is(context.Cause(t.ctx), errNoAnswer) {
				t.err = errNoAnswer
			}
		}
	}()
	return t
}

// wait ends the audio and waits for the words.
func (t *transcription) wait() {
	close(t.frames)
	limit := time.AfterFunc(answerLimit, func() { t.stop(errNoAnswer) })
	defer limit.Stop()
	<-t.done
	t.stop(nil)
}

// conclude waits for the words, where there can be any, and makes the entry.
func (s *Satellite) conclude(ctx context.Context, o *session) history.Entry {
	e := history.Entry{
		Satellite: s.cfg.ID, Area: s.cfg.Area, At: o.wake.At, Duration: duration(len(o.pcm)),
		WakeWord: o.wake.Model, Score: o.wake.Score, Threshold: o.wake.Threshold,
		Timings: history.Timings{SpeechEnd: duration(int(o.speechEnd))},
	}
	if o.stt != nil {
		if o.cancelled {
			o.stt.stop(nil)
		}
		o.stt.wait()
	}
	switch {
	case o.miss:
		e.Outcome = history.NearMiss
	case o.elsewhere:
		e.Outcome = history.Elsewhere
	case o.cancelled:
		e.Outcome = history.Cancelled
	case !o.spoken():
		e.Outcome = history.NotIntended
	case o.stt == nil:
		e.Outcome = history.Recorded
	default:
		s.understand(ctx, o, &e)
	}
	return e
}

// understand fills in what the Transcriber made of the command, and what came of that.
func (s *Satellite) understand(ctx context.Context, o *session, e *history.Entry) {
	t := o.stt
	if t.err != nil {
		s.failed(e, t.err)
		return
	}
	e.Timings.Transcript = t.at.Sub(e.At)
	if t.words.Text == "" {
		e.Outcome = history.NotIntended
		return
	}
	e.Transcript, e.Language = t.words.Text, cmp.Or(t.words.Language, s.deps.Language)
	s.answer(ctx, o, e)
}

// duration is how long a number of samples lasts.
func duration(samples int) time.Duration {
	return time.Duration(samples) * time.Second / audio.SampleRate
}
