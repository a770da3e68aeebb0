package server_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
)

// person is an account of the fake Home Assistant.
type person struct {
	name    string
	admin   bool
	refused string // why /auth/token does not let the person in; "" when it does
}

// fakeHome speaks the sign-in of Home Assistant. ref: Home Assistant's authentication API and WebSocket API
type fakeHome struct {
	t   *testing.T
	web *httptest.Server

	mu      sync.Mutex // guards what follows
	codes   map[string]grant
	access  map[string]person // by access token
	refresh map[string]string // access token by refresh token
	broken  string            // the path that answers with an error
	held    string            // the path that does not answer
	holding chan struct{}     // gets a value when somebody waits for it
	old     bool              // does not know PKCE
}

// grant is what a code is good for.
type grant struct {
	who                 person
	clientID, challenge string
}

func startHome(t *testing.T) *fakeHome {
	h := &fakeHome{t: t, codes: map[string]grant{}, access: map[string]person{}, refresh: map[string]string{}, holding: make(chan struct{}, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /ha/auth/token", h.token)
	mux.HandleFunc("POST /ha/auth/revoke", h.revoke)
	mux.HandleFunc("GET /ha/api/websocket", h.socket)
	h.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		broken, held := h.broken == r.URL.Path, h.held == r.URL.Path
		h.mu.Unlock()
		if held {
			_ = r.ParseForm() // else the end of the connection would not be noticed
			h.holding <- struct{}{}
			<-r.Context().Done()
			return
		}
		if broken {
			http.Error(w, "500 Internal Server Error", http.StatusInternalServerError)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(h.web.Close)
	return h
}

// url is below a path, as behind some proxies.
func (h *fakeHome) url() string { return h.web.URL + "/ha" }

// fail makes a path answer with an error.
func (h *fakeHome) fail(path string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.broken = "/ha" + path
}

// refreshTokens counts those that are good.
func (h *fakeHome) refreshTokens() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.refresh)
}

// authorize is what Home Assistant's page does for somebody who signs in there: it returns where the browser is sent.
func (h *fakeHome) authorize(location string, who person) string {
	h.t.Helper()
	at, err := url.Parse(location)
	if err != nil || at.Path != "/ha/auth/authorize" {
		h.t.Fatalf("not the page of Home Assistant: %s, %v", location, err)
	}
	q := at.Query()
	client, err := url.Parse(q.Get("client_id"))
	if err != nil {
		h.t.Fatal(err)
	}
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil {
		h.t.Fatal(err)
	}
	// ref: IndieAuth, section 4.2.2
	if q.Get("response_type") != "code" || client.Scheme != back.Scheme || client.Host != back.Host || client.Path == "" {
		h.t.Fatalf("Home Assistant would not take %s", location)
	}
	if q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 {
		h.t.Fatalf("no challenge in %s", location)
	}
	code := rand.Text()
	h.mu.Lock()
	defer h.mu.Unlock()
	g := grant{who: who, clientID: q.Get("client_id"), challenge: q.Get("code_challenge")}
	if h.old {
		g.challenge = ""
	}
	h.codes[code] = g
	answer := back.Query()
	answer.Set("code", code)
	answer.Set("state", q.Get("state"))
	back.RawQuery = answer.Encode()
	return back.String()
}

func (h *fakeHome) token(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	g, known := h.codes[r.PostFormValue("code")]
	delete(h.codes, r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case r.PostFormValue("grant_type") != "authorization_code":
		answerHome(w, http.StatusBadRequest, map[string]any{"error": "unsupported_grant_type"})
	case !known || g.clientID != r.PostFormValue("client_id"):
		answerHome(w, http.StatusBadRequest, map[string]any{"error": "invalid_request", "error_description": "Invalid code"})
	case g.challenge != "" && g.challenge != base64.RawURLEncoding.EncodeToString(sum[:]):
		answerHome(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "Invalid code verifier"})
	case g.who.refused != "":
		answerHome(w, http.StatusForbidden, map[string]any{"error": "access_denied", "error_description": g.who.refused})
	default:
		access, refresh := rand.Text(), rand.Text()
		h.access[access], h.refresh[refresh] = g.who, access
		answerHome(w, http.StatusOK, map[string]any{
			"access_token": access, "token_type": "Bearer", "refresh_token": refresh, "expires_in": 1800, "ha_auth_provider": "homeassistant",
		})
	}
}

func (h *fakeHome) revoke(_ http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	token := r.PostFormValue("token")
	delete(h.access, h.refresh[token])
	delete(h.refresh, token)
}

func answerHome(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (h *fakeHome) socket(w http.ResponseWriter, r *http.Request) {
	var upgrader websocket.Upgrader
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer ws.Close()
	send := func(m map[string]any) { _ = ws.WriteJSON(m) }
	send(map[string]any{"type": "auth_required", "ha_version": "2025.4.4"})
	var auth struct {
		Type   string `json:"type"`
		Access string `json:"access_token"`
	}
	if ws.ReadJSON(&auth) != nil {
		return
	}
	h.mu.Lock()
	who, known := h.access[auth.Access]
	h.mu.Unlock()
	if !known || auth.Type != "auth" {
		send(map[string]any{"type": "auth_invalid", "message": "Invalid access token or password"})
		return
	}
	send(map[string]any{"type": "auth_ok", "ha_version": "2025.4.4"})
	var command struct {
		ID   int64  `json:"id"`
		Type string `json:"type"`
	}
	if ws.ReadJSON(&command) != nil {
		return
	}
	if command.Type != "auth/current_user" {
		send(map[string]any{"id": command.ID, "type": "result", "success": false, "error": map[string]any{"code": "unknown_command", "message": "Unknown command."}})
		return
	}
	send(map[string]any{"id": command.ID, "type": "result", "success": true, "result": map[string]any{
		"id": "b1946ac9", "name": who.name, "is_owner": false, "is_admin": who.admin,
		"credentials": []any{map[string]any{"auth_provider_type": "homeassistant", "auth_provider_id": nil}}, "mfa_modules": []any{},
	}})
	_, _, _ = ws.ReadMessage() // until the client goes
}
