// Package wyoming listens for wake words on another machine, over the Wyoming protocol.
package wyoming

import (
	"cmp"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"earshot/detector"
)

const (
	queueSamples   = 2 * detector.SampleRate   // what waits for a slow or absent engine at most: what is later than that is too late
	chunkSamples   = 4 * detector.FrameSamples // sent at once, so that small computers are not busy with headers
	burstSamples   = 5 * chunkSamples          // sent at once when there is a backlog
	maxArrived     = 32                        // detections that may wait for Process
	repeatSamples  = detector.SampleRate       // a word that goes on is not reported again before, as with a detector.Detector
	samplesPerMS   = detector.SampleRate / 1000
	defaultScore   = 1 // engines tell no score
	maxPhraseBytes = 100
)

// Config says which engine listens for what. Addr and Words are needed.
type Config struct {
	Addr  string            // wyoming://host:port, tcp://host:port or host:port
	Words []string          // our ids of the wake words to listen for
	Names map[string]string // the engine's name of a wake word -> our id, for those whose names differ

	DialTimeout   time.Duration // zero: 3 s
	AnswerTimeout time.Duration // how long the engine may take to answer, or to take audio; zero: 5 s
	Probe         time.Duration // how often a silent engine is asked whether it is there; zero: 10 s
	RetryMin      time.Duration // first wait before connecting again; zero: 1 s
	RetryMax      time.Duration // longest wait; zero: 30 s
}

// Status is how the engine fares.
type Status struct {
	Connected bool
	Problem   string // a sentence for people; while connected, about wake words that the engine does not know
	Dropped   uint64 // samples the engine never got, because it was away or too slow
	Ignored   uint64 // detections of other wake words than those asked for, or more than could be kept
}

// Engine is a wake-word engine on another machine. Process and Reset belong to one goroutine, as those of a detector.Detector do;
// Run, Cutoff and Status may be called from others.
type Engine struct {
	cfg   Config
	host  string
	words []word
	log   zerolog.Logger
	dial  dialer
	ready chan struct{} // a signal waits when there is audio to send, or a connection to give up
	found []detector.Detection

	mu       sync.Mutex // guards what follows
	queue    queue
	position int64 // samples since New
	base     int64 // position at the last Reset
	link     *link // the connection that audio goes to; nil when there is none, or what was sent over it is to be forgotten
	arrived  []arrival
	status   Status
}

// arrival is a detection that waits for Process.
type arrival struct {
	target *target
	at     int64 // ms of the audio-chunk it was heard in; 0 when the engine does not tell
	score  float64
}

// New prepares an engine; Run connects it.
func New(cfg Config, log zerolog.Logger) (*Engine, error) {
	hostPort := strings.TrimPrefix(strings.TrimPrefix(cfg.Addr, "wyoming://"), "tcp://")
	host, port, err := net.SplitHostPort(hostPort)
	if n, badPort := strconv.ParseUint(port, 10, 16); err != nil || badPort != nil || host == "" || n == 0 {
		return nil, fmt.Errorf("address %q of the wake-word engine is not of the form wyoming://host:port, such as wyoming://127.0.0.1:10400", cfg.Addr)
	}
	words, err := newWords(cfg.Words, cfg.Names)
	if err != nil {
		return nil, fmt.Errorf("prepare wake-word engine %s: %w", hostPort, err)
	}
	cfg.DialTimeout = cmp.Or(cfg.DialTimeout, 3*time.Second)
	cfg.AnswerTimeout = cmp.Or(cfg.AnswerTimeout, 5*time.Second)
	cfg.Probe = cmp.Or(cfg.Probe, 10*time.Second)
	cfg.RetryMin = cmp.Or(cfg.RetryMin, time.Second)
	cfg.RetryMax = cmp.Or(cfg.RetryMax, 30*time.Second)
	return &Engine{
		cfg: cfg, host: hostPort, words: words, log: log,
		dial:    (&net.Dialer{Timeout: cfg.DialTimeout}).DialContext,
		ready:   make(chan struct{}, 1),
		found:   make([]detector.Detection, 0, maxArrived),
		queue:   queue{ring: make([]int16, queueSamples)},
		arrived: make([]arrival, 0, maxArrived),
		status:  Status{Problem: fmt.Sprintf("not connected to the wake-word engine at %s yet", hostPort)},
	}, nil
}

// Process takes the next samples of the stream, any number of them, and returns the wake words that the engine has reported since
// the last call; they were said a little earlier. It never waits. The result is valid until the next call. A word that goes on is
// reported again after a second, not before, however often the engine does.
//
// Sample is where the engine says that it heard the word, to a few ms, or the present position when it does not say. Fewer samples
// than 40 ms may be kept until there are more.
func (e *Engine) Process(pcm []int16) []detector.Detection {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.position += int64(len(pcm))
	e.status.Dropped += uint64(e.queue.push(pcm))
	if e.queue.n >= chunkSamples {
		e.signal()
	}
	e.found = e.found[:0]
	for _, a := range e.arrived {
		at := e.sample(a.at)
		if a.target.reported && at-a.target.last < repeatSamples {
			continue
		}
		a.target.reported, a.target.last = true, at
		e.found = append(e.found, detector.Detection{
			Model: a.target.model, WakeWord: a.target.phrase, Sample: at - e.base, Score: a.score, Peak: a.score,
		})
	}
	e.arrived = e.arrived[:0]
	return e.found
}

// sample turns a timestamp into a place in the stream. An engine that counts with its own clock is not believed.
func (e *Engine) sample(at int64) int64 {
	if at <= e.base/samplesPerMS {
		return e.position
	}
	return min(at*samplesPerMS, e.position)
}

// timestamp is the time, in ms, that a chunk is given which ends at a sample. It is never 0.
func timestamp(end int64) int64 { return (end + samplesPerMS - 1) / samplesPerMS }

// Reset begins a new stream: all audio so far is forgotten, and what the engine may still report about it. An engine that has had
// some of it is given a new connection, since that is what makes every engine forget.
func (e *Engine) Reset() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.queue.clear()
	e.base = e.position
	e.arrived = e.arrived[:0]
	if e.link != nil && e.link.used {
		e.link = nil
		e.signal()
	}
}

// Cutoff returns 0: the engine has a cutoff of its own, which it does not tell.
func (e *Engine) Cutoff(string) float64 { return 0 }

// Status tells how the engine fares.
func (e *Engine) Status() Status {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.status
}

// signal wakes the goroutine that sends.
func (e *Engine) signal() {
	select {
	case e.ready <- struct{}{}:
	default:
	}
}

// next takes whole chunks for a connection, and tells in how many ms of the stream they end. ok is false when the connection is to be given up.
func (e *Engine) next(l *link, pcm []int16) (n int, at int64, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.link != l {
		return 0, 0, false
	}
	whole := e.queue.n - e.queue.n%chunkSamples
	n = e.queue.pop(pcm[:min(len(pcm), whole)])
	l.used = l.used || n > 0
	return n, timestamp(e.position - int64(e.queue.n)), true
}

// heard keeps a detection for Process.
func (e *Engine) heard(l *link, d detection) {
	t := l.offer.find(d.Name)
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.link != l: // it is about audio that was forgotten
	case t == nil || len(e.arrived) == maxArrived:
		e.status.Ignored++
	default:
		e.arrived = append(e.arrived, arrival{t, d.at(), d.score()})
	}
}
