package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/gorilla/websocket"
)

// HomeAssistant is where the people of the household have their accounts.
type HomeAssistant struct {
	URL         string // as this bridge reaches it, http(s)://host:port; "" for none
	ExternalURL string // as browsers do; "" for the same
}

// The bounds of a sign-in by Home Assistant.
const (
	signInCookie   = "earshot_sign_in"
	signInLifetime = 10 * time.Minute
	maxSignIns     = 64 // under way at a time; the oldest goes
	askHomeTime    = 15 * time.Second
	revokeTime     = 2 * time.Second // less than shutdownTimeout
	maxHomeAnswer  = 64 << 10        // bytes
)

// What becomes of a sign-in by Home Assistant, as the page is told.
const (
	signInRefused = "refused" // Home Assistant or server.members do not let that person in
	signInFailed  = "failed"  // something is wrong; the log says what
	signInExpired = "expired" // it took too long, was begun in another browser, or was done already
)

// homeError is a failure of a sign-in with what the page is to be told.
type homeError struct {
	outcome string
	err     error
}

// Error says what went wrong.
func (e *homeError) Error() string { return e.err.Error() }

// home speaks to Home Assistant for people who sign in. ref: Home Assistant's authentication API
type home struct {
	url, external *url.URL
	client        *http.Client
	pending       signIns
}

// newHome returns nil when there is no Home Assistant.
func newHome(cfg HomeAssistant) *home {
	inside, err := url.Parse(cfg.URL)
	if err != nil || inside.Host == "" {
		return nil
	}
	outside, err := url.Parse(cfg.ExternalURL)
	if err != nil || outside.Host == "" {
		outside = inside
	}
	return &home{url: inside, external: outside, client: &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true},
		// What is sent are secrets for this address and for no other.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// signIn is one that is under way.
type signIn struct {
	browser  tokenHash // of the cookie of the browser it was begun in
	clientID string    // the page's address
	verifier string    // ref: RFC 7636
	expires  time.Time
}

// signIns are those under way, by their state. The zero value is ready for use.
type signIns struct {
	mu   sync.Mutex
	open map[string]signIn
}

func (x *signIns) add(state string, made signIn, now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.open == nil {
		x.open = map[string]signIn{}
	}
	oldest := ""
	for other, s := range x.open {
		if !now.Before(s.expires) {
			delete(x.open, other)
		} else if oldest == "" || s.expires.Before(x.open[oldest].expires) {
			oldest = other
		}
	}
	if len(x.open) >= maxSignIns {
		delete(x.open, oldest)
	}
	x.open[state] = made
}

// take returns the sign-in of a state, once, and only to the browser it was begun in.
func (x *signIns) take(state, browser string, now time.Time) (signIn, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s, ok := x.open[state]
	delete(x.open, state)
	hash := tokenHash(sha256.Sum256([]byte(browser)))
	return s, ok && now.Before(s.expires) && subtle.ConstantTimeCompare(hash[:], s.browser[:]) == 1
}

// serveHomeAssistant sends the browser to Home Assistant's own sign-in.
func (s *Server) serveHomeAssistant(w http.ResponseWriter, r *http.Request) {
	if s.home == nil {
		s.refuseRequest(w, http.StatusNotFound, codeNotFound, "No Home Assistant is set up; set home_assistant.url.")
		return
	}
	f := frontOf(r)
	scheme := "http"
	if f.https {
		scheme = "https"
	}
	if !validHostport(r.Host) {
		s.refuseRequest(w, http.StatusBadRequest, codeInvalidFormat, "The name of this server in the request is not one.")
		return
	}
	page := scheme + "://" + r.Host + f.base
	state, browser := newSecret(), newSecret()
	made := signIn{browser: sha256.Sum256([]byte(browser)), clientID: page, verifier: newSecret(), expires: time.Now().Add(signInLifetime)}
	s.home.pending.add(state, made, time.Now())
	challenge := sha256.Sum256([]byte(made.verifier))
	to := s.home.external.JoinPath("auth", "authorize")
	// Versions of Home Assistant that do not know the challenge pass over it.
	to.RawQuery = url.Values{
		"response_type": {"code"}, "client_id": {page}, "redirect_uri": {page + "auth/callback"}, "state": {state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode()
	http.SetCookie(w, signInCookieOf(f, browser, int(signInLifetime.Seconds())))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", to.String())
	w.WriteHeader(http.StatusFound)
}

// signInCookieOf is Lax, as the browser comes back from another site.
func signInCookieOf(f front, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: signInCookie, Value: value, Path: f.base + "auth/", MaxAge: maxAge, HttpOnly: true, Secure: f.https, SameSite: http.SameSiteLaxMode,
	}
}

// serveCallback takes the browser back from Home Assistant.
func (s *Server) serveCallback(w http.ResponseWriter, r *http.Request) {
	if s.home == nil {
		s.refuseRequest(w, http.StatusNotFound, codeNotFound, "No Home Assistant is set up; set home_assistant.url.")
		return
	}
	who, err := s.signedInAtHome(r)
	// Relative to this address, which a proxy may have below a path of its own.
	to := "../"
	if err == nil {
		s.beginSession(w, r, who, methodHomeAssistant)
	} else {
		outcome := signInFailed
		if known := (*homeError)(nil); errors.As(err, &known) {
			outcome = known.outcome
		}
		to += "?sign_in=" + outcome
		s.countFailure()
		s.deps.Log.Warn().Err(err).Str("remote", r.RemoteAddr).Str("outcome", outcome).Msg("nobody was signed in by Home Assistant")
	}
	http.SetCookie(w, signInCookieOf(frontOf(r), "", -1))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// signedInAtHome finds out who comes back from Home Assistant.
func (s *Server) signedInAtHome(r *http.Request) (Identity, error) {
	query := r.URL.Query()
	var browser string
	if c, err := r.Cookie(signInCookie); err == nil {
		browser = c.Value
	}
	begun, ok := s.home.pending.take(query.Get("state"), browser, time.Now())
	switch {
	case !ok:
		return Identity{}, &homeError{signInExpired, errors.New("the sign-in was not begun in this browser, took too long, or was done already")}
	case query.Has("error") || query.Get("code") == "":
		return Identity{}, &homeError{signInRefused, errors.New("no code came from Home Assistant")}
	}
	ctx, cancel := context.WithTimeout(r.Context(), askHomeTime)
	defer cancel()
	tokens, err := s.home.exchange(ctx, query.Get("code"), begun)
	if err != nil {
		return Identity{}, err
	}
	user, err := s.home.currentUser(ctx, tokens.Access)
	// From here on the session is ours, and Home Assistant's list of devices is not to fill up.
	if failed := s.home.revoke(context.WithoutCancel(ctx), tokens.Refresh); failed != nil {
		s.deps.Log.Warn().Err(failed).Msg("a sign-in stays in Home Assistant's list of refresh tokens; it can be deleted there")
	}
	if err != nil {
		return Identity{}, err
	}
	who, allowed := s.identityOf(user.Name, user.IsAdmin)
	if !allowed {
		return Identity{}, &homeError{signInRefused, errors.New("the user is no administrator, and server.members lets nobody else in")}
	}
	return who, nil
}

// homeTokens is what Home Assistant gives for a code.
type homeTokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

func (h *home) exchange(ctx context.Context, code string, begun signIn) (tokens homeTokens, err error) {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "client_id": {begun.clientID}, "code_verifier": {begun.verifier}}
	status, answer, err := h.send(ctx, "token", form)
	switch {
	case err != nil:
		return homeTokens{}, fmt.Errorf("exchange the code: %w", err)
	case status == http.StatusForbidden:
		return homeTokens{}, &homeError{signInRefused, errors.New("exchange the code: Home Assistant does not let this user in from here")}
	case status == http.StatusBadRequest:
		return homeTokens{}, &homeError{signInExpired, errors.New("exchange the code: Home Assistant does not take it, or no longer")}
	case status != http.StatusOK:
		return homeTokens{}, fmt.Errorf("exchange the code: status %d from Home Assistant", status)
	}
	if json.Unmarshal(answer, &tokens) != nil || tokens.Access == "" || tokens.Refresh == "" {
		return homeTokens{}, errors.New("exchange the code: the answer holds no tokens; is home_assistant.url the address of Home Assistant?")
	}
	return tokens, nil
}

func (h *home) revoke(ctx context.Context, refresh string) error {
	ctx, cancel := context.WithTimeout(ctx, revokeTime)
	defer cancel()
	status, _, err := h.send(ctx, "revoke", url.Values{"token": {refresh}})
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("status %d from Home Assistant", status)
	}
	if err != nil {
		return fmt.Errorf("revoke the refresh token: %w", err)
	}
	return nil
}

// send posts a form to one of Home Assistant's auth addresses.
func (h *home) send(ctx context.Context, name string, form url.Values) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url.JoinPath("auth", name).String(), strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := h.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxHomeAnswer))
	return resp.StatusCode, answer, err
}

// homeUser is an account of Home Assistant.
type homeUser struct {
	Name    string `json:"name"`
	IsAdmin bool   `json:"is_admin"`
}

// homeMessage is what Home Assistant sends over its WebSocket.
type homeMessage struct {
	ID      int64     `json:"id"`
	Type    string    `json:"type"`
	Success bool      `json:"success"`
	Result  *homeUser `json:"result"`
}

// currentUser asks whose an access token is.
func (h *home) currentUser(ctx context.Context, access string) (homeUser, error) {
	to := h.url.JoinPath("api", "websocket")
	to.Scheme = strings.Replace(to.Scheme, "http", "ws", 1)
	dialer := websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: askHomeTime}
	ws, resp, err := dialer.DialContext(ctx, to.String(), nil)
	if err != nil {
		if resp != nil {
			_ = resp.Body.Close()
		}
		return homeUser{}, fmt.Errorf("ask for the user: %w", err)
	}
	defer ws.Close()
	stop := context.AfterFunc(ctx, func() { _ = ws.Close() })
	defer stop()
	ws.SetReadLimit(maxHomeAnswer)
	if err := ws.WriteJSON(map[string]string{"type": "auth", "access_token": access}); err != nil {
		return homeUser{}, fmt.Errorf("ask for the user: %w", err)
	}
	for {
		var m homeMessage
		if err := ws.ReadJSON(&m); err != nil {
			return homeUser{}, fmt.Errorf("ask for the user: %w", err)
		}
		switch m.Type {
		case "auth_invalid":
			return homeUser{}, &homeError{signInRefused, errors.New("ask for the user: Home Assistant does not take the token it gave")}
		case "auth_ok":
			if err := ws.WriteJSON(map[string]any{"id": 1, "type": "auth/current_user"}); err != nil {
				return homeUser{}, fmt.Errorf("ask for the user: %w", err)
			}
		case "result":
			if m.ID != 1 || !m.Success || m.Result == nil {
				return homeUser{}, errors.New("ask for the user: Home Assistant does not say who it is")
			}
			return *m.Result, nil
		}
	}
}

// personName makes a name fit to be shown and logged.
func personName(name string) string {
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "")))
	if runes := []rune(name); len(runes) > maxTokenName {
		name = string(runes[:maxTokenName])
	}
	if name == "" {
		return "Home Assistant user"
	}
	return name
}
