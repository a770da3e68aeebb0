package e2e

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"net"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// follower is a client that is told what becomes of the recordings and the satellites, as the page and the integration are.
type follower struct {
	ws      *websocket.Conn
	added   atomic.Int64  // recordings that it was told of
	updated atomic.Int64  // and changes of some
	sum     atomic.Uint64 // of all it was told about recordings, in this order
	muted   atomic.Bool   // what it was last told about the satellites holds one that is muted
	gone    chan struct{} // closed when the connection has ended
}

// narrow makes connections that take little when nobody reads them.
var narrow = &websocket.Dialer{NetDial: func(network, addr string) (net.Conn, error) {
	conn, err := net.Dial(network, addr)
	if err == nil {
		err = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	}
	return conn, err
}}

// follow connects, signs in and subscribes. Nothing is read after that before read is called.
func (b *bridge) follow(token string, dialer *websocket.Dialer) (*follower, error) {
	ws, _, err := dialer.Dial("ws://"+b.listen+"/api/websocket", nil)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	f := &follower{ws: ws, gone: make(chan struct{})}
	say := []map[string]any{
		{"type": "auth", "access_token": token},
		{"id": 1, "type": "history/subscribe"},
		{"id": 2, "type": "satellites/subscribe"},
	}
	_ = ws.SetReadDeadline(time.Now().Add(patience))
	for i, expected := range []string{"auth_required", "auth_ok", `"id":1,"type":"result","success":true`, `"id":2,"type":"result","success":true`} {
		for { // the first recordings may come before the answer
			_, data, err := ws.ReadMessage()
			if err != nil {
				ws.Close()
				return nil, fmt.Errorf("wait for %s: %w", expected, err)
			}
			if bytes.Contains(data, []byte(expected)) {
				break
			}
			f.take(data)
		}
		if i < len(say) {
			if err := ws.WriteJSON(say[i]); err != nil {
				ws.Close()
				return nil, fmt.Errorf("subscribe: %w", err)
			}
		}
	}
	return f, ws.SetReadDeadline(time.Time{})
}

// read takes everything until the connection ends.
func (f *follower) read() {
	defer close(f.gone)
	for {
		_, data, err := f.ws.ReadMessage()
		if err != nil {
			return
		}
		f.take(data)
	}
}

// take notes one event. It is not decoded: a thousand clients of one test would do little else.
func (f *follower) take(data []byte) {
	switch {
	case bytes.HasPrefix(data, []byte(`{"id":1,`)):
		sum := fnv.New64a()
		fmt.Fprint(sum, f.sum.Load())
		_, _ = sum.Write(data)
		f.sum.Store(sum.Sum64())
		if bytes.Contains(data, []byte(`"action":"added"`)) {
			f.added.Add(1)
		}
		if bytes.Contains(data, []byte(`"action":"updated"`)) {
			f.updated.Add(1)
		}
	case bytes.HasPrefix(data, []byte(`{"id":2,`)):
		f.muted.Store(bytes.Contains(data, []byte(`"muted":true`)))
	}
}
