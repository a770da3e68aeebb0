package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"earshot/internal/mqtt"
	"earshot/internal/mqtt/mqtttest"
	"earshot/internal/testkit"
)

// onBoth runs a test on our broker and on one that is not ours.
func onBoth(t *testing.T, test func(t *testing.T, addr string)) {
	t.Run("embedded", func(t *testing.T) {
		testkit.NoLeaks(t)
		b := openBroker(t, "127.0.0.1:0")
		test(t, strings.TrimPrefix(b.URL(), "tcp://"))
	})
	t.Run("mosquitto", func(t *testing.T) {
		testkit.NoLeaks(t)
		test(t, mqtttest.StartMosquitto(t).Addr)
	})
}

// journal collects what handlers are called with.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) note(topic string, payload []byte, retained bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf("%s=%s %v", topic, payload, retained))
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.lines...)
}

func (j *journal) count(line string) (n int) {
	for _, l := range j.all() {
		if l == line {
			n++
		}
	}
	return n
}

// config is a session that loses no time.
func config(addr string) mqtt.SessionConfig {
	return mqtt.SessionConfig{
		URL:          "mqtt://" + addr,
		WillTopic:    "earshot/bridge/availability",
		WillPayload:  "offline",
		RetryMin:     20 * time.Millisecond,
		RetryMax:     100 * time.Millisecond,
		RetryRefused: 300 * time.Millisecond,
	}
}

func newSession(t *testing.T, cfg mqtt.SessionConfig, log io.Writer) *mqtt.Session {
	t.Helper()
	s, err := mqtt.NewSession(cfg, zerolog.New(log))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// start runs a session; stop ends it and waits for Run.
func start(t *testing.T, s *mqtt.Session) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("Run does not end")
		}
	})
	t.Cleanup(stop)
	return stop
}

func connected(t *testing.T, s *mqtt.Session) {
	t.Helper()
	testkit.Eventually(t, "connected", s.Connected)
}

func TestSessionTalks(t *testing.T) {
	onBoth(t, func(t *testing.T, addr string) {
		mqtttest.Publish(t, addr, "in/kept", "before", "-r")
		var heard journal
		s := newSession(t, config(addr), io.Discard)
		s.Subscribe("in/#", heard.note)
		s.Subscribe("in/+/set", func(topic string, p []byte, r bool) { heard.note("second "+topic, p, r) })
		s.OnConnect(func() { _ = s.Publish("out/hello", []byte("here"), true) })
		foreign := mqtttest.Listen(t, addr, "out/#")
		stop := start(t, s)
		foreign.Wait(t, "out/hello", "here")
		testkit.Eventually(t, "the retained message", func() bool { return heard.count("in/kept=before true") > 0 })

		mqtttest.Publish(t, addr, "in/a/set", "ON")
		mqtttest.Publish(t, addr, "in/b", "")
		mqtttest.Publish(t, addr, "elsewhere", "x")
		mqtttest.Publish(t, addr, "in/kept", "now", "-r")
		testkit.Eventually(t, "the last message", func() bool { return heard.count("in/kept=now false") > 0 })
		want := []string{"in/kept=before true", "in/a/set=ON false", "second in/a/set=ON false", "in/b= false", "in/kept=now false"}
		if diff := cmp.Diff(want, distinct(heard.all())); diff != "" {
			t.Error(diff)
		}

		if err := s.Publish("out/event", []byte("once"), false); err != nil {
			t.Error(err)
		}
		foreign.Wait(t, "out/event", "once")
		stop()
		late := mqtttest.Listen(t, addr, "#")
		late.Wait(t, "out/hello", "here")
		late.Wait(t, "earshot/bridge/availability", "offline")
		if _, kept := late.Last("out/event"); kept {
			t.Error("an event was retained")
		}
		if err := s.Publish("out/event", nil, false); !errors.Is(err, mqtt.ErrAway) {
			t.Errorf("Publish after the end: %v", err)
		}
	})
}

// TestSubscribeWhileConnected takes up a topic, and leaves it, while the session runs; a connection that is made anew keeps to that.
func TestSubscribeWhileConnected(t *testing.T) {
	onBoth(t, func(t *testing.T, addr string) {
		mqtttest.Publish(t, addr, "late/kept", "before", "-r")
		relay := mqtttest.StartRelay(t, addr)
		var heard journal
		s := newSession(t, config(relay.Addr), io.Discard)
		s.Subscribe("early", heard.note)
		start(t, s)
		connected(t, s)
		s.Subscribe("late/#", heard.note)
		testkit.Eventually(t, "what is retained", func() bool { return heard.count("late/kept=before true") == 1 })
		relay.Cut()
		testkit.Eventually(t, "it again, after the connection was cut", func() bool { return heard.count("late/kept=before true") == 2 })

		s.Unsubscribe("late/#")
		own := mqtttest.Listen(t, addr, "done")
		if err := s.Publish("late/kept", nil, true); err != nil {
			t.Error(err)
		}
		if err := s.Publish("done", []byte("yes"), false); err != nil {
			t.Error(err)
		}
		own.Wait(t, "done", "yes")
		mqtttest.Publish(t, addr, "late/more", "x")
		mqtttest.Publish(t, addr, "early", "last")
		testkit.Eventually(t, "the last message", func() bool { return heard.count("early=last false") == 1 })
		if all := heard.all(); len(all) != 3 {
			t.Errorf("heard %q", all)
		}
	})
}

// distinct drops repeats: overlapping filters may bring a retained message once for each.
func distinct(lines []string) (out []string) {
	seen := map[string]bool{}
	for _, l := range lines {
		if !strings.HasPrefix(l, "second in/kept") && !seen[l] {
			out, seen[l] = append(out, l), true
		}
	}
	return out
}

func TestWillAfterCut(t *testing.T) {
	onBoth(t, func(t *testing.T, addr string) {
		relay := mqtttest.StartRelay(t, addr)
		s := newSession(t, config(relay.Addr), io.Discard)
		connects := make(chan struct{}, 10)
		s.OnConnect(func() {
			connects <- struct{}{}
			_ = s.Publish("earshot/bridge/availability", []byte("online"), true)
		})
		foreign := mqtttest.Listen(t, addr, "earshot/#")
		start(t, s)
		foreign.Wait(t, "earshot/bridge/availability", "online")
		relay.Cut()
		testkit.Eventually(t, "offline, then online again", func() bool {
			var states []string
			for _, m := range foreign.Heard() {
				states = append(states, m.Payload)
			}
			return strings.Contains(strings.Join(states, " "), "online offline online")
		})
		if len(connects) < 2 {
			t.Error("OnConnect was not called again")
		}
	})
}

// A broker that is away at the start is waited for, and one that forgot everything is told again.
func TestBrokerAwayAndBack(t *testing.T) {
	testkit.NoLeaks(t)
	m := mqtttest.StartMosquitto(t)
	m.Kill()
	var log testkit.Log
	var heard journal
	s := newSession(t, config(m.Addr), &log)
	s.Subscribe("in", heard.note)
	s.OnConnect(func() { _ = s.Publish("state", []byte("known"), true) })
	start(t, s)
	away := "no MQTT broker answers at " + m.Addr + "; start it or correct mqtt.url"
	testkit.Eventually(t, "the problem", func() bool { return s.Status().Problem == away })
	if err := s.Publish("event", []byte("lost"), false); !errors.Is(err, mqtt.ErrAway) {
		t.Errorf("Publish while away: %v", err)
	}

	for range 2 {
		m.Start()
		connected(t, s)
		foreign := mqtttest.Listen(t, m.Addr, "#")
		foreign.Wait(t, "state", "known")
		if got := s.Status().Problem; got != "" {
			t.Errorf("problem while connected: %q", got)
		}
		before := len(heard.all())
		mqtttest.Publish(t, m.Addr, "in", "x")
		testkit.Eventually(t, "a message after the restart", func() bool { return len(heard.all()) == before+1 })
		if _, ok := foreign.Last("event"); ok {
			t.Error("a message from the time away was sent late")
		}
		m.Kill()
		testkit.Eventually(t, "the problem again", func() bool { return s.Status().Problem == away })
	}
	if n := strings.Count(log.String(), away); n != 3 {
		t.Errorf("the problem was logged %d times in 3 absences:\n%s", n, log.String())
	}
}

func TestHostileMessages(t *testing.T) {
	onBoth(t, func(t *testing.T, addr string) {
		var log testkit.Log
		var heard journal
		s := newSession(t, config(addr), &log)
		s.Subscribe("in/#", heard.note)
		start(t, s)
		connected(t, s)
		for range 30 {
			mqtttest.Publish(t, addr, "in/big", "secret"+strings.Repeat("x", 100<<10))
		}
		mqtttest.Publish(t, addr, "in/binary", "\x00\xff\xfe")
		mqtttest.Publish(t, addr, "in/small", "ok")
		testkit.Eventually(t, "the message after the large ones", func() bool { return heard.count("in/small=ok false") == 1 })
		if diff := cmp.Diff([]string{"in/binary=\x00\xff\xfe false", "in/small=ok false"}, heard.all()); diff != "" {
			t.Error(diff)
		}
		if got := s.Status().Oversized; got != 30 {
			t.Errorf("%d messages too large, want 30", got)
		}
		if strings.Contains(log.String(), "secret") {
			t.Error("the log holds a payload")
		}
	})
}

func TestSlowHandlerLosesMessagesNotTheConnection(t *testing.T) {
	onBoth(t, func(t *testing.T, addr string) {
		release := make(chan struct{})
		defer close(release)
		s := newSession(t, config(addr), io.Discard)
		s.Subscribe("in", func(string, []byte, bool) { <-release })
		start(t, s)
		connected(t, s)
		for range 400 {
			if err := s.Publish("in", []byte("x"), false); err != nil {
				t.Fatal(err)
			}
		}
		testkit.Eventually(t, "dropped messages", func() bool { return s.Status().DroppedIn == 400-256-1 })
		foreign := mqtttest.Listen(t, addr, "out")
		if err := s.Publish("out", []byte("still here"), false); err != nil {
			t.Fatal(err)
		}
		foreign.Wait(t, "out", "still here")
		release <- struct{}{}
	})
}

// What a stuck connection did not take is not sent on the next: a late event would be taken for a new one.
func TestNothingIsSentLate(t *testing.T) {
	testkit.NoLeaks(t)
	stuck, cut := make(chan struct{}, 1), make(chan struct{})
	first := make(chan string, 1)
	var connections atomic.Int64
	addr := listen(t, func(c net.Conn) {
		number := connections.Add(1)
		if _, err := packets.ReadPacket(c); err != nil {
			t.Errorf("no connect packet: %v", err)
		}
		_, _ = c.Write([]byte{0x20, 2, 0, 0})
		if number == 1 {
			stuck <- struct{}{}
			<-cut
			return
		}
		if p, err := packets.ReadPacket(c); err == nil {
			first <- p.(*packets.PublishPacket).TopicName
		}
	})
	s := newSession(t, config(addr), io.Discard)
	again := false
	s.OnConnect(func() {
		if again {
			_ = s.Publish("new", nil, false)
		}
		again = true
	})
	stop := start(t, s)
	<-stuck
	connected(t, s)
	large := make([]byte, 1<<20)
	for range 100 {
		if err := s.Publish("late", large, false); err != nil {
			t.Fatal(err)
		}
	}
	close(cut)
	if got := <-first; got != "new" {
		t.Errorf("the next connection begins with %q", got)
	}
	stop()
}
