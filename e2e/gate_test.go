package e2e

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"

	"earshot/internal/wyoming"
	"earshot/internal/wyoming/wyomingtest"
)

// gate stands between Home Assistant and a scripted speech-to-text server: it describes the server as Home Assistant wants it
// described, and holds back answers when a test wants them to be late.
type gate struct {
	addr   string // host:port
	server string

	mu   sync.Mutex
	open chan struct{} // closed while answers pass
}

// newGate opens a gate that ends with the test.
func newGate(t *testing.T, server *wyomingtest.Server) *gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{addr: l.Addr().String(), server: strings.TrimPrefix(server.Addr(), "tcp://"), open: make(chan struct{})}
	g.release()
	ctx, cancel := context.WithCancel(context.Background())
	context.AfterFunc(ctx, func() { l.Close() })
	var wg sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { g.serve(ctx, conn) })
		}
	})
	return g
}

// hold keeps answers back until release.
func (g *gate) hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = make(chan struct{})
}

func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.open)
}

// serve passes events on between a client and the server, until either ends.
func (g *gate) serve(ctx context.Context, client net.Conn) {
	defer client.Close()
	defer context.AfterFunc(ctx, func() { client.Close() })()
	in, out := wyoming.NewReader(client), wyoming.NewWriter(client)
	first, err := in.Read()
	if err != nil {
		return
	}
	if first.Type == wyoming.TypeDescribe {
		_ = out.Write(description())
		return
	}
	server, err := (&net.Dialer{}).DialContext(ctx, "tcp", g.server)
	if err != nil {
		return
	}
	defer server.Close()
	back := make(chan struct{})
	go func() {
		defer close(back)
		defer client.Close()
		answers := wyoming.NewReader(server)
		for e, err := answers.Read(); err == nil && g.pass(ctx); e, err = answers.Read() {
			if out.Write(e) != nil {
				return
			}
		}
	}()
	to := wyoming.NewWriter(server)
	for e := first; err == nil; {
		if err = to.Write(e); err == nil {
			e, err = in.Read()
		}
	}
	server.Close()
	<-back
}

// pass waits while answers are held back.
func (g *gate) pass(ctx context.Context) bool {
	g.mu.Lock()
	open := g.open
	g.mu.Unlock()
	select {
	case <-open:
		return true
	case <-ctx.Done():
		return false
	}
}

// description is what Home Assistant asks a server for before it uses it.
func description() wyoming.Event {
	part := func(more map[string]any) map[string]any {
		about := map[string]any{
			"name": "scripted", "description": "a script", "version": "1", "installed": true,
			"attribution": map[string]any{"name": "earshot", "url": "http://127.0.0.1"},
		}
		for k, v := range more {
			about[k] = v
		}
		return about
	}
	e, err := wyoming.NewEvent(wyoming.TypeInfo, map[string]any{
		"asr": []any{part(map[string]any{"models": []any{part(map[string]any{"languages": []string{"en"}})}})},
	})
	if err != nil {
		return wyoming.Event{Type: wyoming.TypeInfo} // Home Assistant does not take that, and the test fails
	}
	return e
}
