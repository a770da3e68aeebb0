package wyomingtest

import (
	"encoding/binary"
	"maps"
	"net"
	"sync"
	"testing"

	"earshot/internal/wyoming"
)

// listener is what every fake has: its connections, and news for tests that wait. All its methods are safe for concurrent use.
type listener struct {
	t    testing.TB
	l    net.Listener
	wg   sync.WaitGroup
	done chan struct{}

	mu      sync.Mutex
	conns   map[net.Conn]bool
	count   int
	changed chan struct{} // closed and replaced by note
}

// listen takes a free port of the loopback until the end of the test.
func listen(t testing.TB) *listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &listener{t: t, l: l, done: make(chan struct{}), conns: map[net.Conn]bool{}, changed: make(chan struct{})}
	t.Cleanup(s.Close)
	return s
}

// start hands every connection to serve, and closes it when that returns.
func (s *listener) start(serve func(net.Conn)) { s.wg.Go(func() { s.accept(serve) }) }

// Addr returns the address as it would stand in the configuration.
func (s *listener) Addr() string { return "tcp://" + s.l.Addr().String() }

// Connections counts the connections that were ever made.
func (s *listener) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Changed returns a channel that is closed when anything that the server tells next changes.
func (s *listener) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Close stops the server and cuts every connection. It may be called more than once.
func (s *listener) Close() {
	s.mu.Lock()
	select {
	case <-s.done:
	default:
		close(s.done)
	}
	s.l.Close()
	for conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// note changes the state and wakes whoever waits for that.
func (s *listener) note(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *listener) accept(serve func(net.Conn)) {
	for {
		conn, err := s.l.Accept()
		if err != nil {
			return
		}
		s.note(func() { s.count++; s.conns[conn] = true })
		select {
		case <-s.done: // Close did not see this one
			conn.Close()
		default:
		}
		s.wg.Go(func() {
			serve(conn)
			conn.Close()
			s.note(func() { delete(s.conns, conn) })
		})
	}
}

// formatOK tells whether an event's audio is 16 kHz mono s16.
func formatOK(e wyoming.Event) bool {
	var format struct{ Rate, Width, Channels int }
	return e.Decode(&format) == nil && format.Rate == 16000 && format.Width == 2 && format.Channels == 1
}

// artifact describes a program or a model as the protocol wants it, so that Home Assistant takes it.
// ref: OHF-Voice/wyoming wyoming/info.py, Artifact
func artifact(name string, more map[string]any) map[string]any {
	about := map[string]any{
		"name": name, "description": "says what a test tells it to", "version": "1", "installed": true,
		"attribution": map[string]any{"name": "Earshot", "url": "http://127.0.0.1"},
	}
	maps.Copy(about, more)
	return about
}

// appendSamples decodes a payload.
func appendSamples(pcm []int16, payload []byte) []int16 {
	for ; len(payload) >= 2; payload = payload[2:] {
		pcm = append(pcm, int16(binary.LittleEndian.Uint16(payload)))
	}
	return pcm
}
