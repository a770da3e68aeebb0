package mqtt

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"earshot/internal/backoff"
)

// The bounds of a session's two queues, in messages.
const (
	inQueue  = 256
	outQueue = 4096 // a hundred satellites announce about a thousand messages at once
)

// Errors of Publish.
var (
	ErrAway = errors.New("not connected to the MQTT broker")
	ErrBusy = errors.New("the MQTT broker takes messages too slowly")
)

// SessionConfig says which broker to talk to, and how it should speak of us when we are gone.
type SessionConfig struct {
	URL         string
	ClientID    string // empty: a random one, the same for as long as the Session lives
	Username    string
	Password    string
	TLS         *tls.Config // for mqtts and wss; nil: what this machine trusts
	WillTopic   string      // empty: no will
	WillPayload string      // retained at QoS 1 when the connection breaks, and on a clean end

	RetryMin     time.Duration // first wait before connecting again; zero: 1 s
	RetryMax     time.Duration // longest wait; zero: 30 s
	RetryRefused time.Duration // wait after a refused user name or password; zero: 1 min
}

// Status is how a session fares.
type Status struct {
	Connected  bool
	Problem    string // a sentence for people while not connected
	Oversized  uint64 // messages from the broker left out for their size
	DroppedIn  uint64 // messages from the broker lost because handlers were too slow
	DroppedOut uint64 // messages lost because the broker was too slow
}

// message is one from the broker, or something for it.
type message struct {
	kind    kind
	topic   string // a filter, to be subscribed to or not any more
	payload []byte
	retain  bool
}

// kind says what a message asks of the broker.
type kind int

const (
	publish kind = iota
	subscribe
	unsubscribe
)

type route struct {
	filter string
	fn     func(topic string, payload []byte, retained bool)
}

// Session is one connection to a broker that is made again whenever it breaks.
// A broker that is away is a state of the session and never ends it.
type Session struct {
	cfg       SessionConfig
	broker    *url.URL
	log       zerolog.Logger
	onConnect []func()

	in  chan message
	up  chan struct{} // one waiting signal: connected, call onConnect
	out chan message

	mu       sync.Mutex // guards what follows
	routes   []route    // replaced, never changed
	status   Status
	reported time.Time // when lost messages were last logged
}

// NewSession prepares a session; Run connects it.
func NewSession(cfg SessionConfig, log zerolog.Logger) (*Session, error) {
	broker, problem := parseURL(cfg.URL)
	if problem != "" {
		return nil, errors.New("the MQTT broker's url " + problem)
	}
	cfg.ClientID = cmp.Or(cfg.ClientID, "earshot-"+rand.Text()[:12])
	cfg.RetryMin = cmp.Or(cfg.RetryMin, time.Second)
	cfg.RetryMax = cmp.Or(cfg.RetryMax, 30*time.Second)
	cfg.RetryRefused = cmp.Or(cfg.RetryRefused, time.Minute)
	return &Session{
		cfg:    cfg,
		broker: broker,
		log:    log,
		in:     make(chan message, inQueue),
		up:     make(chan struct{}, 1),
		out:    make(chan message, outQueue),
		status: Status{Problem: fmt.Sprintf("not connected to the MQTT broker at %s yet", broker.Host)},
	}, nil
}

// Subscribe has fn called for every message whose topic matches filter, also after the connection was made anew.
// Handlers and OnConnect functions are called one at a time, in order. It does not wait; what is published afterwards is published after it.
func (s *Session) Subscribe(filter string, fn func(topic string, payload []byte, retained bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.routes = append(slices.Clone(s.routes), route{filter, fn})
	s.askLocked(message{kind: subscribe, topic: filter})
}

// Unsubscribe ends every Subscribe with that very filter: their functions are not called for what comes from now on. It does not wait.
func (s *Session) Unsubscribe(filter string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.routes = slices.DeleteFunc(slices.Clone(s.routes), func(r route) bool { return r.filter == filter })
	s.askLocked(message{kind: unsubscribe, topic: filter})
}

// askLocked has the broker told of a change of the routes. One that is away is told of them all when it is back.
func (s *Session) askLocked(m message) {
	if !s.status.Connected {
		return
	}
	select {
	case s.out <- m:
	default:
		s.status.DroppedOut++
		s.reportLocked()
	}
}

// OnConnect has fn called after each connect, when all subscriptions are in place. It must be called before Run.
func (s *Session) OnConnect(fn func()) {
	s.onConnect = append(s.onConnect, fn)
}

// Publish hands a message over at QoS 1 and does not wait. It keeps payload, which must not change any more.
// While the broker is away the message is dropped with ErrAway: what is late is wrong, and states are told again
// on connect. ErrBusy means that the queue is full.
func (s *Session) Publish(topic string, payload []byte, retain bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.status.Connected {
		return ErrAway
	}
	select {
	case s.out <- message{topic: topic, payload: payload, retain: retain}:
		return nil
	default:
		s.status.DroppedOut++
		s.reportLocked()
		return ErrBusy
	}
}

// Connected tells whether messages reach the broker.
func (s *Session) Connected() bool { return s.Status().Connected }

// Status tells how the session fares.
func (s *Session) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// Run keeps the session up until ctx ends; then it says goodbye to the broker with the will's words.
func (s *Session) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { s.dispatch(ctx) })
	defer wg.Wait()
	retry := backoff.Backoff{Min: s.cfg.RetryMin, Max: s.cfg.RetryMax}
	for {
		began := time.Now()
		err := s.connection(ctx)
		if ctx.Err() != nil {
			return nil
		}
		s.noteProblem(err)
		if time.Since(began) > s.cfg.RetryMax/3 { // it was a good connection, and not one of those that break again and again
			retry.Reset()
		}
		wait := retry.Next()
		if errors.Is(err, errRefused) {
			wait = backoff.Spread(s.cfg.RetryRefused)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// noteProblem makes err the session's problem, and logs it unless it is the one known already.
func (s *Session) noteProblem(err error) {
	sentence := explain(err, s.broker.Host)
	s.mu.Lock()
	known := s.status.Problem == sentence
	s.status.Problem = sentence
	s.mu.Unlock()
	if !known {
		s.log.Warn().Err(err).Msg(sentence)
	}
}

// setConnected opens the door for Publish, unless others than these routes have come since they were asked for. What nobody has sent by then is
// stale and thrown away.
func (s *Session) setConnected(asked []route) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.EqualFunc(asked, s.routes, func(a, b route) bool { return a.filter == b.filter }) {
		return false
	}
	s.status.Connected, s.status.Problem = true, ""
	for len(s.out) > 0 {
		<-s.out
	}
	return true
}

// setAway closes the door for Publish.
func (s *Session) setAway() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Connected = false
}

func (s *Session) currentRoutes() []route {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.routes
}

// receive queues a message from the broker for the handlers; it never waits.
func (s *Session) receive(m message) {
	select {
	case s.in <- m:
	default:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.status.DroppedIn++
		s.reportLocked()
	}
}

// skipped counts a message that was too large.
func (s *Session) skipped() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Oversized++
	s.reportLocked()
}

// reportLocked logs the messages lost so far, at most once a second.
func (s *Session) reportLocked() {
	if time.Since(s.reported) < time.Second {
		return
	}
	s.reported = time.Now()
	s.log.Warn().Uint64("oversized", s.status.Oversized).Uint64("dropped_in", s.status.DroppedIn).
		Uint64("dropped_out", s.status.DroppedOut).Msg("MQTT messages were lost")
}

// dispatch calls the handlers.
func (s *Session) dispatch(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.up:
			for _, fn := range s.onConnect {
				fn()
			}
		case m := <-s.in:
			for _, r := range s.currentRoutes() {
				if matches(r.filter, m.topic) {
					r.fn(m.topic, m.payload, m.retain)
				}
			}
		}
	}
}
