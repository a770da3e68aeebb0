package assist

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
)

// State is how far a client has got with Home Assistant.
type State string

// The states of a client.
const (
	Connecting State = "connecting" // away, or not connected yet
	Starting   State = "starting"   // connected, but Home Assistant or its Assist is not up yet
	Ready      State = "ready"      // commands are taken
	Refused    State = "refused"    // the access token is not accepted
)

// Status is how a client fares.
type Status struct {
	State   State
	Problem string    // a sentence for people, empty when ready
	Version string    // Home Assistant's, such as 2026.11.0, once known
	Since   time.Time // of State
}

// Status tells how the client fares.
func (c *Client) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// TimeZone returns Home Assistant's time zone, such as Europe/Berlin, and "" until that is known.
func (c *Client) TimeZone() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.timeZone
}

// Watch returns a channel in which a value is waiting whenever Status may have changed. stop ends that.
func (c *Client) Watch() (changes <-chan struct{}, stop func()) {
	w := make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watchers[w] = true
	return w, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.watchers, w)
	}
}

// set changes the status and logs what is new in it. ready is the connection that commands may use, cause an error behind a problem.
func (c *Client) set(ready *connection, now Status, cause error) {
	c.mu.Lock()
	last := c.status
	if now.Version == "" {
		now.Version = last.Version
	}
	now.Since = last.Since
	if now.State != last.State {
		now.Since = time.Now()
	}
	c.status, c.ready = now, ready
	if now != last {
		close(c.changed)
		c.changed = make(chan struct{})
		for w := range c.watchers {
			signal(w)
		}
	}
	c.mu.Unlock()
	if now.State == last.State && now.Problem == last.Problem {
		return
	}
	switch now.State {
	case Ready:
		c.log.Info().Str("version", now.Version).Msg("connected to Home Assistant")
	case Starting:
		if last.State != Starting {
			return // it is not known yet whether it really is
		}
		c.log.Info().Str("version", now.Version).Msg(now.Problem)
	case Refused:
		c.log.Warn().Msg(now.Problem)
	case Connecting:
		if cause == nil {
			return // we ended it
		}
		c.log.Warn().Err(cause).Msg(now.Problem)
	}
}

// noteLoss makes the end of a connection, or of an attempt to make one, the client's status.
func (c *Client) noteLoss(err error) {
	problem := explain(err, c.base.Host)
	if errors.Is(err, ErrRefused) {
		c.set(nil, Status{State: Refused, Problem: problem}, nil)
		return
	}
	c.set(nil, Status{State: Connecting, Problem: problem}, err)
}

// explain says in one sentence why there is no connection, and what may help.
func explain(err error, host string) string {
	var (
		name      *net.DNSError
		handshake *handshakeError
		closed    *websocket.CloseError
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		timeout   net.Error
	)
	switch {
	case errors.Is(err, ErrRefused):
		return ErrRefused.Error()
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("nothing answers at %s: is Home Assistant running there?", host)
	case errors.As(err, &name):
		return fmt.Sprintf("the name %s cannot be found: is the URL of Home Assistant right?", host)
	case errors.As(err, &handshake) && handshake.status == http.StatusForbidden:
		return fmt.Sprintf("Home Assistant at %s shuts us out: has it banned this address in ip_bans.yaml?", host)
	case errors.As(err, &handshake):
		return fmt.Sprintf("%s answers, but not like Home Assistant (HTTP status %d): is the URL right?", host, handshake.status)
	case errors.As(err, &authority), errors.As(err, &hostname):
		return fmt.Sprintf("the certificate of %s is not trusted here, or is for another name", host)
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("Home Assistant at %s does not answer", host)
	case errors.As(err, &closed):
		return fmt.Sprintf("Home Assistant at %s closed the connection", host)
	}
	return fmt.Sprintf("the connection to Home Assistant at %s was lost", host)
}
