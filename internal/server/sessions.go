package server

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// The bounds of what people sign in to.
const (
	sessionCookie   = "earshot_session"
	sessionLifetime = 12 * time.Hour
	maxSessions     = 256 // the oldest goes
)

// session is one browser that somebody has signed in with.
type session struct {
	hash    tokenHash // of its id, which only the browser has
	who     Identity
	byToken bool // ends with the token that who is from
	expires time.Time
}

// sessions are those that have not ended, in memory only: a restart ends them all. The zero value is ready for use.
type sessions struct {
	mu   sync.Mutex
	open map[tokenHash]*session
}

// newSecret draws 256 bits.
func newSecret() string {
	random := make([]byte, secretBytes)
	_, _ = rand.Read(random) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(random)
}

// begin makes a session and returns the id that the browser is to keep.
func (x *sessions) begin(who Identity, byToken bool, now time.Time) (id string, made *session) {
	id = newSecret()
	made = &session{hash: sha256.Sum256([]byte(id)), who: who, byToken: byToken, expires: now.Add(sessionLifetime)}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.open == nil {
		x.open = map[tokenHash]*session{}
	}
	var oldest *session
	for hash, s := range x.open {
		if !now.Before(s.expires) {
			delete(x.open, hash)
		} else if oldest == nil || s.expires.Before(oldest.expires) {
			oldest = s
		}
	}
	if len(x.open) >= maxSessions {
		delete(x.open, oldest.hash)
	}
	x.open[made.hash] = made
	return id, made
}

// find returns the session of an id, nil when there is none.
func (x *sessions) find(id string) *session {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.open[sha256.Sum256([]byte(id))]
}

func (x *sessions) current(s *session, now time.Time) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.open[s.hash] == s && now.Before(s.expires)
}

func (x *sessions) end(s *session) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.open, s.hash)
}

// sessionCurrent tells whether a session has not ended.
func (s *Server) sessionCurrent(signed *session) bool {
	return s.sessions.current(signed, time.Now()) && (!signed.byToken || s.deps.Tokens.current(signed.who))
}

// sessionOf is the session of the browser a request comes from, nil when there is none that is good. sent tells whether it thinks it has one.
// Who comes through the ingress is who Home Assistant says, whatever was signed in to before with the same browser.
func (s *Server) sessionOf(r *http.Request) (signed *session, sent bool) {
	if id, is := byIngress(r); is && id != "" {
		if found := s.sessionOfPerson(r.Context(), id); found != nil {
			return found, true
		}
	}
	for _, c := range r.CookiesNamed(sessionCookie) { // a page above ours may have set one of that name too
		if found := s.sessions.find(c.Value); found != nil && s.sessionCurrent(found) {
			return found, true
		}
		sent = true
	}
	return nil, sent
}

// beginSession signs the browser in that a request comes from.
func (s *Server) beginSession(w http.ResponseWriter, r *http.Request, who Identity, method string) {
	id, _ := s.sessions.begin(who, method == methodToken, time.Now())
	http.SetCookie(w, sessionCookieOf(r, id, int(sessionLifetime.Seconds())))
	s.deps.Log.Info().Str("name", who.Name).Str("role", string(who.Role)).Str("method", method).Msg("signed in")
}

// endSession signs a browser out and closes its connections.
func (s *Server) endSession(signed *session) {
	s.sessions.end(signed)
	for _, c := range s.liveSockets() {
		if c.signedInBy() == signed {
			c.stop(websocket.ClosePolicyViolation, sessionEnded)
		}
	}
}

// sessionCookieOf is a cookie that no script can read and no other site can have sent.
func sessionCookieOf(r *http.Request, value string, maxAge int) *http.Cookie {
	f := frontOf(r)
	return &http.Cookie{
		Name: sessionCookie, Value: value, Path: f.base, MaxAge: maxAge,
		HttpOnly: true, Secure: f.https, SameSite: http.SameSiteStrictMode,
	}
}
