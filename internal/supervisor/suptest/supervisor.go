// Package suptest is a Supervisor of Home Assistant that speaks its API, its proxy to Home Assistant and its ingress.
package suptest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
)

// Token is what the add-on is given.
const Token = "suptest-0123456789abcdef"

// Message is an announcement.
type Message struct {
	UUID    string
	Service string
	Config  map[string]any
}

// Settings is what a Server answers with. Change it with Server.Set.
type Settings struct {
	Starting  bool           // nothing is answered but that the Supervisor is not ready
	Hostname  string         // of the add-on
	Services  []string       // that the add-on's config.yaml names under discovery
	MQTT      map[string]any // the broker, as its add-on has told the Supervisor; nil: there is none
	Home      string         // address of Home Assistant
	HomeToken string         // by which the Supervisor itself signs in there
}

// Server is the fake. Its methods are safe for concurrent use.
type Server struct {
	t    testing.TB
	http *httptest.Server
	pass sync.WaitGroup // of WebSockets that are passed on

	mu       sync.Mutex // guards what follows
	settings Settings
	messages map[string]Message
	pushed   []string // what Home Assistant was told: post or delete, and the id
	refused  []string // requests without the right token
	passed   []string // paths of what Home Assistant was asked for
	made     int
}

// New starts a Supervisor at an address of this machine, which its requests to the add-on come from too. It ends with the test.
func New(t testing.TB, ip string, s Settings) *Server {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		t.Fatalf("suptest: %v", err)
	}
	f := &Server{t: t, settings: s, messages: map[string]Message{}}
	f.http = &httptest.Server{Listener: l, Config: &http.Server{Handler: f.handler()}}
	f.http.Start()
	t.Cleanup(func() { f.http.CloseClientConnections(); f.http.Close(); f.pass.Wait() })
	return f
}

// URL is the address, as http://supervisor is in an add-on.
func (f *Server) URL() string { return f.http.URL }

// Set changes what the server answers with, for everything from now on.
func (f *Server) Set(change func(*Settings)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.settings)
}

// Messages returns what is announced now.
func (f *Server) Messages() []Message {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Collect(maps.Values(f.messages))
}

// Pushed returns what Home Assistant was told, such as "post 1" and "delete 1".
func (f *Server) Pushed() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.pushed)
}

// Refused returns the requests that came without the right token.
func (f *Server) Refused() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.refused)
}

// Passed counts what Home Assistant was asked for whose path has a word in it.
func (f *Server) Passed(word string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, path := range f.passed {
		if strings.Contains(path, word) {
			n++
		}
	}
	return n
}

func (f *Server) now() Settings {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.settings
}

// ref: supervisor/api/__init__.py
func (f *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /addons/self/info", f.guarded(f.info))
	mux.HandleFunc("GET /services", f.guarded(f.services))
	mux.HandleFunc("GET /services/mqtt", f.guarded(f.mqtt))
	mux.HandleFunc("POST /discovery", f.guarded(f.announce))
	mux.HandleFunc("DELETE /discovery/{uuid}", f.guarded(f.withdraw))
	mux.HandleFunc("GET /core/api/websocket", f.socket)
	mux.HandleFunc("GET /core/websocket", f.socket)
	mux.HandleFunc("GET /core/api/{path...}", f.api)
	return mux
}

// guarded lets only the add-on in. ref: supervisor/api/middleware/security.py
func (f *Server) guarded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch got := r.Header.Get("Authorization"); {
		case f.now().Starting:
			failure(w, http.StatusBadRequest, "System is not ready with state: startup")
		case got == "":
			f.refuse(r)
			http.Error(w, "401: Unauthorized", http.StatusUnauthorized)
		case got != "Bearer "+Token:
			f.refuse(r)
			http.Error(w, "403: Forbidden", http.StatusForbidden)
		default:
			next(w, r)
		}
	}
}

func (f *Server) refuse(r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused = append(f.refused, r.Method+" "+r.URL.Path)
}

// failure is an error in the Supervisor's envelope. ref: supervisor/api/utils.py
func failure(w http.ResponseWriter, status int, message string) {
	send(w, status, map[string]any{"result": "error", "message": message})
}

func success(w http.ResponseWriter, data any) {
	send(w, http.StatusOK, map[string]any{"result": "ok", "data": data})
}

func send(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // an add-on that is gone needs no answer
}

func (f *Server) info(w http.ResponseWriter, _ *http.Request) {
	success(w, map[string]any{
		"name": "Earshot", "slug": "local_earshot", "hostname": f.now().Hostname, "state": "started", "version": "0.1.0", "ingress": true,
		"ingress_port": 8127, "ingress_entry": "/api/hassio_ingress/abc", "ip_address": "172.30.33.5", "options": map[string]any{},
	})
}

func (f *Server) services(w http.ResponseWriter, _ *http.Request) {
	there, providers := f.now().MQTT != nil, []string{}
	if there {
		providers = append(providers, "core_mosquitto")
	}
	success(w, map[string]any{"services": []any{
		map[string]any{"slug": "mqtt", "available": there, "providers": providers},
		map[string]any{"slug": "mysql", "available": false, "providers": []string{}},
	}})
}

func (f *Server) mqtt(w http.ResponseWriter, _ *http.Request) {
	broker := f.now().MQTT
	if broker == nil {
		failure(w, http.StatusBadRequest, "Service not enabled")
		return
	}
	data := map[string]any{"addon": "core_mosquitto", "ssl": false, "protocol": "3.1.1"}
	maps.Copy(data, broker)
	success(w, data)
}

// announce keeps one message for each service. ref: supervisor/discovery/__init__.py
func (f *Server) announce(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Service *string         `json:"service"`
		Config  *map[string]any `json:"config"`
	}
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if dec.Decode(&body) != nil || body.Service == nil || body.Config == nil {
		failure(w, http.StatusBadRequest, "required key not provided")
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Contains(f.settings.Services, *body.Service) {
		failure(w, http.StatusForbidden, "Apps must list services they provide via discovery in their config!")
		return
	}
	m := Message{Service: *body.Service, Config: *body.Config}
	for _, old := range f.messages {
		if old.Service == m.Service {
			m.UUID = old.UUID
			if fmt.Sprint(old.Config) == fmt.Sprint(m.Config) {
				success(w, map[string]any{"uuid": m.UUID})
				return
			}
		}
	}
	if m.UUID == "" {
		f.made++
		m.UUID = fmt.Sprintf("%032x", f.made)
	}
	f.messages[m.UUID] = m
	f.pushed = append(f.pushed, fmt.Sprintf("post %s", strings.TrimLeft(m.UUID, "0")))
	success(w, map[string]any{"uuid": m.UUID})
}

func (f *Server) withdraw(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("uuid")
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, there := f.messages[id]; !there {
		failure(w, http.StatusNotFound, "Discovery message not found")
		return
	}
	delete(f.messages, id)
	f.pushed = append(f.pushed, "delete "+strings.TrimLeft(id, "0"))
	success(w, map[string]any{})
}

// socket lets the add-on in by its own token, and then passes everything on to Home Assistant. ref: supervisor/api/proxy.py
func (f *Server) socket(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{}
	from, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	f.pass.Add(1)
	defer f.pass.Done()
	defer from.Close()
	var auth map[string]string
	if from.WriteJSON(map[string]string{"type": "auth_required", "ha_version": "2026.11.0"}) != nil || from.ReadJSON(&auth) != nil {
		return
	}
	if auth["access_token"] != Token {
		f.refuse(r)
		_ = from.WriteJSON(map[string]string{"type": "auth_invalid", "message": "Invalid access"})
		return
	}
	now := f.now()
	to, resp, err := websocket.DefaultDialer.Dial(strings.Replace(now.Home, "http", "ws", 1)+"/api/websocket", nil)
	if err != nil {
		return
	}
	resp.Body.Close()
	defer to.Close()
	var m map[string]any
	if to.ReadJSON(&m) != nil || to.WriteJSON(map[string]string{"type": "auth", "access_token": now.HomeToken}) != nil || to.ReadJSON(&m) != nil || m["type"] != "auth_ok" {
		f.t.Errorf("suptest: Home Assistant does not let the Supervisor in: %v", m)
		return
	}
	if from.WriteJSON(map[string]string{"type": "auth_ok", "ha_version": "2026.11.0"}) != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { pass(to, from) })
	both.Go(func() { pass(from, to) })
	both.Wait()
}

// pass sends on what comes, until one of the two ends.
func pass(from, to *websocket.Conn) {
	defer to.Close()
	for {
		kind, data, err := from.ReadMessage()
		if err != nil || to.WriteMessage(kind, data) != nil {
			return
		}
	}
}

// api passes a request on, for whoever has the token: what Home Assistant itself gives everybody too.
func (f *Server) api(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+Token {
		f.refuse(r)
		http.Error(w, "401: Unauthorized", http.StatusUnauthorized)
		return
	}
	f.mu.Lock()
	f.passed = append(f.passed, r.URL.Path)
	f.mu.Unlock()
	resp, err := http.Get(f.now().Home + "/api/" + r.PathValue("path"))
	if err != nil {
		http.Error(w, "502: Bad Gateway", http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body) // an add-on that is gone needs no answer
}
