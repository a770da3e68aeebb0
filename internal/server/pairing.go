package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// bridgeName is what the bridge calls itself to programs.
const bridgeName = "Earshot"

// pairing is the program that asks for a token, if any. There is one at a time; a newer one replaces it.
type pairing struct {
	code oneTimeCode

	mu      sync.Mutex    // guards what follows
	name    string        // of the program that asked last
	changed chan struct{} // closed when something may have changed, and replaced
}

func newPairing() *pairing { return &pairing{changed: make(chan struct{})} }

// ask makes a code for a program; false when too many were asked for.
func (p *pairing) ask(name string, now time.Time) (code string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if code, ok = p.code.draw(now, pairLifetime); ok {
		p.name = name
		p.tell()
	}
	return code, ok
}

// use tells whether a code is the right one, and ends it then, or after too many wrong ones.
func (p *pairing) use(code string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.tell()
	return p.code.use(code, now)
}

// tell needs mu.
func (p *pairing) tell() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// pending is the program that waits and its code, until expires at the longest; code is "" when none waits.
// changed is closed when that may be another one.
func (p *pairing) pending(now time.Time) (name, code string, expires time.Time, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if code, expires = p.code.pending(now); code != "" {
		name = p.name
	}
	return name, code, expires, p.changed
}

// The bounds of what a program calls itself, in characters.
const maxPairName = 60

// declareName declares what a program calls itself.
func declareName(f *fields) (name func() (string, error)) {
	sent := f.text("name", "")
	f.require("name")
	return func() (string, error) {
		text := strings.TrimSpace(*sent)
		if n := utf8.RuneCountInString(text); n < 1 || n > maxPairName || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return "", invalidFormat(fmt.Sprintf("name: 1 to %d characters that can be shown are needed", maxPairName))
		}
		return text, nil
	}
}

// declarePairRequest makes a code, by which a program may get a token. Who can read the log, or the page as an admin, may do everything anyway.
func (s *Server) declarePairRequest(f *fields) signInAction {
	take := declareName(f)
	return func(_ http.ResponseWriter, r *http.Request) (any, error) {
		name, err := take()
		if err != nil {
			return nil, err
		}
		code, ok := s.pairing.ask(name, time.Now())
		if !ok {
			return nil, errTooManyCodes
		}
		s.deps.Log.Warn().Str("code", code).Str("name", name).Str("remote", r.RemoteAddr).
			Msg("pairing code, good once and for five minutes; if nobody in your household asked for it, do not give it to anybody")
		return nil, nil
	}
}

// pairResult is what a program gets that has been paired.
type pairResult struct {
	AccessToken string `json:"access_token"`
	BridgeID    string `json:"bridge_id"`
	Version     string `json:"version"`
	Name        string `json:"name"`
}

// declarePair gives a program a token for the code that a person has passed on to it.
func (s *Server) declarePair(f *fields) signInAction {
	code := f.text("code", "")
	f.require("code")
	take := declareName(f)
	return func(_ http.ResponseWriter, r *http.Request) (any, error) {
		if err := checkCode(*code); err != nil {
			return nil, err
		}
		name, err := take()
		if err != nil {
			return nil, err
		}
		if err := s.checkCrowd(r); err != nil {
			return nil, err
		}
		if !s.pairing.use(*code, time.Now()) {
			s.holdBack(r.RemoteAddr, "wrong pairing code", r.Context().Done())
			return nil, errWrongCode
		}
		secret, token, err := s.pairedToken(name, time.Now())
		if err != nil {
			return nil, fmt.Errorf("pair with %q: %w", name, err)
		}
		s.deps.Log.Info().Str("token", token).Str("role", string(Admin)).Str("remote", r.RemoteAddr).Msg("paired; the token can be revoked by its name")
		return pairResult{AccessToken: secret, BridgeID: s.deps.BridgeID, Version: s.deps.Version, Name: bridgeName}, nil
	}
}

// pairedMark is between a program's name and when it was paired, in the name of its token.
const pairedMark = " (paired "

// pairedToken makes a token with a name that says what it is for and that no other has.
func (s *Server) pairedToken(program string, now time.Time) (secret, name string, err error) {
	when := now.In(s.zone()).Format("2006-01-02 15:04")
	name = program + pairedMark + when + ")"
	secret, err = s.deps.Tokens.Create(name, Admin)
	for n := 2; errors.Is(err, ErrTokenExists); n++ {
		name = fmt.Sprintf("%s%s%s, %d)", program, pairedMark, when, n)
		secret, err = s.deps.Tokens.Create(name, Admin)
	}
	return secret, name, err
}

// pairingEvent is a program that asks to be paired.
type pairingEvent struct {
	Name    string `json:"name"`    // what the program calls itself; empty when none waits any more
	Code    string `json:"code"`    // eight digits, to be typed in there
	Expires string `json:"expires"` // when the code is good no longer
}

func (s *Server) subscribePairing(_ context.Context, by call) (any, error) {
	return nil, s.listen(by, func() (listener, error) { return pairingListener{s}, nil })
}

// pairingListener tells which program waits.
type pairingListener struct{ server *Server }

// Close has nothing to give back.
func (pairingListener) Close() {}

func (l pairingListener) forward(ctx context.Context, send func(any) bool) error {
	var shown pairingEvent
	for {
		now := time.Now()
		name, code, expires, changed := l.server.pairing.pending(now)
		var event pairingEvent
		var over <-chan time.Time // never, when none waits
		if code != "" {
			event = pairingEvent{name, code, formatTime(expires, l.server.zone())}
			over = time.After(expires.Sub(now))
		}
		if event != shown && !send(event) {
			return nil
		}
		shown = event
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-over:
		}
	}
}
