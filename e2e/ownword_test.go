package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"earshot/internal/audio/audiotest"
	"earshot/internal/testkit"
)

// ownWord is a satellite that may listen for a word of the household's own.
const ownWord = `
satellites:
  - id: kitchen
    microphone: {driver: pulse, device: mic.monitor}
    wake_words: [okay_nabu%s]
models: {dir: %q}
mqtt: {url: "mqtt://127.0.0.1:%d", embedded: false}
history: {dir: DATA}
server: {listen: LISTEN}
`

// prompts is what the program says to those who make a word. It tells when they are to speak.
type prompts struct {
	mu    sync.Mutex
	text  strings.Builder
	asked chan struct{}
}

func (p *prompts) Write(data []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if bytes.Contains(data, []byte("say it now")) {
		p.asked <- struct{}{}
	}
	return p.text.Write(data)
}

func (p *prompts) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// TestOwnWord makes a wake word with the command line from what is played to the microphone, and then wakes the bridge with it.
func TestOwnWord(t *testing.T) {
	t.Parallel()
	models := modelsWithHeads(t)
	pulse := audiotest.StartPulse(t)
	pulse.LoadNullSink("mic")
	mosquitto := startBroker(t)
	b := startBridge(t, fmt.Sprintf(ownWord, "", models, mosquitto.port), pulse.Env()...)
	testkit.Within(t, 20*time.Second, "the microphone is heard", func() bool { return b.health() == 200 })

	asked := make(chan struct{}, 1)
	enroll := exec.CommandContext(t.Context(), program, "enroll", "Alexa", "--config", b.config, "--samples", "3", "--keep")
	said := &prompts{asked: asked}
	enroll.Stderr = said
	var out bytes.Buffer
	enroll.Stdout = &out
	if err := enroll.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- enroll.Wait() }()
	for n := range 3 {
		select {
		case <-asked:
		case err := <-ended:
			t.Fatalf("it ended before recording %d: %v\n%s%s", n+1, err, out.String(), said)
		case <-time.After(time.Minute):
			t.Fatalf("nobody asks for recording %d:\n%s", n+1, said)
		}
		if err := pulse.Play("../detector/testdata/wav/alexa.wav", "mic"); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-ended; err != nil {
		t.Fatalf("%v\n%s%s", err, out.String(), said)
	}
	for _, want := range []string{"alexa was made from 3 recordings", "3 recordings are in the history", "{model: alexa, engine: own}"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
	info, err := os.Stat(filepath.Join(models, "own", "alexa.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error("the word", info, err)
	}
	admin := b.dial(t, "admin")
	for _, e := range admin.entries() {
		if e["outcome"] != "sample" || e["wake_word"] != "alexa" || e["clip"] == nil {
			t.Errorf("a sample in the history: %v", e)
		}
	}
	if n := len(admin.entries()); n != 3 {
		t.Errorf("%d samples are in the history", n)
	}
	var ids []any
	for _, e := range admin.entries() {
		ids = append(ids, e["id"])
	}
	if receipt := admin.must("history/delete", map[string]any{"ids": ids}); receipt["deleted"] != 3.0 {
		t.Errorf("the samples' receipt: %v", receipt)
	}

	config, err := os.ReadFile(b.config)
	if err != nil {
		t.Fatal(err)
	}
	config = bytes.Replace(config, []byte("[okay_nabu"), []byte("[okay_nabu, {model: alexa, engine: own}"), 1)
	if err := os.WriteFile(b.config, config, 0o600); err != nil {
		t.Fatal(err)
	}
	testkit.Within(t, 30*time.Second, "the word is listened for, without a restart", func() bool {
		return len(admin.must("wake_words/list", nil)["wake_words"].([]any)) == 2
	})
	testkit.Within(t, 20*time.Second, "the microphone is heard", func() bool { return b.health() == 200 })
	for _, name := range []string{"hey_jarvis", "alexa"} {
		if err := pulse.Play("../detector/testdata/wav/"+name+".wav", "mic"); err != nil {
			t.Fatal(err)
		}
	}
	testkit.Within(t, 30*time.Second, "the entry is stored", func() bool { return len(admin.entries()) == 1 })
	if e := admin.entries()[0]; e["wake_word"] != "alexa" || e["score"].(float64) < e["threshold"].(float64) {
		t.Errorf("the entry is %v", e)
	}
}
