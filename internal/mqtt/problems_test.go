package mqtt_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"

	"earshot/internal/mqtt"
	"earshot/internal/mqtt/mqtttest"
	"earshot/internal/testkit"
)

func TestRefusedPassword(t *testing.T) {
	testkit.NoLeaks(t)
	passwords := mqtttest.PasswordFile(t, "earshot", "right-horse")
	m := mqtttest.StartMosquitto(t, "allow_anonymous false", "password_file "+passwords)
	guarded := openBroker(t, "127.0.0.1:0", mqtt.User{Name: "earshot", Password: "right-horse"})
	for name, addr := range map[string]string{"mosquitto": m.Addr, "embedded": strings.TrimPrefix(guarded.URL(), "tcp://")} {
		t.Run(name, func(t *testing.T) {
			cfg := config(addr)
			cfg.Username, cfg.Password = "earshot", "wrong-battery"
			var log testkit.Log
			s := newSession(t, cfg, &log)
			stop := start(t, s)
			want := "the MQTT broker at " + addr + " refused the user name or password; correct mqtt.username and mqtt.password"
			testkit.Eventually(t, "the problem", func() bool { return s.Status().Problem == want })
			if err := mqtt.Probe(t.Context(), cfg); err == nil || err.Error() != want {
				t.Errorf("Probe: %v", err)
			}
			stop()
			if strings.Contains(log.String(), "battery") {
				t.Errorf("the log holds the password:\n%s", log.String())
			}

			cfg.Password = "right-horse"
			if err := mqtt.Probe(t.Context(), cfg); err != nil {
				t.Errorf("Probe: %v", err)
			}
			s = newSession(t, cfg, io.Discard)
			stop = start(t, s)
			connected(t, s)
			stop()
		})
	}
}

// A refusal is said once, however often it comes, and does not come often: a broker may lock out who keeps trying.
func TestRefusedIsRetriedSlowly(t *testing.T) {
	testkit.NoLeaks(t)
	attempts := make(chan time.Time, 10)
	addr := listen(t, func(c net.Conn) {
		attempts <- time.Now()
		_, _ = c.Write([]byte{0x20, 2, 0, 5})
		_, _ = io.Copy(io.Discard, c)
	})
	var log testkit.Log
	stop := start(t, newSession(t, config(addr), &log))
	first := <-attempts
	<-attempts
	if gap := (<-attempts).Sub(first); gap < 2*240*time.Millisecond {
		t.Errorf("three attempts in %v", gap)
	}
	stop()
	if n := strings.Count(log.String(), "refused the user name"); n != 1 {
		t.Errorf("said %d times:\n%s", n, log.String())
	}
}

func TestWebSocket(t *testing.T) {
	testkit.NoLeaks(t)
	addr := mqtttest.FreeAddr(t)
	broker := mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)})
	err := errors.Join(
		broker.AddHook(new(auth.AllowHook), nil),
		broker.AddListener(listeners.NewWebsocket(listeners.Config{ID: "ws", Address: addr})),
		broker.Serve(),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = broker.Close() })
	cfg := config(addr)
	cfg.URL = "ws://" + addr + "/mqtt"
	echo := make(chan string, 1)
	s := newSession(t, cfg, io.Discard)
	s.Subscribe("a", func(_ string, p []byte, _ bool) { echo <- string(p) })
	s.OnConnect(func() { _ = s.Publish("a", []byte("over a web socket"), false) })
	stop := start(t, s)
	select {
	case got := <-echo:
		if got != "over a web socket" {
			t.Errorf("heard %q", got)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("heard nothing")
	}
	stop()
}

func TestProblems(t *testing.T) {
	testkit.NoLeaks(t)
	closing := listen(t, func(c net.Conn) { _ = c.Close() })
	stranger := listen(t, func(c net.Conn) {
		fmt.Fprintf(c, "220 mail.example ESMTP %40s\r\n", "")
		_, _ = io.Copy(io.Discard, c)
	})
	refusing := listen(t, func(c net.Conn) { _, _ = c.Write([]byte{0x20, 2, 0, 3}) })
	secure := httptest.NewUnstartedServer(nil)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	secureAddr := secure.Listener.Addr().String()
	free := mqtttest.FreeAddr(t)
	for name, c := range map[string]struct{ url, want string }{
		"nobody":      {"mqtt://" + free, "no MQTT broker answers at " + free + "; start it or correct mqtt.url"},
		"nobody, ws":  {"ws://" + free, "no MQTT broker answers at " + free + "; start it or correct mqtt.url"},
		"closing":     {"mqtt://" + closing, "what answers at " + closing + " does not behave like an MQTT broker; correct mqtt.url"},
		"certificate": {"mqtts://" + secureAddr, "the certificate of the MQTT broker at " + secureAddr + " is not trusted; correct mqtt.url, or name its authority in mqtt.ca_file"},
		"busy":        {"mqtt://" + refusing, "no connection to the MQTT broker at " + refusing + ": connect to MQTT broker: server Unavailable"},
		"stranger":    {"mqtt://" + stranger, "what answers at " + stranger + " does not behave like an MQTT broker; correct mqtt.url"},
		"bad address": {"ftp://x", `the MQTT broker's url has the unknown scheme "ftp"; use mqtt, mqtts, tcp, ws or wss`},
	} {
		t.Run(name, func(t *testing.T) {
			err := mqtt.Probe(t.Context(), mqtt.SessionConfig{URL: c.url})
			if err == nil || err.Error() != c.want {
				t.Errorf("%v\nwant %s", err, c.want)
			}
		})
	}
}

// A broker that accepts and then says nothing must not hold up the end.
func TestEndWhileConnecting(t *testing.T) {
	testkit.NoLeaks(t)
	accepted := make(chan struct{}, 1)
	addr := listen(t, func(c net.Conn) {
		accepted <- struct{}{}
		_, _ = io.Copy(io.Discard, c)
	})
	stop := start(t, newSession(t, config(addr), io.Discard))
	<-accepted
	began := time.Now()
	stop()
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the end took %v", took)
	}
}

// listen serves each connection with fn until the test ends.
func listen(t *testing.T, fn func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				fn(c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	return l.Addr().String()
}
