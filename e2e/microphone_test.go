package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"earshot/history"
	"earshot/internal/audio"
	"earshot/internal/audio/audiotest"
	"earshot/internal/testkit"
)

// kitchen is a satellite on a private PulseAudio and a broker that is not ours.
const kitchen = `
satellites:
  - id: kitchen
    name: Kitchen
    area: Kitchen
    microphone: {driver: pulse, device: mic.monitor}
    wake_words: [okay_nabu]
models: {dir: MODELS}
mqtt: {url: "mqtt://127.0.0.1:%d", embedded: false}
history: {dir: DATA}
server: {listen: LISTEN}
`

// TestMicrophoneToHistory is the main path: what is said reaches MQTT and the history, can be played and deleted, and a
// microphone that goes away is missed and found again.
func TestMicrophoneToHistory(t *testing.T) {
	t.Parallel()
	pulse := audiotest.StartPulse(t)
	sink := pulse.LoadNullSink("mic")
	mosquitto := startBroker(t)
	b := startBridge(t, fmt.Sprintf(kitchen, mosquitto.port), pulse.Env()...)
	testkit.Within(t, 20*time.Second, "the microphone is heard", func() bool { return b.health() == 200 })
	admin := b.dial(t, "admin")
	if got := admin.entries(); len(got) != 0 {
		t.Fatalf("a new history has %d entries", len(got))
	}
	admin.must("history/subscribe", nil)

	const spoken = "../testdata/audio/okay_nabu_light_on.wav"
	if err := pulse.Play(spoken, "mic"); err != nil {
		t.Fatal(err)
	}
	checkWake(t, mosquitto, 1)
	testkit.Within(t, 20*time.Second, "the entry is stored", func() bool { return len(admin.entries()) == 1 })
	entry := admin.entries()[0]
	if entry["satellite"] != "kitchen" || entry["wake_word"] != "okay_nabu" || entry["outcome"] != "recorded" {
		t.Errorf("entry is %v", entry)
	}
	id := entry["id"].(string)
	url := admin.must("clips/sign", map[string]any{"entry_id": id})["url"].(string)
	checkClip(t, b, url, spoken)
	checkNoText(t, mosquitto)

	checkDeleted(t, b, admin, id, url)
	checkUnplug(t, b, mosquitto, pulse, sink)

	if err := pulse.Play(spoken, "mic"); err != nil {
		t.Fatal(err)
	}
	checkWake(t, mosquitto, 2)
	testkit.Within(t, 20*time.Second, "the second entry is stored", func() bool { return len(admin.entries()) == 1 })
	checkMute(t, b, mosquitto, pulse)
}

// checkWake waits for the n-th wake event on MQTT.
func checkWake(t *testing.T, m *broker, n int) {
	t.Helper()
	testkit.Within(t, 20*time.Second, "a wake event on MQTT", func() bool { return len(m.all("earshot/kitchen/wake")) == n })
	var event struct {
		EventType string  `json:"event_type"`
		WakeWord  string  `json:"wake_word"`
		Score     float64 `json:"score"`
		Threshold float64 `json:"threshold"`
	}
	if err := json.Unmarshal([]byte(m.last("earshot/kitchen/wake")), &event); err != nil {
		t.Fatalf("wake event: %v", err)
	}
	if event.EventType != "detected" || event.WakeWord != "okay_nabu" || event.Score <= event.Threshold || event.Threshold != 0.85 {
		t.Errorf("wake event is %+v", event)
	}
	if all := m.all("earshot/kitchen/wake"); all[len(all)-1].Retain != 0 {
		t.Error("the wake event is retained: it would be seen again after a restart")
	}
}

// checkClip downloads the recording as FLAC, whole and in part, and holds it against what was played.
func checkClip(t *testing.T, b *bridge, url, spoken string) {
	t.Helper()
	status, flac := b.download(t, url)
	if status != 200 || !bytes.HasPrefix(flac, []byte("fLaC")) {
		t.Fatalf("the clip answers %d with %d bytes", status, len(flac))
	}
	got, err := history.DecodeFLAC(bytes.NewReader(flac))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(spoken)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	played, err := audio.ReadWAV(f)
	if err != nil {
		t.Fatal(err)
	}
	r, at := audiotest.Correlate(got, played)
	t.Logf("the clip of %.2f s correlates %.4f with what was played from %.2f s on", float64(len(got))/audio.SampleRate, r, float64(at)/audio.SampleRate)
	if r < 0.95 {
		t.Errorf("the clip correlates %.3f with what was played", r)
	}
}

// checkNoText looks for anything on MQTT that is not one of the kinds of values that may be there.
func checkNoText(t *testing.T, m *broker) {
	t.Helper()
	for _, msg := range m.all("#") {
		if strings.Contains(strings.ToLower(msg.Payload), "light") || strings.Contains(strings.ToLower(msg.Topic), "transcript") {
			t.Errorf("%s carries text", msg.Topic)
		}
	}
}

// checkDeleted deletes the entry and looks for what is left of it.
func checkDeleted(t *testing.T, b *bridge, admin *client, id, url string) {
	t.Helper()
	if _, ok := admin.call("history/delete_range", map[string]any{"period": "today"}); ok {
		t.Error("a range was deleted without confirm")
	}
	if receipt := admin.must("history/delete", map[string]any{"ids": []string{id}}); receipt["deleted"] != 1.0 {
		t.Errorf("receipt is %v", receipt)
	}
	if status, _ := b.download(t, url); status != 410 {
		t.Errorf("the clip answers %d after its deletion, not 410", status)
	}
	if code, ok := admin.call("history/get", map[string]any{"entry_id": id}); ok || code["code"] != "not_found" {
		t.Errorf("history/get after the deletion: %v", code)
	}
	if left := admin.entries(); len(left) != 0 {
		t.Errorf("%d entries after the deletion", len(left))
	}
	err := filepath.WalkDir(filepath.Join(b.dir, "data"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.Contains(path, id) {
			t.Errorf("%s is still there", path)
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(id)) {
			t.Errorf("%s still holds the id of the deleted entry", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// checkUnplug unloads the source and loads it again.
func checkUnplug(t *testing.T, b *bridge, m *broker, pulse *audiotest.Pulse, sink string) {
	t.Helper()
	if got := m.last("earshot/kitchen/problem"); got != "OFF" {
		t.Fatalf("microphone problem is %q before anything happened", got)
	}
	pulse.Unload(sink)
	took := testkit.Within(t, 2*time.Second, "microphone problem", func() bool { return m.last("earshot/kitchen/problem") == "ON" })
	t.Logf("microphone problem after %v", took)
	if got := b.health(); got != 503 {
		t.Errorf("/healthz answers %d while the microphone is gone", got)
	}
	pulse.LoadNullSink("mic")
	testkit.Within(t, 15*time.Second, "the microphone is found again", func() bool {
		return m.last("earshot/kitchen/problem") == "OFF" && b.health() == 200
	})
}

// checkMute closes the device by Home Assistant's switch and opens it again.
func checkMute(t *testing.T, b *bridge, m *broker, pulse *audiotest.Pulse) {
	t.Helper()
	m.publish(t, "earshot/kitchen/mute/set", "ON")
	testkit.Within(t, 5*time.Second, "the switch says muted", func() bool { return m.last("earshot/kitchen/mute") == "ON" })
	testkit.Within(t, 5*time.Second, "the device is closed", func() bool { return pulse.Recordings() == 0 })
	if got := b.health(); got != 200 {
		t.Errorf("/healthz answers %d while the microphone is muted on purpose", got)
	}
	m.publish(t, "earshot/kitchen/mute/set", "OFF")
	testkit.Within(t, 5*time.Second, "the switch says open", func() bool { return m.last("earshot/kitchen/mute") == "OFF" })
	testkit.Within(t, 5*time.Second, "the device is open", func() bool { return pulse.Recordings() == 1 })
	if b.log == nil || strings.Contains(b.log.String(), "panic") {
		t.Error("the log holds a panic")
	}
}
