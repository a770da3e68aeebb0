package server_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"earshot/internal/server"
)

// TestSatellitesSubscribe tells of a change, and not of the loudness alone.
func TestSatellitesSubscribe(t *testing.T) {
	b := startBridge(t)
	b.house.setLevel(-40)
	c, admin := b.dial(server.Read), b.dial(server.Admin)
	c.must("satellites/subscribe", nil)
	muted := func() any { return c.event()["satellites"].([]any)[0].(map[string]any)["muted"] }
	if muted() != false {
		t.Error("at first: muted")
	}
	b.house.setLevel(-20)
	admin.must("satellites/mute", map[string]any{"satellite": "kitchen", "muted": true})
	if muted() != true { // and no event about the loudness before it
		t.Error("then: not muted")
	}
	c.must("unsubscribe_events", map[string]any{"subscription": 1})
	admin.must("satellites/mute", map[string]any{"satellite": "kitchen", "muted": false})
	c.must("satellites/subscribe", nil)
	if muted() != false || len(c.events) != 0 {
		t.Errorf("after the end of the first subscription: %v", c.events)
	}
}

// TestSatelliteLevels sends the loudness again and again, beside the satellites.
func TestSatelliteLevels(t *testing.T) {
	b := startBridge(t)
	c := b.dial(server.Read)
	b.house.setLevel(-42.1234)
	c.must("satellites/subscribe", map[string]any{"levels": true})
	if first := c.event(); first["satellites"] == nil {
		t.Errorf("first: %v", first)
	}
	want := map[string]any{"levels": map[string]any{"kitchen": -42.1}}
	for range 3 {
		if diff := cmp.Diff(want, c.event()); diff != "" {
			t.Error(diff)
		}
	}
	b.house.setLevel(-10)
	for c.event()["levels"].(map[string]any)["kitchen"] != -10.0 {
	}
}
