// Package assisttest is a Home Assistant that speaks the real WebSocket protocol and does what a test tells it to.
package assisttest

import (
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// Token is accepted by a new Server.
const Token = "assisttest-token"

// States of Home Assistant; others, such as STOPPING, are sent as they are.
const (
	Running    = "RUNNING"
	NotRunning = "NOT_RUNNING"
)

// Pipeline is one voice assistant of the household.
type Pipeline struct {
	ID, Name, Language string
	STT, TTS           string // engines, empty for none
}

// Device is an entry of the device registry.
type Device struct {
	ID          string
	Identifiers [][2]string // such as {"mqtt", "earshot_kitchen"}
	ConfigEntry string
}

// Account is a user of Home Assistant.
type Account struct {
	ID, Name                          string
	Admin, Owner, Inactive, Generated bool
}

// Run is what came for one assist_pipeline/run.
type Run struct {
	Connection     int // counted from 1
	StartStage     string
	EndStage       string
	Pipeline       string // id; empty for the preferred one
	Text           string
	ConversationID string
	DeviceID       string
	WakeWordPhrase string
	NoVAD          bool
	Timeout        float64 // s; 300 when none was sent
	PCM            []int16
	EndMarker      bool // the audio was ended
	Cancelled      bool
	Lost           bool // the connection ended before the script did
}

// Call is one call_service.
type Call struct {
	Domain, Service string
	Data, Target    map[string]any
}

// Settings is what a Server answers with. Change it with Server.Set.
type Settings struct {
	Token        string
	State        string
	Version      string
	TimeZone     string
	WithoutAuth  bool // the connection is taken, and then nothing is said
	Deaf         bool // commands are read and not answered, as by a machine that hangs
	WithoutPings bool // pings are not answered
	AssistLoaded bool // false: commands of Assist are unknown
	Preferred    string
	Pipelines    []Pipeline
	Devices      []Device
	Accounts     []Account
	MQTTEntry    string     // config entry of MQTT
	ServiceError string     // code that service calls are refused with
	Called       func(Call) // is called before a service call is answered; may be nil
	Audio        []byte     // of spoken replies
	AudioType    string
}

// Server is the fake. All its methods are safe for concurrent use.
type Server struct {
	t    testing.TB
	addr string
	wg   sync.WaitGroup

	mu          sync.Mutex // guards what follows
	http        *httptest.Server
	settings    Settings
	speech      []Script
	intents     []Script
	conns       map[*connection]bool
	connections int
	attempts    int
	refused     int
	commands    int
	runs        []*Run
	calls       []Call
	states      map[string]string // of entities
	changed     chan struct{}
}

// New starts a Home Assistant that runs, with one pipeline and the token Token. It ends with the test, which fails when
// a client breaks the protocol.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, conns: map[*connection]bool{}, states: map[string]string{}, changed: make(chan struct{}), settings: Settings{
		Token: Token, State: Running, Version: "2026.11.0", TimeZone: "Europe/Berlin", AssistLoaded: true,
		Preferred: "01home", MQTTEntry: "01mqtt", Audio: silence(), AudioType: "audio/wav",
		Pipelines: []Pipeline{{ID: "01home", Name: "Home", Language: "en", STT: "stt.fake", TTS: "tts.fake"}},
	}}
	s.listen("127.0.0.1:0")
	t.Cleanup(s.Stop)
	return s
}

// listen serves on addr. Another program may have taken the port of a stopped server for a moment, so it is tried for a while.
func (s *Server) listen(addr string) {
	s.t.Helper()
	var listener net.Listener
	var err error
	for range 50 {
		if listener, err = net.Listen("tcp", addr); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		s.t.Fatalf("assisttest: %v", err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(s.serve)}}
	s.note(func() { s.addr, s.http = listener.Addr().String(), server })
	server.Start()
}

// URL returns the address as it would stand in the configuration.
func (s *Server) URL() string { return "http://" + s.addr }

// Set changes what the server answers with, for everything from now on.
func (s *Server) Set(change func(*Settings)) {
	s.note(func() { change(&s.settings) })
}

// Revoke makes the server accept only the given token, and closes the connections that were made with another.
func (s *Server) Revoke(token string) {
	s.Set(func(now *Settings) { now.Token = token })
	s.Disconnect()
}

// Speech says what is done with the runs of the stt stage to come, in their order; the last script is repeated.
// Without it everything said is "turn on the kitchen light".
func (s *Server) Speech(scripts ...Script) { s.note(func() { s.speech = scripts }) }

// Intents says what is done with the runs from intent on to come, in their order; the last script is repeated.
// Without it the reply is "Turned on the light".
func (s *Server) Intents(scripts ...Script) { s.note(func() { s.intents = scripts }) }

// Runs returns the runs so far, also those under way.
func (s *Server) Runs() []Run {
	s.mu.Lock()
	defer s.mu.Unlock()
	var runs []Run
	for _, r := range s.runs {
		one := *r
		one.PCM = append([]int16(nil), r.PCM...)
		runs = append(runs, one)
	}
	return runs
}

// Calls returns the service calls so far.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// Connections counts the connections that were ever let in.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

// Attempts counts the connections that were ever made, let in or not.
func (s *Server) Attempts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attempts
}

// Refused counts the wrong tokens.
func (s *Server) Refused() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused
}

// Commands counts the commands that ever came, answered or not.
func (s *Server) Commands() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.commands
}

// Changed returns a channel that is closed when anything the other methods tell changes next.
func (s *Server) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// WaitFor waits until the condition holds, and fails the test after ten seconds.
func (s *Server) WaitFor(what string, condition func(*Server) bool) {
	s.t.Helper()
	limit := time.NewTimer(10 * time.Second)
	defer limit.Stop()
	for {
		changed := s.Changed()
		if condition(s) {
			return
		}
		select {
		case <-changed:
		case <-limit.C:
			s.t.Fatalf("assisttest: waited too long for: %s", what)
		}
	}
}

// SetState changes the state of an entity, and tells those who follow it.
func (s *Server) SetState(entity, state string) {
	s.note(func() {
		s.states[entity] = state
		for c := range s.conns {
			for id, entities := range c.follows {
				if slices.Contains(entities, entity) {
					c.event(id, map[string]any{"c": map[string]any{entity: map[string]any{"+": map[string]any{"s": state, "lc": 1.5}}}})
				}
			}
		}
	})
}

// Followers counts those who follow the states of entities.
func (s *Server) Followers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for c := range s.conns {
		n += len(c.follows)
	}
	return n
}

// Disconnect closes all connections as Home Assistant does when it stops, and goes on serving.
func (s *Server) Disconnect() {
	s.mu.Lock()
	var open []*connection
	for c := range s.conns {
		open = append(open, c)
	}
	s.mu.Unlock()
	for _, c := range open {
		c.close()
	}
}

// Stop closes the listener and all connections. It may be called more than once.
func (s *Server) Stop() {
	s.mu.Lock()
	server := s.http
	s.http = nil
	s.mu.Unlock()
	if server != nil {
		server.Close()
	}
	s.Disconnect()
	s.wg.Wait()
}

// Start serves again after Stop, on the same port.
func (s *Server) Start() { s.listen(s.addr) }

// note changes the state and wakes whoever waits for that.
func (s *Server) note(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Server) now() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/api/websocket"):
		upgrader := websocket.Upgrader{}
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		c := &connection{server: s, ws: ws, done: make(chan struct{}), runs: map[int64]*Session{}, follows: map[int64][]string{}}
		up := false
		s.note(func() {
			s.attempts++
			if up = s.http != nil; up { // Stop has not looked for connections yet
				s.conns[c] = true
				s.wg.Add(1)
			}
		})
		if !up {
			ws.Close()
			return
		}
		defer s.wg.Done()
		c.serve()
		s.note(func() { delete(s.conns, c) })
	case strings.Contains(r.URL.Path, "/api/tts_proxy/"):
		now := s.now()
		w.Header().Set("Content-Type", now.AudioType)
		_, _ = w.Write(now.Audio) // a client that has enough is no failure
	default:
		http.NotFound(w, r)
	}
}

// silence is a tenth of a second as a WAV file.
func silence() []byte {
	const size = 3200
	wav := append([]byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\x3e\x00\x00\x00\x7d\x00\x00\x02\x00\x10\x00data"),
		byte(size&0xff), byte(size>>8), 0, 0)
	wav = append(wav, make([]byte, size)...)
	total := len(wav) - 8
	wav[4], wav[5] = byte(total&0xff), byte(total>>8)
	return wav
}
