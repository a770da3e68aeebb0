package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"earshot/internal/testkit"
)

// TestPairAndAnnounce: a program finds the bridge on the broker, is paired by the code in the log, and plays a sound of Home Assistant on the speaker of a satellite.
func TestPairAndAnnounce(t *testing.T) {
	t.Parallel()
	pcm := strings.Repeat("\x01\x02", 1600)
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/tts_proxy/a.wav" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte("RIFF\xa4\x0c\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\x3e\x00\x00\x00\x7d\x00\x00\x02\x00\x10\x00data\x80\x0c\x00\x00" + pcm))
	}))
	t.Cleanup(home.Close)
	bin := t.TempDir()
	played := filepath.Join(bin, "played")
	if err := os.WriteFile(filepath.Join(bin, "aplay"), []byte("#!/bin/sh\ncat >> "+played+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	seen := startBroker(t)
	b := startBridge(t, fmt.Sprintf(`
satellites:
  - id: kitchen
    wake_words: [okay_nabu]
    microphone: {driver: file, device: %[1]s, loop: true}
    reply: {speaker: {driver: alsa}}
  - {id: hall, wake_words: [okay_nabu], microphone: {driver: file, device: %[1]s, loop: true}}
home_assistant: {url: "%[2]s", token: "none"}
models: {dir: MODELS}
mqtt: {url: "mqtt://127.0.0.1:%[3]d", bridge_id: one}
history: {dir: DATA}
server: {listen: LISTEN}
`, silence(t), home.URL, seen.port), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	testkit.Within(t, 20*time.Second, "the bridge answers", func() bool { return b.health() != 0 })
	testkit.Within(t, 10*time.Second, "the bridge announces itself", func() bool { return seen.last("earshot/one/announce") != "" })
	checkAnnounced(t, seen.last("earshot/one/announce"), b)
	paired := b.pair(t)
	if paired["bridge_id"] != "one" || paired["version"] != "v0-test" || paired["name"] != "Earshot" {
		t.Errorf("paired: %v", paired)
	}
	if code, out := exitCode(t, "token", "list", "--config", b.config); code != 0 || !strings.Contains(out, "Home Assistant (paired ") {
		t.Errorf("token list: %d, %s", code, out)
	}
	c := b.dialWith(t, paired["access_token"])
	if got := c.must("satellites/announce", map[string]any{"satellite": "kitchen", "url": "/api/tts_proxy/a.wav"}); got["played"] != true {
		t.Errorf("announce: %v", got)
	}
	if data, err := os.ReadFile(played); err != nil || !bytes.Equal(data, []byte(pcm)) {
		t.Errorf("%d bytes were played, not %d: %v", len(data), len(pcm), err)
	}
	c.must("satellites/announce", map[string]any{"satellite": "kitchen", "url": "/api/tts_proxy/a.wav", "preannounce": true})
	if data, err := os.ReadFile(played); err != nil || len(data) <= 3*len(pcm) || !bytes.HasSuffix(data, []byte(pcm)) {
		t.Errorf("%d bytes were played in all: %v", len(data), err)
	}
	for _, tc := range []struct{ satellite, field, value, want string }{
		{"kitchen", "url", "/nothing", "not played to its end: fetch sound from " + strings.TrimPrefix(home.URL, "http://") + ": the answer is 404 Not Found."},
		{"kitchen", "media", "media-source://a/b", "send url."},
		{"hall", "url", "/api/tts_proxy/a.wav", "nothing to play it on"},
	} {
		got, ok := c.call("satellites/announce", map[string]any{"satellite": tc.satellite, tc.field: tc.value})
		if ok || got["code"] != "not_allowed" || !strings.Contains(got["message"].(string), tc.want) {
			t.Errorf("%+v: %v", tc, got)
		}
	}
	for _, m := range seen.all("#") {
		if strings.Contains(m.Payload, paired["access_token"]) {
			t.Errorf("on the broker: %+v", m)
		}
	}
	if strings.Contains(b.log.String(), paired["access_token"]) {
		t.Error("the log holds the token")
	}
}

// pair asks for a code, finds it in the log, and gets a token for it.
func (b *bridge) pair(t *testing.T) (paired map[string]string) {
	t.Helper()
	post := func(path, body string, want int) *http.Response {
		resp, err := http.Post("http://"+b.listen+"/auth/"+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		if resp.StatusCode != want {
			t.Fatalf("%s: %s", path, resp.Status)
		}
		return resp
	}
	post("pair/request", `{"name":"Home Assistant"}`, http.StatusNoContent)
	var code string
	testkit.Within(t, 5*time.Second, "the log shows the code", func() bool {
		if found := regexp.MustCompile(`"code":"(\d{8})"`).FindStringSubmatch(b.log.String()); found != nil {
			code = found[1]
		}
		return code != ""
	})
	resp := post("pair", `{"code":"`+code+`","name":"Home Assistant"}`, http.StatusOK)
	if err := json.NewDecoder(resp.Body).Decode(&paired); err != nil {
		t.Fatal(err)
	}
	return paired
}
