// Package server offers the voice history to programs and people: services over WebSocket, playback, health, metrics and a page.
package server

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
	"github.com/rs/zerolog"

	"earshot/history"
)

// ErrInUse means that another program listens at the address already.
var ErrInUse = errors.New("another program has that port already; end it, or set server.listen to another port")

// ErrUnknownSatellite is returned by Satellites for an id that is not configured.
var ErrUnknownSatellite = errors.New("unknown satellite")

// Recordings is the history as this package uses it; *history.History is one.
type Recordings interface {
	Get(ctx context.Context, id string) (history.Entry, error)
	List(ctx context.Context, q history.Query) (history.Page, error)
	Totals(ctx context.Context, f history.Filter) (history.Totals, error)
	Stats(ctx context.Context, f history.Filter) ([]history.Stat, error)
	OpenClip(ctx context.Context, id string) (io.ReadSeekCloser, history.Clip, error)
	Export(ctx context.Context, by string, f history.Filter, to io.Writer) (history.Exported, error)
	Verify(ctx context.Context, progress func(done, all int64)) (history.Verified, error)
	Change(ctx context.Context, by string, s history.Selection, u history.Update) (int, error)
	Preview(ctx context.Context, s history.Selection) (history.Preview, error)
	Delete(ctx context.Context, by string, s history.Selection) (history.Receipt, error)
	DeletePreviewed(ctx context.Context, by, token string) (history.Receipt, error)
	Accesses(ctx context.Context, before string, limit int) ([]history.Access, error)
	Note(ctx context.Context, a history.Access) error
	Subscribe(buffer int) *history.Subscription
	Calendar() history.Calendar
	Policies
}

// Policies is what the household wants to be saved, and for how long.
type Policies interface {
	Save(ctx context.Context, satellite string) (history.Save, error)
	SetSave(ctx context.Context, satellite string, save history.Save) error
	Rules(ctx context.Context, satellite string) (history.Rules, error)
	SetRules(ctx context.Context, satellite string, r history.Rules) error
	Limits(ctx context.Context) (history.Limits, error)
	SetLimits(ctx context.Context, l history.Limits) error
	Improve(ctx context.Context) (bool, error)
	SetImprove(ctx context.Context, by string, on bool) error
	Retention(ctx context.Context) (history.RetentionStatus, error)
	Retain(ctx context.Context) (history.RetentionRun, error)
}

// Satellites are the microphones of this bridge.
type Satellites interface {
	// List returns every configured satellite as it is now.
	List() []Satellite
	// SetMuted closes or opens a microphone. An id that is not configured is an ErrUnknownSatellite.
	SetMuted(ctx context.Context, id string, muted bool) error
	WakeWords
	Tuner
	Trials
	Announcer
	Prompter
	Enroller
}

// Satellite describes one microphone of this bridge.
type Satellite struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Area       string     `json:"area"`
	State      string     `json:"state"` // idle, listening, processing or responding
	Muted      bool       `json:"muted"`
	Microphone Microphone `json:"microphone"`
	WakeWords  []WakeWord `json:"wake_words"`
	LastHeard  *time.Time `json:"last_heard"` // null before the first wake
}

// Microphone is how the device of a satellite is.
type Microphone struct {
	State     string     `json:"state"` // opening, listening, muted, lost or ended
	Device    string     `json:"device"`
	Reason    string     `json:"reason"` // a sentence for people, when the microphone is lost
	Since     *time.Time `json:"since"`
	LastFrame *time.Time `json:"last_frame"` // null before the first one
	Dropped   uint64     `json:"dropped"`    // frames no reader took in time
	LevelDBFS float64    `json:"level_dbfs"` // loudness, dBFS
	Findings  []Finding  `json:"findings"`   // what is wrong with its sound, the worst first; it hears all the same
}

// Finding is something about a microphone's sound that makes wake words harder to hear.
type Finding struct {
	Code  string    `json:"code"`  // flat, channel, narrow, quiet, clipping, loud or offset
	Text  string    `json:"text"`  // what it is and what to do, for people
	Since time.Time `json:"since"` // when it was found
}

// WakeWord is a word a satellite listens for.
type WakeWord struct {
	ID        string  `json:"id"`
	Phrase    string  `json:"phrase"`
	Threshold float64 `json:"threshold"` // probability cutoff, 0..1
	Active    bool    `json:"active"`    // false: a person has switched it off

	SecondLook      string  `json:"second_look,omitempty"`      // the model that looks again before it counts; "" when none does
	SecondThreshold float64 `json:"second_threshold,omitempty"` // probability cutoff of the second look, 0..1

	Verifier bool `json:"verifier,omitempty"` // a third opinion is asked for, which was made of this household's recordings
}

// Deps is what a server serves.
type Deps struct {
	History    Recordings
	Satellites Satellites
	Tokens     *Tokens
	Page       fs.FS                                        // the page's files; nil: there is none
	Health     func() (problems []string)                   // what keeps the bridge from hearing, for people; nil when all is well
	Notices    func() []string                              // what people should know beside that, in sentences; nil: nothing ever
	Ready      func(ctx context.Context) []Reason           // what the bridge lacks to serve; nil when it lacks nothing
	Metrics    func(ctx context.Context, w io.Writer) error // writes Prometheus' text format, also with an error as much as there is; nil: there are none
	Version    string
	BridgeID   string // names this bridge to programs that pair with it
	Log        zerolog.Logger

	HomeAssistant HomeAssistant // where people have their accounts; the zero value: nowhere
	Ingress       Ingress       // through which Home Assistant passes on their requests; the zero value: not at all
	SignInFailed  func()        // called for each sign-in that is refused or fails; nil: nobody counts them
}

// Server answers over HTTP and WebSocket.
type Server struct {
	cfg      Config
	deps     Deps
	guard    guard
	links    signer
	plays    plays
	exports  exports
	playing  streams
	words    enrolments // that are being made
	attempts attempts
	proxies  proxies
	sessions sessions
	people   people
	code     oneTimeCode
	pairing  *pairing
	home     *home // nil without Home Assistant
	upgrader websocket.Upgrader
	commands map[string]command

	listener    net.Listener
	certificate *certificate // nil without encryption

	mu       sync.Mutex // guards sockets, reserved and closing
	sockets  map[*socket]struct{}
	reserved int // places for sockets that are taken
	closing  bool
	tuning   sync.Mutex     // held while recordings are measured
	ended    sync.WaitGroup // of sockets; they outlive http.Server's own bookkeeping
}

// The bounds of the HTTP side.
const (
	headerTimeout   = 10 * time.Second
	readTimeout     = 30 * time.Second
	writeTimeout    = 30 * time.Second
	idleTimeout     = 2 * time.Minute
	shutdownTimeout = 3 * time.Second
	maxHeader       = 16 << 10 // bytes
	maxSockets      = 2048
)

// New returns a server. Listen and then Run make it answer.
func New(cfg Config, deps Deps) *Server {
	s := &Server{cfg: cfg, deps: deps, guard: newGuard(cfg), proxies: newProxies(cfg), home: newHome(deps.HomeAssistant), sockets: map[*socket]struct{}{}, pairing: newPairing()}
	if deps.Ingress.Proxy.IsValid() {
		s.proxies = append(s.proxies, netip.PrefixFrom(deps.Ingress.Proxy, deps.Ingress.Proxy.BitLen()))
	}
	s.links = newSigner(rand.Reader)
	s.commands = s.commandTable()
	s.upgrader = websocket.Upgrader{
		HandshakeTimeout: headerTimeout,
		ReadBufferSize:   1 << 10,
		WriteBufferSize:  4 << 10,
		WriteBufferPool:  &sync.Pool{},
		CheckOrigin:      s.guard.originAllowed,
	}
	return s
}

// Listen takes the configured address, so that a taken one (ErrInUse) is known before anything else is started.
// A second call does nothing.
func (s *Server) Listen() error {
	if s.listener != nil {
		return nil
	}
	if s.cfg.CertFile != "" {
		var err error
		if s.certificate, err = openCertificate(s.cfg.CertFile, s.cfg.KeyFile, s.deps.Log); err != nil {
			return err
		}
	}
	l, err := net.Listen("tcp", s.cfg.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("listen on %s: %w", s.cfg.Listen, ErrInUse)
	}
	if err != nil {
		return fmt.Errorf("listen for the page and the services: %w", err)
	}
	s.listener = l
	return nil
}

// Addr is the address the server listens at, or the configured one before Listen.
func (s *Server) Addr() string {
	if s.listener == nil {
		return s.cfg.Listen
	}
	return s.listener.Addr().String()
}

// Run serves until ctx ends, and returns when every connection has.
func (s *Server) Run(ctx context.Context) error {
	if err := s.Listen(); err != nil {
		return err
	}
	if ip := s.listener.Addr().(*net.TCPAddr).IP; !ip.IsLoopback() && s.certificate == nil {
		s.deps.Log.Warn().Str("address", s.Addr()).Msg("other machines can reach the page and the services, and without encryption")
	}
	files, err := newPage(s.deps.Page)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	web := &http.Server{
		Handler:           s.handler(files),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       withConn,
		ErrorLog:          newErrorLog(s.deps.Log),
	}
	var background sync.WaitGroup
	background.Go(func() { s.endRevoked(ctx) })
	background.Go(func() { s.stopDeleted(ctx) })
	listener := s.listener
	if s.certificate != nil {
		listener = tls.NewListener(listener, s.certificate.config())
	}
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()

	select {
	case <-ctx.Done():
	case err = <-served:
	}
	cancel()
	s.closeSockets()
	s.shutdown(web)
	s.ended.Wait()
	background.Wait()
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the page and the services: %w", err)
	}
	return nil
}

// shutdown lets requests under way come to their end, within bounds.
func (s *Server) shutdown(web *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if web.Shutdown(ctx) != nil {
		_ = web.Close() // the requests are still there: cut them off
	}
}

func (s *Server) handler(files page) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/websocket", s.serveSocket)
	mux.HandleFunc("GET /api/clips/{name}", s.serveClip)
	mux.HandleFunc("GET /api/export/{name}", s.serveExport)
	mux.HandleFunc("GET /healthz", s.serveHealth)
	mux.HandleFunc("GET /readyz", s.serveReady)
	if s.deps.Metrics != nil {
		mux.HandleFunc("GET /metrics", s.serveMetrics)
	}
	s.addSignIn(mux)
	mux.Handle("GET /", files)
	return s.deps.Ingress.wrap(s.proxies.wrap(s.guard.wrap(mux)))
}

// reserve makes room for a connection that is about to become a WebSocket; false when there is none or the server is closing.
func (s *Server) reserve() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.reserved >= maxSockets {
		return false
	}
	s.reserved++
	s.ended.Add(1)
	return true
}

// release gives the room back.
func (s *Server) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reserved--
	s.ended.Done()
}

// addSocket makes a connection known to whoever ends connections.
func (s *Server) addSocket(c *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sockets[c] = struct{}{}
	if s.closing {
		c.stop(websocket.CloseGoingAway, stopping)
	}
}

func (s *Server) removeSocket(c *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sockets, c)
}

// liveSockets is a copy of the connections that are open.
func (s *Server) liveSockets() []*socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	live := make([]*socket, 0, len(s.sockets))
	for c := range s.sockets {
		live = append(live, c)
	}
	return live
}

// stopping is what clients are told at the end.
const stopping = "the bridge is stopping"

// closeSockets says goodbye to every client. http.Server does not know connections that became WebSockets.
func (s *Server) closeSockets() {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	for _, c := range s.liveSockets() {
		c.stop(websocket.CloseGoingAway, stopping)
	}
}

// revokeCheck is how often live connections are held against the token file, which another process may have changed.
const revokeCheck = time.Second

// endRevoked closes the connections of tokens that are no longer valid, and of sessions that have ended.
func (s *Server) endRevoked(ctx context.Context) {
	revoked, stop := s.deps.Tokens.watchRevoked()
	defer stop()
	tick := time.NewTicker(revokeCheck)
	defer tick.Stop()
	var problem string
	for {
		select {
		case <-ctx.Done():
			return
		case <-revoked:
		case <-tick.C:
		}
		for _, c := range s.liveSockets() {
			if why, ended := c.ended(); ended {
				c.stop(websocket.ClosePolicyViolation, why)
			}
		}
		if err := s.deps.Tokens.problem(); err != nil && err.Error() != problem {
			problem = err.Error()
			s.deps.Log.Error().Err(err).Msg("no token of the file is valid until it can be read again")
		} else if err == nil {
			problem = ""
		}
	}
}
