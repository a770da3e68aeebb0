package server

import (
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"earshot/history"
)

// pipes is a listener whose connections are in memory, so that their deadlines go by the test's clock.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// somewhere is a history of which only the place is asked.
type somewhere struct{ Recordings }

func (somewhere) Calendar() history.Calendar { return history.Calendar{Zone: time.UTC} }

// inBubble connects a WebSocket to a server within a synctest bubble.
func inBubble(t *testing.T, test func(ws *websocket.Conn, tokens *Tokens)) {
	serverInBubble(t, func(t *testing.T, s *Server, dial func(http.Header) *websocket.Conn) { test(dial(nil), s.deps.Tokens) })
}

// serverInBubble serves within a synctest bubble; dial connects a WebSocket to it.
func serverInBubble(t *testing.T, test func(t *testing.T, s *Server, dial func(http.Header) *websocket.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		tokens, err := OpenTokens(filepath.Join(t.TempDir(), "tokens.json"))
		if err != nil {
			t.Fatal(err)
		}
		s := New(DefaultConfig(), Deps{History: somewhere{}, Tokens: tokens})
		listener := &pipes{make(chan net.Conn), make(chan struct{})}
		web := &http.Server{Handler: s.handler(page{})}
		go func() {
			if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				t.Errorf("serve: %v", err)
			}
		}()
		var opened []*websocket.Conn
		test(t, s, func(header http.Header) *websocket.Conn {
			near, far := net.Pipe()
			listener.conns <- far
			dialer := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return near, nil }}
			ws, _, err := dialer.Dial("ws://localhost/api/websocket", header)
			if err != nil {
				t.Fatal(err)
			}
			opened = append(opened, ws)
			return ws
		})
		for _, ws := range opened {
			ws.Close()
		}
		_ = web.Close()
		s.ended.Wait()
	})
}

// readUntilEnd reads until the connection ends, and returns how long that took.
func readUntilEnd(ws *websocket.Conn) (took time.Duration, err error) {
	start := time.Now()
	for err == nil {
		_, _, err = ws.ReadMessage()
	}
	return time.Since(start), err
}

func TestNobodySignsIn(t *testing.T) {
	inBubble(t, func(ws *websocket.Conn, _ *Tokens) {
		took, err := readUntilEnd(ws)
		if took != 10*time.Second || !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
			t.Errorf("after %v: %v", took, err)
		}
	})
}

func TestSilentClient(t *testing.T) {
	for _, tc := range []struct {
		name  string
		pongs bool
	}{{"answers pings", true}, {"answers nothing", false}} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(ws *websocket.Conn, tokens *Tokens) {
				secret, err := tokens.Session("test", Read)
				if err != nil {
					t.Fatal(err)
				}
				if err := ws.WriteJSON(map[string]string{"type": "auth", "access_token": secret}); err != nil {
					t.Fatal(err)
				}
				if !tc.pongs {
					ws.SetPingHandler(func(string) error { return nil })
				}
				_ = ws.SetReadDeadline(time.Now().Add(10 * time.Minute))
				took, err := readUntilEnd(ws)
				if want := 75 * time.Second; !tc.pongs && took != want {
					t.Errorf("ended after %v, not %v: %v", took, want, err)
				}
				if want := 10 * time.Minute; tc.pongs && took != want {
					t.Errorf("ended after %v: %v", took, err)
				}
			})
		})
	}
}
