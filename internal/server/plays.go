package server

import (
	"context"
	"net/http"
	"sync"
	"time"

	"earshot/history"
)

// maxPlays bounds how many links may wait to be played for the first time; of more, the first play is not written down.
const maxPlays = 10_000

// plays knows who asked for which link, so that the access log can say who played a recording: once for each link, however many parts a
// player fetches. The zero value is ready for use.
type plays struct {
	mu   sync.Mutex
	open map[string]play // by the link's signature
}

type play struct {
	who     string
	expires time.Time
}

// expect notes that a link was given to somebody.
func (p *plays) expect(sig, who string, expires time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == nil {
		p.open = map[string]play{}
	}
	if len(p.open) >= maxPlays {
		now := time.Now()
		for s, other := range p.open {
			if now.After(other.expires) {
				delete(p.open, s)
			}
		}
	}
	if len(p.open) < maxPlays {
		p.open[sig] = play{who, expires}
	}
}

// first tells who a link was given to, the first time it is used.
func (p *plays) first(sig string) (who string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found, ok := p.open[sig]
	delete(p.open, sig)
	return found.who, ok
}

// notePlayed writes into the access log that somebody listens. The log does not say to what.
func (s *Server) notePlayed(ctx context.Context, r *http.Request, e history.Entry) {
	who, first := s.plays.first(r.URL.Query().Get("sig"))
	if !first {
		return
	}
	line := history.Access{Who: who, Action: history.AccessPlayed, Entries: 1, Stored: e.Clip.Stored}
	if err := s.deps.History.Note(context.WithoutCancel(ctx), line); err != nil {
		s.deps.Log.Error().Err(err).Msg("a play was not written into the access log")
	}
}
