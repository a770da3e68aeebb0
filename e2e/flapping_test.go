package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"earshot/internal/assist/assisttest"
	"earshot/internal/testkit"
)

// flapping is a satellite that hears a command every few seconds, with a broker and a Home Assistant that come and go.
const flapping = `
satellites:
  - {id: kitchen, wake_words: [okay_nabu], microphone: {driver: file, device: %s, loop: true, pace: real}}
models: {dir: MODELS}
mqtt: {url: "mqtt://127.0.0.1:%d"}
home_assistant: {url: "%s", token: "%s"}
history: {dir: DATA, retention: {max_entries: 100}}
server: {listen: LISTEN}
`

// flaps is the household of TestDrillFlapping.
type flaps struct {
	*soak
	t         *testing.T
	mosquitto *broker
	home      *assisttest.Server
	rand      *rand.Rand
}

// TestDrillFlapping kills the broker and stops Home Assistant at random moments, again and again: everything said is in the history, every order
// over MQTT is obeyed, and at the end everything is as if nothing had happened.
func TestDrillFlapping(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("the random moments are those of seed %d", seed)
	f := &flaps{t: t, mosquitto: startBroker(t), home: assisttest.New(t), rand: rand.New(rand.NewPCG(seed, 0))}
	b := startBridge(t, fmt.Sprintf(flapping, often(t), f.mosquitto.port, f.home.URL(), assisttest.Token))
	testkit.Within(t, patience, "the bridge hears", func() bool { return b.health() == 200 })
	f.soak = &soak{bridge: b, token: b.token(t, "admin"), rooms: []*room{{id: "kitchen"}}}
	f.settled("at the start")
	components := f.components()
	c := b.dialWith(t, f.token)
	f.mute(t, c, true)
	before := b.vitals(t, f.token)
	f.mute(t, c, false)
	c.ws.Close()
	var series []vitals
	for end := time.Now().Add(time.Hour); len(series) < 3 || *drill && time.Now().Before(end); {
		f.flap(len(series))
		series = append(series, b.vitals(t, f.token))
		if *drill {
			t.Logf("flap %d, %.0f min to go: %v", len(series), time.Until(end).Minutes(), series[len(series)-1])
		}
	}
	f.settled("at the end")
	if now := f.components(); !maps.Equal(now, components) || len(now) < 10 {
		t.Errorf("the device has %d entities, and had %d: %v", len(now), len(components), now)
	}
	testkit.Within(t, patience, "some words are heard", func() bool { return f.count(t, "earshot_wakes_total") >= 3 })
	f.checkRecorded() // before anything is switched off
	switches := 0
	for key, platform := range components {
		if platform == "switch" {
			switches++
			f.turn(key)
		}
	}
	if switches < 3 {
		t.Errorf("%d switches were tried", switches)
	}
	if *drill {
		checkFlat(t, series)
	}
	b.settle(t, f.token, before)
}

// flap has the broker, Home Assistant or both go away for a while, and gives an order as soon as the broker is back.
func (f *flaps) flap(n int) {
	f.t.Helper()
	if n%3 != 1 {
		f.mosquitto.crash(f.t)
	}
	if n%3 != 0 {
		f.home.Stop()
	}
	f.while(2 * time.Second)
	if n%3 != 1 {
		f.mosquitto.run(f.t)
	}
	if n%3 != 0 {
		f.home.Start()
	}
	testkit.Within(f.t, patience, "the bridge is back at the broker", func() bool { return f.mosquitto.last("earshot/bridge/availability") == "online" })
	gain := fmt.Sprint(n%5 + 1)
	f.mosquitto.publish(f.t, "earshot/kitchen/gain/set", gain, "-q", "1")
	testkit.Within(f.t, patience, "the order is obeyed", func() bool { return f.mosquitto.last("earshot/kitchen/gain") == gain })
	f.while(3 * time.Second)
}

// while waits a random time.
func (f *flaps) while(most time.Duration) {
	<-time.After(time.Duration(f.rand.Int64N(int64(most))))
}

// settled waits until everything is there.
func (f *flaps) settled(when string) {
	f.t.Helper()
	testkit.Within(f.t, patience, "everything is there "+when, func() bool {
		body := f.metrics(f.t, f.token)
		return f.mosquitto.last("earshot/bridge/availability") == "online" && f.mosquitto.last("homeassistant/device/earshot_kitchen/config") != "" &&
			f.mosquitto.last("homeassistant/device/earshot_hub_bridge/config") != "" &&
			sample(f.t, body, "earshot_home_assistant_connected") == 1 && sample(f.t, body, "earshot_mqtt_connected") == 1 && f.health() == 200
	})
}

// components are the entities that the broker holds of the satellite, with their platforms.
func (f *flaps) components() map[string]string {
	f.t.Helper()
	var device struct {
		Components map[string]struct {
			Platform string `json:"p"`
		} `json:"cmps"`
	}
	if err := json.Unmarshal([]byte(f.mosquitto.last("homeassistant/device/earshot_kitchen/config")), &device); err != nil {
		f.t.Fatal(err)
	}
	found := map[string]string{}
	for key, c := range device.Components {
		found[key] = c.Platform
	}
	return found
}

// turn turns a switch over and back.
func (f *flaps) turn(key string) {
	f.t.Helper()
	topic := "earshot/kitchen/" + key
	order := []string{"ON", "OFF"}
	if f.mosquitto.last(topic) == "ON" {
		slices.Reverse(order)
	}
	for _, to := range order {
		f.mosquitto.publish(f.t, topic+"/set", to, "-q", "1")
		testkit.Within(f.t, patience, key+" is "+to, func() bool { return f.mosquitto.last(topic) == to })
	}
}

// checkRecorded: each wake word has its entry, whatever was away, and with its sound.
func (f *flaps) checkRecorded() {
	f.t.Helper()
	c := f.dialWith(f.t, f.token)
	defer c.ws.Close()
	f.mute(f.t, c, true)
	body := f.metrics(f.t, f.token)
	wakes, recordings := sample(f.t, body, "earshot_wakes_total"), sample(f.t, body, "earshot_recordings_total")
	if wakes != recordings {
		f.t.Errorf("%.0f wake words and %.0f recordings", wakes, recordings)
	}
	got := c.must("history/verify", nil)
	if len(got["problems"].([]any)) != 0 {
		f.t.Errorf("verify: %v", got)
	}
	outcomes := map[any]int{}
	for _, e := range c.entries() {
		outcomes[e["outcome"]]++
		if e["outcome"] != "cancelled" && e["clip"] == nil {
			f.t.Errorf("there is no sound with %v", e)
		}
	}
	f.t.Logf("%.0f wake words, of which the last became %v", wakes, outcomes)
}
