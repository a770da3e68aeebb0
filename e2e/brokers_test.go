package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"earshot/e2e/lab"
	"earshot/internal/audio/audiotest"
	"earshot/internal/mqtt/mqtttest"
	"earshot/internal/testkit"
	"earshot/internal/wyoming/wyomingtest"
)

// accessRules are those that docs/mqtt.md gives mosquitto, for another discovery prefix, and for somebody who sees everything.
func accessRules(t *testing.T, prefix string) string {
	t.Helper()
	doc, err := os.ReadFile("../docs/mqtt.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rules, found := strings.Cut(string(doc), "```\nuser earshot\n")
	rules, _, closed := strings.Cut(rules, "```")
	if !found || !closed || !strings.HasSuffix(rules, "\ntopic readwrite homeassistant/#\n") {
		t.Fatalf("the access rules of docs/mqtt.md are others than this test knows:\n%s", rules)
	}
	return "user earshot\n" + strings.Replace(rules, "homeassistant/device", prefix+"/device", 1) + "topic readwrite " + prefix + "/#\n\nuser observer\ntopic read #\n"
}

// secret is the password of everybody at the guarded broker, and must be in no message.
const secret = "swordfish-of-the-broker"

// guarded is a mosquitto that wants to know who comes, with the access rules of docs/mqtt.md.
func guarded(t *testing.T, prefix string) (settings string) {
	t.Helper()
	passwords, rules := filepath.Join(t.TempDir(), "passwords"), writeFile(t, "rules", accessRules(t, prefix))
	for i, user := range []string{"earshot", "homeassistant", "observer"} {
		args := []string{"-b", passwords, user, secret}
		if i == 0 {
			args = append([]string{"-c"}, args...)
		}
		if out, err := exec.Command(lookPath(t, "mosquitto_passwd"), args...).CombinedOutput(); err != nil {
			t.Fatalf("mosquitto_passwd: %v\n%s", err, out)
		}
	}
	return fmt.Sprintf("allow_anonymous false\npassword_file %s\nacl_file %s\n", passwords, rules)
}

// TestGuardedBroker has two bridges at one broker with passwords and access rules, and Home Assistant look for devices elsewhere than usual:
// both are there, one of them tells what was said because its household wants that, and nothing secret is on the broker.
func TestGuardedBroker(t *testing.T) {
	t.Parallel()
	const prefix = "smart/home"
	home := lab.Start(t, lab.Options{Broker: lab.Broker{Settings: guarded(t, prefix), User: "homeassistant", Password: secret, DiscoveryPrefix: prefix}})
	seen := &broker{}
	if _, err := fmt.Sscanf(home.Broker(), "mqtt://127.0.0.1:%d", &seen.port); err != nil {
		t.Fatal(err)
	}
	seen.watch(t, "-u", "observer", "-P", secret)
	stt, pulse := wyomingtest.New(t), audiotest.StartPulse(t)
	pulse.LoadNullSink("mic")
	mqtt := func(bridge string) string {
		return fmt.Sprintf("{url: %q, username: earshot, password: %s, discovery_prefix: %s, bridge_id: %s}", home.Broker(), secret, prefix, bridge)
	}
	kitchen := startBridge(t, fmt.Sprintf(`
satellites:
  - {id: kitchen, name: Kitchen, wake_words: [okay_nabu], microphone: {driver: pulse, device: mic.monitor}}
models: {dir: MODELS}
mqtt: %s
discovery: {publish_transcripts: true}
stt: {wyoming: "%s", language: en}
history: {dir: DATA}
server: {listen: LISTEN}
`, mqtt("one"), stt.Addr()), pulse.Env()...)
	hall := startBridge(t, fmt.Sprintf(`
satellites:
  - {id: hall, wake_words: [okay_nabu], microphone: {driver: file, device: %s}}
models: {dir: MODELS}
mqtt: %s
history: {dir: DATA}
server: {listen: LISTEN}
`, silence(t), mqtt("two")))
	testkit.Within(t, 30*time.Second, "the bridge hears", func() bool { return kitchen.health() == 200 })
	h := &household{t: t, home: home, pulse: pulse, bridge: kitchen, client: kitchen.dial(t, "admin")}
	for _, device := range []string{"kitchen", "hall", "hub_one", "hub_two"} {
		testkit.Within(t, 30*time.Second, "the device "+device, func() bool { return len(h.registered("earshot_"+device+"_")) > 5 })
	}
	stt.Script(wyomingtest.Reply{Text: lightOn})
	h.say("okay_nabu_light_on.wav")
	h.newest(1)
	testkit.Within(t, 20*time.Second, "the event Command with what was said", func() bool {
		return home.States(t)[h.entity("command")].Attributes["text"] == lightOn
	})
	h.checkDeleteWeek()
	for _, topic := range []string{"earshot/one/availability", "earshot/two/availability"} {
		if got := seen.last(topic); got != "online" {
			t.Errorf("%s is %q", topic, got)
		}
	}
	for _, m := range seen.all("#") {
		if strings.Contains(m.Payload, secret) || strings.HasPrefix(m.Topic, "homeassistant/device/") {
			t.Errorf("on the broker: %+v", m)
		}
	}
	checkAnnounced(t, seen.last("earshot/one/announce"), kitchen)
	for _, b := range []*bridge{kitchen, hall} {
		if strings.Contains(b.log.String(), "does not let us subscribe") || strings.Contains(b.log.String(), secret) {
			t.Errorf("the log is %s", b.log)
		}
	}
}

// checkDeleteWeek takes the button into use, as people have to, and presses it.
func (h *household) checkDeleteWeek() {
	h.t.Helper()
	button := h.entity("delete_this_week")
	h.home.Do(h.t, "config/entity_registry/update", map[string]any{"entity_id": button, "disabled_by": nil}, nil)
	h.home.Call(h.t, "homeassistant", "reload_config_entry", map[string]any{"entity_id": button})
	testkit.Within(h.t, 30*time.Second, "the button is there", func() bool { return h.home.State(h.t, button) == "unknown" })
	h.act("earshot_kitchen_delete_this_week", "press", nil, "")
	testkit.Within(h.t, 20*time.Second, "everything of this week is gone", func() bool { return len(h.entries()) == 0 })
	if line := h.logged(); line["who"] != "button, Kitchen" || line["action"] != "deleted" || line["entries"] != 1.0 {
		h.t.Errorf("the access log says %v", line)
	}
}

// logged waits for the newest line of the access log.
func (c *client) logged() (line map[string]any) {
	c.t.Helper()
	testkit.Within(c.t, 10*time.Second, "a line in the access log", func() bool {
		lines, _ := c.must("access_log/list", nil)["lines"].([]any)
		if len(lines) > 0 {
			line = lines[0].(map[string]any)
		}
		return line != nil
	})
	return line
}

// checkAnnounced: programs find the bridge by it, and learn nothing more.
func checkAnnounced(t *testing.T, payload string, b *bridge) {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal([]byte(payload), &got); err != nil {
		t.Fatalf("announced is %q: %v", payload, err)
	}
	keys := slices.Sorted(maps.Keys(got))
	if !slices.Equal(keys, []string{"api", "id", "instance", "listen", "name", "port", "scheme", "url", "version"}) {
		t.Errorf("announced are %v", keys)
	}
	if got["id"] != "one" || got["listen"] != b.listen || got["url"] != "http://"+b.listen+"/" || got["api"] != "/api/websocket" || got["version"] != "v0-test" ||
		got["scheme"] != "http" || !strings.HasSuffix(b.listen, fmt.Sprint(":", got["port"])) {
		t.Errorf("announced is %v", got)
	}
}

// TestCertificates: a broker that wants a certificate gets one, and says that the bridge is away when it has lost its power.
func TestCertificates(t *testing.T) {
	t.Parallel()
	dir, port := mqtttest.Certificates(t, "broker", "bridge"), freePort(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	m := startBroker(t, fmt.Sprintf("listener %d 127.0.0.1\ncafile %s\ncertfile %s\nkeyfile %s\nrequire_certificate true\n",
		port, at("authority.crt"), at("broker.crt"), at("broker.key")))
	b := startBridge(t, fmt.Sprintf(`
satellites:
  - {id: hall, wake_words: [okay_nabu], microphone: {driver: file, device: %s}}
models: {dir: MODELS}
mqtt: {url: "mqtts://127.0.0.1:%d", ca_file: %s, cert_file: %s, key_file: %s}
history: {dir: DATA}
server: {listen: LISTEN}
`, silence(t), port, at("authority.crt"), at("bridge.crt"), at("bridge.key")))
	available := func(want string) {
		t.Helper()
		testkit.Within(t, 30*time.Second, "the bridge is "+want, func() bool { return m.last("earshot/bridge/availability") == want })
	}
	available("online")
	testkit.Within(t, 30*time.Second, "the satellite is shown", func() bool { return m.last("earshot/hall/state") == "idle" })
	b.kill(t)
	available("offline")
	b.restart(t)
	available("online")
}

// TestBridgeRenamed: by its old id and discovery prefix nothing is left of a bridge, and by its new ones everything is there.
func TestBridgeRenamed(t *testing.T) {
	t.Parallel()
	m := startBroker(t)
	b := startBridge(t, fmt.Sprintf(`
satellites:
  - {id: hall, wake_words: [okay_nabu], microphone: {driver: file, device: %s}}
models: {dir: MODELS}
mqtt: {url: "mqtt://127.0.0.1:%d", bridge_id: before, discovery_prefix: before}
history: {dir: DATA}
server: {listen: LISTEN}
`, silence(t), m.port))
	shown := func(bridge string) {
		t.Helper()
		testkit.Within(t, 30*time.Second, bridge+" is shown", func() bool { return m.last("earshot/"+bridge+"/hub/recordings") == "0" })
	}
	shown("before")
	b.stop(t)
	yaml, err := os.ReadFile(b.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b.config, []byte(strings.ReplaceAll(string(yaml), ": before", ": after")), 0o600); err != nil {
		t.Fatal(err)
	}
	b.restart(t)
	shown("after")
	var left []string
	if !testkit.Poll(10*time.Second, func() bool {
		left = m.retained("before")
		return len(left) == 0
	}) {
		t.Errorf("left of before: %v", left)
	}
	if config := m.last("after/device/earshot_hall/config"); !strings.Contains(config, "earshot/after/availability") {
		t.Errorf("the satellite is %s", config)
	}
}

// retained lists the topics with a word in them that hold something.
func (b *broker) retained(word string) (topics []string) {
	now := map[string]string{}
	for _, m := range b.all("#") {
		now[m.Topic] = m.Payload
	}
	for topic, payload := range now {
		if payload != "" && strings.Contains(topic, word) {
			topics = append(topics, topic)
		}
	}
	return topics
}
