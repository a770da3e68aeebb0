package server

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// TestPersonIsAskedForAgain has an administrator lose that right, and the account, while the page is open.
func TestPersonIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, admin, gone := 0, true, false
		s := New(DefaultConfig(), Deps{Ingress: Ingress{Proxy: netip.MustParseAddr("172.30.32.2"), Person: func(context.Context, string) (string, bool, error) {
			asked++
			if gone {
				return "", false, errors.New("gone")
			}
			return "Anna", admin, nil
		}}})
		is := func(what string, want Role, times int) *session {
			t.Helper()
			var role Role
			signed := s.sessionOfPerson(t.Context(), "a1")
			if signed != nil {
				role = signed.who.Role
			}
			if role != want || asked != times {
				t.Errorf("%s: %q after asking %d times, want %q after %d", what, role, asked, want, times)
			}
			return signed
		}
		first := is("at first", Admin, 1)
		if is("at once", Admin, 1) != first {
			t.Error("there are two sessions of one person")
		}
		admin = false
		time.Sleep(personKnown)
		second := is("without the right", Listen, 2)
		if s.sessionCurrent(first) || !s.sessionCurrent(second) {
			t.Error("the session with the rights of before goes on")
		}
		time.Sleep(personKnown)
		if is("as before", Listen, 3) != second {
			t.Error("there is a new session though nothing has changed")
		}
		gone = true
		time.Sleep(personKnown)
		is("without an account", "", 4)
		if s.sessionCurrent(second) {
			t.Error("the session goes on without an account")
		}
		gone = false
		third := is("back again", Listen, 5)
		time.Sleep(sessionLifetime)
		if is("after its time", Listen, 6) == third {
			t.Error("the session does not end")
		}
	})
}
