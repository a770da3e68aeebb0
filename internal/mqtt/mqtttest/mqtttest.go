// Package mqtttest gives tests a real broker that is not ours, and foreign clients for it.
package mqtttest

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"earshot/internal/testkit"
)

// FreeAddr is a loopback address nobody listens at.
func FreeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Mosquitto is a mosquitto process without persistence.
type Mosquitto struct {
	Addr string // host:port

	t    testing.TB
	conf string
	cmd  *exec.Cmd
}

// StartMosquitto starts a broker on a free port. The further lines of its configuration come after the listener's.
func StartMosquitto(t testing.TB, conf ...string) *Mosquitto {
	t.Helper()
	m := &Mosquitto{Addr: FreeAddr(t), t: t}
	_, port, _ := net.SplitHostPort(m.Addr)
	if len(conf) == 0 {
		conf = []string{"allow_anonymous true"}
	}
	// The user matters only under root, whose temporary files mosquitto's own user could not read.
	lines := append([]string{"user root", "listener " + port + " 127.0.0.1"}, conf...)
	m.conf = filepath.Join(t.TempDir(), "mosquitto.conf")
	if err := os.WriteFile(m.conf, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.Start()
	t.Cleanup(m.Kill)
	return m
}

// PasswordFile writes a file of mosquitto's with one user.
func PasswordFile(t testing.TB, user, password string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "passwords")
	if out, err := exec.Command("mosquitto_passwd", "-b", "-c", path, user, password).CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_passwd (apt-get install mosquitto): %v\n%s", err, out)
	}
	return path
}

// Start starts the process, again after Kill, and waits until it listens.
func (m *Mosquitto) Start() {
	m.t.Helper()
	m.cmd = exec.Command(program(m.t, "mosquitto"), "-c", m.conf)
	if err := m.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	testkit.Eventually(m.t, "mosquitto listens at "+m.Addr, func() bool {
		conn, err := net.Dial("tcp", m.Addr)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// Kill ends the process and everything it knew.
func (m *Mosquitto) Kill() {
	if m.cmd != nil {
		_ = m.cmd.Process.Kill()
		_ = m.cmd.Wait()
		m.cmd = nil
	}
}

// program finds a program that may lie outside a user's path.
func program(t testing.TB, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	path, err := exec.LookPath("/usr/sbin/" + name)
	if err != nil {
		t.Fatalf("%s is needed: apt-get install mosquitto mosquitto-clients", name)
	}
	return path
}

// Message is what a foreign client received.
type Message struct {
	Topic, Payload string
	Retained       bool
}

// Listener is a mosquitto_sub process.
type Listener struct {
	mu    sync.Mutex
	heard []Message
}

// Listen subscribes a foreign client to filter at QoS 1 and returns when the broker has confirmed it.
// Payloads must not contain line breaks. args are further arguments of mosquitto_sub.
func Listen(t testing.TB, addr, filter string, args ...string) *Listener {
	t.Helper()
	l := &Listener{}
	host, port, _ := net.SplitHostPort(addr)
	// Into a pipe mosquitto_sub would hold its lines back; stdbuf makes it write each at once.
	args = append([]string{"-oL", program(t, "mosquitto_sub"), "-h", host, "-p", port, "-d", "-q", "1", "-t", filter, "-F", "M %r %t %p"}, args...)
	cmd := exec.Command(program(t, "stdbuf"), args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		// It subscribes again when a killed broker is back.
		l.read(bufio.NewScanner(out), sync.OnceFunc(func() { close(ready) }))
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
		_ = cmd.Wait()
	})
	select {
	case <-ready:
	case <-done:
		t.Fatalf("mosquitto_sub %s ended early", filter)
	case <-time.After(testkit.Patience):
		t.Fatalf("mosquitto_sub %s was not confirmed", filter)
	}
	return l
}

func (l *Listener) read(lines *bufio.Scanner, ready func()) {
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "Subscribed ") {
			ready()
			continue
		}
		fields := strings.SplitN(line, " ", 4)
		if len(fields) < 4 || fields[0] != "M" {
			continue
		}
		l.mu.Lock()
		l.heard = append(l.heard, Message{Topic: fields[2], Payload: fields[3], Retained: fields[1] == "1"})
		l.mu.Unlock()
	}
}

// Heard is everything received so far, in order.
func (l *Listener) Heard() []Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Message(nil), l.heard...)
}

// Last is the newest payload of a topic, and whether there is any.
func (l *Listener) Last(topic string) (string, bool) {
	heard := l.Heard()
	for i := len(heard) - 1; i >= 0; i-- {
		if heard[i].Topic == topic {
			return heard[i].Payload, true
		}
	}
	return "", false
}

// Wait waits until the newest payload of topic is payload.
func (l *Listener) Wait(t testing.TB, topic, payload string) {
	t.Helper()
	testkit.Eventually(t, fmt.Sprintf("%q on %s", payload, topic), func() bool {
		last, ok := l.Last(topic)
		return ok && last == payload
	})
}

// Publish has a foreign client publish at QoS 1. args are further arguments of mosquitto_pub, such as -r.
func Publish(t testing.TB, addr, topic, payload string, args ...string) {
	t.Helper()
	host, port, _ := net.SplitHostPort(addr)
	input := "-s"
	if payload == "" {
		input = "-n"
	}
	args = append([]string{"-h", host, "-p", port, "-q", "1", "-t", topic, input}, args...)
	cmd := exec.Command(program(t, "mosquitto_pub"), args...)
	cmd.Stdin = strings.NewReader(payload)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_pub %s: %v\n%s", topic, err, out)
	}
}

// Relay passes connections on to a broker and can cut them, as a pulled cable does.
type Relay struct {
	Addr string

	mu    sync.Mutex
	conns []net.Conn
}

// StartRelay listens on a free port for connections to addr.
func StartRelay(t testing.TB, addr string) *Relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &Relay{Addr: l.Addr().String()}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", addr)
			if err != nil {
				_ = near.Close()
				continue
			}
			r.mu.Lock()
			r.conns = append(r.conns, near, far)
			r.mu.Unlock()
			wg.Go(func() { pass(near, far) })
			wg.Go(func() { pass(far, near) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		r.Cut()
		wg.Wait()
	})
	return r
}

// pass copies until either side ends, and then ends both.
func pass(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// Cut breaks every connection without a goodbye.
func (r *Relay) Cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, conn := range r.conns {
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
	r.conns = nil
}
