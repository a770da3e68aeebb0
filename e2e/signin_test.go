package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"earshot/e2e/lab"
	"earshot/internal/testkit"
)

// TestSignInByHomeAssistant signs an administrator and another user in by the real Home Assistant, the current one and the oldest that is
// supported, and looks at what stays there.
func TestSignInByHomeAssistant(t *testing.T) {
	t.Parallel()
	for _, version := range []string{lab.Current, lab.Oldest} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			home := lab.Start(t, lab.Options{Version: version})
			b := startBridge(t, fmt.Sprintf(`
satellites: [{id: kitchen, wake_words: [okay_nabu], microphone: {driver: file, device: ../testdata/audio/okay_nabu_silence.wav}}]
models: {dir: MODELS}
mqtt: {url: "%s"}
home_assistant: {url: "%s", token: "%s"}
history: {dir: DATA}
server: {listen: LISTEN, members: read}
`, home.Broker(), home.URL(), home.Token()))
			testkit.Within(t, 30*time.Second, "the bridge answers", func() bool { return b.health() != 0 })
			owner, secret := home.Login()
			admin := signIn(t, b, home, owner, secret)
			if got := admin.who(); got != owner+", admin" {
				t.Errorf("the administrator is %s", got)
			}
			ws := admin.socket()
			ws.must("satellites/list", nil)
			ws.must("access_log/list", nil)
			plain, secret := home.PlainLogin()
			member := signIn(t, b, home, plain, secret)
			if got := member.who(); got != plain+", read" {
				t.Errorf("the other user is %s", got)
			}
			if failed, ok := member.socket().call("access_log/list", nil); ok || failed["code"] != "unauthorized" {
				t.Errorf("the other user may do what administrators may: %v", failed)
			}
			var list []struct {
				Client string `json:"client_id"`
			}
			home.Do(t, "auth/refresh_tokens", nil, &list)
			for _, token := range list {
				if strings.Contains(token.Client, b.listen) {
					t.Error("a refresh token of the bridge is left in Home Assistant")
				}
			}
			admin.signOut()
			if _, _, err := ws.ws.ReadMessage(); !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
				t.Errorf("after signing out: %v", err)
			}
			if got := admin.who(); got != "" {
				t.Errorf("still signed in as %s", got)
			}
			for line := range strings.Lines(home.Log()) {
				if strings.Contains(line, " ERROR ") && strings.Contains(line, "auth") {
					t.Error(line)
				}
			}
		})
	}
}

// visitor is a browser that somebody has signed in with.
type visitor struct {
	t    *testing.T
	b    *bridge
	http http.Client
}

// signIn takes a browser from the page to Home Assistant and back.
func signIn(t *testing.T, b *bridge, home *lab.Home, user, secret string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t: t, b: b, http: http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	location := v.get("http://" + b.listen + "/auth/home_assistant").Header.Get("Location")
	if !strings.HasPrefix(location, home.URL()+"/auth/authorize?") {
		t.Fatalf("sent to %q", location)
	}
	back := home.Authorize(t, location, user, secret)
	if got := v.get(back); got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "../" {
		t.Fatalf("back from Home Assistant: %s to %s", got.Status, got.Header.Get("Location"))
	}
	return v
}

func (v *visitor) get(address string) *http.Response {
	v.t.Helper()
	resp, err := v.http.Get(address)
	if err != nil {
		v.t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}

// who is the name and the role of the session, "" when there is none.
func (v *visitor) who() string {
	v.t.Helper()
	resp, err := v.http.Get("http://" + v.b.listen + "/auth/session")
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	var session struct {
		SignedIn   bool `json:"signed_in"`
		Name, Role string
	}
	if err := json.NewDecoder(resp.Body).Decode(&session); err != nil {
		v.t.Fatal(err)
	}
	if !session.SignedIn {
		return ""
	}
	return session.Name + ", " + session.Role
}

// socket connects as the page does: with the cookie alone.
func (v *visitor) socket() *client {
	v.t.Helper()
	dialer := websocket.Dialer{Jar: v.http.Jar}
	ws, _, err := dialer.Dial("ws://"+v.b.listen+"/api/websocket", http.Header{"Origin": {"http://" + v.b.listen}})
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { ws.Close() })
	c := newClient(v.t, ws)
	c.read()
	c.write(map[string]any{"type": "auth"})
	if m := c.read(); m["type"] != "auth_ok" {
		v.t.Fatalf("by the cookie: %v", m)
	}
	return c
}

func (v *visitor) signOut() {
	v.t.Helper()
	resp, err := v.http.Post("http://"+v.b.listen+"/auth/sign_out", "application/json", strings.NewReader("{}"))
	if err != nil {
		v.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		v.t.Errorf("sign out: %s", resp.Status)
	}
}
