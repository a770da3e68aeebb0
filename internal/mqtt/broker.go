package mqtt

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"syscall"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/rs/zerolog"
)

// ErrInUse means that another program listens at the address already.
var ErrInUse = errors.New("address already in use")

// The bounds of the embedded broker, which serves one household's bridge and Home Assistant.
const (
	brokerClients  = 64
	brokerPacket   = 256 << 10 // bytes
	brokerInflight = 1024      // messages
	brokerPending  = 4096      // messages waiting for a slow client; the retained ones of a hundred satellites fit
	brokerSession  = 3600      // seconds a session outlives its connection
	// The broker throws retained messages away after this many seconds, so that with its own default of a day
	// every device would vanish from a Home Assistant restarted later. It must fit 32 bits.
	brokerExpiry = 100 * 365 * 24 * 3600
	// The broker's messages about itself, which nobody reads, come when it is opened and then never again, see turns.
	brokerSysTopic = brokerExpiry
)

// User is who may use the embedded broker.
type User struct{ Name, Password string }

// Broker is an MQTT broker inside this program. It keeps everything in memory only.
type Broker struct {
	server *mochi.Server
	door   *listener
	url    string
	close  sync.Once
}

// OpenBroker listens at the address listen. Without users anyone who reaches it may use it, which is refused for an
// address that other machines can reach. A taken address is ErrInUse.
func OpenBroker(listen string, log zerolog.Logger, users ...User) (*Broker, error) {
	if problem := checkListen(listen, len(users) > 0); problem != "" {
		return nil, fmt.Errorf("open embedded MQTT broker: %q %s", listen, problem)
	}
	l, err := net.Listen("tcp", listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("open embedded MQTT broker on %s: %w", listen, ErrInUse)
	}
	if err != nil {
		return nil, fmt.Errorf("open embedded MQTT broker: %w", err)
	}
	server := mochi.New(brokerOptions(log))
	door := newListener(l, brokerClients, func() {
		for _, cl := range server.Clients.GetAll() {
			if !cl.Closed() {
				_ = server.DisconnectClient(cl, packets.ErrServerShuttingDown)
			}
		}
	})
	// No call fails with a fresh server; if one did, closing the server would close the listener too.
	err = errors.Join(
		server.AddHook(&gate{users: users}, nil),
		server.AddHook(&turns{}, nil),
		server.AddListener(door),
		server.Serve(),
	)
	door.open()
	b := &Broker{server: server, door: door, url: "tcp://" + reachable(l.Addr().(*net.TCPAddr))}
	if err != nil {
		b.Close()
		return nil, fmt.Errorf("open embedded MQTT broker: %w", err)
	}
	return b, nil
}

// URL is the address for a session on this machine.
func (b *Broker) URL() string { return b.url }

// Close disconnects every client and returns when their connections have been served to the end.
func (b *Broker) Close() {
	b.close.Do(func() { _ = b.server.Close() })
}

// reachable is an address of this machine at which a listener on addr answers.
func reachable(addr *net.TCPAddr) string {
	a := *addr
	if a.IP.IsUnspecified() {
		a.IP = net.IPv4(127, 0, 0, 1)
	}
	return a.String()
}

func brokerOptions(log zerolog.Logger) *mochi.Options {
	limits := mochi.NewDefaultServerCapabilities()
	limits.MaximumClients = brokerClients
	limits.MaximumPacketSize = brokerPacket
	limits.MaximumInflight = brokerInflight
	limits.ReceiveMaximum = brokerInflight
	limits.MaximumClientWritesPending = brokerPending
	limits.MaximumSessionExpiryInterval = brokerSession
	limits.MaximumMessageExpiryInterval = brokerExpiry
	return &mochi.Options{
		Capabilities:           limits,
		Logger:                 slog.New(brokerLog{log}),
		SysTopicResendInterval: brokerSysTopic,
	}
}

// gate lets clients in: the users, or everybody when there are none.
type gate struct {
	mochi.HookBase
	users []User
}

// ID names the hook for the broker.
func (g *gate) ID() string { return "gate" }

// Provides tells the broker what it may ask.
func (g *gate) Provides(b byte) bool {
	return bytes.IndexByte([]byte{mochi.OnConnectAuthenticate, mochi.OnACLCheck}, b) >= 0
}

// OnConnectAuthenticate decides about a client that connects.
func (g *gate) OnConnectAuthenticate(_ *mochi.Client, pk packets.Packet) bool {
	if len(g.users) == 0 {
		return true
	}
	for _, u := range g.users {
		name := subtle.ConstantTimeCompare(pk.Connect.Username, []byte(u.Name))
		password := subtle.ConstantTimeCompare(pk.Connect.Password, []byte(u.Password))
		if name&password == 1 {
			return true
		}
	}
	return false
}

// OnACLCheck lets everybody who was let in use every topic.
func (g *gate) OnACLCheck(*mochi.Client, string, bool) bool { return true }

// brokerLog passes the broker's warnings on, at debug because a client can cause any number of them, and its errors
// as warnings. Of the attributes only those without payloads are kept.
type brokerLog struct{ log zerolog.Logger }

// Enabled leaves out what is not a warning at least.
func (b brokerLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

// Handle logs one record.
func (b brokerLog) Handle(_ context.Context, r slog.Record) error {
	event := b.log.Debug()
	if r.Level >= slog.LevelError {
		event = b.log.Warn()
	}
	r.Attrs(func(a slog.Attr) bool {
		if err, ok := a.Value.Any().(error); ok && a.Key == "error" {
			event = event.Err(err)
		}
		return true
	})
	event.Msg("embedded MQTT broker: " + r.Message)
	return nil
}

// WithAttrs ignores attributes that all records would have.
func (b brokerLog) WithAttrs([]slog.Attr) slog.Handler { return b }

// WithGroup ignores groups.
func (b brokerLog) WithGroup(string) slog.Handler { return b }
