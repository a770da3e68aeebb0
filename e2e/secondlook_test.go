package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"earshot/internal/audio/audiotest"
	"earshot/internal/testkit"
)

// twoWords is a satellite whose wake word is looked at a second time.
const twoWords = `
satellites:
  - id: kitchen
    microphone: {driver: pulse, device: mic.monitor}
    wake_words: [{model: alexa, verify: auto, second_threshold: %v}%s]
models: {dir: %q}
mqtt: {url: "mqtt://127.0.0.1:%d", embedded: false}
history: {dir: DATA}
server: {listen: LISTEN}
`

// modelsWithHeads is a folder of the models with openWakeWord's in it. It holds copies: links may not lead out of the folder.
func modelsWithHeads(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	files, err := filepath.Glob("../models/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		copied(t, f, dir)
	}
	heads := filepath.Join(dir, "openwakeword")
	copied(t, "../models/openwakeword/embedding_model.tflite", heads)
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(heads, name+".tflite"), testkit.Head(t, "..", name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestSecondLook says a wake word to a second look that agrees, and to one that does not.
func TestSecondLook(t *testing.T) {
	t.Parallel()
	models := modelsWithHeads(t, "alexa")
	pulse := audiotest.StartPulse(t)
	pulse.LoadNullSink("mic")
	mosquitto := startBroker(t)
	for _, c := range []struct {
		threshold float64
		agreed    int
	}{{0.1, 1}, {1, 0}} {
		b := startBridge(t, fmt.Sprintf(twoWords, c.threshold, "", models, mosquitto.port), pulse.Env()...)
		testkit.Within(t, 20*time.Second, "the microphone is heard", func() bool { return b.health() == 200 })
		admin := b.dial(t, "admin")
		words := admin.must("satellites/list", nil)["satellites"].([]any)[0].(map[string]any)["wake_words"].([]any)
		if word := words[0].(map[string]any); word["second_look"] != "alexa" || word["threshold"] != 0.2 {
			t.Errorf("the word is %v", word)
		}
		if err := pulse.Play("../detector/testdata/wav/alexa.wav", "mic"); err != nil {
			t.Fatal(err)
		}
		var metrics string
		has := func(name string, value int) bool {
			_, metrics = b.scrape(t, b.token(t, "read"))
			return strings.Contains(metrics, fmt.Sprintf("\n%s %d\n", name, value))
		}
		testkit.Within(t, 20*time.Second, "a second look is taken", func() bool {
			return has(`earshot_second_looks_total{satellite="kitchen",wake_word="alexa"}`, 1)
		})
		testkit.Within(t, 20*time.Second, "what agreed is stored", func() bool { return len(admin.entries()) == c.agreed })
		for _, name := range []string{
			`earshot_second_looks_agreed_total{satellite="kitchen",wake_word="alexa"}`,
			`earshot_wakes_total{satellite="kitchen",wake_word="alexa"}`,
			`earshot_second_look_seconds_count{satellite="kitchen"}`,
		} {
			if !has(name, c.agreed) {
				t.Errorf("%s is not %d", name, c.agreed)
			}
		}
		b.stop(t)
	}
}

// TestWordToldFromSpeech says a word that only an openWakeWord model listens for.
func TestWordToldFromSpeech(t *testing.T) {
	t.Parallel()
	models := modelsWithHeads(t, "hey_jarvis")
	pulse := audiotest.StartPulse(t)
	pulse.LoadNullSink("mic")
	mosquitto := startBroker(t)
	b := startBridge(t, fmt.Sprintf(twoWords, 0.1, ", {model: hey_jarvis, engine: openwakeword}", models, mosquitto.port), pulse.Env()...)
	testkit.Within(t, 20*time.Second, "the microphone is heard", func() bool { return b.health() == 200 })
	admin := b.dial(t, "admin")
	words := admin.must("satellites/list", nil)["satellites"].([]any)[0].(map[string]any)["wake_words"].([]any)
	if word := words[0].(map[string]any); word["second_look"] != nil || word["threshold"] != 0.9 {
		t.Errorf("the word without a second look is %v", word)
	}
	if word := words[1].(map[string]any); word["phrase"] != "hey jarvis" || word["threshold"] != 0.5 {
		t.Errorf("the word is %v", word)
	}
	if err := pulse.Play("../detector/testdata/wav/hey_jarvis.wav", "mic"); err != nil {
		t.Fatal(err)
	}
	testkit.Within(t, 30*time.Second, "the entry is stored", func() bool { return len(admin.entries()) == 1 })
	if e := admin.entries()[0]; e["wake_word"] != "hey_jarvis" || e["threshold"] != 0.5 || e["score"].(float64) < 0.5 {
		t.Errorf("the entry is %v", e)
	}
}
