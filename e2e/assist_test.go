package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"earshot/e2e/lab"
	"earshot/internal/audio/audiotest"
	"earshot/internal/testkit"
)

// household is a real Home Assistant, and a bridge whose microphone a test speaks into.
type household struct {
	t     *testing.T
	home  *lab.Home
	pulse *audiotest.Pulse

	assistant string // that a test has chosen
	*bridge
	*client
}

// newHousehold starts everything; token signs the bridge in to Home Assistant.
func newHousehold(t *testing.T, home *lab.Home, token string) *household {
	t.Helper()
	h := &household{t: t, home: home, pulse: audiotest.StartPulse(t)}
	h.pulse.LoadNullSink("mic")
	h.bridge = startBridge(t, fmt.Sprintf(`
satellites:
  - id: kitchen
    name: Kitchen
    area: Kitchen
    microphone: {driver: pulse, device: mic.monitor}
    wake_words: [okay_nabu]
    reply: {media_player: %s}
models: {dir: MODELS}
mqtt: {url: "%s"}
home_assistant: {url: "%s", token: "%s"}
history: {dir: DATA}
server: {listen: LISTEN}
`, lab.Speaker, home.Broker(), home.URL(), token), h.pulse.Env()...)
	testkit.Within(t, 30*time.Second, "the bridge hears", func() bool { return h.health() == 200 })
	h.client = h.bridge.dial(t, "admin")
	testkit.Within(t, 30*time.Second, "Home Assistant knows the device", func() bool {
		_, device := home.EntityByUniqueID(t, "mqtt", "earshot_kitchen_wake")
		return device != ""
	})
	return h
}

// say speaks a recording into the microphone.
func (h *household) say(wav string) {
	h.t.Helper()
	if err := h.pulse.Play("../testdata/audio/"+wav, "mic"); err != nil {
		h.t.Fatal(err)
	}
}

// newest waits until the history has n entries and returns the newest.
func (h *household) newest(n int) map[string]any {
	h.t.Helper()
	testkit.Within(h.t, 30*time.Second, fmt.Sprintf("%d entries", n), func() bool { return len(h.entries()) == n })
	return h.entries()[0]
}

// TestAssist closes the loop with the real Home Assistant, the current one and the oldest that is supported: a spoken command moves
// a light, "delete what I just said" deletes it, and silence starts nothing.
func TestAssist(t *testing.T) {
	t.Parallel()
	for _, version := range []string{lab.Current, lab.Oldest} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			home := lab.Start(t, lab.Options{Version: version, STT: true})
			h := newHousehold(t, home, home.PlainToken())
			h.checkCommand()
			h.checkDeleteByVoice()
			h.checkSilence()
			h.checkRestart()
		})
	}
}

func (h *household) checkCommand() {
	h.t.Helper()
	h.home.Call(h.t, "light", "turn_off", map[string]any{"entity_id": lab.Light})
	h.home.WaitState(h.t, lab.Light, "off", 10*time.Second)
	h.say("okay_nabu_light_on.wav")
	h.home.WaitState(h.t, lab.Light, "on", 30*time.Second)
	e := h.newest(1)
	text, _ := e["transcript"].(string)
	if e["outcome"] != "understood" || !strings.Contains(strings.ToLower(text), "kitchen light") || e["reply"] == "" || e["intent"] == "" {
		h.t.Errorf("entry is %v", e)
	}
	testkit.Within(h.t, 15*time.Second, "the reply is played by the household's speaker", func() bool { return h.home.State(h.t, lab.Played) != "" })
}

func (h *household) checkDeleteByVoice() {
	h.t.Helper()
	url := h.must("clips/sign", map[string]any{"entry_id": h.newest(1)["id"]})["url"].(string)
	h.say("okay_nabu_delete_just_said.wav")
	testkit.Within(h.t, 30*time.Second, "everything that was just said is gone", func() bool { return len(h.entries()) == 0 })
	if status, _ := h.download(h.t, url); status != 410 {
		h.t.Errorf("the deleted clip answers %d", status)
	}
	h.idle() // the reply is a run of Home Assistant's, too
}

// idle waits until the only satellite has nothing to do.
func (c *client) idle() {
	c.t.Helper()
	testkit.Within(c.t, patience, "the satellite is idle", func() bool {
		return c.must("satellites/list", nil)["satellites"].([]any)[0].(map[string]any)["state"] == "idle"
	})
}

func (h *household) checkSilence() {
	h.t.Helper()
	before := h.home.PipelineRuns(h.t, h.home.Pipeline())
	h.say("okay_nabu_silence.wav")
	if e := h.newest(1); e["outcome"] != "not_intended" {
		h.t.Errorf("entry is %v", e)
	}
	if after := h.home.PipelineRuns(h.t, h.home.Pipeline()); len(after) != len(before) || (len(after) > 0 && after[len(after)-1] != before[len(before)-1]) {
		h.t.Errorf("a run was started for silence: %d runs before, %d after", len(before), len(after))
	}
}

// checkRestart: after Home Assistant was away the next command works without help.
func (h *household) checkRestart() {
	h.t.Helper()
	h.home.Restart(h.t)
	testkit.Within(h.t, 60*time.Second, "Home Assistant has the device again", func() bool {
		entity, _ := h.home.EntityByUniqueID(h.t, "mqtt", "earshot_kitchen_state")
		return entity != "" && h.home.State(h.t, entity) == "idle"
	})
	h.home.WaitState(h.t, lab.Light, "on", 30*time.Second)
	h.say("okay_nabu_light_off.wav")
	h.home.WaitState(h.t, lab.Light, "off", 30*time.Second)
	if e := h.newest(2); e["outcome"] != "understood" {
		h.t.Errorf("entry is %v", e)
	}
}

// TestTokenRevoked: a token that Home Assistant no longer takes is said where people look.
func TestTokenRevoked(t *testing.T) {
	t.Parallel()
	home := lab.Start(t, lab.Options{Version: lab.Current})
	token := home.NewToken(t)
	h := newHousehold(t, home, token)
	home.RevokeToken(t, token)
	testkit.Within(t, 30*time.Second, "/healthz is red", func() bool { return h.health() == 503 })
	problem, _ := home.EntityByUniqueID(t, "mqtt", "earshot_kitchen_assist_problem")
	home.WaitState(t, problem, "on", 10*time.Second)
	if !strings.Contains(h.log.String(), "token is refused") {
		t.Error("the log does not say that the token is refused")
	}
}
