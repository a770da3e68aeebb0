package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"earshot/history"
	"earshot/internal/server"
	"earshot/internal/testkit"
)

// crowd opens many connections at once, each signed in and following the history.
func (b *bridge) crowd(n int, dialer *websocket.Dialer) []*client {
	b.t.Helper()
	secret, err := b.tokens.Session("crowd", server.Read)
	if err != nil {
		b.t.Fatal(err)
	}
	clients := make([]*client, n)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for ; i < n; i += 8 {
				ws, _, err := dialer.Dial("ws://"+b.server.Addr()+"/api/websocket", nil)
				if err != nil {
					b.t.Errorf("client %d: %v", i, err)
					return
				}
				clients[i] = &client{t: b.t, ws: ws}
				clients[i].signIn(secret)
				clients[i].must("history/subscribe", nil)
			}
		})
	}
	all.Wait()
	b.t.Cleanup(func() {
		for _, c := range clients {
			if c != nil {
				c.ws.Close()
			}
		}
	})
	if b.t.Failed() {
		b.t.FailNow()
	}
	return clients
}

// TestThousandIdleClients costs little, and each is told what happens.
func TestThousandIdleClients(t *testing.T) {
	b := startBridge(t)
	held := func() uint64 {
		var mem runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&mem)
		return mem.HeapAlloc + mem.StackInuse
	}
	before := held()
	clients := b.crowd(1000, websocket.DefaultDialer)
	each := (held() - before) / 1000 // with the clients' own side
	t.Logf("%d KB for each client and its connection", each>>10)
	if each > 128<<10 {
		t.Errorf("%d bytes for each client", each)
	}
	e := b.add(nil, nil)
	for i, c := range clients {
		if got := c.event(); got["action"] != "added" || got["entries"].([]any)[0].(map[string]any)["id"] != e.ID {
			t.Fatalf("client %d: %v", i, got)
		}
	}
	b.dial(server.Read).must("history/list", nil)
}

// narrow dials connections that take little when nobody reads them.
var narrow = &websocket.Dialer{NetDial: func(network, addr string) (net.Conn, error) {
	conn, err := net.Dial(network, addr)
	if err == nil {
		err = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	}
	return conn, err
}}

// TestHundredSlowClients are dropped, while another goes on undisturbed and the bridge does not hold much for them.
func TestHundredSlowClients(t *testing.T) {
	b := startBridge(t)
	b.crowd(100, narrow)
	quick := b.dial(server.Read)
	quick.must("history/subscribe", nil)
	dropped := func() int { return strings.Count(b.log.String(), `"reason":"it does not keep up with the events"`) }
	text := strings.Repeat("word ", 10_000)
	most := uint64(0)
	for i := range 200 {
		b.add(nil, func(e *history.Entry) { e.Transcript = fmt.Sprint(i, text) })
		if got := quick.event()["action"]; got != "added" {
			t.Fatalf("event %d: %v", i, got)
		}
		var mem runtime.MemStats
		runtime.ReadMemStats(&mem)
		most = max(most, mem.HeapInuse)
		if dropped() == 100 {
			break
		}
	}
	testkit.Within(t, 10*time.Second, "all slow clients are dropped", func() bool { return dropped() == 100 })
	t.Logf("%d MB of heap at most", most>>20)
	if most > 400<<20 {
		t.Errorf("%d MB were held", most>>20)
	}
	quick.must("history/list", map[string]any{"limit": 1})
}

// TestNothingIsCompressed: what is secret and what others choose must not be packed together, and audio is packed already.
func TestNothingIsCompressed(t *testing.T) {
	b := startBridge(t)
	url := b.dial(server.Listen).sign(b.add(tone(1, 440), nil).ID)
	dialer := &websocket.Dialer{EnableCompression: true}
	ws, resp, err := dialer.Dial("ws://"+b.server.Addr()+"/api/websocket", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	if got := resp.Header.Get("Sec-WebSocket-Extensions"); got != "" {
		t.Errorf("WebSocket: %s", got)
	}
	for _, format := range []string{"flac", "wav"} {
		if resp, _ := b.get(url+"&format="+format, "Accept-Encoding", "gzip, br, deflate"); resp.StatusCode != 200 || resp.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %d, %s", format, resp.StatusCode, resp.Header.Get("Content-Encoding"))
		}
	}
}

// TestWithoutToken offers every command to a client that has not signed in: each ends the connection.
func TestWithoutToken(t *testing.T) {
	b := startBridge(t)
	e := b.add(nil, nil)
	for _, s := range b.dial(server.Read).must("services/list", nil)["services"].([]any) {
		name := s.(map[string]any)["name"]
		c := b.open()
		c.read()
		c.write(map[string]any{"id": 1, "type": name, "entry_id": e.ID, "period": "all", "confirm": true})
		if got := c.read(); got["type"] != "auth_invalid" {
			t.Errorf("%v: %v", name, got)
		}
		if code, _ := c.closed(); code != websocket.CloseNormalClosure {
			t.Errorf("%v: closed with %d", name, code)
		}
	}
	b.dial(server.Read).must("history/get", map[string]any{"entry_id": e.ID})
}

// TestPathTricks asks for what lies beside the page and the clips.
func TestPathTricks(t *testing.T) {
	b := startBridge(t, func(_ *server.Config, d *server.Deps) { d.Page = samplePage })
	if _, err := b.tokens.Create("card", server.Read); err != nil { // so that the file is there
		t.Fatal(err)
	}
	query := ""
	if _, q, ok := strings.Cut(b.dial(server.Listen).sign(b.add(tone(1, 440), nil).ID), "?"); ok {
		query = "?" + q
	}
	for _, path := range []string{
		"/../tokens.json", "/..%2ftokens.json", "/%2e%2e/tokens.json", "/..\\tokens.json", "/..%5ctokens.json", "//tokens.json", "/./../tokens.json",
		"/api/clips/../../tokens.json", "/api/clips/..%2f..%2ftokens.json" + query, "/api/clips/%2e%2e%2f%2e%2e%2fhistory.db" + query,
		"/api/clips/..%252f..%252ftokens.json" + query, "/api/clips/.." + query, "/api/clips/" + query, "/api/clips/%00" + query, "/api/clips/a%00b.wav" + query,
		"/api/clips//etc/passwd" + query, "/api/clips/..%2fclips%2f" + query, "/api/export/..%2f..%2ftokens.json" + query, "/api/export/.zip" + query,
		"/assets/..%2f..%2ftokens.json", "/page.js/../../tokens.json", "/page.js%00", "file:///etc/passwd", "http://localhost/../tokens.json", "/api/clips/" + strings.Repeat("../", 50) + "etc/passwd",
	} {
		status, body := b.raw(path)
		if strings.Contains(body, "hash") || strings.Contains(body, "root:") || strings.Contains(body, "SQLite") || strings.Contains(body, "fLaC") {
			t.Errorf("%s: %d %.100q", path, status, body)
		}
		if status == http.StatusOK && strings.Contains(path, "api/") {
			t.Errorf("%s: %d %.100q", path, status, body)
		}
		if status >= 500 {
			t.Errorf("%s: %d", path, status)
		}
	}
}

// raw asks for a path as it is written, which Go's client would tidy up.
func (b *bridge) raw(path string) (status int, body string) {
	b.t.Helper()
	conn, err := net.Dial("tcp", b.server.Addr())
	if err != nil {
		b.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(testkit.Patience))
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path); err != nil {
		b.t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		b.t.Fatalf("%s: %v", path, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatalf("%s: %v", path, err)
	}
	return resp.StatusCode, string(data)
}
