package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"earshot/internal/testkit"
	"earshot/internal/wyoming/wyomingtest"
)

// checkLog wants every line of the log to be JSON with a level, a time and a message, and none of the secrets to be in any.
func checkLog(t *testing.T, b *bridge, secrets map[string]string) {
	t.Helper()
	lines := 0
	for line := range strings.Lines(b.log.String()) {
		lines++
		var said struct {
			Level, Message string
			Time           time.Time
		}
		if err := json.Unmarshal([]byte(line), &said); err != nil || said.Level == "" || said.Message == "" || said.Time.IsZero() {
			t.Errorf("a line that is not structured (%v): %s", err, line)
		}
		for what, secret := range secrets {
			if secret == "" {
				t.Fatalf("%s is empty: this test sees nothing", what)
			}
			if strings.Contains(strings.ToLower(line), strings.ToLower(secret)) {
				t.Errorf("%s is in the log, in the line %q", what, said.Message)
			}
		}
	}
	if lines < 3 {
		t.Errorf("%d lines: this test saw little", lines)
	}
}

// TestLogHoldsNothing has a bridge that tells all it can go through what people do with it, and looks for every word, token and password in its log.
func TestLogHoldsNothing(t *testing.T) {
	t.Parallel()
	const reply = "wombats of the attic"
	broker, stt := startBroker(t, guarded(t, "homeassistant")), wyomingtest.New(t)
	stt.Script(wyomingtest.Reply{Text: "there is a " + marker})
	b := startBridge(t, fmt.Sprintf(`
satellites:
  - {id: kitchen, wake_words: [okay_nabu], microphone: {driver: file, device: %q, loop: true}}
models: {dir: MODELS}
mqtt: {url: "mqtt://127.0.0.1:%d", username: earshot, password: %s}
stt: {wyoming: "%s", language: en}
history: {dir: DATA}
server: {listen: LISTEN}
log: {level: trace}
`, shortCommand(t), broker.port, secret, stt.Addr()))
	testkit.Within(t, patience, "the bridge hears", func() bool { return b.health() == 200 })
	read, wrong := b.token(t, "read"), "earshot_"+strings.Repeat("wrong", 8)
	secrets := map[string]string{"what was said": marker, "the broker's password": secret, "a token": read, "a wrong token": wrong}
	c := b.dial(t, "admin")
	testkit.Within(t, patience, "a recording is stored", func() bool { return len(c.entries()) > 0 })
	id := c.entries()[0]["id"].(string)
	link := c.must("clips/sign", map[string]any{"entry_id": id})["url"].(string)
	_, secrets["a link to a recording"], _ = strings.Cut(link, "?")
	b.download(t, link)
	b.download(t, link+"x")
	c.must("history/list", map[string]any{"text": "elephant"})
	c.call("history/list", map[string]any{"text": reply, "period": reply})
	c.call("satellites/listen", map[string]any{"satellite": "kitchen", "question": reply})
	secrets["what was searched for"] = reply
	c.must("history/delete_range", map[string]any{"text": marker, "what": "text", "confirm": true})
	c.must("history/delete", map[string]any{"ids": []string{id}})
	broker.publish(t, "earshot/bridge/history/delete", `{"text": "`+reply+`", "confirm": true}`, "-u", "homeassistant", "-P", secret)

	secrets["a paired token"] = b.pair(t)["access_token"]
	for _, path := range []string{"/auth/token", "/auth/code"} {
		resp, err := http.Post("http://"+b.listen+path, "application/json", strings.NewReader(`{"access_token": "`+wrong+`", "code": "`+wrong+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if status, _ := b.scrape(t, wrong); status != 401 {
		t.Errorf("a wrong token: %d", status)
	}
	ws, _, err := websocket.DefaultDialer.Dial("ws://"+b.listen+"/api/websocket?token="+wrong, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	if err := ws.WriteJSON(map[string]any{"type": "auth", "access_token": wrong}); err != nil {
		t.Fatal(err)
	}
	for {
		if _, _, err := ws.ReadMessage(); err != nil {
			break // it was shown the door
		}
	}
	stt.Script(wyomingtest.Reply{Text: "delete what I just said"})
	testkit.Within(t, patience, "a deletion by voice", func() bool { return strings.Contains(fmt.Sprint(c.must("access_log/list", nil)), "voice, ") })
	b.stop(t)
	checkLog(t, b, secrets)
}

// TestLogOfTroubleHoldsNothing has a bridge that is let in nowhere.
func TestLogOfTroubleHoldsNothing(t *testing.T) {
	t.Parallel()
	broker := startBroker(t, guarded(t, "homeassistant"))
	secrets := map[string]string{
		"the broker's password": "wrong-for-the-broker", "Home Assistant's token": "wrong.for.home.assistant", "the database's password": "wrong-for-postgres",
		"the bucket's key": "wrong-for-the-bucket",
	}
	b := startBridge(t, fmt.Sprintf(`
satellites:
  - {id: kitchen, wake_words: [okay_nabu], microphone: {driver: file, device: %q, loop: true}}
models: {dir: MODELS}
mqtt: {url: "mqtt://127.0.0.1:%d", username: earshot, password: %s}
home_assistant: {url: "http://127.0.0.1:%d", token: %s}
history:
  dir: DATA
  postgres: {url: "postgres://earshot@127.0.0.1:%d/earshot", password_file: %s}
  s3: {endpoint: "http://127.0.0.1:%d", bucket: clips, access_key: earshot, secret_key_file: %s}
server: {listen: LISTEN}
log: {level: trace}
`, shortCommand(t), broker.port, secrets["the broker's password"], freePort(t), secrets["Home Assistant's token"],
		freePort(t), writeFile(t, "postgres", secrets["the database's password"]+"\n"), freePort(t), writeFile(t, "s3", secrets["the bucket's key"]+"\n")))
	testkit.Within(t, patience, "the broker has refused it", func() bool { return strings.Contains(b.log.String(), `"component":"mqtt"`) })
	testkit.Within(t, patience, "a command fails", func() bool { return strings.Contains(b.log.String(), "home-assistant-away") })
	testkit.Within(t, patience, "the history is looked for", func() bool { return strings.Contains(b.log.String(), "cannot be reached") })
	b.stop(t)
	checkLog(t, b, secrets)
}
