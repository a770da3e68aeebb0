package server

import (
	"context"
	"sync"

	"earshot/history"
)

// streams knows which recordings are being played, so that a deletion can stop them. The zero value is ready for use.
type streams struct {
	mu     sync.Mutex
	active map[*stream]struct{}
}

type stream struct {
	id   string
	stop context.CancelFunc
}

// begin registers a stream of an entry's clip. Its context ends when the entry is deleted; end must be called.
func (s *streams) begin(ctx context.Context, id string) (playing context.Context, end func()) {
	ctx, cancel := context.WithCancel(ctx)
	st := &stream{id: id, stop: cancel}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active == nil {
		s.active = map[*stream]struct{}{}
	}
	s.active[st] = struct{}{}
	return ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.active, st)
		cancel()
	}
}

// stop ends the streams of the entries for which gone is true.
func (s *streams) stop(gone func(id string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for st := range s.active {
		if gone(st.id) {
			st.stop()
		}
	}
}

// stopDeleted ends streams of what is deleted also while they wait for their player, which would keep the file open.
func (s *Server) stopDeleted(ctx context.Context) {
	sub := s.deps.History.Subscribe(changeBuffer)
	defer sub.Close()
	var dropped uint64
	for {
		select {
		case <-ctx.Done():
			return
		case change, open := <-sub.C():
			if !open {
				return
			}
			gone := make(map[string]bool, len(change.IDs))
			for _, id := range change.IDs {
				gone[id] = true
			}
			missed := sub.Dropped() != dropped || change.Action == history.Reset // then nobody knows what went: the players ask again, and are told
			dropped = sub.Dropped()
			s.playing.stop(func(id string) bool { return missed || gone[id] })
		}
	}
}
