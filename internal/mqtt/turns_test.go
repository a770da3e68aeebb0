package mqtt_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"earshot/internal/mqtt/mqtttest"
	"earshot/internal/testkit"
)

// raw is a client that can do what no library does: go away without a word, or take nothing.
type raw struct {
	t       *testing.T
	conn    net.Conn
	version byte
}

// dial connects; will says what the broker publishes when it goes away.
func dial(t *testing.T, addr, id string, version byte, will packets.ConnectParams) *raw {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return nil
	}
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	c := &raw{t, conn, version}
	will.ProtocolName, will.Clean, will.ClientIdentifier, will.Keepalive = []byte("MQTT"), true, id, 60
	if !c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connect}, Connect: will}) || !c.await(packets.Connack) {
		_ = conn.Close()
		return nil
	}
	return c
}

func (c *raw) send(pk packets.Packet) bool {
	pk.ProtocolVersion = c.version
	var buf bytes.Buffer
	encode := map[byte]func(*bytes.Buffer) error{
		packets.Connect: pk.ConnectEncode, packets.Publish: pk.PublishEncode, packets.Subscribe: pk.SubscribeEncode, packets.Disconnect: pk.DisconnectEncode,
	}[pk.FixedHeader.Type]
	if err := encode(&buf); err != nil {
		c.t.Errorf("encode packet of type %d: %v", pk.FixedHeader.Type, err)
		return false
	}
	if _, err := c.conn.Write(buf.Bytes()); err != nil {
		c.t.Errorf("send packet of type %d: %v", pk.FixedHeader.Type, err)
		return false
	}
	return true
}

// await reads past other packets.
func (c *raw) await(kind byte) bool {
	one := make([]byte, 1)
	for {
		if _, err := c.conn.Read(one); err != nil {
			c.t.Errorf("wait for packet of type %d: %v", kind, err)
			return false
		}
		got, length := one[0]>>4, 0
		for shift := 0; ; shift += 7 {
			if _, err := c.conn.Read(one); err != nil {
				c.t.Errorf("wait for packet of type %d: %v", kind, err)
				return false
			}
			length |= int(one[0]&0x7f) << shift
			if one[0]&0x80 == 0 {
				break
			}
		}
		for body := make([]byte, length); len(body) > 0; {
			n, err := c.conn.Read(body)
			if err != nil {
				c.t.Errorf("wait for packet of type %d: %v", kind, err)
				return false
			}
			body = body[n:]
		}
		if got == kind {
			return true
		}
	}
}

// leave waits until the broker has seen that the client is gone.
func (c *raw) leave() {
	_ = c.conn.(*net.TCPConn).CloseWrite()
	_, _ = io.Copy(io.Discard, c.conn)
	_ = c.conn.Close()
}

func (c *raw) subscribe(qos byte, filters ...string) bool {
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: 1}
	for _, f := range filters {
		pk.Filters = append(pk.Filters, packets.Subscription{Filter: f, Qos: qos})
	}
	return c.send(pk)
}

func (c *raw) publish(topic, payload string, qos byte) bool {
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Retain: true, Qos: qos}, TopicName: topic, Payload: []byte(payload), PacketID: uint16(qos)}
	return c.send(pk) && (qos == 0 || c.await(packets.Puback))
}

// TestBrokerLooksWhileItStores is for the race detector: clients look for retained messages while others store and clear them, and while wills are
// stored, and everybody comes and goes.
func TestBrokerLooksWhileItStores(t *testing.T) {
	testkit.NoLeaks(t)
	b := openBroker(t, "127.0.0.1:0")
	addr := strings.TrimPrefix(b.URL(), "tcp://")
	const clients, rounds = 4, 40
	var wg sync.WaitGroup
	each := func(round func(client, i int) *raw) {
		for client := range clients {
			wg.Go(func() {
				for i := range rounds {
					c := round(client, i)
					if c == nil {
						return
					}
					c.leave()
				}
			})
		}
	}
	each(func(client, i int) *raw { // looks
		c := dial(t, addr, fmt.Sprint("looks", client), 4+byte(i%2), packets.ConnectParams{})
		for range 3 {
			if c == nil || !c.subscribe(byte(i%2), "#", "+/+/kept", "$SYS/#", "a//#/wrong") || !c.await(packets.Suback) {
				return c
			}
		}
		c.send(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Disconnect}})
		return c
	})
	each(func(client, i int) *raw { // stores and clears
		c := dial(t, addr, fmt.Sprint("stores", client), 4+byte(i%2), packets.ConnectParams{})
		for n := range 12 {
			topic := fmt.Sprintf("home/%d/kept", n%3)
			if c == nil || !c.publish(topic, strings.Repeat("x", n%2), byte(n/2%2)) {
				break
			}
		}
		return c
	})
	each(func(client, i int) *raw { // goes away without a word, or connects twice, or its session is taken over
		will := packets.ConnectParams{WillFlag: true, WillRetain: true, WillTopic: fmt.Sprintf("wills/%d/kept", client), WillPayload: []byte("gone")}
		will.WillProperties.WillDelayInterval = uint32(i % 2)
		c := dial(t, addr, fmt.Sprint("will", client), 4+byte(i%2), will)
		if c == nil {
			return nil
		}
		switch i % 3 {
		case 0:
			_, _ = c.conn.Write([]byte("\x10\x00"))
		case 1:
			defer c.leave()
			return dial(t, addr, fmt.Sprint("will", client), 4, will)
		}
		return c
	})
	wg.Wait()
	foreign := mqtttest.Listen(t, addr, "#")
	mqtttest.Publish(t, addr, "test/end", "x", "-r")
	foreign.Wait(t, "test/end", "x")
	foreign.Wait(t, "wills/1/kept", "gone")
	again := mqtttest.Listen(t, addr, "test/+")
	again.Wait(t, "test/end", "x")
}

// TestBrokerDropsWhoTakesNothing has a client that asks for more than the network holds, and reads nothing: the others must not wait for ever.
func TestBrokerDropsWhoTakesNothing(t *testing.T) {
	testkit.NoLeaks(t)
	b := openBroker(t, "127.0.0.1:0")
	b.SetPatience(50 * time.Millisecond)
	addr := strings.TrimPrefix(b.URL(), "tcp://")
	large := strings.Repeat("x", 200<<10)
	writer := dial(t, addr, "writer", 4, packets.ConnectParams{})
	if writer == nil {
		return
	}
	defer writer.leave()
	for i := range 100 {
		if !writer.publish(fmt.Sprint("large/", i), large, 1) {
			return
		}
	}
	deaf := dial(t, addr, "deaf", 4, packets.ConnectParams{WillFlag: true, WillRetain: true, WillTopic: "deaf", WillPayload: []byte("gone")})
	if deaf == nil {
		return
	}
	defer func() { _ = deaf.conn.Close() }()
	if !deaf.subscribe(1, "large/#") {
		return
	}
	foreign := mqtttest.Listen(t, addr, "deaf")
	foreign.Wait(t, "deaf", "gone")
	writer.publish("large/1", large, 1)
}
