package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"earshot/e2e/lab"
	"earshot/internal/testkit"
)

const (
	deleteTopic = "earshot/bridge/history/delete"
	resultTopic = deleteTopic + "/result"
)

// answerTo waits for the answer to a request.
func (b *broker) answerTo(t *testing.T, request string) (answer map[string]any) {
	t.Helper()
	testkit.Within(t, 10*time.Second, "an answer to "+request, func() bool {
		for _, m := range b.all(resultTopic) {
			var got map[string]any
			if m.Retain != 0 || json.Unmarshal([]byte(m.Payload), &got) != nil {
				t.Fatalf("on the result topic: %+v", m)
			}
			if got["request"] == request {
				answer = got
			}
		}
		return answer != nil
	})
	return answer
}

// outcomes lists how the recordings ended, newest first.
func (c *client) outcomes() string {
	c.t.Helper()
	var list []string
	for _, e := range c.entries() {
		list = append(list, fmt.Sprint(e["satellite"], " ", e["outcome"]))
	}
	return strings.Join(list, ", ")
}

// startRooms starts a bridge with a microphone that hears a command and one that hears nobody after the wake word, once each, and
// waits for both recordings.
func startRooms(t *testing.T, mqtt string) (*bridge, *client) {
	t.Helper()
	b := startBridge(t, fmt.Sprintf(`
satellites:
  - {id: kitchen, wake_words: [alexa], microphone: {driver: file, device: %s}}
  - {id: hall, wake_words: [okay_nabu], microphone: {driver: file, device: %s}}
models: {dir: MODELS}
mqtt: {%s}
history: {dir: DATA}
server: {listen: LISTEN}
`, absolute(t, "../testdata/audio/alexa_light_on.wav"), absolute(t, "../testdata/audio/okay_nabu_silence.wav"), mqtt))
	testkit.Within(t, 20*time.Second, "the bridge answers", func() bool { return b.health() != 0 })
	c := b.dial(t, "admin")
	testkit.Within(t, patience, "both rooms have a recording", func() bool { return len(c.entries()) == 2 })
	return b, c
}

// TestDeleteTopic deletes through a foreign broker, refuses what is wrong, and ignores what was retained before it came.
func TestDeleteTopic(t *testing.T) {
	t.Parallel()
	m := startBroker(t)
	m.publish(t, deleteTopic, `{"request": "retained", "period": "all", "confirm": true}`, "-r")
	b, c := startRooms(t, fmt.Sprintf(`url: "mqtt://127.0.0.1:%d"`, m.port))
	if !strings.Contains(b.log.String(), "a message was ignored") || len(m.all(resultTopic)) > 0 {
		t.Errorf("the retained request was not ignored: %v", m.all(resultTopic))
	}
	m.publish(t, deleteTopic, "", "-r")
	for request, message := range map[string]string{
		"unsure": `{"request": "unsure", "period": "all"}`,
		"words":  `{"request": "words", "text": "light", "confirm": true}`,
		"typo":   `{"request": "typo", "periode": "all", "confirm": true}`,
	} {
		m.publish(t, deleteTopic, message)
		if e, _ := m.answerTo(t, request)["error"].(map[string]any); e["code"] != "invalid_format" || e["message"] == "" {
			t.Errorf("%s: %v", request, e)
		}
	}
	m.publish(t, deleteTopic, `{"request": "look", "satellite": "kitchen", "dry_run": true}`)
	if got := m.answerTo(t, "look"); got["count"] != 1.0 || got["token"] != nil {
		t.Errorf("dry run: %v", got)
	}
	if got := len(c.entries()); got != 2 {
		t.Fatalf("%d recordings are left, want 2", got)
	}
	kitchen := "kitchen recorded"
	m.publish(t, deleteTopic, `{"request": "nightly", "outcomes": ["not_intended", "failed"], "confirm": true}`)
	if got := m.answerTo(t, "nightly"); got["deleted"] != 1.0 || got["error"] != nil {
		t.Errorf("receipt: %v", got)
	}
	if got := c.outcomes(); got != kitchen {
		t.Errorf("left: %q, want %q", got, kitchen)
	}
	if line := c.must("access_log/list", nil)["lines"].([]any)[0].(map[string]any); line["who"] != "MQTT" || line["entries"] != 1.0 {
		t.Errorf("access log: %v", line)
	}
}

// TestDeleteTopicOff does not listen where a household does not want it.
func TestDeleteTopicOff(t *testing.T) {
	t.Parallel()
	m := startBroker(t)
	_, c := startRooms(t, fmt.Sprintf(`url: "mqtt://127.0.0.1:%d", delete_topic: false`, m.port))
	m.publish(t, deleteTopic, `{"request": "r", "period": "all", "confirm": true}`)
	// Messages are taken in order, so that the first has had its time once the second is obeyed.
	m.publish(t, "earshot/kitchen/mute/set", "ON")
	testkit.Within(t, 10*time.Second, "the microphone is muted", func() bool { return m.last("earshot/kitchen/mute") == "ON" })
	if len(m.all(resultTopic)) > 0 || len(c.entries()) != 2 {
		t.Errorf("obeyed all the same: %v, %d recordings", m.all(resultTopic), len(c.entries()))
	}
}

// nightly takes the automations from docs/mqtt.md, with seconds instead of hours.
func nightly(t *testing.T) string {
	t.Helper()
	doc, err := os.ReadFile("../docs/mqtt.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(doc), "```yaml\n- alias:")
	text, _, closed := strings.Cut(text, "```")
	text, night := "- alias:"+text, "trigger: time\n      at: \"03:00:00\""
	if !found || !closed || strings.Count(text, night) != 1 || strings.Count(text, `"confirm": true`) != 1 {
		t.Fatalf("the automations of docs/mqtt.md are others than this test knows:\n%s", text)
	}
	return strings.Replace(text, night, "trigger: time_pattern\n      seconds: \"/3\"", 1)
}

// notification is what the household reads under an id, "" when there is nothing.
func notification(t *testing.T, home *lab.Home, id string) string {
	t.Helper()
	var list []struct {
		ID      string `json:"notification_id"`
		Message string `json:"message"`
	}
	home.Do(t, "persistent_notification/get", nil, &list)
	for _, n := range list {
		if n.ID == id {
			return n.Message
		}
	}
	return ""
}

// TestNightlyAutomation runs the automations of docs/mqtt.md in the real Home Assistant.
func TestNightlyAutomation(t *testing.T) {
	t.Parallel()
	for _, version := range []string{lab.Current, lab.Oldest} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			home := lab.Start(t, lab.Options{Version: version})
			m := &broker{}
			if _, err := fmt.Sscanf(home.Broker(), "mqtt://127.0.0.1:%d", &m.port); err != nil {
				t.Fatal(err)
			}
			m.watch(t)
			_, c := startRooms(t, fmt.Sprintf("url: %q", home.Broker()))
			home.Automate(t, strings.Replace(nightly(t), `"confirm": true`, `"confirm": false`, 1))
			testkit.Within(t, 30*time.Second, "the notification says what is wrong", func() bool {
				return strings.HasPrefix(notification(t, home, "earshot_nightly"), "confirm: must be true")
			})
			if got := len(c.entries()); got != 2 {
				t.Fatalf("%d recordings are left, want 2", got)
			}
			home.Automate(t, nightly(t))
			testkit.Within(t, 30*time.Second, "a receipt for one recording", func() bool {
				for _, a := range m.all(resultTopic) {
					if strings.Contains(a.Payload, `"deleted":1,`) && strings.Contains(a.Payload, `"request":"nightly"`) {
						return a.Retain == 0
					}
				}
				return false
			})
			if got := c.outcomes(); got != "kitchen recorded" {
				t.Errorf("left: %q", got)
			}
			testkit.Within(t, 30*time.Second, "the notification counts", func() bool {
				return strings.HasPrefix(notification(t, home, "earshot_nightly"), "Deleted: ") && strings.HasSuffix(notification(t, home, "earshot_nightly"), ", kept: 0")
			})
			for line := range strings.Lines(home.Log()) {
				if (strings.Contains(line, " WARNING ") || strings.Contains(line, " ERROR ")) && (strings.Contains(line, "earshot") || strings.Contains(line, "automation")) {
					t.Error(line)
				}
			}
		})
	}
}
