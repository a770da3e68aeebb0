package server

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// attempts slows down whoever tries wrong tokens and codes. The zero value is ready for use.
type attempts struct {
	mu      sync.Mutex
	remotes map[string]*attempt
}

// attempt is what is known about one remote.
type attempt struct {
	wrong   int // in a row, without a pause of attemptMemory
	waiting int // connections that wait for their refusal now
	last    time.Time
}

// The bounds of wrong attempts. Tokens have 256 bits, so this is about noise and load, not about guessing.
const (
	attemptDelay   = 250 * time.Millisecond // after the first wrong one; doubles
	attemptMaximum = 8 * time.Second
	attemptMemory  = 15 * time.Minute
	attemptWaiting = 8    // wrong attempts of one remote that may wait at a time; more are refused unseen
	attemptRemotes = 1024 // remembered at a time
)

// remoteKey groups what one household or attacker can send from: an IPv4 address, or the /64 of an IPv6 address.
func remoteKey(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return remote
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() || ip.IsLoopback() {
		return ip.String()
	}
	prefix, err := ip.Prefix(64)
	if err != nil {
		return ip.String()
	}
	return prefix.String()
}

// crowded tells whether so many wrong attempts of a remote wait already that a further one is not even looked at.
func (a *attempts) crowded(remote string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.remotes[remoteKey(remote)]
	return r != nil && r.waiting >= attemptWaiting
}

// wrong notes a wrong attempt. The answer is to be held back for delay; done is called when it has been.
func (a *attempts) wrong(remote string, now time.Time) (delay time.Duration, inARow int, done func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := remoteKey(remote)
	r := a.remotes[key]
	if r == nil {
		r = &attempt{}
		a.makeRoom(now)
		a.remotes[key] = r
	}
	if now.Sub(r.last) > attemptMemory {
		r.wrong = 0
	}
	r.last = now
	r.wrong++
	r.waiting++
	delay = attemptMaximum
	if doubled := r.wrong - 1; doubled < 5 {
		delay = min(attemptDelay<<doubled, attemptMaximum)
	}
	return delay, r.wrong, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		r.waiting--
	}
}

// makeRoom forgets remotes that have been quiet, and any one of the others when that is not enough.
func (a *attempts) makeRoom(now time.Time) {
	if a.remotes == nil {
		a.remotes = map[string]*attempt{}
	}
	for key, r := range a.remotes {
		if r.waiting == 0 && now.Sub(r.last) > attemptMemory {
			delete(a.remotes, key)
		}
	}
	for key := range a.remotes {
		if len(a.remotes) < attemptRemotes {
			break
		}
		delete(a.remotes, key)
	}
}

// wrongToken is what the log says of one.
const wrongToken = "wrong access token"

// holdBack notes a wrong token or code and waits, the longer the more of them came from there, or until the client has gone.
func (s *Server) holdBack(remote, what string, gone <-chan struct{}) {
	s.countFailure()
	delay, inARow, done := s.attempts.wrong(remote, time.Now())
	defer done()
	if inARow&(inARow-1) == 0 { // each doubling is enough to know, and does not fill the log
		s.deps.Log.Warn().Str("remote", remote).Int("attempts", inARow).Msg(what)
	}
	wait := time.NewTimer(delay)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-gone:
	}
}

// countFailure is for the metrics.
func (s *Server) countFailure() {
	if s.deps.SignInFailed != nil {
		s.deps.SignInFailed()
	}
}
