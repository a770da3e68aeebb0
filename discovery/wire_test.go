package discovery_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"earshot/discovery"
)

// wire is a broker that only notes what is published.
type wire struct {
	mu        sync.Mutex
	away      bool
	sent      []sent
	handlers  map[string]func(string, []byte, bool)
	onConnect func()
}

type sent struct {
	At      time.Duration
	Topic   string
	Payload string
	Retain  bool
}

func (w *wire) Publish(topic string, payload []byte, retain bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away {
		return errors.New("away")
	}
	w.sent = append(w.sent, sent{time.Since(bubbleStart), topic, string(payload), retain})
	return nil
}

// bubbleStart is when every synctest bubble begins.
var bubbleStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func (w *wire) Unsubscribe(filter string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.handlers, filter)
}

func (w *wire) Subscribe(filter string, fn func(string, []byte, bool)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.handlers == nil {
		w.handlers = map[string]func(string, []byte, bool){}
	}
	w.handlers[filter] = fn
}

func (w *wire) OnConnect(fn func()) { w.onConnect = fn }

// say delivers a message from somebody else.
func (w *wire) say(t testing.TB, topic, payload string, retained bool) {
	t.Helper()
	filter := topic
	if below, command := strings.CutSuffix(topic, "/set"); command {
		filter = below[:strings.LastIndex(below, "/")] + "/+/set"
	}
	w.mu.Lock()
	fn := w.handlers[filter]
	w.mu.Unlock()
	if fn == nil {
		t.Fatalf("nobody listens to %s", topic)
	}
	fn(topic, []byte(payload), retained)
	synctest.Wait()
}

// whole returns what was published since the last call.
func (w *wire) whole() []sent {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.sent
	w.sent = nil
	return out
}

// take returns what was published since the last call; whole payloads of devices are shortened.
func (w *wire) take() []sent {
	out := w.whole()
	for i := range out {
		if strings.HasSuffix(out[i].Topic, "/config") && out[i].Payload != "" {
			out[i].Payload = "(device)"
		}
	}
	return out
}

// sorted leaves out the times and puts topics in order, for publications whose order does not matter.
func sorted(all []sent) (lines []string) {
	for _, s := range all {
		lines = append(lines, fmt.Sprintf("%s %s %v", s.Topic, s.Payload, s.Retain))
	}
	slices.Sort(lines)
	return lines
}

// orders notes the commands it is given.
type orders struct {
	mu    sync.Mutex
	given []string
	err   error
	wait  chan struct{} // nil: no waiting
}

func (o *orders) Obey(ctx context.Context, order discovery.Order) error {
	line := fmt.Sprintf("%s %s", order.Satellite, order.Kind)
	switch {
	case order.Choice != "":
		line += " " + order.Choice
	case order.Number != 0:
		line += fmt.Sprintf(" %s%v", order.WakeWord, order.Number)
	case strings.HasPrefix(string(order.Kind), "delete") || order.Kind == discovery.TestHearing:
	default:
		line += fmt.Sprintf(" %s%v", order.WakeWord, order.On)
	}
	return o.note(ctx, line)
}

// take returns what was asked for since the last call.
func (o *orders) take() []string {
	synctest.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	given := o.given
	o.given = nil
	return given
}

func (o *orders) note(ctx context.Context, line string) error {
	o.mu.Lock()
	o.given = append(o.given, line)
	o.mu.Unlock()
	if o.wait != nil {
		select {
		case <-o.wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return o.err
}

func (o *orders) all() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.given)
}
