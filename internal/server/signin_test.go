package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"earshot/internal/server"
	"earshot/internal/testkit"
)

// browser is one browser on the page of a bridge. It keeps cookies by hand, so that tests see each of them.
type browser struct {
	*bridge
	cookies map[string]*http.Cookie
	header  http.Header // sent with every request
}

func (b *bridge) browser() *browser {
	return &browser{bridge: b, cookies: map[string]*http.Cookie{}, header: http.Header{}}
}

// answer is what came back.
type answer struct {
	status   int
	header   http.Header
	body     string
	location string
}

// error is the body of a refusal.
func (a answer) error(t *testing.T) string {
	t.Helper()
	var e map[string]string
	if err := json.Unmarshal([]byte(a.body), &e); err != nil || len(e) != 2 || a.header.Get("Content-Type") != "application/json" {
		t.Fatalf("not an error for a page: %s %q", a.header.Get("Content-Type"), a.body)
	}
	return fmt.Sprintf("%d %s: %s", a.status, e["code"], e["message"])
}

func (c *browser) do(method, address, body string) answer {
	c.t.Helper()
	if !strings.Contains(address, "://") {
		address = c.url(address)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Origin", "http://"+c.server.Addr())
	}
	for name, values := range c.header {
		req.Header[name] = values
	}
	return c.send(req)
}

// send sends a request with the browser's cookies, and keeps those that come back.
func (c *browser) send(req *http.Request) answer {
	c.t.Helper()
	for _, cookie := range c.cookies {
		req.AddCookie(cookie)
	}
	resp, err := http.DefaultTransport.RoundTrip(req) // redirects are for the tests to look at
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, cookie := range resp.Cookies() {
		c.cookies[cookie.Name] = cookie
		if cookie.MaxAge < 0 {
			delete(c.cookies, cookie.Name)
		}
	}
	return answer{resp.StatusCode, resp.Header, string(data), resp.Header.Get("Location")}
}

func (c *browser) post(path, body string) answer {
	c.t.Helper()
	return c.do(http.MethodPost, "auth/"+path, body)
}

// session is what the bridge knows of the browser.
func (c *browser) session() map[string]any {
	c.t.Helper()
	got := c.do(http.MethodGet, "auth/session", "")
	var report map[string]any
	if err := json.Unmarshal([]byte(got.body), &report); err != nil || got.status != 200 || got.header.Get("Cache-Control") != "no-store" {
		c.t.Fatalf("auth/session: %+v", got)
	}
	return report
}

// who is the name and the role that the browser is signed in with, "" for none.
func (c *browser) who() string {
	c.t.Helper()
	s := c.session()
	if s["signed_in"] != true {
		return ""
	}
	return fmt.Sprintf("%v, %v", s["name"], s["role"])
}

// byToken signs the browser in.
func (c *browser) byToken(secret string) {
	c.t.Helper()
	if got := c.post("token", `{"access_token":"`+secret+`"}`); got.status != http.StatusNoContent || got.body != "" {
		c.t.Fatalf("sign in by a token: %+v", got)
	}
}

// socket opens a WebSocket that relies on the browser's cookie.
func (c *browser) socket() *client {
	c.t.Helper()
	header := http.Header{"Origin": {"http://" + c.server.Addr()}}
	if cookie := c.cookies["earshot_session"]; cookie != nil {
		header.Set("Cookie", cookie.Name+"="+cookie.Value)
	}
	ws, _, err := c.dialer(header)
	if err != nil {
		c.t.Fatalf("dial: %v", err)
	}
	c.t.Cleanup(func() { ws.Close() })
	opened := &client{t: c.t, ws: ws}
	opened.read()
	opened.write(map[string]any{"type": "auth"})
	return opened
}

// withHome gives a server a Home Assistant.
func withHome(h *fakeHome) func(*server.Config, *server.Deps) {
	return func(_ *server.Config, d *server.Deps) { d.HomeAssistant = server.HomeAssistant{URL: h.url()} }
}

func TestNobodyIsSignedIn(t *testing.T) {
	b := startBridge(t)
	want := map[string]any{"signed_in": false, "name": "", "role": "", "expires": "", "methods": []any{"code", "token"}}
	if diff := cmp.Diff(want, b.browser().session()); diff != "" {
		t.Error(diff)
	}
	for _, path := range []string{"auth/home_assistant", "auth/callback?code=a&state=b"} {
		got := b.browser().do(http.MethodGet, path, "").error(t)
		if got != "404 not_found: No Home Assistant is set up; set home_assistant.url." {
			t.Errorf("%s: %s", path, got)
		}
	}
	m := b.browser().socket().read()
	if m["type"] != "auth_invalid" || m["message"] != "Auth message incorrectly formatted: access_token: is missing" {
		t.Errorf("without a cookie: %v", m)
	}
}

func TestSignInRefusals(t *testing.T) {
	b := startBridge(t)
	for _, tc := range []struct {
		path, body string
		header     []string
		want       string
	}{
		{"code", `{"code":"1234567"}`, nil, "400 invalid_format: code: eight digits are needed"},
		{"code", `{"code":"1234567x"}`, nil, "400 invalid_format: code: eight digits are needed"},
		{"code", `{"code":12345678}`, nil, "400 invalid_format: code: a string is needed"},
		{"code", `{}`, nil, "400 invalid_format: code: is missing"},
		{"code", `{"code":"12345678"}`, nil, "403 unauthorized: That is not the code, or no longer; ask for a new one."},
		{"token", `{"access_token":"earshot_wrong"}`, nil, "403 unauthorized: The access token is not valid, or no longer."},
		{"token", `{"access_token":"a","access_token":"b"}`, nil, "400 invalid_format: The request has to be one JSON object without a key twice."},
		{"token", `{"token":"a"}`, nil, "400 invalid_format: access_token: is missing"},
		{"token", ``, nil, "400 invalid_format: The request has to be one JSON object without a key twice."},
		{"code/request", `{"all":true}`, nil, `400 invalid_format: "all": is not known; auth/code/request takes nothing`},
		{"pair/request", `{"name":" "}`, nil, "400 invalid_format: name: 1 to 60 characters that can be shown are needed"},
		{"pair/request", `{"name":""}`, nil, "400 invalid_format: name: is empty; leave it out instead"},
		{"pair/request", `{}`, nil, "400 invalid_format: name: is missing"},
		{"pair/request", `{"name":"` + strings.Repeat("ä", 61) + `"}`, nil, "400 invalid_format: name: 1 to 60 characters that can be shown are needed"},
		{"pair/request", `{"name":"a\nb"}`, nil, "400 invalid_format: name: 1 to 60 characters that can be shown are needed"},
		{"pair/request", `{"name":"a","role":"admin"}`, nil, `400 invalid_format: "role": is not known; auth/pair/request takes name`},
		{"pair", `{"code":"1234567","name":"a"}`, nil, "400 invalid_format: code: eight digits are needed"},
		{"pair", `{"code":"12345678"}`, nil, "400 invalid_format: name: is missing"},
		{"pair", `{"name":"a"}`, nil, "400 invalid_format: code: is missing"},
		{"pair", `{"code":"12345678","name":"a"}`, nil, "403 unauthorized: That is not the code, or no longer; ask for a new one."},
		{"pair", `{"code":"12345678","name":"` + strings.Repeat("x", 5000) + `"}`, nil, "413 invalid_format: The request is too long."},
		{"pair", `{}`, []string{"Content-Type", "text/plain"}, "415 invalid_format: The request has to be of type application/json."},
		{"pair/request", `{"name":"a"}`, []string{"Origin", "http://evil.example"}, "403 unauthorized: This page may not be used to sign in; open the bridge's own."},
		{"pair", `{"code":"12345678","name":"a"}`, []string{"Origin", "http://evil.example"}, "403 unauthorized: This page may not be used to sign in; open the bridge's own."},
		{"sign_out", `[]`, nil, "400 invalid_format: The request has to be one JSON object without a key twice."},
		{"token", `{"access_token":"` + strings.Repeat("x", 5000) + `"}`, nil, "413 invalid_format: The request is too long."},
		{"token", `{}`, []string{"Content-Type", "text/plain"}, "415 invalid_format: The request has to be of type application/json."},
		{"code/request", `{}`, []string{"Content-Type", "application/x-www-form-urlencoded"}, "415 invalid_format: The request has to be of type application/json."},
		{"sign_out", `{}`, []string{"Content-Type", ""}, "415 invalid_format: The request has to be of type application/json."},
		{"code/request", `{}`, []string{"Origin", "http://evil.example"}, "403 unauthorized: This page may not be used to sign in; open the bridge's own."},
		{"token", `{}`, []string{"Origin", "null"}, "403 unauthorized: This page may not be used to sign in; open the bridge's own."},
		{"sign_out", `{}`, []string{"Origin", "http://127.0.0.1:1"}, "403 unauthorized: This page may not be used to sign in; open the bridge's own."},
	} {
		c := b.browser()
		for i := 0; i < len(tc.header); i += 2 {
			c.header.Set(tc.header[i], tc.header[i+1])
		}
		got := c.post(tc.path, tc.body)
		if text := got.error(t); text != tc.want || len(c.cookies) != 0 {
			t.Errorf("%s %.40s: %s, cookies %v", tc.path, tc.body, text, c.cookies)
		}
	}
	for _, path := range []string{"auth/token", "auth/sign_out", "auth/code", "auth/code/request", "auth/pair", "auth/pair/request"} {
		if got := b.browser().do(http.MethodGet, path, ""); got.status != http.StatusNotFound {
			t.Errorf("GET %s: %d", path, got.status)
		}
	}
	if log := b.log.String(); strings.Contains(log, "earshot_wrong") || strings.Contains(log, "12345678") || strings.Contains(log, "code, good once") {
		t.Errorf("the log holds what was tried, or a code: %s", log)
	}
}

func TestSignInByToken(t *testing.T) {
	b := startBridge(t)
	secret, err := b.tokens.Create("wall tablet", server.Listen)
	if err != nil {
		t.Fatal(err)
	}
	c := b.browser()
	c.byToken(secret)
	cookie := c.cookies["earshot_session"]
	if cookie.Raw != "earshot_session="+cookie.Value+"; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict" || len(cookie.Value) != 43 {
		t.Errorf("the cookie: %s", cookie.Raw)
	}
	if got := c.who(); got != "wall tablet, listen" {
		t.Errorf("signed in as %s", got)
	}
	ws := c.socket()
	want := map[string]any{"type": "auth_ok", "earshot_version": "test", "name": "wall tablet", "role": "listen", "time_zone": "Europe/Berlin"}
	if diff := cmp.Diff(want, ws.read()); diff != "" {
		t.Error(diff)
	}
	ws.must("satellites/list", nil)
	if got := ws.fails("satellites/mute", map[string]any{"satellite": "kitchen", "muted": true}); got != "unauthorized: The role admin is needed." {
		t.Error(got)
	}
	if err := b.tokens.Revoke("wall tablet"); err != nil {
		t.Fatal(err)
	}
	if code, text := ws.closed(); code != websocket.ClosePolicyViolation || text != "the session has ended" {
		t.Errorf("after the token was revoked: %d %s", code, text)
	}
	if got := c.who(); got != "" {
		t.Errorf("still signed in as %s", got)
	}
	if m := c.socket().read(); m["type"] != "auth_invalid" || m["message"] != "The session has ended; sign in again" {
		t.Errorf("with the cookie of a session that has ended: %v", m)
	}
	if strings.Contains(b.log.String(), secret) || strings.Contains(b.log.String(), cookie.Value) {
		t.Error("the log holds a secret")
	}
}

func TestSignInByCode(t *testing.T) {
	b := startBridge(t)
	c := b.browser()
	if got := c.post("code/request", `{}`); got.status != http.StatusNoContent || got.body != "" {
		t.Fatalf("%+v", got)
	}
	code := regexp.MustCompile(`"level":"warn","code":"(\d{8})","remote":"127.0.0.1:\d+","message":"sign-in code, `).FindStringSubmatch(b.log.String())
	if code == nil {
		t.Fatalf("the log holds no code: %s", b.log)
	}
	if got := c.post("code", `{"code":"`+code[1]+`"}`); got.status != http.StatusNoContent || got.body != "" {
		t.Fatalf("%+v", got)
	}
	if got := c.who(); got != "one-time code, admin" {
		t.Errorf("signed in as %s", got)
	}
	ws := c.socket()
	ws.read()
	ws.must("satellites/mute", map[string]any{"satellite": "kitchen", "muted": true})
	if got := b.browser().post("code", `{"code":"`+code[1]+`"}`).error(t); !strings.HasPrefix(got, "403 ") {
		t.Errorf("the same code again: %s", got)
	}
	if strings.Count(b.log.String(), code[1]) != 1 {
		t.Errorf("the code is in the log more than once: %s", b.log)
	}
}

// TestSignOut ends what was signed in with this browser, and nothing else.
func TestSignOut(t *testing.T) {
	b := startBridge(t)
	secret, err := b.tokens.Create("page", server.Read)
	if err != nil {
		t.Fatal(err)
	}
	one, two := b.browser(), b.browser()
	one.byToken(secret)
	two.byToken(secret)
	old := one.cookies["earshot_session"]
	sockets := []*client{one.socket(), one.socket(), two.socket()}
	for _, ws := range sockets {
		ws.read()
	}
	if got := one.post("sign_out", `{}`); got.status != http.StatusNoContent || got.header.Get("Set-Cookie") != "earshot_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict" {
		t.Errorf("%+v", got)
	}
	for _, ws := range sockets[:2] {
		if code, text := ws.closed(); code != websocket.ClosePolicyViolation || text != "the session has ended" {
			t.Errorf("closed with %d %s", code, text)
		}
	}
	sockets[2].must("satellites/list", nil)
	one.cookies["earshot_session"] = old
	if one.who() != "" || two.who() != "page, read" {
		t.Errorf("after signing out: %q and %q", one.who(), two.who())
	}
	if got := b.browser().post("sign_out", `{}`); got.status != http.StatusNoContent {
		t.Errorf("nobody was signed in: %+v", got)
	}
}

// TestCookieOfAnotherPage lets no page of another site ride on a session.
func TestCookieOfAnotherPage(t *testing.T) {
	b := startBridge(t)
	secret, err := b.tokens.Create("page", server.Admin)
	if err != nil {
		t.Fatal(err)
	}
	c := b.browser()
	c.byToken(secret)
	cookie := c.cookies["earshot_session"]
	_, resp, err := b.dialer(http.Header{"Origin": {"http://evil.example"}, "Cookie": {cookie.Name + "=" + cookie.Value}})
	if err == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("a foreign page: %v", err)
	}
	c.header.Set("Origin", "http://evil.example")
	if got := c.post("sign_out", `{}`); got.status != http.StatusForbidden || c.who() != "page, admin" {
		t.Errorf("signed out by a foreign page: %+v", got)
	}
}

func TestSignInByHomeAssistant(t *testing.T) {
	for _, tc := range []struct {
		who     person
		members string
		old     bool
		want    string // "" when nobody is let in
	}{
		{person{name: "Anna", admin: true}, "none", false, "Anna, admin"},
		{person{name: "Anna", admin: true}, "listen", true, "Anna, admin"},
		{person{name: "Ben"}, "listen", false, "Ben, listen"},
		{person{name: "Ben"}, "read", false, "Ben, read"},
		{person{name: "Ben"}, "none", false, ""},
		{person{name: " \x00\u202e" + strings.Repeat("Ł", 150)}, "read", false, strings.Repeat("Ł", 100) + ", read"},
		{person{}, "read", false, "Home Assistant user, read"},
		{person{name: "Carl", refused: "User is not active"}, "listen", false, ""},
	} {
		t.Run(fmt.Sprintf("%.6s as %s", tc.who.name, tc.members), func(t *testing.T) {
			testkit.NoLeaks(t)
			h := startHome(t)
			h.old = tc.old
			b := startBridge(t, withHome(h), func(cfg *server.Config, _ *server.Deps) { cfg.Members = tc.members })
			c := b.browser()
			if diff := cmp.Diff([]any{"home_assistant", "code", "token"}, c.session()["methods"]); diff != "" {
				t.Error(diff)
			}
			start := c.do(http.MethodGet, "auth/home_assistant", "")
			if start.status != http.StatusFound {
				t.Fatalf("%+v", start)
			}
			cookie := c.cookies["earshot_sign_in"]
			if cookie.Raw != "earshot_sign_in="+cookie.Value+"; Path=/auth/; Max-Age=600; HttpOnly; SameSite=Lax" || strings.Contains(start.location, cookie.Value) {
				t.Errorf("the cookie: %s", cookie.Raw)
			}
			got := c.do(http.MethodGet, h.authorize(start.location, tc.who), "")
			to := "../"
			if tc.want == "" {
				to = "../?sign_in=refused"
			}
			if got.status != http.StatusSeeOther || got.location != to || c.who() != tc.want {
				t.Errorf("%d to %s as %q, want %q", got.status, got.location, c.who(), tc.want)
			}
			if c.cookies["earshot_sign_in"] != nil || h.refreshTokens() != 0 {
				t.Errorf("left behind: cookies %v, %d refresh tokens", c.cookies, h.refreshTokens())
			}
			if tc.want != "" {
				ws := c.socket()
				if m := ws.read(); fmt.Sprintf("%v, %v", m["name"], m["role"]) != tc.want {
					t.Errorf("auth_ok: %v", m)
				}
			}
		})
	}
}

// TestCallbackRefusals has everything that can be wrong when a browser comes back.
func TestCallbackRefusals(t *testing.T) {
	h := startHome(t)
	var failures atomic.Int64
	b := startBridge(t, withHome(h), func(_ *server.Config, d *server.Deps) { d.SignInFailed = func() { failures.Add(1) } })
	anna := person{name: "Anna", admin: true}
	begin := func(c *browser) string { return c.do(http.MethodGet, "auth/home_assistant", "").location }
	cases := []struct {
		name, want string
		run        func() (*browser, string)
	}{
		{"never begun", "expired", func() (*browser, string) { return b.browser(), b.url("auth/callback?code=a&state=b") }},
		{"nothing at all", "expired", func() (*browser, string) { return b.browser(), b.url("auth/callback") }},
		{"begun in another browser", "expired", func() (*browser, string) {
			mine, theirs := b.browser(), b.browser()
			begin(mine)
			return mine, h.authorize(begin(theirs), anna)
		}},
		{"no cookie", "expired", func() (*browser, string) {
			c := b.browser()
			back := h.authorize(begin(c), anna)
			return b.browser(), back
		}},
		{"state of another sign-in of the same browser", "expired", func() (*browser, string) {
			c := b.browser()
			first := h.authorize(begin(c), anna)
			begin(c)
			return c, first
		}},
		{"replayed", "expired", func() (*browser, string) {
			c := b.browser()
			back := h.authorize(begin(c), anna)
			cookie := c.cookies["earshot_sign_in"]
			if got := c.do(http.MethodGet, back, ""); got.location != "../" {
				t.Fatalf("the first time: %+v", got)
			}
			again := b.browser()
			again.cookies["earshot_sign_in"] = cookie
			return again, back
		}},
		{"a code that is none", "expired", func() (*browser, string) {
			c := b.browser()
			back, _ := url.Parse(h.authorize(begin(c), anna))
			q := back.Query()
			q.Set("code", "other")
			back.RawQuery = q.Encode()
			return c, back.String()
		}},
		{"a code of another sign-in", "expired", func() (*browser, string) { // which the challenge is for
			c := b.browser()
			theirs, _ := url.Parse(h.authorize(begin(b.browser()), anna))
			mine, _ := url.Parse(h.authorize(begin(c), anna))
			q := mine.Query()
			q.Set("code", theirs.Query().Get("code"))
			mine.RawQuery = q.Encode()
			return c, mine.String()
		}},
		{"given up there", "refused", func() (*browser, string) {
			c := b.browser()
			back, _ := url.Parse(h.authorize(begin(c), anna))
			return c, b.url("auth/callback?error=access_denied&state=" + back.Query().Get("state"))
		}},
		{"no token", "failed", func() (*browser, string) {
			c := b.browser()
			back := h.authorize(begin(c), anna)
			h.fail("/auth/token")
			return c, back
		}},
		{"no answer to who it is", "failed", func() (*browser, string) {
			c := b.browser()
			back := h.authorize(begin(c), anna)
			h.fail("/api/websocket")
			return c, back
		}},
	}
	for i, tc := range cases {
		h.fail("nothing")
		before := failures.Load()
		c, back := tc.run()
		got := c.do(http.MethodGet, back, "")
		if got.status != http.StatusSeeOther || got.location != "../?sign_in="+tc.want || c.who() != "" {
			t.Errorf("%s: %d to %s as %q", tc.name, got.status, got.location, c.who())
		}
		if failures.Load() != before+1 || h.refreshTokens() != 0 {
			t.Errorf("%s (%d): %d failures, %d refresh tokens", tc.name, i, failures.Load()-before, h.refreshTokens())
		}
	}
	// A refresh token that cannot be revoked keeps nobody out.
	c := b.browser()
	back := h.authorize(begin(c), anna)
	h.fail("/auth/revoke")
	if got := c.do(http.MethodGet, back, ""); got.location != "../" || c.who() != "Anna, admin" || !strings.Contains(b.log.String(), "list of refresh tokens") {
		t.Errorf("%+v as %q", got, c.who())
	}
	h.web.Close()
	c = b.browser()
	state, _ := url.Parse(begin(c))
	if got := c.do(http.MethodGet, "auth/callback?code=x&state="+state.Query().Get("state"), ""); got.location != "../?sign_in=failed" {
		t.Errorf("Home Assistant is away: %+v", got)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for secret := range h.access {
		if strings.Contains(b.log.String(), secret) {
			t.Error("the log holds an access token")
		}
	}
	if strings.Contains(b.log.String(), state.Query().Get("state")) {
		t.Error("the log holds a state")
	}
}

// TestStopDuringSignIn ends a bridge that waits for Home Assistant.
func TestStopDuringSignIn(t *testing.T) {
	h := startHome(t)
	h.held = "/ha/auth/token"
	b := startBridge(t, withHome(h))
	c := b.browser()
	back := h.authorize(c.do(http.MethodGet, "auth/home_assistant", "").location, person{name: "Anna", admin: true})
	cookie := c.cookies["earshot_sign_in"]
	ended := make(chan error, 1)
	go func() {
		req, err := http.NewRequest(http.MethodGet, back, nil)
		if err == nil {
			req.AddCookie(cookie)
			var resp *http.Response
			if resp, err = http.DefaultTransport.RoundTrip(req); err == nil {
				err = resp.Body.Close()
			}
		}
		ended <- err
	}()
	<-h.holding
	b.stop()
	if err := <-ended; err != nil {
		t.Errorf("the browser got no answer: %v", err)
	}
}

// TestNameInRequest sends nobody to Home Assistant in the name of another site.
func TestNameInRequest(t *testing.T) {
	b := startBridge(t, withHome(startHome(t)))
	if resp, body := b.request(http.MethodGet, "auth/home_assistant", "Host", "127.0.0.1:x"); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

// TestExternalURL sends browsers to another address than the bridge itself uses.
func TestExternalURL(t *testing.T) {
	h := startHome(t)
	b := startBridge(t, func(_ *server.Config, d *server.Deps) {
		d.HomeAssistant = server.HomeAssistant{URL: h.url(), ExternalURL: "https://home.example/ha/"}
	})
	c := b.browser()
	to := c.do(http.MethodGet, "auth/home_assistant", "").location
	if !strings.HasPrefix(to, "https://home.example/ha/auth/authorize?") {
		t.Fatalf("to %s", to)
	}
	if got := c.do(http.MethodGet, h.authorize(to, person{name: "Anna", admin: true}), ""); got.location != "../" || c.who() != "Anna, admin" {
		t.Errorf("%+v as %q", got, c.who())
	}
}

// TestBehindProxy signs in below an ingress path, over a proxy that speaks https, and over one that nobody trusts.
func TestBehindProxy(t *testing.T) {
	forwarded := http.Header{
		"X-Forwarded-For": {"203.0.113.7"}, "X-Forwarded-Host": {"ha.example"}, "X-Forwarded-Proto": {"https"}, "X-Ingress-Path": {"/api/hassio_ingress/abc"},
	}
	h := startHome(t)
	b := startBridge(t, withHome(h), func(cfg *server.Config, _ *server.Deps) {
		cfg.TrustedProxies, cfg.AllowedHosts = []string{"127.0.0.1"}, []string{"ha.example"}
	})
	secret, err := b.tokens.Create("page", server.Read)
	if err != nil {
		t.Fatal(err)
	}
	c := b.browser()
	c.header = forwarded.Clone()
	c.header.Set("Origin", "https://ha.example")
	c.byToken(secret)
	cookie := c.cookies["earshot_session"]
	if cookie.Raw != "earshot_session="+cookie.Value+"; Path=/api/hassio_ingress/abc/; Max-Age=43200; HttpOnly; Secure; SameSite=Strict" {
		t.Errorf("the cookie: %s", cookie.Raw)
	}
	c = b.browser()
	c.header = forwarded.Clone()
	to, _ := url.Parse(c.do(http.MethodGet, "auth/home_assistant", "").location)
	if got := to.Query().Get("redirect_uri"); got != "https://ha.example/api/hassio_ingress/abc/auth/callback" {
		t.Errorf("back to %s", got)
	}
	if got := to.Query().Get("client_id"); got != "https://ha.example/api/hassio_ingress/abc/" {
		t.Errorf("as %s", got)
	}
	if cookie := c.cookies["earshot_sign_in"]; cookie.Path != "/api/hassio_ingress/abc/auth/" || !cookie.Secure {
		t.Errorf("the cookie: %s", cookie.Raw)
	}
	back, _ := url.Parse(h.authorize(to.String(), person{name: "Anna", admin: true}))
	if got := c.do(http.MethodGet, "auth/callback?"+back.RawQuery, ""); got.location != "../" || c.who() != "Anna, admin" {
		t.Errorf("%+v as %q", got, c.who())
	}
	c.header.Set("Origin", "https://ha.example")
	if got := c.post("token", `{"access_token":"earshot_wrong"}`).error(t); !strings.HasPrefix(got, "403 unauthorized: The access token") {
		t.Error(got)
	}
	if !strings.Contains(b.log.String(), `"remote":"203.0.113.7:0"`) {
		t.Errorf("the wrong attempt is not the client's: %s", b.log)
	}
	c.header.Set("X-Forwarded-Host", "evil.example")
	if got := c.do(http.MethodGet, "auth/session", ""); got.status != http.StatusForbidden {
		t.Errorf("a name that is not ours: %+v", got)
	}

	plain := startBridge(t, withHome(h))
	c = plain.browser()
	c.header = forwarded.Clone()
	to, _ = url.Parse(c.do(http.MethodGet, "auth/home_assistant", "").location)
	if got := to.Query().Get("redirect_uri"); got != plain.url("auth/callback") {
		t.Errorf("headers of anybody count: %s", got)
	}
	if cookie := c.cookies["earshot_sign_in"]; cookie.Path != "/auth/" || cookie.Secure {
		t.Errorf("headers of anybody count: %s", cookie.Raw)
	}
}
