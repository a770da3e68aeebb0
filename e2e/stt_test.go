package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"earshot/internal/testkit"
	"earshot/internal/wyoming"
	"earshot/internal/wyoming/wyomingtest"
)

// speechToText is a satellite that hears a recording as quickly as it can, with a speech-to-text server.
func speechToText(t *testing.T, wav string, broker *broker, stt *wyomingtest.Server) *bridge {
	t.Helper()
	path, err := filepath.Abs("../testdata/audio/" + wav)
	if err != nil {
		t.Fatal(err)
	}
	return startBridge(t, fmt.Sprintf(`
satellites:
  - {id: kitchen, wake_words: [okay_nabu], microphone: {driver: file, device: %s}}
models: {dir: MODELS}
mqtt: {url: "mqtt://127.0.0.1:%d"}
stt: {wyoming: "%s", language: en}
history: {dir: DATA}
server: {listen: LISTEN}
log: {level: trace}
`, path, broker.port, stt.Addr()))
}

// TestSpeechToText has the words of a command in the history, and neither in the log nor on MQTT.
func TestSpeechToText(t *testing.T) {
	t.Parallel()
	const words = "switch on the aardvark lamp"
	stt := wyomingtest.New(t)
	stt.Script(wyomingtest.Reply{Text: words})
	mosquitto := startBroker(t)
	b := speechToText(t, "okay_nabu_light_on.wav", mosquitto, stt)
	testkit.Within(t, 20*time.Second, "the bridge answers", func() bool { return b.health() == 200 })
	c := b.dial(t, "read")
	testkit.Within(t, 20*time.Second, "the entry is stored", func() bool { return len(c.entries()) == 1 })
	entry := c.entries()[0]
	if entry["transcript"] != words || entry["outcome"] != "understood" {
		t.Errorf("entry is %v", entry)
	}
	// The command without its wake word: the first words are there, and what comes before is not.
	if u := stt.Utterances(); len(u) != 1 || len(u[0].PCM) < 16000 || len(u[0].PCM) > 4*16000 || u[0].Language != "en" {
		t.Errorf("the server was sent %d utterances", len(u))
	}
	if strings.Contains(b.log.String(), "aardvark") {
		t.Error("the words are in the log")
	}
	for _, m := range mosquitto.all("#") {
		if strings.Contains(m.Payload, "aardvark") {
			t.Errorf("the words are on MQTT, under %s", m.Topic)
		}
	}
}

// TestNothingIsSentForSilence: a wake word that nobody follows up leaves the box in no form.
func TestNothingIsSentForSilence(t *testing.T) {
	t.Parallel()
	stt := wyomingtest.New(t)
	mosquitto := startBroker(t)
	b := speechToText(t, "okay_nabu_silence.wav", mosquitto, stt)
	testkit.Within(t, 20*time.Second, "the bridge answers", func() bool { return b.health() == 200 })
	c := b.dial(t, "read")
	testkit.Within(t, 20*time.Second, "the entry is stored", func() bool { return len(c.entries()) == 1 })
	if entry := c.entries()[0]; entry["outcome"] != "not_intended" || entry["transcript"] != "" {
		t.Errorf("entry is %v", entry)
	}
	if n := stt.Connections(); n != 0 {
		t.Errorf("the speech-to-text server was connected to %d times", n)
	}
}

// TestSpeechToTextFails keeps the audio, and says in the entry what went wrong.
func TestSpeechToTextFails(t *testing.T) {
	t.Parallel()
	stt := wyomingtest.New(t)
	stt.Script(wyomingtest.Reply{Error: &wyoming.ServerError{Code: "model", Text: "out of memory"}})
	b := speechToText(t, "okay_nabu_light_on.wav", startBroker(t), stt)
	testkit.Within(t, 20*time.Second, "the bridge answers", func() bool { return b.health() == 200 })
	c := b.dial(t, "read")
	testkit.Within(t, 20*time.Second, "the entry is stored", func() bool { return len(c.entries()) == 1 })
	entry := c.entries()[0]
	problem, _ := entry["error"].(map[string]any)
	if entry["outcome"] != "failed" || entry["clip"] == nil || problem["code"] == "" || problem["message"] == "" {
		t.Errorf("entry is %v", entry)
	}
}
