package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/internal/server"
	"earshot/internal/testkit"
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

// TestWakeWords changes a wake word and writes that down.
func TestWakeWords(t *testing.T) {
	b := startBridge(t)
	c := b.dial(server.Admin)
	want := map[string]any{"satellite": "kitchen", "id": "okay_nabu", "phrase": "Okay Nabu", "threshold": 0.85, "active": true}
	if diff := cmp.Diff(map[string]any{"wake_words": []any{want}}, c.must("wake_words/list", nil)); diff != "" {
		t.Error(diff)
	}
	nabu := func(more ...any) map[string]any {
		fields := map[string]any{"satellite": "kitchen", "wake_word": "okay_nabu"}
		for i := 0; i < len(more); i += 2 {
			fields[more[i].(string)] = more[i+1]
		}
		return fields
	}
	want["threshold"] = 0.5
	if diff := cmp.Diff(want, c.must("wake_words/update", nabu("threshold", 0.5))); diff != "" {
		t.Error(diff)
	}
	want["active"] = false
	if diff := cmp.Diff(want, c.must("wake_words/update", nabu("active", false))); diff != "" {
		t.Error(diff)
	}
	lines := c.must("access_log/list", nil)["lines"].([]any)
	if first := lines[0].(map[string]any); len(lines) != 2 || first["action"] != "changed" || first["who"] != "test admin" {
		t.Errorf("access log: %v", lines)
	}
	for _, tc := range []struct {
		fields map[string]any
		want   string
	}{
		{nabu(), "invalid_format: threshold: say threshold, second_threshold or active"},
		{nabu("second_threshold", 1.01), "invalid_format: second_threshold: a number from 0.01 to 1 is needed"},
		{nabu("threshold", 0), "invalid_format: threshold: a number from 0.01 to 1 is needed"},
		{nabu("threshold", 1.01), "invalid_format: threshold: a number from 0.01 to 1 is needed"},
		{nabu("threshold", "0.5"), "invalid_format: threshold: a number from 0.01 to 1 is needed"},
		{nabu("satellite", "cellar", "active", true), "not_found: There is no such satellite; satellites/list shows those there are."},
		{nabu("wake_word", "alexa", "active", true), "not_found: The satellite does not have that wake word; wake_words/list shows those there are."},
		{nabu("wake_word", "elsewhere", "threshold", 0.7), "not_allowed: Not here."},
	} {
		if got := c.fails("wake_words/update", tc.fields); got != tc.want {
			t.Errorf("%v\ngot  %s\nwant %s", tc.fields, got, tc.want)
		}
	}
}

// TestSatellitesTest tells what a trial hears until its end, or until the client does not want it any more.
func TestSatellitesTest(t *testing.T) {
	b := startBridge(t)
	c, other := b.dial(server.Admin), b.dial(server.Admin)
	kitchen := map[string]any{"satellite": "kitchen"}
	want := map[string]any{"seconds": 20.0, "wake_words": []any{map[string]any{"id": "okay_nabu", "phrase": "Okay Nabu", "threshold": 0.85, "active": true}}}
	if diff := cmp.Diff(want, c.must("satellites/test", kitchen)); diff != "" {
		t.Error(diff)
	}
	if got := other.fails("satellites/test", kitchen); got != "not_allowed: One runs already." {
		t.Error(got)
	}
	run := b.house.running()
	run.heard <- server.Heard{At: 1200 * time.Millisecond, LevelDBFS: -31.52, Scores: map[string]float64{"okay_nabu": 0.12345}}
	run.heard <- server.Heard{At: 1300 * time.Millisecond, LevelDBFS: -30, WakeWord: "okay_nabu", Score: 0.97}
	for _, want := range []map[string]any{
		{"action": "scores", "at_ms": 1200.0, "level_dbfs": -31.5, "scores": map[string]any{"okay_nabu": 0.123}},
		{"action": "wake", "at_ms": 1300.0, "wake_word": "okay_nabu", "score": 0.97},
	} {
		if diff := cmp.Diff(want, c.event()); diff != "" {
			t.Error(diff)
		}
	}
	run.end()
	if diff := cmp.Diff(map[string]any{"action": "end"}, c.event()); diff != "" {
		t.Error(diff)
	}
	for range 20 { // more than a connection may have at a time: those that are over do not count
		c.must("satellites/test", map[string]any{"satellite": "kitchen", "seconds": 5})
		b.house.running().end()
		c.event()
	}
	c.must("satellites/test", kitchen)
	c.must("unsubscribe_events", map[string]any{"subscription": c.id})
	if b.house.running() != nil {
		t.Error("it runs on after unsubscribe_events")
	}
	other.must("satellites/test", kitchen)
	other.ws.Close()
	testkit.Eventually(t, "a trial ends with its connection", func() bool { return b.house.running() == nil })
	if got := c.fails("satellites/test", map[string]any{"satellite": "cellar"}); !strings.HasPrefix(got, "not_found: ") {
		t.Error(got)
	}
	if got := c.fails("satellites/test", map[string]any{"satellite": "kitchen", "seconds": 61}); got != "invalid_format: seconds: a whole number from 1 to 60 is needed" {
		t.Error(got)
	}
	if len(c.events) != 0 {
		t.Errorf("events: %v", c.events)
	}
}
