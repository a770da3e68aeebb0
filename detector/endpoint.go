package detector

import (
	"slices"
	"time"
)

// endpointChunk is how many samples the voice-activity detector is given at a time: 32 ms.
const endpointChunk = 512

// forget is how long the opposite must last before what has been counted so far no longer counts: silence before a command,
// speech within one.
//
// ref: home-assistant/core homeassistant/components/assist_pipeline/vad.py, VoiceCommandSegmenter.reset_seconds
const forget = SampleRate

const (
	// nearness is the ratio of powers, 17 dB, by which talk in the background is quieter than the one who gives the command. Of 150
	// home commands of real people (github.com/Picovoice/speech-to-intent-benchmark) it ends none earlier than their words; 16 dB does.
	nearness = 50
	// nearChunks is in how many chunks, 192 ms, the loudest counts: a quiet sound or the gap before a plosive is nobody else.
	nearChunks = 6
)

// VAD tells speech from everything else.
type VAD interface {
	// Process takes 512 samples of 16 kHz audio and returns the probability, 0..1, that somebody speaks in them.
	Process(chunk []int16) float32
	// Reset makes it forget all it has heard.
	Reset()
}

// EndpointConfig says when a command begins and ends. Whatever is zero or less has Home Assistant's value.
//
// ref: home-assistant/core homeassistant/components/assist_pipeline/vad.py, VoiceCommandSegmenter
type EndpointConfig struct {
	Speech   time.Duration // speech that makes a command; 0.3 s
	Silence  time.Duration // silence that ends it; 0.7 s
	Minimum  time.Duration // no command is shorter, its silence included; 1 s
	NoSpeech time.Duration // how long to wait for a command; 5 s, our own limit
	Maximum  time.Duration // how long everything may last; 15 s
	Before   float64       // probability over which a chunk is speech while none has begun; 0.2
	Within   float64       // the same within a command; 0.5
}

// EndpointState is how far a command has come.
type EndpointState int

// The states of a command. The last three are final.
const (
	Waiting  EndpointState = iota // no speech yet
	Speaking                      // speech has begun
	Ended                         // speech, and then silence
	NoSpeech                      // none within EndpointConfig.NoSpeech
	TooLong                       // still no end after EndpointConfig.Maximum
)

// String returns the state as one lower-case word or two.
func (s EndpointState) String() string {
	switch s {
	case Waiting:
		return "waiting"
	case Speaking:
		return "speaking"
	case Ended:
		return "ended"
	case NoSpeech:
		return "no speech"
	case TooLong:
		return "too long"
	}
	return "unknown"
}

// Endpointer finds the end of a spoken command by the rules of Home Assistant's segmenter, so that a command ends here when it
// would end there. Pauses within a command add up until a second of speech without one: that too is Home Assistant's rule.
// One rule is our own: talk that is much quieter than the loudest speech so far is somebody in the background.
//
// It starts after the wake word, and the wake word's last sounds may be in what it hears: they are shorter than
// EndpointConfig.Speech, and so no command. It is not safe for concurrent use.
type Endpointer struct {
	vad   VAD
	limit endpointLimits

	chunk   [endpointChunk]int16
	filled  int
	state   EndpointState
	elapsed int64 // since Reset
	end     int64 // where the last speech of the command ended
	speech  int64 // heard before the command, towards limit.speech
	length  int64 // of the command, towards limit.minimum
	silence int64 // within the command, towards limit.silence
	streak  int64 // of silence before the command or of speech within it, towards forget

	recent [nearChunks]int64 // energies of the last chunks
	oldest int               // of them
	peak   int64             // energy of the loudest chunk of speech
}

// endpointLimits is an EndpointConfig in samples.
type endpointLimits struct {
	speech, silence, minimum, noSpeech, maximum int64
	before, within                              float32
}

// NewEndpointer returns an endpointer at its beginning; it resets vad.
func NewEndpointer(vad VAD, cfg EndpointConfig) *Endpointer {
	e := &Endpointer{vad: vad, limit: endpointLimits{
		speech:   samplesOr(cfg.Speech, 300*time.Millisecond),
		silence:  samplesOr(cfg.Silence, 700*time.Millisecond),
		minimum:  samplesOr(cfg.Minimum, time.Second),
		noSpeech: samplesOr(cfg.NoSpeech, 5*time.Second),
		maximum:  samplesOr(cfg.Maximum, 15*time.Second),
		before:   thresholdOr(cfg.Before, 0.2),
		within:   thresholdOr(cfg.Within, 0.5),
	}}
	e.Reset()
	return e
}

func samplesOr(d, standard time.Duration) int64 {
	if d <= 0 {
		d = standard
	}
	return d.Microseconds() * SampleRate / 1e6
}

func thresholdOr(p, standard float64) float32 {
	if p <= 0 {
		p = standard
	}
	return float32(p)
}

// Reset starts again with the next sample.
func (e *Endpointer) Reset() {
	e.vad.Reset()
	*e = Endpointer{vad: e.vad, limit: e.limit}
}

// SpeechEnd returns where the last speech of the command ended, in samples since Reset, to the nearest 32 ms; 0 when there was none.
func (e *Endpointer) SpeechEnd() int64 { return e.end }

// Process takes the next samples, any number of them, and returns the state after them. A final state stays until Reset. It
// does not allocate.
func (e *Endpointer) Process(pcm []int16) EndpointState {
	for len(pcm) > 0 && e.state <= Speaking {
		n := copy(e.chunk[e.filled:], pcm)
		e.filled, pcm = e.filled+n, pcm[n:]
		if e.filled == endpointChunk {
			e.filled = 0
			p := e.vad.Process(e.chunk[:])
			if e.background(p) {
				p = 0
			}
			e.decide(p)
		}
	}
	return e.state
}

// background tells whether what is heard is too quiet to come from the one who gives the command.
func (e *Endpointer) background(probability float32) bool {
	energy := int64(0)
	for _, v := range e.chunk {
		energy += int64(v) * int64(v)
	}
	e.recent[e.oldest] = energy
	e.oldest = (e.oldest + 1) % nearChunks
	if probability > e.limit.within {
		e.peak = max(e.peak, energy)
	}
	return slices.Max(e.recent[:])*nearness < e.peak
}

// decide takes one chunk's probability of speech. Time comes before anything that is heard.
func (e *Endpointer) decide(probability float32) {
	e.elapsed += endpointChunk
	switch {
	case e.state == Speaking && e.elapsed >= e.limit.maximum:
		e.state = TooLong
	case e.state == Speaking:
		e.within(probability > e.limit.within)
	case e.elapsed >= e.limit.maximum:
		e.state = NoSpeech
	default:
		e.before(probability > e.limit.before)
	}
}

// before counts speech until there is enough for a command.
func (e *Endpointer) before(speech bool) {
	if !speech {
		// Only silence may end the wait: somebody who has just begun is not cut off.
		if e.elapsed >= e.limit.noSpeech {
			e.state = NoSpeech
		}
		if e.streak += endpointChunk; e.streak >= forget {
			e.speech, e.streak = 0, 0
		}
		return
	}
	e.streak = 0
	if e.speech += endpointChunk; e.speech >= e.limit.speech {
		e.state, e.end, e.length = Speaking, e.elapsed, e.limit.speech
	}
}

// within counts silence until there is enough to end the command.
func (e *Endpointer) within(speech bool) {
	e.length += endpointChunk
	if speech {
		e.end = e.elapsed
		if e.streak += endpointChunk; e.streak >= forget {
			e.silence, e.streak = 0, 0
		}
		return
	}
	e.streak = 0
	if e.silence += endpointChunk; e.silence >= e.limit.silence && e.length >= e.limit.minimum {
		e.state = Ended
	}
}
