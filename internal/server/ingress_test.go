package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"

	"github.com/gorilla/websocket"

	"earshot/internal/server"
)

// ingress is the add-on's front in a test: the address it comes from, and who it says somebody is.
type ingress struct {
	*bridge
	from   string
	person string
}

// withIngress believes one address of this machine.
func withIngress(members string) func(*server.Config, *server.Deps) {
	return func(cfg *server.Config, d *server.Deps) {
		cfg.Members = members
		d.Ingress = server.Ingress{Proxy: netip.MustParseAddr("127.0.0.9"), Person: func(_ context.Context, id string) (string, bool, error) {
			switch id {
			case "a1":
				return "Anna", true, nil
			case "b2":
				return "Ben", false, nil
			}
			return "", false, errors.New("no such account")
		}}
	}
}

func (i ingress) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(i.from)}}
	return d.DialContext(ctx, network, addr)
}

// header is what Home Assistant and the Supervisor add to a browser's request.
func (i ingress) header() http.Header {
	h := http.Header{"X-Ingress-Path": {"/api/hassio_ingress/abc"}, "X-Forwarded-Host": {"ha.example:8123"}, "X-Forwarded-Proto": {"https"}}
	if i.person != "" {
		h.Set("X-Remote-User-Id", i.person)
	}
	return h
}

// who is whom the page is told it is used by.
func (i ingress) who() string {
	i.t.Helper()
	transport := &http.Transport{DialContext: i.dial, DisableKeepAlives: true}
	req, err := http.NewRequestWithContext(i.t.Context(), http.MethodGet, i.url("auth/session"), nil)
	if err != nil {
		i.t.Fatal(err)
	}
	req.Header = i.header()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		i.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		i.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		return resp.Status
	}
	var report map[string]any
	if err := json.Unmarshal(data, &report); err != nil {
		i.t.Fatal(err)
	}
	if report["signed_in"] != true {
		return "nobody"
	}
	return fmt.Sprintf("%v, %v", report["name"], report["role"])
}

// socket opens a WebSocket without a token, from a page of an origin.
func (i ingress) socket(origin string) (answer map[string]any, status int) {
	i.t.Helper()
	dialer := websocket.Dialer{NetDialContext: i.dial}
	header := i.header()
	header.Set("Origin", origin)
	ws, resp, err := dialer.Dial("ws://"+i.server.Addr()+"/api/websocket", header)
	if err != nil && resp == nil {
		i.t.Fatal(err)
	}
	if err != nil {
		return nil, resp.StatusCode
	}
	defer ws.Close()
	c := &client{t: i.t, ws: ws}
	c.read()
	c.write(map[string]any{"type": "auth"})
	return c.read(), resp.StatusCode
}

// TestIngress lets people in who are signed in at Home Assistant, by the word of one address and of no other.
func TestIngress(t *testing.T) {
	b := startBridge(t, withIngress("listen"))
	for _, tc := range []struct{ from, person, want string }{
		{"127.0.0.9", "a1", "Anna, admin"},
		{"127.0.0.9", "b2", "Ben, listen"},
		{"127.0.0.9", "a1", "Anna, admin"}, // the same browser may be somebody else's a moment later
		{"127.0.0.9", "c3", "nobody"},
		{"127.0.0.9", "", "nobody"},
		{"127.0.0.1", "a1", "nobody"},
		{"127.0.0.8", "a1", "nobody"},
	} {
		if got := (ingress{b, tc.from, tc.person}).who(); got != tc.want {
			t.Errorf("%s as %q: %s, want %s", tc.from, tc.person, got, tc.want)
		}
	}
	anna := ingress{b, "127.0.0.9", "a1"}
	if got, _ := anna.socket("https://ha.example:8123"); got["type"] != "auth_ok" || got["role"] != "admin" || got["name"] != "Anna" {
		t.Errorf("a WebSocket: %v", got)
	}
	if _, status := anna.socket("https://evil.example"); status != http.StatusForbidden {
		t.Errorf("a page of another site: status %d", status)
	}
	liar := ingress{b, "127.0.0.1", "a1"}
	if got, _ := liar.socket("http://" + b.server.Addr()); got["type"] != "auth_invalid" {
		t.Errorf("not from the ingress: %v", got)
	}
}

// TestIngressForAdministrators keeps everybody else out where the household wants that.
func TestIngressForAdministrators(t *testing.T) {
	b := startBridge(t, withIngress("none"))
	for person, want := range map[string]string{"a1": "Anna, admin", "b2": "nobody"} {
		if got := (ingress{b, "127.0.0.9", person}).who(); got != want {
			t.Errorf("%s: %s, want %s", person, got, want)
		}
	}
}

// TestNoIngress believes nobody.
func TestNoIngress(t *testing.T) {
	b := startBridge(t)
	if got := (ingress{b, "127.0.0.9", "a1"}).who(); got != "nobody" {
		t.Errorf("without an ingress: %s", got)
	}
}
