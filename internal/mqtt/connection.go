package mqtt

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"syscall"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/rs/zerolog"
)

// How patient one connection is.
const (
	connectTimeout   = 10 * time.Second // dial and handshake
	webSocketTimeout = 5 * time.Second  // the WebSocket dialer cannot be cancelled, so the end of Run may wait this long
	keepAlive        = 30 * time.Second
	writeTimeout     = 5 * time.Second
	goodbyeTimeout   = time.Second
)

// The levels of service asked for. Messages to us come at QoS 0: the session is clean, so a higher level would
// protect nothing that TCP does not, and a message that is left out for its size would block the broker's window.
const (
	subscribeQoS = 0
	publishQoS   = 1
	refusedQoS   = 0x80 // ref: MQTT 3.1.1, section 3.9.3
)

var (
	errRefused = errors.New("user name or password refused")
	errLost    = errors.New("connection lost")
)

// Probe tells whether a broker answers at cfg.URL and lets cfg.Username in; the error is a sentence for people.
func Probe(ctx context.Context, cfg SessionConfig) error {
	cfg.WillTopic = ""
	s, err := NewSession(cfg, zerolog.Nop())
	if err != nil {
		return err
	}
	client, err := s.connect(ctx, make(chan error, 1))
	if err != nil {
		return errors.New(explain(err, s.broker.Host))
	}
	client.Disconnect(milliseconds(goodbyeTimeout))
	return nil
}

// connection connects once and serves until the connection breaks or ctx ends.
// The client is not used again: paho does not promise that all of its work ends before it could be.
func (s *Session) connection(ctx context.Context) error {
	lost := make(chan error, 1)
	client, err := s.connect(ctx, lost)
	if err != nil {
		return err
	}
	for connected := false; !connected; {
		asked := s.currentRoutes()
		if err := s.subscribe(client, asked); err != nil {
			client.Disconnect(milliseconds(goodbyeTimeout))
			return err
		}
		connected = s.setConnected(asked)
	}
	s.log.Info().Str("broker", s.broker.Host).Msg("connected to the MQTT broker")
	select {
	case s.up <- struct{}{}:
	default:
	}
	err = s.send(ctx, client, lost)
	s.setAway()
	if err != nil {
		return err
	}
	s.goodbye(client)
	return nil
}

// connect dials and shakes hands.
func (s *Session) connect(ctx context.Context, lost chan<- error) (paho.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	stop := func() bool { return true }
	opts := s.options(lost)
	opts.SetCustomOpenConnectionFn(func(u *url.URL, _ paho.ClientOptions) (net.Conn, error) {
		conn, err := dial(ctx, u, s.cfg.TLS)
		if err != nil {
			return nil, err
		}
		// A handshake in progress knows no context; closing the connection ends it.
		stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
		return newScreen(conn, s.skipped), nil
	})
	client := paho.NewClient(opts)
	token := client.Connect()
	<-token.Done()
	stopped := stop()
	if code := token.(*paho.ConnectToken).ReturnCode(); code == packets.ErrRefusedBadUsernameOrPassword || code == packets.ErrRefusedNotAuthorised {
		return nil, fmt.Errorf("connect to MQTT broker: %w", errRefused)
	}
	if err := token.Error(); err != nil {
		return nil, fmt.Errorf("connect to MQTT broker: %w", err)
	}
	if !stopped {
		client.Disconnect(milliseconds(goodbyeTimeout))
		return nil, fmt.Errorf("connect to MQTT broker: %w", context.Cause(ctx))
	}
	return client, nil
}

func (s *Session) options(lost chan<- error) *paho.ClientOptions {
	opts := paho.NewClientOptions()
	opts.Servers = []*url.URL{s.broker}
	opts.SetClientID(s.cfg.ClientID)
	opts.SetUsername(s.cfg.Username)
	opts.SetPassword(s.cfg.Password)
	opts.SetCleanSession(true)
	opts.SetProtocolVersion(4) // 3.1.1; without it a refusal is followed by a second try with 3.1
	opts.SetAutoReconnect(false)
	opts.SetConnectTimeout(connectTimeout)
	opts.SetKeepAlive(keepAlive)
	opts.SetWriteTimeout(writeTimeout)
	opts.SetOrderMatters(true) // the handler only queues, so it may run on paho's own goroutine
	opts.SetDefaultPublishHandler(func(_ paho.Client, m paho.Message) {
		s.receive(message{topic: m.Topic(), payload: m.Payload(), retain: m.Retained()})
	})
	opts.SetConnectionLostHandler(func(_ paho.Client, err error) {
		lost <- fmt.Errorf("%w: %w", errLost, err)
	})
	if s.cfg.WillTopic != "" {
		opts.SetWill(s.cfg.WillTopic, s.cfg.WillPayload, publishQoS, true)
	}
	return opts
}

// dial opens the connection beneath the protocol.
func dial(ctx context.Context, u *url.URL, secure *tls.Config) (net.Conn, error) {
	if secure == nil {
		secure = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	secure = secure.Clone()
	secure.ServerName = u.Hostname()
	switch u.Scheme {
	case "ws", "wss":
		return paho.NewWebsocket(u.String(), secure, webSocketTimeout, nil, nil)
	case "mqtts":
		return (&tls.Dialer{Config: secure}).DialContext(ctx, "tcp", u.Host)
	default:
		return (&net.Dialer{}).DialContext(ctx, "tcp", u.Host)
	}
}

// subscribe asks for every filter in one packet and waits for the answer.
func (s *Session) subscribe(client paho.Client, routes []route) error {
	if len(routes) == 0 {
		return nil
	}
	filters := make(map[string]byte, len(routes))
	for _, r := range routes {
		filters[r.filter] = subscribeQoS
	}
	token := client.SubscribeMultiple(filters, nil)
	if !token.WaitTimeout(connectTimeout) {
		return fmt.Errorf("subscribe: %w", os.ErrDeadlineExceeded)
	}
	if err := token.Error(); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	for filter, granted := range token.(*paho.SubscribeToken).Result() {
		if granted == refusedQoS {
			s.log.Warn().Str("topic", filter).Msg("the MQTT broker does not let us subscribe; its access rules need this topic")
		}
	}
	return nil
}

// send passes queued messages to the broker; it returns nil at the end of ctx and an error when the connection breaks.
func (s *Session) send(ctx context.Context, client paho.Client, lost <-chan error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-lost:
			return err
		case m := <-s.out:
			switch m.kind {
			case publish:
				client.Publish(m.topic, publishQoS, m.retain, m.payload)
			case subscribe:
				client.Subscribe(m.topic, subscribeQoS, nil)
			case unsubscribe:
				client.Unsubscribe(m.topic)
			}
		}
	}
}

// goodbye sends what is still queued, tells the will ourselves (a clean disconnect makes the broker forget it), and disconnects.
func (s *Session) goodbye(client paho.Client) {
	for deadline := time.Now().Add(goodbyeTimeout); len(s.out) > 0 && time.Now().Before(deadline); {
		if m := <-s.out; m.kind == publish {
			client.Publish(m.topic, publishQoS, m.retain, m.payload)
		}
	}
	if s.cfg.WillTopic != "" {
		client.Publish(s.cfg.WillTopic, publishQoS, true, s.cfg.WillPayload).WaitTimeout(goodbyeTimeout)
	}
	client.Disconnect(milliseconds(goodbyeTimeout))
}

func milliseconds(d time.Duration) uint { return uint(d.Milliseconds()) }

// explain turns an error of the connection to host into a sentence with a way out.
func explain(err error, host string) string {
	var (
		unknownName *net.DNSError
		certificate *tls.CertificateVerificationError
		wrongName   x509.HostnameError
		netErr      net.Error
	)
	switch {
	case errors.Is(err, errRefused):
		return fmt.Sprintf("the MQTT broker at %s refused the user name or password; correct mqtt.username and mqtt.password", host)
	case errors.Is(err, errLost):
		return fmt.Sprintf("the connection to the MQTT broker at %s was lost; trying again", host)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("no MQTT broker answers at %s; start it or correct mqtt.url", host)
	case errors.As(err, &unknownName):
		return fmt.Sprintf("the network does not know the name of the MQTT broker at %s; correct mqtt.url", host)
	case errors.As(err, &certificate), errors.As(err, &wrongName):
		return fmt.Sprintf("the certificate of the MQTT broker at %s is not trusted; correct mqtt.url, or name its authority in mqtt.ca_file", host)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return fmt.Sprintf("what answers at %s does not behave like an MQTT broker; correct mqtt.url", host)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return fmt.Sprintf("the MQTT broker at %s does not answer; check the address and the network", host)
	default:
		return fmt.Sprintf("no connection to the MQTT broker at %s: %v", host, err)
	}
}
