package discovery_test

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strconv"
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
		w.onConnect()
		w.take()
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
		if got := w.take(); len(got) != len(listeningTopics) {
			t.Errorf("a slow command held up the states: %v", got)
		}
		time.Sleep(time.Minute + time.Millisecond)
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

// Every entity that takes orders takes its own, and no others.
func TestOrders(t *testing.T) {
	inBubble(t, &bytes.Buffer{}, func(t *testing.T, d *discovery.Discovery, w *wire, o *orders) {
		for topic, payloads := range map[string][]string{
			"kitchen/threshold_okay_nabu": {"1.01", "-0.1", "NaN", "", "ON", "0x"},
			"kitchen/gain":                {"61", "-61", "Inf", "1,5"},
			"kitchen/keep":                {"8 days", "", "Forever"},
			"kitchen/assistant":           {"", strings.Repeat("x", 256)},
			"kitchen/listen_alexa":        {"on", "1"},
			"kitchen/delete_today":        {"", "press", "ON"},
			"bridge/hub/improve":          {"yes"},
		} {
			for _, p := range payloads {
				w.say(t, "earshot/"+topic+"/set", p, false)
			}
		}
		if got := o.all(); len(got) > 0 {
			t.Errorf("obeyed %v", got)
		}
		for _, say := range [][2]string{
			{"kitchen/threshold_okay_nabu", "0.65"}, {"kitchen/gain", "-12"}, {"kitchen/keep", "30 days"}, {"kitchen/assistant", "Alt"},
			{"kitchen/listen_alexa", "ON"}, {"kitchen/listen_okay_nabu", "OFF"}, {"kitchen/save_text", "OFF"}, {"bridge/hub/improve", "ON"},
			{"kitchen/delete_last", "PRESS"}, {"kitchen/delete_today", "PRESS"}, {"kitchen/delete_this_week", "PRESS"},
			{"kitchen/delete_everything", "PRESS"}, {"kitchen/test_microphone", "PRESS"},
		} {
			w.say(t, "earshot/"+say[0]+"/set", say[1], false)
		}
		want := []string{
			"kitchen threshold okay_nabu0.65", "kitchen gain -12", "kitchen keep 30 days", "kitchen assistant Alt", "kitchen listen alexatrue",
			"kitchen listen okay_nabufalse", "kitchen save_text false", " improve true", "kitchen delete_last", "kitchen delete_today",
			"kitchen delete_this_week", "kitchen delete_everything", "kitchen test_microphone",
		}
		if diff := cmp.Diff(want, o.all()); diff != "" {
			t.Error(diff)
		}
	})
}

// Without delete buttons nothing can be deleted by button, whoever publishes what.
func TestNoDeleteButtons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		d, err := discovery.New(discovery.Config{}, []discovery.Device{kitchen}, discovery.Deps{Broker: w, Commands: &orders{}, Log: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"delete_last", "delete_today", "delete_this_week", "delete_everything", "assistant", "wake", "nothing"} {
			w.say(t, "earshot/kitchen/"+key+"/set", "PRESS", false)
		}
		if got := d.Ignored(); got != 7 {
			t.Errorf("%d ignored, want 7", got)
		}
	})
}

// kitchenCommands are the command topics of the kitchen, as its description names them.
func kitchenCommands(t *testing.T) map[string]bool {
	golden, err := os.ReadFile("testdata/device.json")
	if err != nil {
		t.Fatal(err)
	}
	topics := map[string]bool{}
	for _, found := range regexp.MustCompile(`"cmd_t": "([^"]+)"`).FindAllStringSubmatch(string(golden), -1) {
		topics[found[1]] = true
	}
	if len(topics) < 10 {
		t.Fatalf("only %d topics", len(topics))
	}
	return topics
}

// FuzzCommand checks that what a retained message or a wrong payload says is not obeyed, whatever arrives on whichever topic.
func FuzzCommand(f *testing.F) {
	for _, seed := range []string{"ON", "OFF", "PRESS", "0.5", "30 days", "", "on", "{}", "\x00", "1e999"} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, payload []byte, retained bool) {
		w := &wire{}
		d, err := discovery.New(household, []discovery.Device{kitchen}, discovery.Deps{Broker: w, Commands: &orders{}, Log: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		number, err := strconv.ParseFloat(string(payload), 64)
		for topic := range kitchenCommands(t) {
			before := d.Ignored()
			w.handlers["earshot/kitchen/+/set"](topic, payload, retained)
			ok := string(payload) == "ON" || string(payload) == "OFF"
			switch {
			case strings.Contains(topic, "/threshold"):
				ok = err == nil && number >= 0 && number <= 1
			case strings.Contains(topic, "/gain"):
				ok = err == nil && number >= -60 && number <= 60
			case strings.Contains(topic, "/keep"):
				ok = slices.Contains(discovery.KeepOptions(), string(payload))
			case strings.Contains(topic, "/assistant"):
				ok = len(payload) > 0 && len(payload) <= 255
			case strings.Contains(topic, "/delete_"), strings.Contains(topic, "/test_microphone"):
				ok = string(payload) == "PRESS"
			}
			if obeyed := ok && !retained; obeyed == (d.Ignored() > before) {
				t.Errorf("%s: %q obeyed: %v", topic, payload, !obeyed)
			}
		}
	})
}
