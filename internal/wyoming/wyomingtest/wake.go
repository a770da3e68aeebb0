package wyomingtest

import (
	"errors"
	"net"
	"testing"

	"earshot/internal/wyoming"
)

// WakeModel is a wake word that a WakeServer offers.
type WakeModel struct {
	Name   string
	Phrase string // "": the engine does not tell
}

// WakeEvent is something the server says once the stream has reached a place: by default that a wake word was heard there.
type WakeEvent struct {
	At    int64          // said when so many samples have come over this connection
	Name  string         // of the model
	Bare  bool           // the detection has no timestamp
	Event *wyoming.Event // said instead, as it is
	Raw   string         // said instead, as it is
}

// WakeScript is what the server does with one connection. The zero value listens and hears nothing.
type WakeScript struct {
	Models    []WakeModel
	Info      string      // data of the info event instead of Models, as it is
	Answers   int         // describes answered before it falls silent; 0: all; -1: none
	Events    []WakeEvent // in the order of At
	Deaf      bool        // does not read what comes after audio-start
	HangUp    bool        // closes instead of answering the first describe
	HangUpAt  int64       // closes when so many samples have come; 0: never
	PingFirst bool        // sends a ping before the first info, which waits for the pong
}

// WakeStream is what came over one connection.
type WakeStream struct {
	Names      []string // of the detect event
	PCM        []int16
	Timestamps []int64 // of the chunks, ms
	Describes  int
	Pongs      []string // texts of the pongs
	Ended      bool     // the connection has been closed
}

// WakeServer is a fake wake-word engine. All its methods are safe for concurrent use.
type WakeServer struct {
	*listener

	// What follows is guarded by listener.mu.
	scripts []WakeScript
	streams []*WakeStream
}

// NewWake starts a wake-word engine on a free port of the loopback. It ends with the test, which fails when a client breaks the protocol.
func NewWake(t testing.TB, scripts ...WakeScript) *WakeServer {
	t.Helper()
	s := &WakeServer{listener: listen(t), scripts: scripts}
	s.start(s.serve)
	return s
}

// Streams returns what came over each connection so far.
func (s *WakeServer) Streams() []WakeStream {
	s.mu.Lock()
	defer s.mu.Unlock()
	streams := make([]WakeStream, len(s.streams))
	for i, w := range s.streams {
		streams[i] = *w // the slices only ever grow, behind what is seen here
	}
	return streams
}

// wakeConnection serves one client.
type wakeConnection struct {
	server  *WakeServer
	conn    net.Conn
	out     *wyoming.Writer
	script  WakeScript
	stream  *WakeStream
	detect  bool // a detect event has come
	started bool // audio-start has come
}

func (s *WakeServer) serve(conn net.Conn) {
	c := &wakeConnection{server: s, conn: conn, out: wyoming.NewWriter(conn), stream: &WakeStream{}}
	s.note(func() {
		s.streams = append(s.streams, c.stream)
		if len(s.scripts) > 0 {
			c.script = s.scripts[0]
		}
		if len(s.scripts) > 1 {
			s.scripts = s.scripts[1:]
		}
	})
	defer s.note(func() { c.stream.Ended = true })
	for in := wyoming.NewReader(conn); ; {
		e, err := in.Read()
		if errors.Is(err, wyoming.ErrProtocol) {
			s.t.Errorf("wyomingtest: %v", err)
		}
		if err != nil || !c.handle(e) {
			return
		}
	}
}

// handle returns false when the connection is to be closed.
func (c *wakeConnection) handle(e wyoming.Event) bool {
	switch e.Type {
	case wyoming.TypeDescribe:
		return c.describe()
	case wyoming.TypePong:
		return c.pong(e)
	case wyoming.TypeDetect:
		var asked struct{ Names []string }
		if c.detect = e.Decode(&asked) == nil; !c.detect {
			return c.wrong("a detect event of another shape")
		}
		c.server.note(func() { c.stream.Names = asked.Names })
		return true
	case wyoming.TypeAudioStart:
		if c.started = c.detect && !c.started && formatOK(e); !c.started {
			return c.wrong("audio-start without detect, twice, or of another format than 16 kHz mono s16")
		}
		if c.script.Deaf {
			<-c.server.done
			return false
		}
		return c.say()
	case wyoming.TypeAudioChunk:
		return c.chunk(e)
	}
	return c.wrong("an unexpected event " + e.Type)
}

// wrong makes the test fail.
func (c *wakeConnection) wrong(what string) bool {
	c.server.t.Errorf("wyomingtest: the client sent %s", what)
	return false
}

func (c *wakeConnection) describe() bool {
	c.server.note(func() { c.stream.Describes++ })
	switch n := c.stream.Describes; {
	case c.script.HangUp:
		return false
	case c.script.Answers != 0 && n > c.script.Answers:
		return true
	case c.script.PingFirst && n == 1:
		return c.out.Write(wyoming.Event{Type: wyoming.TypePing, Data: []byte(`{"text":"still there?"}`)}) == nil
	}
	return c.info()
}

func (c *wakeConnection) info() bool {
	if c.script.Info != "" {
		return c.out.Write(wyoming.Event{Type: wyoming.TypeInfo, Data: []byte(c.script.Info)}) == nil
	}
	models := []any{}
	for _, m := range c.script.Models {
		about := map[string]any{"languages": []string{"en"}, "phrase": nil}
		if m.Phrase != "" {
			about["phrase"] = m.Phrase
		}
		models = append(models, artifact(m.Name, about))
	}
	return c.send(wyoming.TypeInfo, map[string]any{"asr": []any{}, "wake": []any{artifact("wyomingtest", map[string]any{"models": models})}})
}

func (c *wakeConnection) pong(e wyoming.Event) bool {
	var said struct{ Text string }
	if e.Decode(&said) != nil {
		return c.wrong("a pong of another shape")
	}
	c.server.note(func() { c.stream.Pongs = append(c.stream.Pongs, said.Text) })
	if c.script.PingFirst && len(c.stream.Pongs) == 1 {
		return c.info()
	}
	return true
}

func (c *wakeConnection) chunk(e wyoming.Event) bool {
	var at struct{ Timestamp int64 }
	if !c.started || !formatOK(e) || len(e.Payload) == 0 || len(e.Payload)%2 != 0 || e.Decode(&at) != nil || at.Timestamp <= 0 {
		return c.wrong("an audio-chunk out of order, empty, without a timestamp, or of another format than 16 kHz mono s16")
	}
	c.server.note(func() {
		c.stream.PCM = appendSamples(c.stream.PCM, e.Payload)
		c.stream.Timestamps = append(c.stream.Timestamps, at.Timestamp)
	})
	return c.say()
}

// say says what is due at this place of the stream.
func (c *wakeConnection) say() bool {
	here := int64(len(c.stream.PCM))
	for len(c.script.Events) > 0 && c.script.Events[0].At <= here {
		e := c.script.Events[0]
		c.script.Events = c.script.Events[1:]
		if !c.sayOne(e) {
			return false
		}
	}
	return c.script.HangUpAt == 0 || here < c.script.HangUpAt
}

func (c *wakeConnection) sayOne(e WakeEvent) bool {
	switch {
	case e.Raw != "":
		_, err := c.conn.Write([]byte(e.Raw))
		return err == nil
	case e.Event != nil:
		return c.out.Write(*e.Event) == nil
	}
	data := map[string]any{"name": e.Name, "timestamp": nil}
	if n := len(c.stream.Timestamps); n > 0 && !e.Bare {
		data["timestamp"] = c.stream.Timestamps[n-1]
	}
	return c.send(wyoming.TypeDetection, data)
}

func (c *wakeConnection) send(kind string, data any) bool {
	e, err := wyoming.NewEvent(kind, data)
	if err != nil {
		c.server.t.Errorf("wyomingtest: %v", err)
		return false
	}
	return c.out.Write(e) == nil
}
