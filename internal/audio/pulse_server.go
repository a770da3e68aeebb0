package audio

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jfreymuth/pulse/proto"
)

// errNoServer means that no sound server (PulseAudio, or PipeWire in its place) answers.
var errNoServer = errors.New("no sound server answers")

// requestTimeout is how long the sound server may take to answer.
const requestTimeout = 2 * time.Second

// pulseRead is how many bytes are read at once: fragmentMS of what most microphones give, with its header, and not more than that for a small machine.
const pulseRead = 8 << 10

// pulseServer is a connection to the sound server.
type pulseServer struct {
	client  *proto.Client
	conn    net.Conn
	sources chan struct{} // a value waits when a source came or changed
	gone    chan struct{} // closed when the connection is
	once    sync.Once

	mu     sync.Mutex
	stream *pulseStream // what sound and events of the stream go to; guarded by mu
}

// connectPulse connects to the sound server of this user, as PulseAudio's own programs do.
func connectPulse(ctx context.Context) (*pulseServer, error) {
	var errs []error
	for _, a := range pulseAddresses() {
		d := net.Dialer{Timeout: requestTimeout}
		conn, err := d.DialContext(ctx, a.network, a.address)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s, err := greet(conn)
		if err == nil {
			return s, nil
		}
		errs = append(errs, fmt.Errorf("the sound server at %s: %w", a.address, err))
	}
	for _, err := range errs {
		if p := proto.Error(0); errors.As(err, &p) { // it is there, but refuses
			return nil, err
		}
	}
	if len(errs) == 0 {
		return nil, errNoServer
	}
	return nil, fmt.Errorf("%w: %w", errNoServer, errs[0])
}

// greet signs in and asks for news of sources.
func greet(conn net.Conn) (*pulseServer, error) {
	s := &pulseServer{conn: conn, sources: make(chan struct{}, 1), gone: make(chan struct{})}
	s.client = &proto.Client{Callback: s.event}
	s.client.SetTimeout(requestTimeout)
	s.client.Open(&watchedConn{Conn: conn, in: bufio.NewReaderSize(conn, pulseRead), lost: s.lost})
	var auth proto.AuthReply
	if err := s.client.Request(&proto.Auth{Version: s.client.Version(), Cookie: pulseCookie()}, &auth); err != nil {
		s.close()
		if errors.Is(err, proto.ErrAccessDenied) {
			return nil, fmt.Errorf("refuses this user: it wants the cookie of ~/.config/pulse/cookie or $PULSE_COOKIE (%w)", err)
		}
		return nil, err
	}
	s.client.SetVersion(auth.Version)
	// The client library takes requests of up to 1 kB; all strings here are short.
	props := proto.PropList{"application.name": proto.PropListString("Earshot"), "application.id": proto.PropListString("earshot")}
	err := s.client.Request(&proto.SetClientName{Props: props}, &proto.SetClientNameReply{})
	if err == nil {
		err = s.client.Request(&proto.Subscribe{Mask: proto.SubscriptionMaskSource}, nil)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// watchedConn tells when the connection ends, for which the client library has no call in every case, and says who we are:
// a server of the same user then wants no cookie.
type watchedConn struct {
	net.Conn
	in   *bufio.Reader // the client library would ask the kernel twice for each piece of sound
	lost func()
}

// Write sends our user along. The kernel would add it too, but only once the server has asked for it, and what is sent before that counts as nobody's.
func (c *watchedConn) Write(p []byte) (int, error) {
	unix, ok := c.Conn.(*net.UnixConn)
	if !ok || len(p) == 0 { // with no bytes to go with, the user would be sent with a byte that does not belong there
		return c.Conn.Write(p)
	}
	me := syscall.UnixCredentials(&syscall.Ucred{Pid: int32(os.Getpid()), Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid())})
	n, _, err := unix.WriteMsgUnix(p, me, nil)
	return n, err
}

func (c *watchedConn) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	if err != nil {
		c.lost()
	}
	return n, err
}

// event is called by the client library, one event at a time; it must not send requests.
func (s *pulseServer) event(e any) {
	if e, ok := e.(*proto.SubscribeEvent); ok {
		if e.Event.GetFacility() == proto.EventSource && e.Event.GetType() != proto.EventRemove {
			select {
			case s.sources <- struct{}{}:
			default:
			}
		}
		return
	}
	s.mu.Lock()
	stream := s.stream
	s.mu.Unlock()
	if stream != nil {
		stream.event(e)
	}
}

func (s *pulseServer) lost() {
	s.once.Do(func() { close(s.gone) })
	s.mu.Lock()
	stream := s.stream
	s.mu.Unlock()
	if stream != nil {
		stream.fail(errors.New("the connection to the sound server ended"))
	}
}

// attach makes stream the one that gets sound and events; nil detaches.
func (s *pulseServer) attach(stream *pulseStream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stream = stream
}

// request asks the server. Any failure but a refusal means that the connection is of no more use.
func (s *pulseServer) request(req proto.RequestArgs, reply proto.Reply) error {
	err := s.client.Request(req, reply)
	if refusal := proto.Error(0); err != nil && !errors.As(err, &refusal) {
		s.conn.Close()
		if errors.Is(err, context.DeadlineExceeded) {
			return errors.New("the sound server does not answer")
		}
	}
	return err
}

func (s *pulseServer) alive() bool {
	select {
	case <-s.gone:
		return false
	default:
		return true
	}
}

// close ends the connection, and returns when nothing reads from it any more.
func (s *pulseServer) close() {
	s.attach(nil)
	s.conn.Close()
	<-s.gone
}

// pulseAddress is where a sound server may listen.
type pulseAddress struct{ network, address string }

// pulseAddresses are the places to look at, in order: those that are configured and no others, else the sockets of the user and of a system-wide server.
// ref: PulseAudio documentation, "Server Strings"
func pulseAddresses() []pulseAddress {
	if server := pulseConf()["default-server"]; server != "" {
		return parseServers(server)
	}
	var list []pulseAddress
	add := func(path string) {
		if a := (pulseAddress{"unix", path}); !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	if dir := os.Getenv("PULSE_RUNTIME_PATH"); dir != "" {
		add(filepath.Join(dir, "native"))
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		add(filepath.Join(dir, "pulse", "native"))
	}
	add(filepath.Join("/run/user", strconv.Itoa(os.Getuid()), "pulse", "native"))
	add("/run/pulse/native")
	return list
}

// parseServers reads a list of server strings such as "unix:/run/x/native tcp:host:4713", each perhaps after a {machine}.
func parseServers(text string) []pulseAddress {
	var list []pulseAddress
	for _, s := range strings.Fields(text) {
		if s[0] == '{' {
			_, s, _ = strings.Cut(s, "}")
		}
		network, address, found := strings.Cut(s, ":")
		switch {
		case strings.HasPrefix(s, "/"):
			list = append(list, pulseAddress{"unix", s})
		case found && network == "unix":
			list = append(list, pulseAddress{"unix", address})
		case found && (network == "tcp" || network == "tcp4" || network == "tcp6"):
			list = append(list, pulseAddress{network, withPort(address)})
		case s != "":
			list = append(list, pulseAddress{"tcp", withPort(s)})
		}
	}
	return list
}

// withPort adds PulseAudio's port where an address has none.
func withPort(address string) string {
	if _, _, err := net.SplitHostPort(address); err == nil {
		return address
	}
	return net.JoinHostPort(strings.Trim(address, "[]"), "4713")
}

// cookieSize is the size of PulseAudio's cookie, in bytes.
const cookieSize = 256

// pulseCookie is the secret that this user's server knows too. A server that does not want one takes zeros.
func pulseCookie() []byte {
	paths := []string{pulseConf()["cookie-file"]}
	if dir, err := os.UserConfigDir(); err == nil {
		paths = append(paths, filepath.Join(dir, "pulse", "cookie"))
	}
	if home, err := os.UserHomeDir(); err == nil {
		paths = append(paths, filepath.Join(home, ".config", "pulse", "cookie"), filepath.Join(home, ".pulse-cookie"))
	}
	for _, path := range paths {
		if data, err := os.ReadFile(path); err == nil && len(data) == cookieSize {
			return data
		}
	}
	return make([]byte, cookieSize)
}
