package wyoming

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	protocol "earshot/internal/wyoming"
)

// setLink says where the audio goes.
func (e *Engine) setLink(l *link) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.link = l
}

// noteConnected makes the connection known, and the wake words that will not be heard over it.
func (e *Engine) noteConnected(l *link) {
	problem := ""
	if len(l.offer.missing) > 0 {
		problem = fmt.Sprintf("the wake-word engine at %s does not know %s", e.host, unknownWords(l.offer))
	}
	before, dropped := e.setStatus(true, problem)
	if problem != "" && before.Problem != problem {
		e.log.Warn().Msg(problem)
	}
	if !before.Connected {
		e.log.Info().Str("engine", e.host).Strs("names", l.offer.ask).Uint64("dropped", dropped).Msg("wake-word engine connected")
	}
}

// noteAway makes err the engine's problem, and logs it unless it is the one known already.
func (e *Engine) noteAway(err error) {
	problem := explain(err, e.host)
	if before, _ := e.setStatus(false, problem); before.Problem != problem {
		e.log.Warn().Err(err).Msg(problem)
	}
}

func (e *Engine) stopped() {
	e.setStatus(false, fmt.Sprintf("not connected to the wake-word engine at %s any more", e.host))
}

func (e *Engine) setStatus(connected bool, problem string) (before Status, dropped uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	before = e.status
	e.status.Connected, e.status.Problem = connected, problem
	return before, before.Dropped
}

// explain says for people why there is no connection.
func explain(err error, host string) string {
	var said *protocol.ServerError
	var unknown *unknownError
	switch {
	case errors.Is(err, errUnreachable):
		return fmt.Sprintf("the wake-word engine at %s cannot be reached (is it running, and is the address right?)", host)
	case errors.Is(err, errNoEngine):
		return fmt.Sprintf("the server at %s is no wake-word engine (is the port right?)", host)
	case errors.Is(err, protocol.ErrProtocol):
		return fmt.Sprintf("what answers at %s does not speak the Wyoming protocol (is the port right?)", host)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("the wake-word engine at %s does not answer (restart it, or see its log)", host)
	case errors.As(err, &said):
		return fmt.Sprintf("the wake-word engine at %s reports an error: %.200q", host, said.Text)
	case errors.As(err, &unknown):
		return fmt.Sprintf("the wake-word engine at %s does not know %s", host, unknown.offer)
	}
	return fmt.Sprintf("the wake-word engine at %s closed the connection (its log may say why)", host)
}

const maxListed = 20 // names in a sentence

// unknownWords lists what an engine does not know, and what it does.
func unknownWords(o *offer) string {
	known := slices.Sorted(maps.Keys(o.others))
	known = append(known, o.ask...)
	slices.Sort(known)
	return fmt.Sprintf("the wake word %s; it knows %s", listed(o.missing), listed(known))
}

func listed(names []string) string {
	var quoted []string
	for i, name := range names {
		if i == maxListed {
			quoted = append(quoted, fmt.Sprintf("and %d more", len(names)-i))
			break
		}
		quoted = append(quoted, fmt.Sprintf("%.40q", name))
	}
	return strings.Join(quoted, ", ")
}

// report logs lost samples, at most once a second.
type report struct {
	engine *Engine
	known  uint64
	last   time.Time
}

func newReport(e *Engine) *report { return &report{engine: e, known: e.Status().Dropped} }

func (r *report) log() {
	dropped := r.engine.Status().Dropped
	if dropped == r.known || time.Since(r.last) < time.Second {
		return
	}
	r.engine.log.Warn().Uint64("samples", dropped-r.known).Msg("the wake-word engine takes audio too slowly: samples were dropped")
	r.known, r.last = dropped, time.Now()
}
