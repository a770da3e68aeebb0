package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// The bounds of one WebSocket.
const (
	authTimeout      = 10 * time.Second // ref: Home Assistant's WebSocket API
	maxAuthMessage   = 4 << 10          // bytes
	maxMessage       = 64 << 10         // bytes
	pingEvery        = 30 * time.Second
	silenceLimit     = 75 * time.Second // two pings unanswered, and some
	sendTimeout      = 10 * time.Second
	closeGrace       = time.Second
	eventQueue       = 64      // events that may wait for a slow client before it is dropped
	maxWaiting       = 1 << 20 // bytes of them, when they are more than one
	maxSubscriptions = 16
	maxAside         = 32 // commands that take long, at a time; a bridge has fewer satellites in most houses
)

// socket is one client. One goroutine reads and carries out its commands one after the other, one writes.
//
// Answers wait for the writer, so that a client that asks without reading slows only itself; events never wait, and a client
// for which too many of them pile up is dropped.
type socket struct {
	server  *Server
	ws      *websocket.Conn
	remote  string
	ctx     context.Context // ends with the connection
	cancel  context.CancelFunc
	replies chan []byte
	events  chan []byte
	waiting atomic.Int64 // bytes of the events that wait
	aside   atomic.Int32 // commands that are carried out beside others

	stopOnce sync.Once
	done     chan struct{} // closed when the connection is to end; closeCode and closeText are set before
	goodbye  []byte
	hardEnd  *time.Timer

	cookie     *session // of the browser, nil when it has none
	cookieSent bool     // it thinks that it has one

	mu      sync.Mutex // guards what follows
	who     Identity
	authed  bool
	session *session // the client has signed in by it; nil when it has by a token

	lastID        int64                   // of the reader only
	subscriptions map[int64]*subscription // of the reader only; by the id of the command that made them
	pace          pace                    // of the reader only
	forwarders    sync.WaitGroup
}

// serveSocket turns a request into a WebSocket and serves it to its end.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	if !s.reserve() {
		http.Error(w, "No further connection is taken now.", http.StatusServiceUnavailable)
		return
	}
	defer s.release()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	c := &socket{
		server: s, remote: r.RemoteAddr, ctx: ctx, cancel: cancel,
		replies: make(chan []byte), events: make(chan []byte, eventQueue), done: make(chan struct{}),
		subscriptions: map[int64]*subscription{},
	}
	c.cookie, c.cookieSent = s.sessionOf(r)
	var err error
	if c.ws, err = s.upgrader.Upgrade(w, r, nil); err != nil {
		return // the answer says why
	}
	defer c.ws.Close()
	s.addSocket(c)
	defer s.removeSocket(c)
	var writer sync.WaitGroup
	writer.Go(c.write)
	c.read()
	c.stop(websocket.CloseNormalClosure, "")
	for _, sub := range c.subscriptions {
		sub.end()
	}
	c.forwarders.Wait()
	writer.Wait()
	c.linger()
	c.hardEnd.Stop()
}

// linger waits for the client to end the connection too. Closing while something of it is unread would reset the connection,
// and the client would never see the goodbye.
func (c *socket) linger() {
	conn := c.ws.NetConn()
	// *net.TCPConn and *tls.Conn have it.
	if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil && conn.SetReadDeadline(time.Now().Add(closeGrace)) == nil {
		_, _ = io.Copy(io.Discard, conn)
	}
}

// stop ends the connection with a close frame, and cuts it when the client does not end it too. Further calls do nothing.
func (c *socket) stop(code int, text string) {
	c.stopOnce.Do(func() {
		c.goodbye = websocket.FormatCloseMessage(code, text)
		c.hardEnd = time.AfterFunc(closeGrace, func() { _ = c.ws.Close() })
		c.cancel()
		close(c.done)
	})
}

// drop cuts the connection of a client that does not read: no goodbye would reach it.
func (c *socket) drop(why string) {
	select {
	case <-c.done: // it was ending anyway
	default:
		c.server.deps.Log.Info().Str("remote", c.remote).Str("reason", why).Msg("WebSocket client dropped")
	}
	c.stop(websocket.ClosePolicyViolation, why)
	cut(c.ws.NetConn())
}

// write is the only writer of messages.
func (c *socket) write() {
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		var err error
		select {
		case <-c.done:
			_ = c.ws.WriteControl(websocket.CloseMessage, c.goodbye, time.Now().Add(closeGrace))
			return
		case data := <-c.replies:
			err = c.writeText(data)
		case data := <-c.events:
			c.waiting.Add(-int64(len(data)))
			err = c.writeText(data)
		case <-ping.C:
			err = c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(sendTimeout))
		}
		if err != nil {
			c.drop("it cannot be written to")
			return
		}
	}
}

func (c *socket) writeText(data []byte) error {
	if err := c.ws.SetWriteDeadline(time.Now().Add(sendTimeout)); err != nil {
		return err
	}
	return c.ws.WriteMessage(websocket.TextMessage, data)
}

// reply hands an answer to the writer; false when the connection has ended.
func (c *socket) reply(data []byte) bool {
	select {
	case c.replies <- data:
		return true
	case <-c.done:
		return false
	}
}

// read signs the client in and carries out its commands until the connection ends.
func (c *socket) read() {
	c.ws.SetReadLimit(maxAuthMessage)
	if !c.authenticate() {
		return
	}
	c.ws.SetReadLimit(maxMessage)
	c.ws.SetPongHandler(func(string) error { return c.listen() })
	// Set after each command too: a long one must not count as the client's silence.
	for c.listen() == nil {
		kind, data, err := c.ws.ReadMessage()
		switch {
		case errors.Is(err, websocket.ErrReadLimit):
			c.stop(websocket.CloseMessageTooBig, "a message may have 64 KiB")
			return
		case err != nil:
			return
		case kind != websocket.TextMessage:
			c.stop(websocket.CloseUnsupportedData, "only text messages are taken")
			return
		}
		if why, ended := c.ended(); ended {
			c.stop(websocket.ClosePolicyViolation, why)
			return
		}
		if !c.handle(data) {
			return
		}
	}
}

// listen gives the client time until it must have been heard again.
func (c *socket) listen() error { return c.ws.SetReadDeadline(time.Now().Add(silenceLimit)) }

func (c *socket) replyJSON(v any) bool {
	data, err := json.Marshal(v)
	if err != nil {
		c.server.deps.Log.Error().Err(err).Msg("encode a message")
		c.stop(websocket.CloseInternalServerErr, "")
		return false
	}
	return c.reply(data)
}

// handle carries out one message; false ends the connection.
func (c *socket) handle(data []byte) bool {
	m, err := decodeMessage(data)
	if errors.Is(err, errNotMessage) {
		c.stop(websocket.CloseInvalidFramePayloadData, err.Error())
		return false
	}
	if m.id > 0 {
		if m.id <= c.lastID {
			return c.answer(m.id, nil, &commandError{Code: codeIDReuse, Message: "Identifier values have to increase."})
		}
		c.lastID = m.id
	}
	if !c.pace.take(time.Now()) {
		err = &commandError{Code: codeBusy, Message: "too many commands at once; wait a moment"}
	}
	if err != nil {
		return c.answer(m.id, nil, err)
	}
	if m.kind == "ping" && len(m.fields) == 0 {
		return c.replyJSON(pongMessage{ID: m.id, Type: "pong"})
	}
	run, aside, err := c.prepare(m)
	if err != nil {
		return c.answer(m.id, nil, err)
	}
	by := call{socket: c, id: m.id}
	if by.who, err = c.actsFor(m.person); err != nil {
		return c.answer(m.id, nil, err)
	}
	if aside {
		return c.runAside(by, run)
	}
	result, err := run(c.ctx, by)
	return c.answer(m.id, result, err)
}

// runAside carries out a command that takes long, while others are. It ends with the connection.
func (c *socket) runAside(by call, run action) bool {
	if c.aside.Add(1) > maxAside {
		c.aside.Add(-1)
		return c.answer(by.id, nil, &commandError{Code: codeBusy, Message: "too many commands that take long at once; wait for one of them"})
	}
	c.forwarders.Go(func() {
		defer c.aside.Add(-1)
		result, err := run(c.ctx, by)
		c.answerAside(by.id, result, err)
	})
	return true
}

// prepare finds the command of a message, and checks the client's role and the fields. aside tells whether others need not wait for it.
func (c *socket) prepare(m message) (run action, aside bool, err error) {
	cmd, known := c.server.commands[m.kind]
	if !known {
		return nil, false, &commandError{Code: codeUnknownCommand, Message: "Unknown command."}
	}
	if !c.who.Role.allows(cmd.role) {
		return nil, false, &commandError{Code: codeUnauthorized, Message: "The role " + string(cmd.role) + " is needed."}
	}
	var f fields
	run = cmd.declare(&f)
	if err := f.decode(m.kind, m.fields); err != nil {
		return nil, false, err
	}
	return run, f.aside, nil
}

// answer sends the result of a command, or its error in the words for clients, and begins the subscription that it may have made.
func (c *socket) answer(id int64, result any, err error) bool {
	sent := c.answerAside(id, result, err)
	if sub := c.subscriptions[id]; sent && sub != nil && err == nil {
		c.forward(id, sub)
	}
	return sent
}

// answerAside sends the result of a command, or its error in the words for clients.
func (c *socket) answerAside(id int64, result any, err error) bool {
	failure := c.server.explain(err)
	data, err := encodeResult(id, result, failure)
	if err != nil {
		c.server.deps.Log.Error().Err(err).Msg("encode a result")
		c.stop(websocket.CloseInternalServerErr, "")
		return false
	}
	return c.reply(data)
}
