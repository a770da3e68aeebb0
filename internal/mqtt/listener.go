package mqtt

import (
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
)

// How long the broker waits for its clients.
const (
	introduction = 10 * time.Second // until a new connection says what it wants
	patience     = 10 * time.Second // to take a packet
	farewell     = time.Second      // to take the last packet
)

// listener brings connections to the broker. Unlike the broker's own listeners it bounds connections that never
// introduce themselves, and its Close ends those too and waits for all.
type listener struct {
	net      net.Listener
	limit    int
	goodbye  func() // tells every client that the broker closes, and ends it
	wg       sync.WaitGroup
	ready    chan struct{} // closed by open
	patience atomic.Int64  // the time.Duration that a client has to take a packet

	mu     sync.Mutex // guards what follows
	conns  map[net.Conn]struct{}
	closed bool
}

func newListener(l net.Listener, limit int, goodbye func()) *listener {
	d := &listener{net: l, limit: limit, goodbye: goodbye, ready: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	d.patience.Store(int64(patience))
	return d
}

// open lets the first connection in. It must be called, once.
func (l *listener) open() { close(l.ready) }

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
	<-l.ready
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
		_ = establish(l.ID(), link{conn, l})
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.conns, conn)
	})
	return true
}

// Close says goodbye to the clients, ends every connection and waits until the last one has been served.
//
// The broker's own goodbye is not used: it reads the list of clients while it reads the list of clients (mochi v2.7.9, Clients.GetByListener),
// which waits for ever when a client that leaves wants to change the list in between.
func (l *listener) Close(listeners.CloseFn) {
	_ = l.net.Close()
	l.patience.Store(int64(farewell))
	l.mu.Lock()
	l.closed = true
	for conn := range l.conns {
		_ = conn.SetWriteDeadline(time.Now().Add(farewell))
	}
	l.mu.Unlock()
	l.goodbye()
	l.mu.Lock()
	for conn := range l.conns {
		_ = conn.Close()
	}
	l.mu.Unlock()
	l.wg.Wait()
}

// link is a connection that is closed when the client does not take what is written. The broker itself would wait for as long as the client
// likes, and whoever has a message for that client with it.
type link struct {
	net.Conn
	listener *listener
}

// SetDeadline is until when the client has to send something; Write has a deadline of its own.
func (c link) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// Write fails only once.
func (c link) Write(p []byte) (int, error) {
	_ = c.SetWriteDeadline(time.Now().Add(time.Duration(c.listener.patience.Load())))
	n, err := c.Conn.Write(p)
	if err != nil {
		_ = c.Close()
	}
	return n, err
}
