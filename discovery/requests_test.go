package discovery_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"earshot/discovery"
	"earshot/internal/mqtt"
	"earshot/internal/mqtt/mqtttest"
	"earshot/internal/testkit"
)

const (
	deleteTopic = "earshot/bridge/history/delete"
	resultTopic = deleteTopic + "/result"
)

// clerk repeats what it is asked.
type clerk struct {
	wait chan struct{} // each request takes one value; nil: no waiting
}

func (c *clerk) Do(_ context.Context, message []byte) []byte {
	if c.wait != nil {
		<-c.wait
	}
	return []byte("done " + string(message))
}

func (c *clerk) Busy(message []byte) []byte { return []byte("busy " + string(message)) }

// inOffice runs requests on a broker that only notes, in a bubble.
func inOffice(t *testing.T, log io.Writer, c *clerk, test func(r *discovery.Requests, w *wire, stop func())) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		r := discovery.NewRequests(discovery.DeleteTopic("bridge"), w, c, zerolog.New(log))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := r.Run(ctx); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
		test(r, w, cancel)
		cancel()
		wg.Wait()
	})
}

func answers(w *wire) (list []string) {
	for _, s := range w.take() {
		list = append(list, fmt.Sprintf("%s %s %v", s.Topic, s.Payload, s.Retain))
	}
	return list
}

func TestRequests(t *testing.T) {
	log := &testkit.Log{}
	inOffice(t, log, &clerk{}, func(r *discovery.Requests, w *wire, _ func()) {
		w.say(t, deleteTopic, "retained secret", true)
		w.say(t, deleteTopic, "", false)
		w.say(t, deleteTopic, "", true)
		if got := answers(w); got != nil || r.Ignored() != 3 {
			t.Errorf("answers to what is no request: %v; %d ignored, want 3", got, r.Ignored())
		}
		w.say(t, deleteTopic, "a", false)
		w.say(t, deleteTopic, "b secret", false)
		if diff := cmp.Diff([]string{resultTopic + " done a false", resultTopic + " done b secret false"}, answers(w)); diff != "" {
			t.Error(diff)
		}
		w.away = true
		w.say(t, deleteTopic, "c secret", false)
	})
	if !strings.Contains(log.String(), "the answer did not reach the broker") || strings.Contains(log.String(), "secret") {
		t.Errorf("the log: %s", log)
	}
}

// One request is carried out at a time, four wait, and further ones are refused at once.
func TestTooManyRequests(t *testing.T) {
	c := &clerk{}
	inOffice(t, io.Discard, c, func(_ *discovery.Requests, w *wire, stop func()) {
		c.wait = make(chan struct{}) // of this bubble
		for i := range 8 {
			w.say(t, deleteTopic, fmt.Sprint(i), false)
		}
		want := []string{resultTopic + " busy 5 false", resultTopic + " busy 6 false", resultTopic + " busy 7 false"}
		if diff := cmp.Diff(want, answers(w)); diff != "" {
			t.Error(diff)
		}
		c.wait <- struct{}{}
		c.wait <- struct{}{}
		if diff := cmp.Diff([]string{resultTopic + " done 0 false", resultTopic + " done 1 false"}, answers(w)); diff != "" {
			t.Error(diff)
		}
		// What has begun is carried out to its end, and nothing else is begun.
		stop()
		synctest.Wait()
		close(c.wait)
		if diff := cmp.Diff([]string{resultTopic + " done 2 false"}, answers(w)); diff != "" {
			t.Error(diff)
		}
	})
}

// Requests are taken again after the broker was away, and a retained one is not carried out at the reconnect.
func TestRequestsOnRealBroker(t *testing.T) {
	testkit.NoLeaks(t)
	m := mqtttest.StartMosquitto(t)
	session, err := mqtt.NewSession(mqtt.SessionConfig{URL: "mqtt://" + m.Addr, RetryMin: 20 * time.Millisecond, RetryMax: 100 * time.Millisecond}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	r := discovery.NewRequests(deleteTopic, session, &clerk{}, zerolog.Nop())
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, run := range []func(context.Context) error{session.Run, r.Run} {
		wg.Go(func() { _ = run(ctx) })
	}
	t.Cleanup(func() { cancel(); wg.Wait() })
	testkit.Eventually(t, "connected", session.Connected)
	foreign := mqtttest.Listen(t, m.Addr, resultTopic)
	mqtttest.Publish(t, m.Addr, deleteTopic, "first")
	foreign.Wait(t, resultTopic, "done first")

	m.Kill()
	testkit.Eventually(t, "disconnected", func() bool { return !session.Connected() })
	m.Start()
	testkit.Eventually(t, "connected again", session.Connected)
	again := mqtttest.Listen(t, m.Addr, resultTopic)
	mqtttest.Publish(t, m.Addr, deleteTopic, "second", "-r")
	again.Wait(t, resultTopic, "done second")

	late, err := mqtt.NewSession(mqtt.SessionConfig{URL: "mqtt://" + m.Addr}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	other := discovery.NewRequests(deleteTopic, late, &clerk{}, zerolog.Nop())
	wg.Go(func() { _ = late.Run(ctx) })
	testkit.Eventually(t, "the retained request is ignored by who comes later", func() bool { return other.Ignored() == 1 })
	for _, heard := range again.Heard() {
		if heard.Retained {
			t.Errorf("a retained answer: %v", heard)
		}
	}
}
