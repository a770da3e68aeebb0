package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"earshot/internal/testkit"
)

// examined is an installation; its microphone is a file that goes on for ever.
const examined = `
satellites:
  - id: kitchen
    microphone: {driver: file, device: %q, loop: true}
    wake_words: [okay_nabu]
models: {dir: MODELS}
mqtt: {url: "mqtt://127.0.0.1:%d", username: earshot, password: %q, embedded: false}
history: {dir: DATA}
server: {listen: LISTEN}
%s`

// diagnosis is what the doctor says, by the parts: grades and sentences.
type diagnosis map[string][]struct{ Part, Grade, Says, Do string }

func diagnose(t *testing.T, config string, want int) (diagnosis, string) {
	t.Helper()
	code, out := exitCode(t, "doctor", "--config", config, "--json")
	if code != want {
		t.Errorf("exit code %d, want %d: %s", code, want, out)
	}
	list, _, _ := strings.Cut(out, "\n]\n")
	var all []struct{ Part, Grade, Says, Do string }
	if err := json.Unmarshal([]byte(list+"\n]"), &all); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	parts := diagnosis{}
	for _, f := range all {
		parts[f.Part] = append(parts[f.Part], f)
		if (f.Grade == "problem" || f.Grade == "warning") && f.Do == "" {
			t.Errorf("%q does not say what to do", f.Says)
		}
	}
	return parts, out
}

func (d diagnosis) is(t *testing.T, part, grade, says string) {
	t.Helper()
	for _, f := range d[part] {
		if f.Grade == grade && strings.Contains(f.Says, says) {
			return
		}
	}
	t.Errorf("%s: %v, want %s and something with %q", part, d[part], grade, says)
}

// TestDoctor looks at a household where all is well, with its bridge and without it, and at some where it is not.
func TestDoctor(t *testing.T) {
	t.Parallel()
	mosquitto := startBroker(t, guarded(t, "homeassistant"))
	wav, err := filepath.Abs("../detector/testdata/wav/alexa.wav")
	if err != nil {
		t.Fatal(err)
	}
	b := startBridge(t, fmt.Sprintf(examined, wav, mosquitto.port, secret, ""))
	testkit.Within(t, 20*time.Second, "the bridge hears", func() bool { return b.health() == 200 })
	d, _ := diagnose(t, b.config, 0)
	d.is(t, "configuration", "ok", "1 satellite(s)")
	d.is(t, "models", "warning", "okay_nabu counts without a second look")
	d.is(t, "data folder", "ok", "MB are free")
	d.is(t, "bridge", "ok", "it runs, and hears")
	d.is(t, "mqtt", "ok", "lets Earshot in")
	d.is(t, "home assistant", "skipped", "is empty")
	b.stop(t)

	d, _ = diagnose(t, b.config, 0)
	d.is(t, "bridge", "skipped", "does not run")
	d.is(t, "microphone", "ok", "kitchen: alexa.wav delivers sound")
	d.is(t, "page", "ok", "is free")
	if code, out := exitCode(t, "doctor", "--config", b.config); code != 0 || !strings.Contains(out, "ok       microphone") || strings.Contains(out, "\x1b") {
		t.Errorf("for people: exit code %d, %s", code, out)
	}

	data := filepath.Join(b.dir, "data")
	if err := os.Chmod(data, 0o755); err != nil {
		t.Fatal(err)
	}
	const token = "not.a.good-token"
	home := fmt.Sprintf("home_assistant: {url: \"http://127.0.0.1:%d\", token: %q}", freePort(t), token)
	broken := strings.NewReplacer("LISTEN", b.listen, "DATA", data, "MODELS", "../models").Replace(fmt.Sprintf(examined, wav+".none", mosquitto.port, "wrong-"+secret, home))
	config := writeFile(t, "config.yaml", broken)
	d, out := diagnose(t, config, 1)
	d.is(t, "data folder", "warning", "other users of this machine may look into")
	d.is(t, "microphone", "problem", "alexa.wav.none")
	d.is(t, "mqtt", "problem", "refused the user name or password")
	d.is(t, "home assistant", "problem", "nothing answers")
	if strings.Contains(out, secret) || strings.Contains(out, token) {
		t.Errorf("it tells a secret: %s", out)
	}

	d, _ = diagnose(t, writeFile(t, "config.yaml", "satellites: [{id: Kitchen}]\nmodel: {}\n"), 1)
	d.is(t, "configuration", "problem", "is not an id")
	if len(d) != 1 {
		t.Errorf("without a configuration: %v", d)
	}
}
