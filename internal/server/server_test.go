package server_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gorilla/websocket"

	"earshot/internal/server"
)

func TestPortInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s := server.New(server.Config{Listen: taken.Addr().String()}, server.Deps{})
	err = s.Listen()
	if !errors.Is(err, server.ErrInUse) {
		t.Fatalf("got %v, want ErrInUse", err)
	}
	want := "listen on " + taken.Addr().String() + ": another program has that port already; end it, or set server.listen to another port"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

func TestValidate(t *testing.T) {
	for _, tc := range []struct {
		cfg  server.Config
		key  string
		want string
	}{
		{server.DefaultConfig(), "", ""},
		{server.Config{Listen: ":8127", AllowedHosts: []string{"earshot.local", "::1"}, AllowedOrigins: []string{"https://ha.example/"}}, "", ""},
		{server.Config{Listen: "8127"}, "listen", "is not an address; write it like 127.0.0.1:8127"},
		{server.Config{Listen: "127.0.0.1:http"}, "listen", "is not an address; write it like 127.0.0.1:8127"},
		{server.Config{Listen: "127.0.0.1:70000"}, "listen", "is not an address; write it like 127.0.0.1:8127"},
		{server.Config{Listen: "127.0.0.1:1", AllowedHosts: []string{"http://a"}}, "allowed_hosts", `"http://a" is not a name; write it like earshot.local, without http:// and without a port`},
		{server.Config{Listen: "127.0.0.1:1", AllowedOrigins: []string{"a.example"}}, "allowed_origins", `"a.example" is not the start of an address; write it like http://homeassistant.local:8123`},
		{server.Config{Listen: "127.0.0.1:1", AllowedOrigins: []string{"http://a/b"}}, "allowed_origins", `"http://a/b" is not the start of an address; write it like http://homeassistant.local:8123`},
	} {
		tc.cfg.Members = cmp.Or(tc.cfg.Members, "listen")
		got := tc.cfg.Validate()
		if got[tc.key] != tc.want || len(got) != len(strings.Fields(tc.key)) {
			t.Errorf("%+v: %v", tc.cfg, got)
		}
	}
}

func TestHosts(t *testing.T) {
	for _, tc := range []struct {
		allowed []string
		host    string
		want    int
	}{
		{nil, "127.0.0.1:8127", 200},
		{nil, "127.0.0.1", 200},
		{nil, "localhost", 200},
		{nil, "LocalHost.:80", 200},
		{nil, "[::1]:8127", 200},
		{nil, "evil.example", 403},
		{nil, "127.0.0.1.evil.example", 403},
		{nil, "192.168.1.5", 403},
		{[]string{"earshot.local"}, "Earshot.local:8127", 200},
		{[]string{"earshot.local"}, "x.earshot.local", 403},
	} {
		t.Run(tc.host, func(t *testing.T) {
			b := startBridge(t, func(c *server.Config, d *server.Deps) { c.AllowedHosts, d.Page = tc.allowed, samplePage })
			for _, path := range []string{"", "healthz", "readyz", "api/clips/x"} {
				resp, body := b.get(path, "Host", tc.host)
				if path == "api/clips/x" && tc.want == 200 {
					continue // needs a signature
				}
				if resp.StatusCode != tc.want {
					t.Errorf("/%s: got %d %s, want %d", path, resp.StatusCode, body, tc.want)
				}
			}
			ws, resp, err := b.dialer(http.Header{"Host": {tc.host}})
			if (err == nil) != (tc.want == 200) {
				t.Errorf("websocket: %v %v, want %d", err, resp.StatusCode, tc.want)
			}
			if err == nil {
				ws.Close()
			}
		})
	}
}

func TestOrigins(t *testing.T) {
	b := startBridge(t, func(c *server.Config, _ *server.Deps) {
		c.AllowedOrigins = []string{"https://ha.example", "http://homeassistant.local:8123"}
	})
	for _, tc := range []struct {
		origin string
		ok     bool
	}{
		{"", true}, // no browser
		{"http://" + b.server.Addr(), true},
		{"https://" + b.server.Addr(), true}, // a proxy in front speaks https
		{"https://ha.example", true},
		{"https://HA.example:443", true},
		{"http://ha.example", false},
		{"https://ha.example:8443", false},
		{"http://homeassistant.local:8123", true},
		{"http://127.0.0.1", false},
		{"http://localhost:1", false},
		{"https://evil.example", false},
		{"null", false},
		{"http://" + b.server.Addr() + ".evil.example", false},
		{"http://user@" + b.server.Addr(), false},
		{"file://", false},
	} {
		header := http.Header{}
		if tc.origin != "" {
			header.Set("Origin", tc.origin)
		}
		ws, resp, err := b.dialer(header)
		if err == nil {
			ws.Close()
		}
		switch {
		case (err == nil) != tc.ok:
			t.Errorf("origin %q: %v, want ok %v", tc.origin, err, tc.ok)
		case !tc.ok && resp.StatusCode != http.StatusForbidden:
			t.Errorf("origin %q: status %d", tc.origin, resp.StatusCode)
		}
	}
}

// samplePage stands for the page.
var samplePage = fstest.MapFS{
	"index.html": {Data: []byte("<!doctype html><title>Earshot</title>")},
	"page.js":    {Data: []byte(strings.Repeat("export {};\n", 200))},
	"page.css":   {Data: []byte("body { margin: 0 }")},
	"icon.svg":   {Data: []byte("<svg/>")},
}

func TestPage(t *testing.T) {
	b := startBridge(t, func(_ *server.Config, d *server.Deps) { d.Page = samplePage })
	resp, body := b.get("")
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/html; charset=utf-8" || string(body) != string(samplePage["index.html"].Data) {
		t.Fatalf("page: %d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; " +
			"base-uri 'none'; form-action 'none'; frame-ancestors 'self'; require-trusted-types-for 'script'; trusted-types lit-html",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control":                "no-cache",
	}
	for name, value := range want {
		if got := resp.Header.Get(name); got != value {
			t.Errorf("%s: got %q, want %q", name, got, value)
		}
	}
	for path, kind := range map[string]string{"page.js": "text/javascript; charset=utf-8", "page.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"} {
		resp, _ := b.get(path)
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != kind {
			t.Errorf("%s: %d %s", path, resp.StatusCode, resp.Header.Get("Content-Type"))
		}
		again, _ := b.get(path, "If-None-Match", resp.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified {
			t.Errorf("%s asked again: %d", path, again.StatusCode)
		}
	}
	for path, status := range map[string]int{"nothing.js": 404, "../server.go": 404, "page/": 404, "api/": 404, "api/websocket": 400} {
		if resp, _ := b.get(path); resp.StatusCode != status {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, status)
		}
	}
	if resp, _ := b.request(http.MethodPost, ""); resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", resp.StatusCode)
	}
}

// TestPageCompressed reads what is sent itself: Go's client unpacks unless it is asked for a coding by name.
func TestPageCompressed(t *testing.T) {
	b := startBridge(t, func(_ *server.Config, d *server.Deps) { d.Page = samplePage })
	plain := samplePage["page.js"].Data
	etags := map[string]string{}
	for accepts, zipped := range map[string]bool{"gzip": true, "br, gzip;q=0.5": true, "identity": false, "gzip;q=0": false} {
		resp, body := b.get("page.js", "Accept-Encoding", accepts)
		if got := resp.Header.Get("Content-Encoding") == "gzip"; got != zipped || resp.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %v", accepts, resp.Header)
			continue
		}
		etags[fmt.Sprint(zipped)] = resp.Header.Get("ETag")
		if zipped {
			if len(body) >= len(plain)/4 {
				t.Errorf("%q: %d bytes of %d", accepts, len(body), len(plain))
			}
			unpack, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if body, err = io.ReadAll(unpack); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(body, plain) {
			t.Errorf("%q: not the file", accepts)
		}
	}
	if etags["true"] == etags["false"] {
		t.Error("the two forms have the same ETag")
	}
	if resp, body := b.get("page.js", "Accept-Encoding", "gzip", "Range", "bytes=0-5"); resp.StatusCode != 206 || string(body) != "export" {
		t.Errorf("a part: %d %q", resp.StatusCode, body)
	}
}

func TestHealth(t *testing.T) {
	var mu sync.Mutex
	var problems, notices []string
	b := startBridge(t, func(_ *server.Config, d *server.Deps) {
		d.Notices = func() []string {
			mu.Lock()
			defer mu.Unlock()
			return notices
		}
		d.Health = func() []string {
			mu.Lock()
			defer mu.Unlock()
			return problems
		}
	})
	resp, body := b.get("healthz")
	if got := string(body); resp.StatusCode != 200 || got != `{"status":"ok","problems":[],"notices":[]}`+"\n" {
		t.Errorf("well: %d %s", resp.StatusCode, got)
	}
	mu.Lock()
	notices = []string{"A restart is needed."}
	mu.Unlock()
	resp, body = b.get("healthz")
	if got := string(body); resp.StatusCode != 200 || got != `{"status":"ok","problems":[],"notices":["A restart is needed."]}`+"\n" {
		t.Errorf("with a notice: %d %s", resp.StatusCode, got)
	}
	mu.Lock()
	problems = []string{"Kitchen: the microphone is gone"}
	mu.Unlock()
	resp, body = b.get("healthz")
	if got := string(body); resp.StatusCode != 503 || got != `{"status":"problem","problems":["Kitchen: the microphone is gone"],"notices":["A restart is needed."]}`+"\n" {
		t.Errorf("with a problem: %d %s", resp.StatusCode, got)
	}
	if got := resp.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control: %s", got)
	}
}

// TestReady has the reasons of whoever knows them.
func TestReady(t *testing.T) {
	var mu sync.Mutex
	var reasons []server.Reason
	b := startBridge(t, func(_ *server.Config, d *server.Deps) {
		d.Ready = func(context.Context) []server.Reason {
			mu.Lock()
			defer mu.Unlock()
			return reasons
		}
	})
	resp, body := b.get("readyz")
	if got := string(body); resp.StatusCode != 200 || got != `{"status":"ready","reasons":[]}`+"\n" {
		t.Errorf("ready: %d %s", resp.StatusCode, got)
	}
	mu.Lock()
	reasons = []server.Reason{{Code: "disk_full", Text: "The disk is full.", Do: "make room"}, {Code: "microphone", Satellite: "kitchen", Text: "none", Do: "plug"}}
	mu.Unlock()
	resp, body = b.get("readyz")
	want := `{"status":"not_ready","reasons":[{"code":"disk_full","text":"The disk is full.","do":"make room"},` +
		`{"code":"microphone","satellite":"kitchen","text":"none","do":"plug"}]}` + "\n"
	if got := string(body); resp.StatusCode != 503 || got != want {
		t.Errorf("not ready: %d %s", resp.StatusCode, got)
	}
	if got := resp.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control: %s", got)
	}
}

// TestShutdown holds clients in every phase; startBridge checks that no goroutine of theirs is left.
func TestShutdown(t *testing.T) {
	b := startBridge(t)
	waiting := b.open()
	signedIn := b.dial(server.Read)
	signedIn.must("history/subscribe", nil)
	start := time.Now()
	b.stop()
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	for name, c := range map[string]*client{"waiting": waiting, "signed in": signedIn} {
		if code, text := c.closed(); code != websocket.CloseGoingAway || text != "the bridge is stopping" {
			t.Errorf("%s: closed with %d %q", name, code, text)
		}
	}
}

// TestConnectAndDisconnect has a thousand clients come and go; startBridge checks that no goroutine of theirs is left.
func TestConnectAndDisconnect(t *testing.T) {
	b := startBridge(t)
	secret, err := b.tokens.Session("many", server.Read)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 125 {
				ws, _, err := b.dialer(nil)
				if err != nil {
					t.Errorf("dial: %v", err)
					return
				}
				c := &client{t: t, ws: ws}
				c.signIn(secret)
				c.must("history/subscribe", nil)
				c.must("satellites/subscribe", nil)
				ws.Close()
			}
		})
	}
	all.Wait()
}
