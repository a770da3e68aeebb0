package server

import (
	"errors"
	"time"

	"github.com/gorilla/websocket"
)

// signedIn tells who the client is, once it has signed in.
func (c *socket) signedIn() (Identity, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.who, c.authed
}

// signedInBy is the session that the client has signed in by, nil for none.
func (c *socket) signedInBy() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// ended tells whether what the client has signed in by is no longer good, and why.
func (c *socket) ended() (why string, ended bool) {
	if signed := c.signedInBy(); signed != nil {
		return sessionEnded, !c.server.sessionCurrent(signed)
	}
	who, ok := c.signedIn()
	return "the token was revoked", ok && !c.server.deps.Tokens.current(who)
}

// authenticate carries out the first phase: nothing but a token is taken.
func (c *socket) authenticate() bool {
	s := c.server
	if !c.replyJSON(authMessage{Type: "auth_required", Version: s.deps.Version}) {
		return false
	}
	if c.ws.SetReadDeadline(time.Now().Add(authTimeout)) != nil {
		return false
	}
	kind, data, err := c.ws.ReadMessage()
	if err != nil {
		return false
	}
	secret, err := decodeAuth(kind, data)
	if errors.Is(err, errNotMessage) {
		c.stop(websocket.CloseInvalidFramePayloadData, err.Error())
		return false
	}
	if err != nil {
		c.replyJSON(authMessage{Type: "auth_invalid", Message: "Auth message incorrectly formatted: " + err.Error()})
		return false
	}
	who, signed, refusal := c.verify(secret)
	if refusal != "" {
		c.replyJSON(authMessage{Type: "auth_invalid", Message: refusal})
		return false
	}
	c.mu.Lock()
	c.who, c.authed, c.session = who, true, signed
	c.mu.Unlock()
	if why, ended := c.ended(); ended { // between the two
		c.stop(websocket.ClosePolicyViolation, why)
		return false
	}
	zone := s.zone().String()
	if zone == time.Local.String() {
		zone = "" // not a name a client could do anything with
	}
	return c.replyJSON(authMessage{Type: "auth_ok", Version: s.deps.Version, Name: who.Name, Role: who.Role, TimeZone: zone})
}

// verify finds out who the client is, by a token, or by the session of its browser when it sends none. A wrong token is held back.
func (c *socket) verify(secret string) (who Identity, signed *session, refusal string) {
	s := c.server
	switch {
	case secret == "" && c.cookie != nil && s.sessionCurrent(c.cookie):
		return c.cookie.who, c.cookie, ""
	case secret == "" && c.cookieSent:
		return Identity{}, nil, "The session has ended; sign in again"
	case secret == "":
		return Identity{}, nil, "Auth message incorrectly formatted: access_token: is missing"
	case s.attempts.crowded(c.remote):
		return Identity{}, nil, "Too many wrong access tokens; try again later"
	}
	who, ok := s.deps.Tokens.Verify(secret)
	if !ok {
		s.holdBack(c.remote, wrongToken, c.done)
		return Identity{}, nil, "Invalid access token"
	}
	return who, nil, ""
}

// decodeAuth reads the one message that is taken before a client has signed in. The secret is "" when the client relies on its cookie.
func decodeAuth(kind int, data []byte) (secret string, err error) {
	if kind != websocket.TextMessage {
		return "", errNotMessage
	}
	sent, err := decodeObject(data)
	if err != nil {
		return "", err
	}
	var f fields
	f.choice("type", []string{"auth"}, "")
	token := f.text("access_token", "")
	f.require("type")
	if err := f.decode("auth", sent); err != nil {
		return "", err
	}
	return *token, nil
}
