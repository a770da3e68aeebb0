package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"earshot/internal/testkit"
)

// ready asks /readyz, without a token, and returns the codes of the reasons; each has to say what is wrong and what to do.
func (b *bridge) ready(t *testing.T) (status int, codes []string) {
	t.Helper()
	resp, err := http.Get("http://" + b.listen + "/readyz")
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	var report struct {
		Status  string
		Reasons []struct{ Code, Satellite, Text, Do string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&report); err != nil {
		t.Fatalf("readyz: %v", err)
	}
	if (report.Status == "ready") != (resp.StatusCode == 200) || (len(report.Reasons) == 0) != (resp.StatusCode == 200) {
		t.Errorf("status %d with %q and %d reasons", resp.StatusCode, report.Status, len(report.Reasons))
	}
	for _, r := range report.Reasons {
		if r.Text == "" || r.Do == "" {
			t.Errorf("%s does not say what it is, or what to do", r.Code)
		}
		codes = append(codes, r.Code)
	}
	slices.Sort(codes)
	return resp.StatusCode, codes
}

// TestReady starts a bridge before everything that it needs, and has one after the other come.
func TestReady(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	wav := filepath.Join(t.TempDir(), "microphone.wav")
	yaml := fmt.Sprintf(`
satellites:
  - {id: kitchen, name: Kitchen, wake_words: [okay_nabu], microphone: {driver: file, device: %s, loop: true}}
models: {dir: MODELS}
mqtt: {url: "mqtt://127.0.0.1:%d", username: earshot, password: %q}
history: {dir: DATA}
server: {listen: LISTEN}
HOME`, wav, port, secret)
	b := startBridge(t, strings.Replace(yaml, "HOME", fmt.Sprintf(`home_assistant: {url: "http://127.0.0.1:%d", token: %q}`, freePort(t), secret), 1))
	is := func(want int, codes ...string) func() bool {
		return func() bool {
			status, got := b.ready(t)
			return status == want && slices.Equal(got, codes)
		}
	}
	testkit.Within(t, patience, "everything is missed", is(503, "home_assistant_not_connected", "microphone_not_opened", "mqtt_not_connected"))
	if code, out := exitCode(t, "healthcheck", "--ready", "--config", b.config); code != 1 || !strings.Contains(out, `"mqtt_not_connected"`) || strings.Contains(out, secret) {
		t.Errorf("healthcheck --ready: %d, %s", code, out)
	}

	start(t, exec.Command(lookPath(t, "mosquitto"), "-p", fmt.Sprint(port)))
	testkit.Within(t, patience, "the broker is there", is(503, "home_assistant_not_connected", "microphone_not_opened"))

	sound, err := os.ReadFile("../detector/testdata/wav/alexa.wav")
	if err == nil {
		err = os.WriteFile(wav, sound, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	testkit.Within(t, patience, "the microphone is there", is(503, "home_assistant_not_connected"))
	b.stop(t)

	b = startBridge(t, strings.Replace(yaml, "HOME", "", 1))
	testkit.Within(t, patience, "nothing is missed", is(200))
	if code, out := exitCode(t, "healthcheck", "--ready", "--config", b.config); code != 0 || out != `{"status":"ready","reasons":[]}`+"\n" {
		t.Errorf("healthcheck --ready: %d, %s", code, out)
	}
	if err := os.Rename(filepath.Join(b.dir, "data"), filepath.Join(b.dir, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	testkit.Within(t, patience, "the folder is missed", func() bool { _, codes := b.ready(t); return slices.Contains(codes, "history_not_writable") })
	if err := os.Rename(filepath.Join(b.dir, "elsewhere"), filepath.Join(b.dir, "data")); err != nil {
		t.Fatal(err)
	}
	testkit.Within(t, patience, "nothing is missed again", is(200))
}
