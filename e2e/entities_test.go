package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"earshot/e2e/lab"
	"earshot/internal/testkit"
)

// registered is an entity as Home Assistant's registry knows it.
type registered struct {
	ID       string  `json:"entity_id"`
	UniqueID string  `json:"unique_id"`
	Platform string  `json:"platform"`
	Category *string `json:"entity_category"`
	Disabled *string `json:"disabled_by"`
	Name     string  `json:"original_name"`
}

// registered lists those of a device, by what their unique ids end with. It fails when one is there twice.
func (h *household) registered(prefix string) map[string]registered {
	h.t.Helper()
	var list []registered
	h.home.Do(h.t, "config/entity_registry/list", nil, &list)
	found := map[string]registered{}
	for _, e := range list {
		key, ours := strings.CutPrefix(e.UniqueID, prefix)
		if !ours || e.Platform != "mqtt" {
			continue
		}
		if other, twice := found[key]; twice {
			h.t.Errorf("%s and %s are one entity", e.ID, other.ID)
		}
		found[key] = e
	}
	return found
}

// expectedEntity is what Home Assistant should have made of an entity; state is a pattern of the state, "*" for any that is known.
type expectedEntity struct{ domain, category, class, unit, state string }

var kitchenEntities = map[string]expectedEntity{
	"wake":                 {"event", "", "", "", "unknown"},
	"command":              {"event", "", "", "", "unknown"},
	"state":                {"sensor", "", "enum", "", "idle"},
	"recordings":           {"sensor", "", "", "", "0"},
	"recordings_today":     {"sensor", "", "", "", "0"},
	"false_triggers_today": {"sensor", "", "", "", "0"},
	"last_heard":           {"sensor", "", "timestamp", "", "unknown"},
	"last_deletion":        {"sensor", "", "timestamp", "", "unknown"},
	"microphone_problem":   {"binary_sensor", "diagnostic", "problem", "", "off"},
	"assist_problem":       {"binary_sensor", "diagnostic", "problem", "", "off"},
	"storage_problem":      {"binary_sensor", "diagnostic", "problem", "", "off"},
	"level":                {"sensor", "diagnostic", "", "dBFS", "*"},
	"dropped_frames":       {"sensor", "diagnostic", "", "", "*"},
	"detector_cpu":         {"sensor", "diagnostic", "", "%", "*"},
	"reply_time":           {"sensor", "diagnostic", "duration", "s", "unknown"},
	"microphone_test":      {"sensor", "diagnostic", "enum", "", "unknown"},
	"microphone_quality":   {"sensor", "diagnostic", "enum", "", "good"},
	"mute":                 {"switch", "", "", "", "off"},
	"save":                 {"switch", "config", "", "", "on"},
	"save_text":            {"switch", "config", "", "", "on"},
	"listen_okay_nabu":     {"switch", "config", "", "", "on"},
	"threshold_okay_nabu":  {"number", "config", "", "", "0.85"},
	"gain":                 {"number", "config", "", "dB", "0"},
	"keep":                 {"select", "config", "", "", "forever"},
	"assistant":            {"select", "config", "", "", "As configured"},
	"delete_last":          {"button", "", "", "", "unknown"},
	"delete_today":         {"button", "", "", "", "unknown"},
	"delete_this_week":     {"button", "", "", "", "disabled"},
	"delete_everything":    {"button", "", "", "", "disabled"},
	"test_microphone":      {"button", "diagnostic", "", "", "unknown"},
}

var hubEntities = map[string]expectedEntity{
	"version":        {"sensor", "diagnostic", "", "", "v0-test"},
	"recordings":     {"sensor", "", "", "", "0"},
	"storage_used":   {"sensor", "diagnostic", "data_size", "MB", "0.0"},
	"next_cleanup":   {"sensor", "diagnostic", "timestamp", "", "*"},
	"home_assistant": {"binary_sensor", "diagnostic", "connectivity", "", "on"},
	"connected":      {"binary_sensor", "diagnostic", "connectivity", "", "on"},
	"improve":        {"switch", "config", "", "", "off"},

	"configuration_problem": {"binary_sensor", "diagnostic", "problem", "", "off"},
}

// TestEntities shows the whole device to the real Home Assistant: everything is there and right, obeys, is itself after every restart, and
// says nothing of what was said.
func TestEntities(t *testing.T) {
	t.Parallel()
	for _, version := range []string{lab.Current, lab.Oldest} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			home := lab.Start(t, lab.Options{Version: version, STT: true})
			h := newHousehold(t, home, home.PlainToken())
			h.checkEntities("earshot_kitchen_", kitchenEntities)
			h.checkEntities("earshot_hub_bridge_", hubEntities)
			h.checkSettings()
			h.checkSpoken()
			h.checkButtons()
			h.checkRestarts()
			h.checkNothingSaid()
		})
	}
}

// checkEntities compares a device with what it should be.
func (h *household) checkEntities(prefix string, want map[string]expectedEntity) {
	h.t.Helper()
	testkit.Within(h.t, 30*time.Second, "every entity of "+prefix, func() bool { return len(h.registered(prefix)) == len(want) })
	problem := ""
	if !testkit.Poll(20*time.Second, func() bool {
		problem = h.wrongEntity(prefix, want)
		return problem == ""
	}) {
		h.t.Error(problem)
	}
}

func (h *household) wrongEntity(prefix string, want map[string]expectedEntity) string {
	states, all := h.home.States(h.t), h.registered(prefix)
	for key, w := range want {
		e := all[key]
		category := ""
		if e.Category != nil {
			category = *e.Category
		}
		if !strings.HasPrefix(e.ID, w.domain+".") || category != w.category || (e.Disabled != nil) != (w.state == "disabled") {
			return fmt.Sprintf("%s is %+v of category %q, want %+v", key, e, category, w)
		}
		if e.Disabled != nil {
			continue
		}
		s := states[e.ID]
		class, _ := s.Attributes["device_class"].(string)
		unit, _ := s.Attributes["unit_of_measurement"].(string)
		if class != w.class || unit != w.unit {
			return fmt.Sprintf("%s has the class %q and the unit %q, want %+v", key, class, unit, w)
		}
		known := s.State != "" && s.State != "unknown" && s.State != "unavailable"
		if s.State != w.state && !(w.state == "*" && known) {
			return fmt.Sprintf("%s is %q, want %q", key, s.State, w.state)
		}
	}
	return ""
}

// set calls an action on an entity of the kitchen and waits until the entity shows a state.
func (h *household) set(key, action string, data map[string]any, want string) {
	h.t.Helper()
	h.act("earshot_kitchen_"+key, action, data, want)
}

func (h *household) act(uniqueID, action string, data map[string]any, want string) {
	h.t.Helper()
	id, _ := h.home.EntityByUniqueID(h.t, "mqtt", uniqueID)
	call := map[string]any{"entity_id": id}
	for key, value := range data {
		call[key] = value
	}
	domain, _, _ := strings.Cut(id, ".")
	h.home.Call(h.t, domain, action, call)
	if want != "" {
		h.home.WaitState(h.t, id, want, 10*time.Second)
	}
}

func (h *household) waitKitchen(key, want string) {
	h.t.Helper()
	id, _ := h.home.EntityByUniqueID(h.t, "mqtt", "earshot_kitchen_"+key)
	h.home.WaitState(h.t, id, want, 30*time.Second)
}

// checkSettings turns everything that can be turned, so that it is another one than it was, and leaves the microphone able to hear.
func (h *household) checkSettings() {
	h.t.Helper()
	h.set("save_text", "turn_off", nil, "off")
	h.waitKitchen("save", "off")
	h.waitKitchen("keep", "do not save")
	h.set("save_text", "turn_on", nil, "on")
	h.waitKitchen("save", "off")
	h.set("save", "turn_on", nil, "on")
	h.set("keep", "select_option", map[string]any{"option": "30 days"}, "30 days")
	h.set("threshold_okay_nabu", "set_value", map[string]any{"value": 0.65}, "0.65")
	h.set("gain", "set_value", map[string]any{"value": 3}, "3")
	h.act("earshot_hub_bridge_improve", "turn_on", nil, "on")
	var options []any
	testkit.Within(h.t, 30*time.Second, "the assistants can be chosen", func() bool {
		options, _ = h.home.States(h.t)[h.entity("assistant")].Attributes["options"].([]any)
		return len(options) >= 2
	})
	h.assistant = options[1].(string) // the preferred one is named first
	h.set("assistant", "select_option", map[string]any{"option": h.assistant}, h.assistant)
	h.set("mute", "turn_on", nil, "on")
	h.set("mute", "turn_off", nil, "off")
	h.set("listen_okay_nabu", "turn_off", nil, "off")
	h.say("okay_nabu_light_on.wav")
	h.set("listen_okay_nabu", "turn_on", nil, "on")
	if n := len(h.entries()); n != 0 {
		h.t.Errorf("a wake word that is switched off made %d recordings", n)
	}
	h.home.WaitState(h.t, h.entity("wake"), "unknown", time.Second)
}

func (h *household) entity(key string) string {
	h.t.Helper()
	id, _ := h.home.EntityByUniqueID(h.t, "mqtt", "earshot_kitchen_"+key)
	return id
}

// checkSpoken holds what Home Assistant knows after a command.
func (h *household) checkSpoken() {
	h.t.Helper()
	h.say("okay_nabu_light_on.wav")
	e := h.newest(1)
	h.waitKitchen("recordings", "1")
	h.waitKitchen("recordings_today", "1")
	testkit.Within(h.t, 20*time.Second, "the event Command", func() bool {
		a := h.home.States(h.t)[h.entity("command")].Attributes
		return a["event_type"] == e["outcome"] && a["entry_id"] == e["id"] && a["wake_word"] == "okay_nabu" && a["speech_end_ms"] != nil && a["text"] == nil
	})
	if e["threshold"] != 0.65 {
		h.t.Errorf("the wake word had to pass %v, not what was set", e["threshold"])
	}
	for _, key := range []string{"reply_time", "last_heard"} {
		if s := h.home.State(h.t, h.entity(key)); s == "unknown" || s == "unavailable" {
			h.t.Errorf("%s is %s", key, s)
		}
	}
}

// checkButtons presses what is to be pressed.
func (h *household) checkButtons() {
	h.t.Helper()
	h.act("earshot_kitchen_test_microphone", "press", nil, "")
	h.waitKitchen("microphone_test", "testing")
	h.say("okay_nabu_light_off.wav")
	h.waitKitchen("microphone_test", "speech")
	h.newest(2)
	h.act("earshot_kitchen_delete_last", "press", nil, "")
	testkit.Within(h.t, 20*time.Second, "the last one is gone", func() bool { return len(h.entries()) == 1 })
	h.act("earshot_kitchen_delete_today", "press", nil, "")
	testkit.Within(h.t, 20*time.Second, "everything is gone", func() bool { return len(h.entries()) == 0 })
	h.waitKitchen("recordings", "0")
	testkit.Within(h.t, 20*time.Second, "the last deletion is known", func() bool {
		_, err := time.Parse(time.RFC3339, h.home.State(h.t, h.entity("last_deletion")))
		return err == nil
	})
	line := h.must("access_log/list", nil)["lines"].([]any)[0].(map[string]any)
	if line["who"] != "button, Kitchen" {
		h.t.Errorf("the access log says %v", line)
	}
}

// checkRestarts: after Home Assistant, the broker and the bridge have been away, everything is as it was, and nothing is there twice.
func (h *household) checkRestarts() {
	h.t.Helper()
	again := func(what string) {
		h.t.Helper()
		want := map[string]string{
			"state": "idle", "keep": "30 days", "threshold_okay_nabu": "0.65", "gain": "3", "save": "on", "save_text": "on", "listen_okay_nabu": "on",
			"mute": "off", "recordings": "0", "assistant": h.assistant,
		}
		took := testkit.Within(h.t, 60*time.Second, "everything again after "+what, func() bool {
			states, all := h.home.States(h.t), h.registered("earshot_kitchen_")
			for key, value := range want {
				if states[all[key].ID].State != value {
					return false
				}
			}
			return len(all) == len(kitchenEntities)
		})
		h.t.Logf("everything again %.1f s after %s", took.Seconds(), what)
	}
	again("the buttons")
	h.home.Restart(h.t)
	again("a restart of Home Assistant")
	connected := strings.Count(h.log.String(), "connected to the MQTT broker")
	h.home.RestartBroker(h.t)
	took := testkit.Within(h.t, 30*time.Second, "the bridge is back at the broker", func() bool {
		return strings.Count(h.log.String(), "connected to the MQTT broker") > connected
	})
	h.t.Logf("the bridge is back at the broker after %.1f s", took.Seconds())
	again("that power cut of the broker, to which Home Assistant comes back after 10 s (RECONNECT_INTERVAL_SECONDS)")
	h.bridge.kill(h.t)
	h.bridge.restart(h.t)
	testkit.Within(h.t, 30*time.Second, "the bridge hears again", func() bool { return h.health() == 200 })
	again("a power cut of the bridge")
	h.client = h.bridge.dial(h.t, "admin")
}

// checkNothingSaid searches what Home Assistant keeps for the words of the commands, and its log for complaints about us.
func (h *household) checkNothingSaid() {
	h.t.Helper()
	checkNothingKept(h.t, h.home, "turn on the kitchen")
}

// checkNothingKept shuts Home Assistant down, and searches its database, its .storage and its log for words, and its log for complaints about us.
func checkNothingKept(t *testing.T, home *lab.Home, words string) {
	t.Helper()
	home.Shutdown(t)
	files := 0
	err := filepath.WalkDir(home.Folder(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if name := filepath.Base(path); !strings.HasPrefix(name, "home-assistant") && !strings.Contains(path, "/.storage/") {
			return nil
		}
		files++
		data, err := os.ReadFile(path)
		if strings.Contains(strings.ToLower(string(data)), words) {
			t.Errorf("%s holds what was said", filepath.Base(path))
		}
		return err
	})
	if err != nil || files < 5 {
		t.Errorf("%d files were searched: %v", files, err)
	}
	for line := range strings.Lines(home.Log()) {
		// It says the first of all that are not its own, the second of each action that somebody may not use.
		if strings.Contains(line, "We found a custom integration earshot") || strings.Contains(line, "You may not do this at this bridge") {
			continue
		}
		ours := strings.Contains(strings.ToLower(line), "earshot") || strings.Contains(line, "components.mqtt") && !strings.Contains(line, "The connection was lost")
		if ours && (strings.Contains(line, " WARNING ") || strings.Contains(line, " ERROR ")) {
			t.Errorf("Home Assistant complains: %s", line)
		}
	}
}
