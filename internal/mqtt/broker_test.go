package mqtt_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"earshot/internal/mqtt"
	"earshot/internal/testkit"
)

func openBroker(t *testing.T, listen string, users ...mqtt.User) *mqtt.Broker {
	t.Helper()
	b, err := mqtt.OpenBroker(listen, zerolog.Nop(), users...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func TestBrokerAddressInUse(t *testing.T) {
	testkit.NoLeaks(t)
	b := openBroker(t, "127.0.0.1:0")
	addr := strings.TrimPrefix(b.URL(), "tcp://")
	_, err := mqtt.OpenBroker(addr, zerolog.Nop())
	if !errors.Is(err, mqtt.ErrInUse) {
		t.Fatalf("error %v is not ErrInUse", err)
	}
	if want := "open embedded MQTT broker on " + addr + ": address already in use"; err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	b.Close()
	openBroker(t, addr).Close()
}

func TestBrokerRefusesToBeOpen(t *testing.T) {
	testkit.NoLeaks(t)
	for listen, want := range map[string]string{
		"0.0.0.0:0":     `open embedded MQTT broker: "0.0.0.0:0" can be reached by other machines; set username and password, or listen on 127.0.0.1`,
		":0":            `open embedded MQTT broker: ":0" can be reached by other machines; set username and password, or listen on 127.0.0.1`,
		"192.0.2.1:0":   `open embedded MQTT broker: "192.0.2.1:0" can be reached by other machines; set username and password, or listen on 127.0.0.1`,
		"nonsense":      `open embedded MQTT broker: "nonsense" is not an address; write it like 127.0.0.1:1883`,
		"127.0.0.1:xyz": `open embedded MQTT broker: listen tcp: lookup tcp/xyz: unknown port`,
	} {
		if _, err := mqtt.OpenBroker(listen, zerolog.Nop()); err == nil || err.Error() != want {
			t.Errorf("OpenBroker(%q): %v\nwant %s", listen, err, want)
		}
	}
}

func TestGuardedBroker(t *testing.T) {
	testkit.NoLeaks(t)
	b := openBroker(t, "0.0.0.0:0", mqtt.User{Name: "house", Password: "key"})
	if !strings.HasPrefix(b.URL(), "tcp://127.0.0.1:") {
		t.Errorf("URL %q is not for this machine", b.URL())
	}
	for name, c := range map[string]struct {
		user, password string
		in             bool
	}{
		"right":          {"house", "key", true},
		"wrong password": {"house", "kez", false},
		"wrong user":     {"mouse", "key", false},
		"nobody":         {"", "", false},
	} {
		err := mqtt.Probe(t.Context(), mqtt.SessionConfig{URL: b.URL(), Username: c.user, Password: c.password})
		if (err == nil) != c.in {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Clients that never speak, that flood, or that send what they like neither stop the broker nor outlive it.
// A broker that is closed while clients leave does not wait for ever; the library's own Close would, about once in a thousand times.
func TestBrokerClosesWhileClientsLeave(t *testing.T) {
	testkit.NoLeaks(t)
	for range 5 {
		b, err := mqtt.OpenBroker("127.0.0.1:0", zerolog.Nop()) // not openBroker, whose clean-up would wait for the same close
		if err != nil {
			t.Fatal(err)
		}
		closed := make(chan struct{})
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for {
					select {
					case <-closed:
						return
					default:
						b.TouchClients()
					}
				}
			})
		}
		go func() {
			b.Close()
			close(closed)
		}()
		select {
		case <-closed:
		case <-time.After(30 * time.Second):
			t.Fatal("the broker does not close")
		}
		wg.Wait()
	}
}

func TestBrokerHostileClients(t *testing.T) {
	testkit.NoLeaks(t)
	var log testkit.Log
	b, err := mqtt.OpenBroker("127.0.0.1:0", zerolog.New(&log))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	addr := strings.TrimPrefix(b.URL(), "tcp://")
	for name, bytes := range map[string]string{
		"http":             "POST / HTTP/1.1\r\n\r\n",
		"endless length":   "\x10\xff\xff\xff\xff\xff",
		"packet too large": "\x10\xff\xff\xff\x7f",
		"no connect":       "\x30\x03\x00\x01a",
	} {
		conn := dialTCP(t, addr)
		if _, err := io.WriteString(conn, bytes); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.Copy(io.Discard, conn); isTimeout(err) {
			t.Errorf("%s: the broker keeps the connection", name)
		}
	}

	connect := "\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a"
	flooder := dialTCP(t, addr)
	_, _ = io.WriteString(flooder, connect+"\x30\xff\xff\x7fsecret")
	_ = flooder.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.Copy(io.Discard, flooder); isTimeout(err) {
		t.Error("a packet of 2 MB was taken")
	}

	for range 63 {
		dialTCP(t, addr)
	}
	s := newSession(t, config(addr), io.Discard)
	stop := start(t, s)
	connected(t, s)
	extra := dialTCP(t, addr)
	_ = extra.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := extra.Read(make([]byte, 1)); isTimeout(err) {
		t.Error("the broker takes more than 64 connections")
	}
	began := time.Now()
	b.Close()
	b.Close()
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("Close took %v", took)
	}
	stop()
	if strings.Contains(log.String(), "secret") {
		t.Errorf("the log holds a payload:\n%s", log.String())
	}
}

func dialTCP(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func isTimeout(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) && netErr.Timeout()
}
