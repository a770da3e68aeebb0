package assist

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Bounds of one connection.
const (
	// ref: aiohttp's WebSocketResponse, max_msg_size: a larger message is answered with close code 1009
	maxOutgoing  = 4 << 20
	maxIncoming  = 32 << 20 // a device registry of thousands of devices
	outQueue     = 16       // commands and pieces of audio
	eventQueue   = 64       // events of one run that nobody has looked at
	writeWait    = 10 * time.Second
	dialWait     = 10 * time.Second
	authWait     = 15 * time.Second // Home Assistant itself gives up after 10 s
	goodbyeWait  = time.Second
	idRoom       = 32 // bytes that the id adds to a command
	audioPerSend = 32000
)

// outgoing is a command, or audio for the handler of a run.
type outgoing struct {
	call    *call
	body    []byte // of the command, without its id
	handler byte
	audio   []byte // empty: the end of the audio
}

// call is a command on its way, and what comes back for it.
type call struct {
	messages chan message // closed when its owner was too slow

	id      int64 // guarded by connection.mu; 0 until it is sent
	dropped bool  // guarded by connection.mu; nobody waits any more
}

// connection is one authenticated connection: read and write each run in one goroutine, and everybody else goes through out.
type connection struct {
	ws        *websocket.Conn
	pingEvery time.Duration
	out       chan outgoing
	done      chan struct{} // closed when the connection is over
	devices   deviceCache

	mu      sync.Mutex // guards what follows
	err     error      // why it is over
	lastID  int64
	pending map[int64]*call
}

func newConnection(ws *websocket.Conn, pingEvery time.Duration) *connection {
	return &connection{
		ws:        ws,
		pingEvery: pingEvery,
		out:       make(chan outgoing, outQueue),
		done:      make(chan struct{}),
		pending:   map[int64]*call{},
	}
}

// close ends the connection; the first reason stays.
func (c *connection) close(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = err
	close(c.done)
	c.ws.Close()
}

// goodbye ends the connection from our side.
func (c *connection) goodbye() {
	text := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	// The other side may be gone already, and then needs no goodbye.
	_ = c.ws.WriteControl(websocket.CloseMessage, text, time.Now().Add(goodbyeWait))
	c.close(errors.New("closed by us"))
}

func (c *connection) lost() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// read hands every message to whoever waits for it, and returns why there are no more.
func (c *connection) read() error {
	for {
		if err := c.ws.SetReadDeadline(time.Now().Add(2 * c.pingEvery)); err != nil {
			return fmt.Errorf("read: %w", err)
		}
		_, frame, err := c.ws.ReadMessage()
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		messages, err := decode(frame)
		if err != nil {
			return err
		}
		for _, m := range messages {
			c.deliver(m)
		}
	}
}

// deliver never waits. What comes for a run that is over, such as an error after its end, has no receiver and is dropped; so is
// the progress of a talkative agent, which must not fill the queue before what counts.
func (c *connection) deliver(m message) {
	if m.isProgress() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.pending[m.ID]
	if k == nil {
		return
	}
	select {
	case k.messages <- m:
	default:
		delete(c.pending, m.ID)
		close(k.messages)
	}
}

// write sends what is in the queue, and a ping now and then: the answer to it keeps read from giving up.
func (c *connection) write() {
	ping := time.NewTicker(c.pingEvery)
	defer ping.Stop()
	var buf []byte
	for {
		var o outgoing
		select {
		case <-c.done:
			return
		case <-ping.C:
			o = outgoing{call: &call{}, body: []byte(`{"type":"ping"}`)}
		case o = <-c.out:
		}
		kind := websocket.BinaryMessage
		if o.call != nil {
			id, wanted := c.register(o.call)
			if !wanted {
				continue
			}
			kind = websocket.TextMessage
			buf = append(strconv.AppendInt(append(buf[:0], `{"id":`...), id, 10), ',')
			buf = append(buf, o.body[1:]...)
		} else {
			buf = append(append(buf[:0], o.handler), o.audio...)
		}
		err := c.ws.SetWriteDeadline(time.Now().Add(writeWait))
		if err == nil {
			err = c.ws.WriteMessage(kind, buf)
		}
		if err != nil {
			c.close(fmt.Errorf("write: %w", err))
			return
		}
	}
}

// register gives a command its id; that is done here, in the only writer, because ids must go out in rising order.
func (c *connection) register(k *call) (id int64, wanted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k.dropped {
		return 0, false
	}
	c.lastID++
	k.id = c.lastID
	if k.messages != nil {
		c.pending[k.id] = k
	}
	return k.id, true
}
