package detector

import (
	"math"
	"sync/atomic"

	"earshot/detector/openwakeword"
)

const (
	chunkSamples = openwakeword.ChunkSamples
	// agree is how far apart the two stages may be over their cutoffs, in samples: 0.32 s, which are 4 chunks.
	agree = 4 * chunkSamples
	// burstChunks are looked back at when the first stage is over its cutoff: what settles the network, and as far as the stages may be apart.
	burstChunks = maxLookSettle + agree/chunkSamples
	// contextSamples before a chunk are part of its first frames.
	contextSamples = 480
	// keptSamples is the most that a burst needs: the first stage may end a sample before the next chunk does.
	keptSamples = contextSamples + burstChunks*chunkSamples + chunkSamples - 1
	// speechQuiet is how long a word that was told from speech does not count again, in samples: 2 s.
	//
	// ref: linux-voice-assistant; false accepts were counted so in the measurements behind the cutoffs
	speechQuiet = 2 * SampleRate
	// never is a sample long before the stream began.
	never = -1 << 40
)

// ears hear with the embedding network: words of openWakeWord models all the time, second looks when the first stage asks for one.
// Asleep they only keep the audio.
type ears struct {
	stream   *openwakeword.Stream
	each     func(*openwakeword.Embedding) // e.chunk, made once so that nothing is allocated
	words    []*word
	heard    func(w *word, sample int64, score float64) // takes what a chunk scored
	always   bool                                       // a word needs every chunk
	awake    bool
	until    int64 // awake up to this sample
	position int64 // samples since the stream began
	since    int64 // first sample that the network has heard since it was last woken
	end      int64 // of the last chunk
	kept     []int16
	next     int     // in kept
	burst    []int16 // room for kept in order
}

// look is one word's part.
type look struct {
	scorer Scorer
	settle int64         // samples
	second atomic.Uint64 // bits of a float64: the cutoff of the second stage

	first, latest int64   // samples at which the two stages were last over their cutoffs
	mean          float64 // of the first stage, at first
	score         float64 // of the second, at latest
	quiet         int64   // the word does not count before this sample
	open          bool    // the first stage has asked, and nothing is decided
	top           scored  // the best of the first stage since it has asked

	recent [agree/chunkSamples + 1]scored // for a trace
	taken  atomic.Uint64
	agreed atomic.Uint64
	third  third
}

// scored is what a chunk scored.
type scored struct {
	end   int64
	score float64
}

func newEars(network *openwakeword.Network) *ears {
	e := &ears{stream: network.NewStream(), kept: make([]int16, keptSamples), burst: make([]int16, keptSamples)}
	e.each = e.chunk
	return e
}

// add has a word told from speech.
func (e *ears) add(w *word) {
	s := w.model.speech
	w.look = &look{scorer: s.NewScorer(), settle: int64(s.Settle) * chunkSamples}
	w.look.second.Store(math.Float64bits(w.model.second))
	w.look.reset()
	e.words = append(e.words, w)
	e.always = e.always || w.net == nil
}

func (e *ears) reset() {
	e.stream.Reset()
	clear(e.kept)
	e.next, e.position, e.since, e.end, e.until, e.awake = 0, 0, 0, 0, never, false
	for _, w := range e.words {
		w.look.reset()
	}
}

func (l *look) reset() {
	l.scorer.Reset()
	l.third.reset()
	l.first, l.latest, l.quiet, l.open = never, never, never, false
	for i := range l.recent {
		l.recent[i] = scored{end: never}
	}
}

// hear takes the next samples of the stream.
func (e *ears) hear(pcm []int16) {
	e.position += int64(len(pcm))
	if e.always || e.awake {
		e.stream.Process(pcm, e.each)
	}
	if e.always {
		return
	}
	e.keep(pcm)
	if e.awake && e.position > e.until {
		e.awake = false
	}
}

func (e *ears) keep(pcm []int16) {
	for len(pcm) > 0 {
		n := copy(e.kept[e.next:], pcm)
		pcm = pcm[n:]
		e.next = (e.next + n) % len(e.kept)
	}
}

// chunk gives every word the embedding of a chunk.
func (e *ears) chunk(embedding *openwakeword.Embedding) {
	e.end += chunkSamples
	for _, w := range e.words {
		score := float64(w.look.scorer.Put(embedding))
		w.look.third.hear(embedding, e.end)
		// What came before the stream is taken for silence where the first stage has to agree, and is not known where it does not.
		unsettled := e.end-e.since < w.look.settle
		if unsettled && (w.net == nil || !e.always) {
			continue
		}
		e.heard(w, e.end, score)
	}
}

// look wakes the network, and has it hear what led to this moment.
func (e *ears) look() {
	e.until = e.position + agree
	if e.always || e.awake {
		return
	}
	e.awake = true
	late := int(e.position % chunkSamples)
	n := contextSamples + burstChunks*chunkSamples + late
	pcm := e.recent(n)
	for _, w := range e.words {
		w.look.scorer.Reset()
		w.look.third.reset()
	}
	e.since = e.position - int64(n-contextSamples)
	e.end = e.since
	e.stream.ResetAfter(pcm[:contextSamples])
	e.stream.Process(pcm[contextSamples:], e.each)
}

// recent is the newest n samples, with silence before the stream began.
func (e *ears) recent(n int) []int16 {
	from := (e.next - n + len(e.kept)) % len(e.kept)
	m := copy(e.burst[:n], e.kept[from:])
	copy(e.burst[m:n], e.kept)
	return e.burst[:n]
}

// firstStage takes what the first stage makes of the moment. It tells whether the word was said.
func (l *look) firstStage(at int64, mean, cutoff float64, e *ears) bool {
	if at < l.quiet {
		return false
	}
	if mean < cutoff {
		return false
	}
	l.first, l.mean = at, mean
	if !l.open {
		l.open, l.top = true, scored{}
		l.taken.Add(1)
	}
	if mean > l.top.score {
		l.top = scored{at, mean}
	}
	e.look()
	return l.decide(at)
}

// refuses tells, once, that the second stage has not agreed in time.
func (l *look) refuses(at int64) bool {
	if !l.open || at-l.first <= agree {
		return false
	}
	l.open = false
	return true
}

// secondStage takes what a chunk scored. It tells whether the word was said.
func (l *look) secondStage(at int64, score float64) bool {
	copy(l.recent[:], l.recent[1:])
	l.recent[len(l.recent)-1] = scored{at, score}
	if score >= l.cutoff() {
		l.latest, l.score = at, score
	} else if !l.third.agreesNow(at) {
		return false
	}
	return l.decide(at)
}

// cutoff is that of the second stage.
func (l *look) cutoff() float64 { return math.Float64frombits(l.second.Load()) }

// decide holds the clocks against each other.
func (l *look) decide(at int64) bool {
	if !near(l.first, l.latest) || at < l.quiet || !l.third.agrees(l.first, l.taken.Load()) {
		return false
	}
	l.quiet, l.open = at+speechQuiet, false
	l.agreed.Add(1)
	return true
}

// best is the highest score of the chunks that end close enough before a sample.
func (l *look) best(at int64) (highest float64) {
	for _, s := range l.recent {
		if at-s.end <= agree {
			highest = max(highest, s.score)
		}
	}
	return highest
}

// alone takes what a chunk scored where there is no first stage. It tells whether the word was said: being over the cutoff again within 2 s
// is the same word.
func (l *look) alone(at int64, score, cutoff float64) bool {
	if score >= cutoff {
		if at < l.quiet {
			l.quiet = at + speechQuiet
			return false
		}
		l.first, l.mean = at, score
		if !l.open {
			l.open = true
			l.taken.Add(1)
		}
	}
	if l.open = l.open && at-l.first <= agree; !l.open || !l.third.agrees(l.first, l.taken.Load()) {
		return false
	}
	l.quiet, l.open = at+speechQuiet, false
	return true
}

// near tells whether two samples are as close as the stages of a word may be.
func near(a, b int64) bool { return max(a-b, b-a) <= agree }
