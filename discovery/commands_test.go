package discovery_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"earshot/discovery"
)

func TestCommands(t *testing.T) {
	var log bytes.Buffer
	inBubble(t, &log, func(t *testing.T, d *discovery.Discovery, w *wire, o *orders) {
		mute, save := "earshot/kitchen/mute/set", "earshot/kitchen/save/set"
		w.say(t, mute, "ON", true)
		w.say(t, save, "OFF", true)
		for _, payload := range []string{"", "on", "ON ", "true", "1", "secret", "\x00\xff", strings.Repeat("ON", 40000)} {
			w.say(t, mute, payload, false)
		}
		if got := o.all(); len(got) > 0 {
			t.Errorf("obeyed %v", got)
		}
		if got := d.Ignored(); got != 10 {
			t.Errorf("%d ignored, want 10", got)
		}
		if strings.Contains(log.String(), "secret") {
			t.Error("the log holds a payload")
		}

		w.say(t, mute, "ON", false)
		w.say(t, mute, "OFF", false)
		w.say(t, save, "OFF", false)
		w.say(t, save, "ON", false)
		want := []string{"kitchen mute true", "kitchen mute false", "kitchen save false", "kitchen save true"}
		if diff := cmp.Diff(want, o.all()); diff != "" {
			t.Error(diff)
		}
		if got := d.Ignored(); got != 10 {
			t.Errorf("%d ignored, want 10", got)
		}
	})
}

// While a command is carried out only the newest wish for each switch is kept, and a command that hangs is given up.
func TestSlowCommand(t *testing.T) {
	var log bytes.Buffer
	inBubble(t, &log, func(t *testing.T, d *discovery.Discovery, w *wire, o *orders) {
		o.wait = make(chan struct{})
		mute, save := "earshot/kitchen/mute/set", "earshot/kitchen/save/set"
		w.say(t, mute, "ON", false)
		for range 1000 {
			w.say(t, mute, "OFF", false)
			w.say(t, save, "ON", false)
			w.say(t, mute, "ON", false)
			w.say(t, save, "OFF", false)
		}
		d.SetState("kitchen", listening)
		if got := w.take(); len(got) != 7 {
			t.Errorf("a slow command held up the states: %v", got)
		}
		time.Sleep(10*time.Second + time.Millisecond)
		close(o.wait)
		synctest.Wait()
		if diff := cmp.Diff([]string{"kitchen mute true", "kitchen mute true", "kitchen save false"}, o.all()); diff != "" {
			t.Error(diff)
		}
	})
	if !strings.Contains(log.String(), "command not carried out") || !strings.Contains(log.String(), "deadline exceeded") {
		t.Errorf("the failure was not logged: %s", log.String())
	}
}

// FuzzCommand checks that only two payloads are obeyed, whatever arrives on whichever topic.
func FuzzCommand(f *testing.F) {
	for _, seed := range []string{"ON", "OFF", "", "on", "{}", "\x00"} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, payload []byte, retained bool) {
		w := &wire{}
		d, err := discovery.New(discovery.Config{}, []discovery.Device{kitchen}, discovery.Deps{Broker: w, Commands: &orders{}, Log: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		for topic, fn := range w.handlers {
			before := d.Ignored()
			fn(topic, payload, retained)
			obeyed := !retained && (string(payload) == "ON" || string(payload) == "OFF")
			if strings.HasSuffix(topic, "/set") && obeyed == (d.Ignored() > before) {
				t.Errorf("%s: %q obeyed: %v", topic, payload, !obeyed)
			}
		}
	})
}
