package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"earshot/e2e/lab"
	"earshot/internal/audio/audiotest"
	"earshot/internal/testkit"
)

// blueprintLab makes automations of the three blueprints; AT is the time of the nightly one, COMMAND the event entity of the kitchen.
const blueprintLab = `
- id: purge
  alias: Purge
  use_blueprint: {path: earshot/nightly_purge.yaml, input: {at: "AT", days: 1}}
- id: mistakes
  alias: Mistakes
  use_blueprint: {path: earshot/false_triggers.yaml, input: {commands: [COMMAND], times: 2}}
- id: ask
  alias: Ask
  use_blueprint:
    path: earshot/ask_before_deleting.yaml
    input:
      when: [{trigger: event, event_type: lab_ask}]
      phone: script.phone
`

// TestBlueprints runs the three blueprints in the real Home Assistant: the nightly purge, which tells its receipt, the wake word that wakes by
// mistake, and the question on a phone before everything is deleted. In the end nothing of what was said is anywhere in Home Assistant.
func TestBlueprints(t *testing.T) {
	t.Parallel()
	for _, version := range []string{lab.Current, lab.Oldest} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			home := lab.Start(t, lab.Options{Version: version, Integration: absolute(t, "../custom_components/earshot")})
			blueprints := filepath.Join(home.Folder(), "config", "blueprints", "automation", "earshot")
			if err := os.CopyFS(blueprints, os.DirFS("../blueprints/automation/earshot")); err != nil {
				t.Fatal(err)
			}
			pulse, data := audiotest.StartPulse(t), testkit.MemoryDir(t)
			pulse.LoadNullSink("mic")
			fillHistory(t, data, 500)
			b := startBridge(t, fmt.Sprintf(`
satellites:
  - {id: kitchen, name: Kitchen, area: Kitchen, wake_words: [okay_nabu], microphone: {driver: pulse, device: mic.monitor}}
models: {dir: MODELS}
mqtt: {url: "%s"}
home_assistant: {url: "%s", token: "%s"}
history: {dir: %s, time_zone: Europe/Berlin}
server: {listen: LISTEN}
`, home.Broker(), home.URL(), home.Token(), data), pulse.Env()...)
			testkit.Within(t, 60*time.Second, "the bridge hears", func() bool { return b.health() == 200 })
			h := &integrated{t, home, b, b.dial(t, "admin")}
			h.checkDiscovery()

			command, _ := home.EntityByUniqueID(t, "mqtt", "earshot_kitchen_command")
			at := time.Now().UTC().Add(15 * time.Second).Format(time.TimeOnly)
			home.Automate(t, strings.NewReplacer("AT", at, "COMMAND", command).Replace(blueprintLab))
			h.checkPurge()
			h.checkMistakes(pulse)
			h.checkAsk()
			checkNothingKept(t, home, "hallway")
		})
	}
}

func (h *integrated) checkPurge() {
	h.t.Helper()
	told := ""
	testkit.Within(h.t, 60*time.Second, "the receipt of the nightly purge", func() bool {
		told = notification(h.t, h.home, "earshot_purge")
		return told != ""
	})
	if !regexp.MustCompile(`^1[34]\d recordings deleted \(.* MB\), 0 kept ones stay\. Receipt \S+\.$`).MatchString(told) {
		h.t.Errorf("the nightly purge says %q", told)
	}
	if old := h.admin.must("history/stats", map[string]any{"period": "older_than: 1d"}); old["entries"] != 0.0 {
		h.t.Errorf("%v old recordings are still there", old["entries"])
	}
}

func (h *integrated) checkMistakes(pulse *audiotest.Pulse) {
	h.t.Helper()
	told, before := "", h.count()
	for range 2 {
		if err := pulse.Play("../testdata/audio/okay_nabu_silence.wav", "mic"); err != nil {
			h.t.Fatal(err)
		}
	}
	testkit.Within(h.t, 60*time.Second, "a notification of mistakes", func() bool {
		told = notification(h.t, h.home, "earshot_false_triggers")
		return told != ""
	})
	testkit.Within(h.t, 60*time.Second, "both are stored", func() bool { return h.count() == before+2 })
	if !strings.HasPrefix(told, `"okay_nabu" woke the microphone kitchen by mistake `) {
		h.t.Errorf("of mistakes it says %q", told)
	}
}

func (h *integrated) checkAsk() {
	h.t.Helper()
	ask := func() (confirm, cancel string) {
		h.t.Helper()
		h.home.Post(h.t, "/api/events/lab_ask", map[string]any{}, nil)
		var told string
		testkit.Within(h.t, 30*time.Second, "the question on the phone", func() bool {
			told = notification(h.t, h.home, "phone")
			return strings.HasPrefix(told, "Delete ")
		})
		cancel = regexp.MustCompile(`EARSHOT_CANCEL_\S+`).FindString(told)
		confirm = regexp.MustCompile(`EARSHOT_DELETE_\S+`).FindString(told)
		if confirm == "" || cancel == "" || !strings.Contains(told, fmt.Sprintf("Delete %d recordings?", h.count())) {
			h.t.Fatalf("the phone is told %q", told)
		}
		h.home.Call(h.t, "persistent_notification", "dismiss", map[string]any{"notification_id": "phone"})
		return confirm, cancel
	}
	answer := func(action string) {
		h.t.Helper()
		h.home.Post(h.t, "/api/events/mobile_app_notification_action", map[string]any{"action": action}, nil)
	}
	before := h.count()
	_, cancel := ask()
	answer(cancel)
	h.home.WaitState(h.t, "automation.ask", "on", 10*time.Second)
	confirm, _ := ask() // the automation runs once at a time: the first one has ended
	if n := h.count(); n != before {
		h.t.Errorf("%d recordings after the answer no, %d before", n, before)
	}
	answer(confirm)
	testkit.Within(h.t, 60*time.Second, "everything is gone", func() bool { return h.count() == 0 })
	testkit.Within(h.t, 30*time.Second, "the receipt on the phone", func() bool {
		return strings.Contains(notification(h.t, h.home, "phone"), fmt.Sprintf("%d recordings deleted, 0 kept ones stay. Receipt ", before))
	})
}

// count is how many recordings there are.
func (h *integrated) count() int {
	h.t.Helper()
	return int(h.admin.must("history/stats", map[string]any{"period": "all"})["entries"].(float64))
}
