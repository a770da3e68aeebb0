// Package wyomingtest has servers that speak the real Wyoming protocol and say what a test tells them to.
package wyomingtest

import (
	"errors"
	"net"
	"testing"

	"earshot/internal/wyoming"
)

// Reply is what the server does with one utterance. The zero value is an empty transcript after audio-stop.
type Reply struct {
	Text  string               // of the transcript
	Error *wyoming.ServerError // answered instead of a transcript
	Raw   string               // written as it is instead of a transcript
	Early bool                 // answers with the first audio-chunk, as servers do that find the end themselves
	Stall bool                 // never answers
	Deaf  bool                 // does not even read what comes after audio-start
	Close bool                 // closes the connection instead of answering
	Ping  bool                 // sends a ping and waits for the pong before it answers
}

// Utterance is what came over one connection.
type Utterance struct {
	Language string // as asked for; "" when not
	PCM      []int16
	Stopped  bool // audio-stop arrived
}

// Server is a fake for speech to text. All its methods are safe for concurrent use.
type Server struct {
	*listener

	// What follows is guarded by listener.mu.
	replies    []Reply
	bytes      int64
	utterances []Utterance
	held       chan struct{} // closed when answers may go on; nil while nothing holds them
}

// New starts a server on a free port of the loopback. It ends with the test, which fails when a client breaks the protocol.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{listener: listen(t)}
	s.start(func(conn net.Conn) {
		c := &connection{server: s, in: wyoming.NewReader(conn), out: wyoming.NewWriter(conn), conn: conn}
		c.serve()
	})
	return s
}

// Script says what is done with the utterances to come, in their order. The last reply is repeated.
func (s *Server) Script(replies ...Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies = replies
}

// Bytes counts the bytes of audio that have arrived.
func (s *Server) Bytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

// Utterances returns those that are complete: at audio-stop, or when the connection ended.
func (s *Server) Utterances() []Utterance {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Utterance(nil), s.utterances...)
}

// Hold keeps answers back until Release.
func (s *Server) Hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held == nil {
		s.held = make(chan struct{})
	}
}

// Release lets answers go on.
func (s *Server) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held != nil {
		close(s.held)
		s.held = nil
	}
}

// pass waits while answers are held back; false when the server ends meanwhile.
func (s *Server) pass() bool {
	s.mu.Lock()
	held := s.held
	s.mu.Unlock()
	if held == nil {
		return true
	}
	select {
	case <-held:
		return true
	case <-s.done:
		return false
	}
}

// next takes the reply for an utterance that begins.
func (s *Server) next() Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.replies) == 0 {
		return Reply{}
	}
	r := s.replies[0]
	if len(s.replies) > 1 {
		s.replies = s.replies[1:]
	}
	return r
}

// connection serves one client.
type connection struct {
	server *Server
	conn   net.Conn
	in     *wyoming.Reader
	out    *wyoming.Writer

	utterance Utterance
	reply     Reply
	started   bool // audio-start arrived
	answered  bool
}

// serve handles events until the connection ends, or the reply or the protocol ends it.
func (c *connection) serve() {
	for {
		e, err := c.in.Read()
		if err != nil {
			if errors.Is(err, wyoming.ErrProtocol) {
				c.server.t.Errorf("wyomingtest: %v", err)
			}
			break
		}
		if !c.handle(e) {
			break
		}
	}
	if c.started && !c.utterance.Stopped {
		c.server.note(func() { c.server.utterances = append(c.server.utterances, c.utterance) })
	}
}

// handle returns false when the connection is to be closed.
func (c *connection) handle(e wyoming.Event) bool {
	switch e.Type {
	case wyoming.TypeDescribe:
		model := artifact("scripted", map[string]any{"languages": []string{"en"}})
		return c.send(wyoming.TypeInfo, map[string]any{"asr": []any{artifact("wyomingtest", map[string]any{"models": []any{model}})}})
	case wyoming.TypePing:
		return c.out.Write(wyoming.Event{Type: wyoming.TypePong, Data: e.Data}) == nil
	case wyoming.TypePong:
		return c.answer()
	case wyoming.TypeTranscribe:
		var asked struct {
			Language string `json:"language"`
		}
		if err := e.Decode(&asked); err != nil {
			return c.wrong(err.Error())
		}
		c.utterance.Language = asked.Language
		return true
	case wyoming.TypeAudioStart:
		return c.start(e)
	case wyoming.TypeAudioChunk:
		return c.chunk(e)
	case wyoming.TypeAudioStop:
		return c.stop()
	}
	return c.wrong("an unexpected event " + e.Type)
}

// wrong makes the test fail.
func (c *connection) wrong(what string) bool {
	c.server.t.Errorf("wyomingtest: the client sent %s", what)
	return false
}

func (c *connection) start(e wyoming.Event) bool {
	if !formatOK(e) || c.started {
		return c.wrong("a second audio-start, or one of another format than 16 kHz mono s16")
	}
	c.started, c.reply = true, c.server.next()
	if c.reply.Deaf {
		<-c.server.done
		return false
	}
	return true
}

func (c *connection) chunk(e wyoming.Event) bool {
	if !c.started || c.utterance.Stopped || !formatOK(e) || len(e.Payload) == 0 || len(e.Payload)%2 != 0 {
		return c.wrong("an audio-chunk out of order, empty, or of another format than 16 kHz mono s16")
	}
	c.utterance.PCM = appendSamples(c.utterance.PCM, e.Payload)
	c.server.note(func() { c.server.bytes += int64(len(e.Payload)) })
	if c.reply.Early && !c.answered {
		return c.answer()
	}
	return true
}

func (c *connection) stop() bool {
	if !c.started || c.utterance.Stopped {
		return c.wrong("an audio-stop without audio-start")
	}
	c.utterance.Stopped = true
	c.server.note(func() { c.server.utterances = append(c.server.utterances, c.utterance) })
	switch {
	case c.answered || c.reply.Stall:
		return true
	case c.reply.Ping:
		return c.send(wyoming.TypePing, map[string]any{"text": "still there?"})
	}
	return c.answer()
}

func (c *connection) answer() bool {
	c.answered = true
	if !c.server.pass() {
		return false
	}
	switch {
	case c.reply.Close:
		return false
	case c.reply.Error != nil:
		return c.send(wyoming.TypeError, c.reply.Error)
	case c.reply.Raw != "":
		_, err := c.conn.Write([]byte(c.reply.Raw))
		return err == nil
	}
	return c.send(wyoming.TypeTranscript, map[string]any{"text": c.reply.Text})
}

func (c *connection) send(kind string, data any) bool {
	e, err := wyoming.NewEvent(kind, data)
	if err != nil {
		c.server.t.Errorf("wyomingtest: %v", err)
		return false
	}
	return c.out.Write(e) == nil
}
