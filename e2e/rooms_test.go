package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"earshot/internal/testkit"
	"earshot/internal/wyoming/wyomingtest"
)

// TestRemoteWakeEngine has an engine on another machine hear the wake word, under a name of its own.
func TestRemoteWakeEngine(t *testing.T) {
	t.Parallel()
	engine := wyomingtest.NewWake(t, wyomingtest.WakeScript{
		Models: []wyomingtest.WakeModel{{Name: "computer_v9"}},
		Events: []wyomingtest.WakeEvent{{At: 46400, Name: "computer_v9"}},
	})
	path, err := filepath.Abs("../testdata/audio/okay_nabu_light_on.wav")
	if err != nil {
		t.Fatal(err)
	}
	mosquitto := startBroker(t)
	b := startBridge(t, fmt.Sprintf(`
satellites:
  - id: kitchen
    microphone: {driver: file, device: %s, loop: true}
    wake: "%s"
    wake_words: [{model: computer, remote: computer_v9}]
models: {dir: MODELS}
mqtt: {url: "mqtt://127.0.0.1:%d"}
history: {dir: DATA}
server: {listen: LISTEN}
`, path, strings.Replace(engine.Addr(), "tcp:", "wyoming:", 1), mosquitto.port))
	testkit.Within(t, 20*time.Second, "a wake event on MQTT", func() bool { return len(mosquitto.all("earshot/kitchen/wake")) > 0 })
	c := b.dial(t, "read")
	testkit.Within(t, 30*time.Second, "the entry is stored", func() bool { return len(c.entries()) > 0 })
	if e := c.entries()[0]; e["wake_word"] != "computer" || e["outcome"] != "recorded" {
		t.Errorf("entry is %v", e)
	}
	for command, fields := range map[string]string{
		"wake_words/update": `{"satellite": "kitchen", "wake_word": "computer", "threshold": 0.5}`, "satellites/test": `{"satellite": "kitchen"}`,
	} {
		if code, out := exitCode(t, "call", command, fields, "--config", b.config); code != 1 || !strings.Contains(out, " engine on ") {
			t.Errorf("%s: %d, %s", command, code, out)
		}
	}
	if code, out := exitCode(t, "call", "wake_words/update", `{"satellite": "kitchen", "wake_word": "computer", "active": false}`, "--config", b.config); code != 0 {
		t.Errorf("switch it off: %s", out)
	}
}

// TestTwoRoomsHearTheSame has one of two microphones answer, and the other say that it was answered elsewhere.
func TestTwoRoomsHearTheSame(t *testing.T) {
	t.Parallel()
	path, err := filepath.Abs("../testdata/audio/okay_nabu_light_on.wav")
	if err != nil {
		t.Fatal(err)
	}
	mosquitto := startBroker(t)
	b := startBridge(t, fmt.Sprintf(`
satellites:
  - {id: kitchen, microphone: {driver: file, device: %[1]s}, wake_words: [okay_nabu]}
  - {id: hall, microphone: {driver: file, device: %[1]s}, wake_words: [okay_nabu]}
models: {dir: MODELS}
mqtt: {url: "mqtt://127.0.0.1:%[2]d"}
history: {dir: DATA}
server: {listen: LISTEN}
`, path, mosquitto.port))
	testkit.Within(t, 20*time.Second, "the bridge answers", func() bool { return b.health() == 200 })
	c := b.dial(t, "read")
	testkit.Within(t, 30*time.Second, "both entries are stored", func() bool { return len(c.entries()) == 2 })
	outcomes := map[any]int{}
	for _, e := range c.entries() {
		outcomes[e["outcome"]]++
	}
	if outcomes["recorded"] != 1 || outcomes["elsewhere"] != 1 {
		t.Errorf("outcomes are %v", outcomes)
	}
}
