package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"earshot/internal/audio/audiotest"
	"earshot/internal/testkit"
)

// nearly is a bridge whose second look refuses every alexa; okay_nabu is not looked at twice.
type nearly struct {
	t     *testing.T
	b     *bridge
	admin *client
	pulse *audiotest.Pulse
	looks int // taken so far
	nabus int // commands so far
}

// refused says alexa until its look was refused, and the command after that, which is heard.
func (n *nearly) refused() {
	n.t.Helper()
	n.play("../detector/testdata/wav/alexa.wav")
	n.looks++
	n.counts(`earshot_second_looks_total{satellite="kitchen",wake_word="alexa"}`, n.looks)
	n.play("../testdata/audio/okay_nabu_light_on.wav")
	n.nabus++
	n.counts(`earshot_wakes_total{satellite="kitchen",wake_word="okay_nabu"}`, n.nabus)
}

func (n *nearly) play(wav string) {
	n.t.Helper()
	if err := n.pulse.Play(wav, "mic"); err != nil {
		n.t.Fatal(err)
	}
}

func (n *nearly) counts(metric string, value int) {
	n.t.Helper()
	testkit.Within(n.t, 30*time.Second, fmt.Sprintf("%s is %d", metric, value), func() bool {
		_, all := n.b.scrape(n.t, n.b.token(n.t, "read"))
		return strings.Contains(all, fmt.Sprintf("\n%s %d\n", metric, value))
	})
}

// stored waits for so many entries, and returns those of an outcome.
func (n *nearly) stored(entries int, outcome string) (of []map[string]any) {
	n.t.Helper()
	testkit.Within(n.t, 30*time.Second, fmt.Sprintf("%d entries", entries), func() bool { return len(n.admin.entries()) == entries })
	for _, e := range n.admin.entries() {
		if e["outcome"] == outcome {
			of = append(of, e)
		}
	}
	return of
}

// TestNearMiss says a wake word that the second look refuses: nothing of it is kept, unless the household asks to see it.
func TestNearMiss(t *testing.T) {
	t.Parallel()
	models := modelsWithHeads(t, "alexa")
	pulse := audiotest.StartPulse(t)
	pulse.LoadNullSink("mic")
	for _, wanted := range []bool{false, true} {
		mosquitto := startBroker(t)
		yaml := fmt.Sprintf(twoWords, 1, ", okay_nabu", models, mosquitto.port)
		if wanted {
			yaml = strings.Replace(yaml, "{dir: DATA}", "{dir: DATA, near_misses: true}", 1)
		}
		n := &nearly{t: t, b: startBridge(t, yaml, pulse.Env()...), pulse: pulse}
		testkit.Within(t, 20*time.Second, "the microphone is heard", func() bool { return n.b.health() == 200 })
		n.admin = n.b.dial(t, "admin")
		n.refused()
		if !wanted {
			if list := n.stored(1, "near_miss"); len(list) != 0 {
				t.Errorf("nobody has asked for %v", list)
			}
			n.b.stop(t)
			continue
		}
		n.checkNearMiss(mosquitto)
		n.checkNotSaved()
		n.b.stop(t)
	}
}

// checkNearMiss looks at what is kept of one, and what can be done with it.
func (n *nearly) checkNearMiss(mosquitto *broker) {
	n.t.Helper()
	list := n.stored(2, "near_miss")
	if len(list) != 1 {
		n.t.Fatalf("near misses: %v", list)
	}
	e := list[0]
	if e["wake_word"] != "alexa" || e["threshold"] != 0.2 || e["score"].(float64) < 0.2 || e["duration_ms"] != 2000.0 || e["transcript"] != "" || e["clip"] == nil {
		n.t.Errorf("the entry is %v", e)
	}
	n.counts(`earshot_recordings_total{outcome="near_miss",satellite="kitchen"}`, 1)
	n.counts(`earshot_wakes_total{satellite="kitchen",wake_word="alexa"}`, 0)
	testkit.Within(n.t, 20*time.Second, "Home Assistant is told what is kept", func() bool {
		return mosquitto.last("earshot/kitchen/recordings") == "2" && mosquitto.last("earshot/kitchen/recordings_today") == "1"
	})
	for _, topic := range []string{"earshot/kitchen/wake", "earshot/kitchen/command"} {
		for _, m := range mosquitto.all(topic) {
			if !strings.Contains(m.Payload, "okay_nabu") {
				n.t.Errorf("%s: %s", topic, m.Payload)
			}
		}
	}
	link := n.admin.must("clips/sign", map[string]any{"entry_id": e["id"]})["url"].(string)
	if status, body := n.b.download(n.t, link); status != 200 || !bytes.HasPrefix(body, []byte("fLaC")) {
		n.t.Errorf("its sound: status %d, %d bytes", status, len(body))
	}
	n.admin.must("settings/update", map[string]any{"improve": true})
	n.admin.must("history/update", map[string]any{"ids": []any{e["id"]}, "label": "correct"})
	if got := n.admin.must("wake_words/tune", map[string]any{"wake_word": "alexa"}); got["correct"] != 1.0 || got["recommended"] != nil {
		n.t.Errorf("measured: %v", got)
	}
	n.play("../detector/testdata/wav/alexa.wav")
	n.looks++
	n.counts(`earshot_recordings_total{outcome="near_miss",satellite="kitchen"}`, 2)
	mosquitto.publish(n.t, "earshot/kitchen/delete_last/set", "PRESS")
	if list := n.stored(2, "near_miss"); len(list) != 2 {
		n.t.Errorf("what was said last was no command, but %v", n.admin.entries())
	}
	if got := n.admin.must("history/delete_range", map[string]any{"outcome": "near_miss", "period": "all", "confirm": true}); got["deleted"] != 2.0 {
		n.t.Errorf("deleted: %v", got)
	}
	n.stored(0, "near_miss")
}

// checkNotSaved wants nothing to be kept while the household saves nothing, and none of it later.
func (n *nearly) checkNotSaved() {
	n.t.Helper()
	n.admin.must("settings/update", map[string]any{"save": "nothing"})
	n.refused()
	n.b.stop(n.t) // which waits for what is being stored
	n.b.restart(n.t)
	testkit.Within(n.t, 20*time.Second, "the microphone is heard again", func() bool { return n.b.health() == 200 })
	n.admin = n.b.dial(n.t, "admin")
	n.stored(0, "near_miss")
}
