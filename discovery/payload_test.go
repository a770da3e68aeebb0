package discovery_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"earshot/discovery"
)

// rendered are the payloads as published, indented, by topic.
func rendered(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	synctest.Test(t, func(t *testing.T) {
		w, cfg := &wire{}, household
		cfg.PageURL = "http://192.168.1.7:8127/"
		d, err := discovery.New(cfg, []discovery.Device{kitchen}, discovery.Deps{Broker: w, Commands: &orders{}, Log: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		w.onConnect()
		synctest.Wait()
		for _, m := range w.sent {
			if !strings.HasSuffix(m.Topic, "/config") {
				continue
			}
			var out bytes.Buffer
			if err := json.Indent(&out, []byte(m.Payload), "", "  "); err != nil {
				t.Error(err)
			}
			all[m.Topic] = out.String() + "\n"
		}
		cancel()
		<-ended
	})
	return all
}

func TestGoldenPayload(t *testing.T) {
	all := rendered(t)
	for file, topic := range map[string]string{"testdata/device.json": kitchenConfig, "testdata/hub.json": hubConfig} {
		golden, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(golden), all[topic]); diff != "" {
			t.Errorf("%s differs:\n%s", file, diff)
		}
	}
}

// allowed is what each platform may have beside what all have, and required what it must have.
var allowed = map[string][]string{
	"event":         {"stat_t", "evt_typ"},
	"sensor":        {"stat_t", "dev_cla", "stat_cla", "ops", "unit_of_meas"},
	"binary_sensor": {"stat_t", "dev_cla", "pl_on", "pl_off", "avty_t", "pl_not_avail"},
	"switch":        {"stat_t", "cmd_t"},
	"number":        {"stat_t", "cmd_t", "min", "max", "step", "mode", "unit_of_meas"},
	"select":        {"stat_t", "cmd_t", "ops"},
	"button":        {"cmd_t", "en"},
}

var required = map[string][]string{
	"event": {"stat_t", "evt_typ"}, "sensor": {"stat_t"}, "binary_sensor": {"stat_t"}, "switch": {"stat_t", "cmd_t"},
	"number": {"stat_t", "cmd_t", "min", "max"}, "select": {"stat_t", "cmd_t", "ops"}, "button": {"cmd_t"},
}

// classes are the device classes and units that go together; "" is no class.
// ref: home-assistant/core, components/sensor/const.py DEVICE_CLASS_UNITS and DEVICE_CLASS_STATE_CLASSES
var classes = map[string]string{
	"": "", "enum": "", "timestamp": "", "duration": "s", "data_size": "MB", "problem": "", "connectivity": "",
}

// Home Assistant refuses a whole payload for one key it does not know, and tells nobody.
// ref: home-assistant/core, components/mqtt/schemas.py and each platform's DISCOVERY_SCHEMA, 2025.4
func TestPayloadFollowsTheSchema(t *testing.T) {
	all := rendered(t)
	checkPayload(t, all[kitchenConfig], "kitchen", "earshot_kitchen", 31)
	checkPayload(t, all[hubConfig], "bridge", "earshot_hub_bridge", 8)
}

func checkPayload(t *testing.T, config, below, identifier string, entities int) {
	t.Helper()
	var p map[string]json.RawMessage
	decode(t, []byte(config), &p)
	onlyKeys(t, "payload", p, "dev", "o", "cmps", "avty_t")
	var dev, orig map[string]json.RawMessage
	decode(t, p["dev"], &dev)
	onlyKeys(t, "dev", dev, "ids", "cns", "name", "mf", "mdl", "sw", "sa", "cu")
	decode(t, p["o"], &orig)
	onlyKeys(t, "o", orig, "name", "sw")
	var cmps map[string]map[string]any
	decode(t, p["cmps"], &cmps)
	if len(cmps) != entities {
		t.Errorf("%d entities, want %d", len(cmps), entities)
	}
	topic := regexp.MustCompile(`^earshot/` + below + `/[a-z_/]+$`)
	names := map[any]string{}
	for key, c := range cmps {
		platform, _ := c["p"].(string)
		onlyKeys(t, key, c, append([]string{"p", "uniq_id", "name", "qos", "ic", "ent_cat"}, allowed[platform]...)...)
		for _, needed := range append([]string{"name", "qos"}, required[platform]...) {
			if c[needed] == nil {
				t.Errorf("%s has no %s", key, needed)
			}
		}
		if want := identifier + "_" + key; c["uniq_id"] != want {
			t.Errorf("%s: uniq_id %v, want %s", key, c["uniq_id"], want)
		}
		if other := names[c["name"]]; other != "" {
			t.Errorf("%s and %s have one name", key, other)
		}
		names[c["name"]] = key
		for _, k := range []string{"stat_t", "cmd_t", "avty_t"} {
			if s, ok := c[k].(string); ok && !topic.MatchString(s) {
				t.Errorf("%s: %s is %q", key, k, s)
			}
		}
		if s, ok := c["cmd_t"].(string); ok && !strings.HasSuffix(s, "/set") {
			t.Errorf("%s: cmd_t is %q", key, s)
		}
		checkClass(t, key, c)
	}
}

func checkClass(t *testing.T, key string, c map[string]any) {
	t.Helper()
	class, _ := c["dev_cla"].(string)
	unit, known := classes[class]
	if !known || class != "" && unit != "" && c["unit_of_meas"] != unit || class != "" && unit == "" && c["unit_of_meas"] != nil {
		t.Errorf("%s: the class %q does not go with the unit %v", key, class, c["unit_of_meas"])
	}
	if c["p"] == "sensor" && (c["ops"] != nil) != (class == "enum") || c["ops"] != nil && c["stat_cla"] != nil {
		t.Errorf("%s: options go with the class enum and without a state class", key)
	}
	if category := c["ent_cat"]; category == "config" && c["cmd_t"] == nil {
		t.Errorf("%s: what cannot be changed is no setting", key)
	}
	if c["ic"] == nil && class == "" {
		t.Errorf("%s has neither an icon nor a class that brings one", key)
	}
	if low, ok := c["min"].(float64); ok && (low >= c["max"].(float64) || c["step"].(float64) < 0.001) {
		t.Errorf("%s: from %v to %v by %v", key, low, c["max"], c["step"])
	}
}

func decode(t *testing.T, data []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

func onlyKeys[V any](t *testing.T, what string, m map[string]V, allowed ...string) {
	t.Helper()
	for key := range m {
		if !slices.Contains(allowed, key) {
			t.Errorf("%s has the key %q", what, key)
		}
	}
}
