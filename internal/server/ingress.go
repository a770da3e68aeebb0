package server

import (
	"context"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Ingress is how Home Assistant passes on the requests of people that are signed in there, where this program is an add-on of it.
type Ingress struct {
	Proxy  netip.Addr                                                                // whose word counts for who somebody is, and nobody else's; the zero value: there is no ingress
	Person func(ctx context.Context, id string) (name string, admin bool, err error) // an account of Home Assistant
}

// The bounds of what is asked and believed about a person.
const (
	methodIngress  = "ingress"
	personIDHeader = "X-Remote-User-Id" // ref: supervisor/api/ingress.py
	askPersonTime  = 5 * time.Second
	personKnown    = 30 * time.Second // then Home Assistant is asked anew whether it is an administrator
)

// ingressKey is where the context of a request from the ingress holds whom it is for.
type ingressKey struct{}

// byIngress tells whether a request comes from the ingress, and the id of the person it is for, "" when it does not say.
func byIngress(r *http.Request) (id string, is bool) {
	id, is = r.Context().Value(ingressKey{}).(string)
	return id, is
}

// wrap notes which requests the ingress passes on. It has to see the address that a connection is really from.
func (i Ingress) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && i.Proxy.IsValid() && from.Addr().Unmap() == i.Proxy {
			id := ""
			if sent := r.Header.Values(personIDHeader); len(sent) == 1 {
				id = sent[0]
			}
			r = r.WithContext(context.WithValue(r.Context(), ingressKey{}, id))
		}
		next.ServeHTTP(w, r)
	})
}

// people are those that use the page through the ingress, by their id. The zero value is ready for use.
type people struct {
	mu   sync.Mutex // held while Home Assistant is asked, so that each has one session
	here map[string]visit
}

type visit struct {
	signed *session
	asked  time.Time
}

// sessionOfPerson is the session of somebody who is signed in at Home Assistant, nil for whom it does not know or server.members does not let in.
func (s *Server) sessionOfPerson(ctx context.Context, id string) *session {
	s.people.mu.Lock()
	defer s.people.mu.Unlock()
	known, now := s.people.here[id], time.Now()
	current := known.signed != nil && s.sessionCurrent(known.signed)
	if current && now.Sub(known.asked) < personKnown {
		return known.signed
	}
	ctx, cancel := context.WithTimeout(ctx, askPersonTime)
	defer cancel()
	name, admin, err := s.deps.Ingress.Person(ctx, id)
	who, allowed := s.identityOf(name, admin)
	if err != nil || !allowed {
		delete(s.people.here, id)
		if current {
			s.endSession(known.signed)
		}
		if ctx.Err() != context.Canceled { // else the browser has gone
			s.countFailure()
			s.deps.Log.Warn().Err(err).Bool("allowed", allowed).Msg("somebody who is signed in at Home Assistant may not use the page")
		}
		return nil
	}
	if current && known.signed.who == who {
		s.people.here[id] = visit{known.signed, now}
		return known.signed
	}
	if current {
		s.endSession(known.signed) // with the rights of before
	}
	_, made := s.sessions.begin(who, false, now)
	if s.people.here == nil {
		s.people.here = map[string]visit{}
	}
	s.people.here[id] = visit{made, now}
	s.deps.Log.Info().Str("name", who.Name).Str("role", string(who.Role)).Str("method", methodIngress).Msg("signed in")
	return made
}

// identityOf is who a person of Home Assistant is here; false for one that server.members does not let in.
func (s *Server) identityOf(name string, admin bool) (who Identity, allowed bool) {
	who.Name = personName(name)
	switch role := Role(s.cfg.Members); {
	case admin:
		who.Role = Admin
	case role == Read || role == Listen:
		who.Role = role
	default:
		return Identity{}, false
	}
	return who, true
}
