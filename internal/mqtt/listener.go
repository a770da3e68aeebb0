package mqtt

import (
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
)

// How long the broker waits for its clients.
const (
	introduction = 10 * time.Second // until a new connection says what it wants
	farewell     = time.Second      // to take the last packet
)

// listener brings connections to the broker. Unlike the broker's own listeners it bounds connections that never
// introduce themselves, and its Close ends those too and waits for all.
type listener struct {
	net   net.Listener
	limit int
	wg    sync.WaitGroup

	mu     sync.Mutex // guards what follows
	conns  map[net.Conn]struct{}
	closed bool
}

func newListener(l net.Listener, limit int) *listener {
	return &listener{net: l, limit: limit, conns: map[net.Conn]struct{}{}}
}

// ID names the listener for the broker.
func (l *listener) ID() string { return "tcp" }

// Address is where it listens.
func (l *listener) Address() string { return l.net.Addr().String() }

// Protocol is the network's name.
func (l *listener) Protocol() string { return "tcp" }

// Init has nothing to do, the address is open already.
func (l *listener) Init(*slog.Logger) error { return nil }

// Serve accepts connections until Close.
func (l *listener) Serve(establish listeners.EstablishFn) {
	for {
		conn, err := l.net.Accept()
		if err != nil {
			return
		}
		if !l.admit(conn, establish) {
			_ = conn.Close()
		}
	}
}

// admit serves a connection on its own goroutine, unless there are too many.
func (l *listener) admit(conn net.Conn, establish listeners.EstablishFn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.conns) >= l.limit {
		return false
	}
	l.conns[conn] = struct{}{}
	// The broker moves the deadline with every packet, but would not set the first.
	_ = conn.SetDeadline(time.Now().Add(introduction))
	l.wg.Go(func() {
		// The broker logs what is worth it; a client that goes away is not.
		_ = establish(l.ID(), conn)
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.conns, conn)
	})
	return true
}

// Close says goodbye to the clients, ends every connection and waits until the last one has been served.
func (l *listener) Close(goodbye listeners.CloseFn) {
	_ = l.net.Close()
	l.mu.Lock()
	l.closed = true
	for conn := range l.conns {
		_ = conn.SetWriteDeadline(time.Now().Add(farewell))
	}
	l.mu.Unlock()
	goodbye(l.ID())
	l.mu.Lock()
	for conn := range l.conns {
		_ = conn.Close()
	}
	l.mu.Unlock()
	l.wg.Wait()
}
