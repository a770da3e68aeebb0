package discovery_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"earshot/discovery"
)

// rendered is the kitchen's payload as published, indented.
func rendered(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		d, err := discovery.New(discovery.Config{Version: "0.1.0", PageURL: "http://192.168.1.7:8127/"}, []discovery.Device{kitchen},
			discovery.Deps{Broker: w, Commands: &orders{}, Log: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		w.onConnect()
		synctest.Wait()
		if err := json.Indent(&out, []byte(w.sent[0].Payload), "", "  "); err != nil {
			t.Error(err)
		}
		cancel()
		<-ended
	})
	out.WriteByte('\n')
	return out.Bytes()
}

func TestGoldenPayload(t *testing.T) {
	golden, err := os.ReadFile("testdata/device.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(golden), string(rendered(t))); diff != "" {
		t.Errorf("testdata/device.json differs:\n%s", diff)
	}
}

// Home Assistant refuses a whole payload for one key it does not know, and tells nobody.
// ref: home-assistant/core, components/mqtt/schemas.py and each platform's DISCOVERY_SCHEMA, 2025.4
func TestPayloadFollowsTheSchema(t *testing.T) {
	var p map[string]json.RawMessage
	decode(t, rendered(t), &p)
	onlyKeys(t, "payload", p, "dev", "o", "cmps", "avty_t")
	var dev, orig map[string]json.RawMessage
	decode(t, p["dev"], &dev)
	onlyKeys(t, "dev", dev, "ids", "cns", "name", "mf", "mdl", "sw", "sa", "cu")
	decode(t, p["o"], &orig)
	onlyKeys(t, "o", orig, "name", "sw")
	var cmps map[string]map[string]any
	decode(t, p["cmps"], &cmps)
	if len(cmps) != 8 {
		t.Errorf("%d entities, want 8", len(cmps))
	}
	every := []string{"p", "uniq_id", "name", "stat_t", "qos", "ic", "ent_cat"}
	allowed := map[string][]string{
		"event":         {"evt_typ"},
		"sensor":        {"dev_cla", "stat_cla", "ops"},
		"binary_sensor": {"dev_cla"},
		"switch":        {"cmd_t"},
	}
	topic := regexp.MustCompile(`^earshot/kitchen/[a-z_]+(/set)?$`)
	for key, c := range cmps {
		platform, _ := c["p"].(string)
		if allowed[platform] == nil {
			t.Errorf("%s: platform %q", key, platform)
		}
		onlyKeys(t, key, c, append(slices.Clone(every), allowed[platform]...)...)
		for _, needed := range []string{"name", "stat_t"} {
			if c[needed] == nil {
				t.Errorf("%s has no %s", key, needed)
			}
		}
		if want := "earshot_kitchen_" + key; c["uniq_id"] != want {
			t.Errorf("%s: uniq_id %v, want %s", key, c["uniq_id"], want)
		}
		for _, k := range []string{"stat_t", "cmd_t"} {
			if s, ok := c[k].(string); ok && !topic.MatchString(s) {
				t.Errorf("%s: %s is %q", key, k, s)
			}
		}
		if (platform == "switch") != (c["cmd_t"] != nil) || (platform == "event") != (c["evt_typ"] != nil) {
			t.Errorf("%s lacks what its platform needs", key)
		}
		if (c["ops"] != nil) != (c["dev_cla"] == "enum") || c["ops"] != nil && c["stat_cla"] != nil {
			t.Errorf("%s: options go with the class enum and without a state class", key)
		}
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
