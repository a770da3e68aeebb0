package discovery_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"earshot/discovery"
	"earshot/internal/mqtt"
	"earshot/internal/mqtt/mqtttest"
	"earshot/internal/testkit"
)

// bridge is a Discovery on a real session, as the program puts them together.
type bridge struct {
	*discovery.Discovery
	session *mqtt.Session
	orders  *orders
	stop    func()
}

func startBridge(t *testing.T, addr string, devices ...discovery.Device) *bridge {
	t.Helper()
	return startBridgeWith(t, addr, household, devices...)
}

func startBridgeWith(t *testing.T, addr string, cfg discovery.Config, devices ...discovery.Device) *bridge {
	t.Helper()
	session, err := mqtt.NewSession(mqtt.SessionConfig{
		URL: "mqtt://" + addr, WillTopic: discovery.AvailabilityTopic(cfg.BridgeID), WillPayload: "offline",
		RetryMin: 20 * time.Millisecond, RetryMax: 100 * time.Millisecond,
	}, zerolog.New(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	o := &orders{}
	d, err := discovery.New(cfg, devices, discovery.Deps{Broker: session, Commands: o, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	if got := discovery.AvailabilityTopic("bridge"); got != "earshot/bridge/availability" {
		t.Fatalf("the will is on another topic than %s", got)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, run := range []func(context.Context) error{session.Run, d.Run} {
		wg.Go(func() {
			if err := run(ctx); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
	b := &bridge{Discovery: d, session: session, orders: o}
	b.stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
	})
	t.Cleanup(b.stop)
	return b
}

// onBoth runs a test on our broker and on one that is not ours.
func onBoth(t *testing.T, test func(t *testing.T, addr string)) {
	t.Run("embedded", func(t *testing.T) {
		testkit.NoLeaks(t)
		b, err := mqtt.OpenBroker("127.0.0.1:0", zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		test(t, strings.TrimPrefix(b.URL(), "tcp://"))
	})
	t.Run("mosquitto", func(t *testing.T) {
		testkit.NoLeaks(t)
		test(t, mqtttest.StartMosquitto(t).Addr)
	})
}

// wantRetained checks what a client that comes now is told; the bridge has a while to get there.
func wantRetained(t *testing.T, addr string, want []string) {
	t.Helper()
	var diff string
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		if diff = cmp.Diff(want, retained(t, addr)); diff == "" {
			return
		}
	}
	t.Error(diff)
}

func retained(t *testing.T, addr string) (lines []string) {
	t.Helper()
	foreign := mqtttest.Listen(t, addr, "#")
	// What is retained comes in one go, before anything published now.
	mqtttest.Publish(t, addr, "test/end", "x")
	foreign.Wait(t, "test/end", "x")
	for _, m := range foreign.Heard() {
		if strings.HasSuffix(m.Topic, "/config") {
			m.Payload = "(device)"
		}
		if m.Retained && !strings.HasPrefix(m.Topic, "$") {
			lines = append(lines, m.Topic+" "+m.Payload)
		}
	}
	slices.Sort(lines)
	return lines
}

func expected(availability string) []string {
	lines := []string{
		`earshot/bridge/announce {"id":"bridge","instance":"i","name":"","version":"","url":"","scheme":"","port":0,"api":"","listen":""}`,
		"earshot/bridge/availability " + availability,
		hubConfig + " (device)",
		kitchenConfig + " (device)",
	}
	for key, value := range listeningValues {
		lines = append(lines, "earshot/kitchen/"+key+" "+value)
	}
	slices.Sort(lines)
	return lines
}

// A foreign client sees everything, is obeyed, and finds the device offline afterwards.
func TestForeignClient(t *testing.T) {
	onBoth(t, func(t *testing.T, addr string) {
		mqtttest.Publish(t, addr, "earshot/kitchen/mute/set", "ON", "-r")
		foreign := mqtttest.Listen(t, addr, "#")
		b := startBridge(t, addr, kitchen)
		b.SetState("kitchen", listening)
		foreign.Wait(t, "earshot/kitchen/state", "listening")
		b.Wake("kitchen", discovery.Wake{WakeWord: "okay_nabu", Score: 0.99, Threshold: 0.85})
		foreign.Wait(t, "earshot/kitchen/wake", `{"event_type":"detected","wake_word":"okay_nabu","score":0.99,"threshold":0.85}`)

		testkit.Eventually(t, "the retained command is ignored", func() bool { return b.Ignored() == 1 })
		mqtttest.Publish(t, addr, "earshot/kitchen/mute/set", "")
		mqtttest.Publish(t, addr, "earshot/kitchen/mute/set", strings.Repeat("ON", 50000))
		mqtttest.Publish(t, addr, "earshot/kitchen/save/set", "OFF")
		testkit.Eventually(t, "a command is obeyed", func() bool { return len(b.orders.all()) == 1 })
		mqtttest.Publish(t, addr, "earshot/kitchen/mute/set", "ON")
		testkit.Eventually(t, "another command is obeyed", func() bool { return len(b.orders.all()) == 2 })
		if diff := cmp.Diff([]string{"kitchen save false", "kitchen mute true"}, b.orders.all()); diff != "" {
			t.Error(diff)
		}
		mqtttest.Publish(t, addr, "earshot/kitchen/mute/set", "", "-r")

		wantRetained(t, addr, expected("online"))
		b.stop()
		wantRetained(t, addr, expected("offline"))
	})
}

func TestBirthOnRealBroker(t *testing.T) {
	onBoth(t, func(t *testing.T, addr string) {
		b := startBridge(t, addr, kitchen)
		b.SetState("kitchen", listening)
		testkit.Eventually(t, "connected", b.session.Connected)
		wantRetained(t, addr, expected("online"))
		foreign := mqtttest.Listen(t, addr, "#", "-R")
		mqtttest.Publish(t, addr, "homeassistant/status", "online")
		foreign.Wait(t, "earshot/kitchen/state", "listening")
		topics := map[string]bool{}
		for _, m := range foreign.Heard() {
			topics[m.Topic] = true
		}
		if !topics[kitchenConfig] || !topics["earshot/bridge/availability"] {
			t.Errorf("announced only %v", topics)
		}
	})
}

// Neither a broker that lost its memory nor a cut connection leaves anything missing.
func TestBrokerForgets(t *testing.T) {
	testkit.NoLeaks(t)
	m := mqtttest.StartMosquitto(t)
	relay := mqtttest.StartRelay(t, m.Addr)
	b := startBridge(t, relay.Addr, kitchen)
	b.SetState("kitchen", listening)
	testkit.Eventually(t, "connected", b.session.Connected)
	wantRetained(t, m.Addr, expected("online"))
	m.Kill()
	testkit.Eventually(t, "disconnected", func() bool { return !b.session.Connected() })
	m.Start()
	wantRetained(t, m.Addr, expected("online"))

	foreign := mqtttest.Listen(t, m.Addr, "earshot/bridge/availability")
	foreign.Wait(t, "earshot/bridge/availability", "online")
	relay.Cut()
	testkit.Eventually(t, "the will, and its contradiction", func() bool {
		heard := foreign.Heard()
		return len(heard) >= 3 && heard[1].Payload == "offline" && heard[len(heard)-1].Payload == "online"
	})
}

// Whoever else says that the bridge is offline is contradicted, so that a will spoken late does no harm.
func TestLateWillOnRealBroker(t *testing.T) {
	onBoth(t, func(t *testing.T, addr string) {
		foreign := mqtttest.Listen(t, addr, "earshot/bridge/availability")
		b := startBridge(t, addr, kitchen)
		testkit.Eventually(t, "connected", b.session.Connected)
		foreign.Wait(t, "earshot/bridge/availability", "online")
		mqtttest.Publish(t, addr, "earshot/bridge/availability", "offline", "-r")
		testkit.Eventually(t, "the contradiction", func() bool {
			heard := foreign.Heard()
			return len(heard) >= 3 && heard[len(heard)-2].Payload == "offline" && heard[len(heard)-1].Payload == "online"
		})
	})
}

func TestDeletedOnRealBroker(t *testing.T) {
	onBoth(t, func(t *testing.T, addr string) {
		cellar := discovery.Device{ID: "cellar"}
		b := startBridge(t, addr, kitchen, cellar)
		testkit.Eventually(t, "connected", b.session.Connected)
		foreign := mqtttest.Listen(t, addr, "homeassistant/#")
		testkit.Eventually(t, "the devices", func() bool {
			_, ok := foreign.Last("homeassistant/device/earshot_cellar/config")
			return ok
		})
		mqtttest.Publish(t, addr, kitchenConfig, "", "-r")
		foreign.Wait(t, kitchenConfig, "")
		before := len(foreign.Heard())
		mqtttest.Publish(t, addr, "homeassistant/status", "online")
		testkit.Eventually(t, "the other device again", func() bool {
			heard := foreign.Heard()
			return slices.ContainsFunc(heard[before:], func(m mqtttest.Message) bool { return m.Topic == "homeassistant/device/earshot_cellar/config" })
		})
		foreign.Wait(t, kitchenConfig, "")
	})
}

// A hundred satellites are there soon. What is listened to is a part of it: brokers drop what a slow client has not taken.
func TestManySatellitesOnRealBroker(t *testing.T) {
	onBoth(t, func(t *testing.T, addr string) {
		var devices []discovery.Device
		for i := range 100 {
			devices = append(devices, discovery.Device{ID: fmt.Sprintf("room%02d", i), Area: "House"})
		}
		configs := mqtttest.Listen(t, addr, "homeassistant/device/+/config")
		states := mqtttest.Listen(t, addr, "earshot/+/state")
		began := time.Now()
		b := startBridge(t, addr, devices...)
		for _, dev := range devices {
			b.SetState(dev.ID, listening)
		}
		testkit.Eventually(t, "every device", func() bool { return len(configs.Heard()) == len(devices)+1 })
		testkit.Eventually(t, "every state", func() bool { return len(states.Heard()) == len(devices) })
		t.Logf("announced in %v", time.Since(began))
		if s := b.session.Status(); s.DroppedIn+s.DroppedOut+s.Oversized > 0 {
			t.Errorf("messages lost: %+v", s)
		}
	})
}

// What is not configured any more is taken away, and nothing else is: neither what another bridge shows, nor an entity that is there.
func TestRemnantsOnRealBroker(t *testing.T) {
	onBoth(t, func(t *testing.T, addr string) {
		attic, cellar := discovery.Device{ID: "attic", WakeWords: kitchen.WakeWords}, discovery.Device{ID: "cellar"}
		first := startBridge(t, addr, kitchen, attic, cellar)
		for _, id := range []string{"kitchen", "attic", "cellar"} {
			first.SetState(id, listening)
		}
		foreign := mqtttest.Listen(t, addr, "#")
		foreign.Wait(t, "earshot/attic/state", "listening")
		foreign.Wait(t, "earshot/attic/listen_alexa", "OFF")
		foreign.Wait(t, "earshot/cellar/level", "-41")
		first.stop()
		const cellarConfig = "homeassistant/device/earshot_cellar/config"
		mqtttest.Publish(t, addr, cellarConfig, `{"dev":{"ids":["x"]},"o":{"name":"Earshot"},"avty_t":"earshot/other/availability","cmps":{}}`, "-r")

		cfg, plain := household, kitchen
		cfg.Former, cfg.DeleteButtons = []string{"kitchen", "attic", "cellar", "not/an id"}, false
		plain.WakeWords = kitchen.WakeWords[:1]
		second := startBridgeWith(t, addr, cfg, plain)
		second.SetState("kitchen", listening)
		foreign.Wait(t, "homeassistant/device/earshot_attic/config", "")
		for key := range listeningValues {
			foreign.Wait(t, "earshot/attic/"+key, "")
		}
		var configs []string
		testkit.Eventually(t, "entities are taken away, and then it is the device as it is", func() bool {
			configs = nil
			for _, m := range foreign.Heard() {
				if m.Topic == kitchenConfig {
					configs = append(configs, m.Payload)
				}
			}
			last := configs[len(configs)-1]
			return len(configs) >= 3 && !strings.Contains(last, "delete_today") && !strings.Contains(last, "alexa")
		})
		removal := configs[len(configs)-2]
		for _, want := range []string{`"delete_today":{"p":"button"}`, `"listen_alexa":{"p":"switch"}`, `"uniq_id":"earshot_kitchen_listen_okay_nabu"`} {
			if !strings.Contains(removal, want) {
				t.Errorf("the removal has no %s: %s", want, removal)
			}
		}
		if last, _ := foreign.Last(cellarConfig); !strings.Contains(last, "other") {
			t.Errorf("the other bridge's device is now %q", last)
		}
	})
}

// A bridge of another id takes itself by its old one away, with a satellite of that time, and nothing of a bridge that has the old id now.
func TestFormerBridgeOnRealBroker(t *testing.T) {
	onBoth(t, func(t *testing.T, addr string) {
		old := household
		old.BridgeID, old.Announcement = "old", discovery.Announcement{ID: "old", Instance: "i"}
		first := startBridgeWith(t, addr, old, kitchen, discovery.Device{ID: "attic"})
		first.SetHub(discovery.Hub{Counted: true})
		first.SetState("attic", listening)
		foreign := mqtttest.Listen(t, addr, "#")
		foreign.Wait(t, "earshot/old/hub/recordings", "0")
		foreign.Wait(t, "earshot/attic/level", "-41")
		now := household
		now.Former, now.FormerBridges, now.FormerPrefixes = []string{"kitchen", "attic"}, []string{"old", "bridge"}, []string{"before", "homeassistant", "a/+"}
		const elsewhere = "before/device/earshot_kitchen/config"
		mqtttest.Publish(t, addr, elsewhere, `{"o":{"name":"Earshot"},"avty_t":"earshot/old/availability","cmps":{}}`, "-r")

		// It is online: a copy of this bridge. And then it is another one's.
		for range 2 {
			second := startBridgeWith(t, addr, now, kitchen)
			second.SetState("kitchen", listening)
			foreign.Wait(t, "earshot/kitchen/state", "listening")
			foreign.Wait(t, "earshot/bridge/availability", "online")
			second.stop()
			foreign.Wait(t, "earshot/bridge/availability", "offline")
			first.stop()
			foreign.Wait(t, "earshot/old/availability", "offline")
			mqtttest.Publish(t, addr, "earshot/old/announce", `{"id":"old","instance":"another"}`, "-r")
		}
		for _, topic := range []string{"homeassistant/device/earshot_hub_old/config", "homeassistant/device/earshot_attic/config", "earshot/old/hub/recordings", elsewhere} {
			if got, _ := foreign.Last(topic); got == "" {
				t.Errorf("%s of another bridge was emptied", topic)
			}
		}

		mqtttest.Publish(t, addr, "earshot/old/announce", `{"id":"old","instance":"i"}`, "-r")
		third := startBridgeWith(t, addr, now, kitchen)
		third.SetState("kitchen", listening)
		foreign.Wait(t, "earshot/old/announce", "")
		foreign.Wait(t, "earshot/attic/level", "")
		wantRetained(t, addr, expected("online"))
	})
}
