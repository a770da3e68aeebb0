package server_test

import (
	"fmt"
	"strings"
	"testing"

	"earshot/internal/server"
)

// changes counts the lines of the access log that say that something was changed.
func changes(c *client) (n int) {
	for _, line := range c.must("access_log/list", nil)["lines"].([]any) {
		if line.(map[string]any)["action"] == "changed" {
			n++
		}
	}
	return n
}

// TestVerifier makes one, and removes it in every way there is.
func TestVerifier(t *testing.T) {
	b := startBridge(t)
	c := b.dial(server.Admin)
	make := map[string]any{"wake_word": "okay_nabu", "active": true}
	drop := map[string]any{"wake_word": "okay_nabu", "active": false}
	used := func() bool {
		t.Helper()
		word := c.must("wake_words/list", nil)["wake_words"].([]any)[0].(map[string]any)
		return word["verifier"] == true
	}
	if got := c.fails("wake_words/verifier", make); !strings.HasPrefix(got, "not_allowed: Recordings are not used to tune wake words: ") {
		t.Error(got)
	}
	c.must("settings/update", map[string]any{"improve": true})
	got := c.must("wake_words/verifier", make)
	want := "A third opinion takes at least 3 mistakes and 3 right ones that count with the present thresholds; there are 0 and 0."
	if measured := got["measured"].(map[string]any); got["active"] != false || measured["sentence"] != want || measured["better"] != false || used() {
		t.Errorf("nothing marked: %v", got)
	}
	for i := range 4 {
		b.example(c, 0.9, "correct", nil)
		b.example(c, 0.15+float64(i)/20, "mistake", nil) // up to 0.3
	}
	sentence := "A third opinion would help: of recordings that it had not learned from it would let pass 1 of 4 false triggers, and all of 4 right ones."
	tuned := c.must("wake_words/tune", map[string]any{"wake_word": "okay_nabu"})["verifier"].(map[string]any)
	if tuned["sentence"] != sentence || tuned["better"] != true || tuned["mistakes"] != 4.0 || tuned["mistakes_left"] != 1.0 || tuned["correct"] != 4.0 || used() {
		t.Errorf("tuned: %v", tuned)
	}
	before := changes(c)
	got = c.must("wake_words/verifier", make)
	if measured := got["measured"].(map[string]any); got["active"] != true || measured["sentence"] != sentence || fmt.Sprint(got["satellites"]) != "[kitchen]" || !used() {
		t.Errorf("made: %v", got)
	}
	if n := changes(c); n != before+1 {
		t.Errorf("%d changes are noted, want one", n-before)
	}
	if got := c.must("wake_words/verifier", drop); got["active"] != false || got["measured"] != nil || used() || changes(c) != before+2 {
		t.Errorf("removed: %v", got)
	}
	if c.must("wake_words/verifier", drop); changes(c) != before+2 {
		t.Error("nothing was removed, and that is noted as a change")
	}

	c.must("wake_words/verifier", make)
	if c.must("settings/update", map[string]any{"improve": true}); !used() {
		t.Error("a verifier goes when helping to improve is on already")
	}
	if c.must("settings/update", map[string]any{"improve": false}); used() {
		t.Error("there is a verifier of recordings that are no examples any more")
	}
	c.must("settings/update", map[string]any{"improve": true})
	b.house.setVerifier("okay_nabu", true)
	for range 4 {
		b.example(c, 0.4, "mistake", nil)
		b.example(c, 0.9, "correct", nil)
	}
	want = "A third opinion would not help: of recordings that it had not learned from it would let pass all of 4 false triggers, and all of 4 right ones."
	if got := c.must("wake_words/verifier", make); got["active"] != false || got["measured"].(map[string]any)["sentence"] != want || used() {
		t.Errorf("one that does not help any more: %v", got)
	}
}

// TestVerifierRefused is about wake words that there can be no verifier for.
func TestVerifierRefused(t *testing.T) {
	b := startBridge(t)
	c := b.dial(server.Admin)
	c.must("settings/update", map[string]any{"improve": true})
	deaf, tuned := b.house.words[0], b.house.words[0]
	deaf.ID, tuned.Threshold = "deaf", 0.5
	b.house.words = append(b.house.words, deaf)
	b.house.more = []server.Satellite{{ID: "hall", WakeWords: []server.WakeWord{tuned}}}
	for _, tc := range []struct {
		satellite, word string
		active          bool
		want            string
	}{
		{"kitchen", "deaf", true, "not_allowed: It hears nothing."},
		{"", "okay_nabu", true, "not_allowed: The satellites have different thresholds for this wake word; say which satellite to tune."},
		{"attic", "okay_nabu", true, "not_found: There is no such satellite; satellites/list shows those there are."},
		{"attic", "okay_nabu", false, "not_found: There is no such satellite; satellites/list shows those there are."},
		{"hall", "deaf", true, "not_found: The satellite does not have that wake word; wake_words/list shows those there are."},
		{"hall", "deaf", false, "not_found: The satellite does not have that wake word; wake_words/list shows those there are."},
	} {
		fields := map[string]any{"wake_word": tc.word, "active": tc.active}
		if tc.satellite != "" {
			fields["satellite"] = tc.satellite
		}
		if got := c.fails("wake_words/verifier", fields); got != tc.want {
			t.Errorf("%v: %s\nwant %s", fields, got, tc.want)
		}
	}
	if got := c.must("wake_words/verifier", map[string]any{"wake_word": "okay_nabu", "active": false}); fmt.Sprint(got["satellites"]) != "[kitchen hall]" {
		t.Errorf("of all satellites: %v", got)
	}
	got := c.must("wake_words/tune", map[string]any{"wake_word": "deaf"})["verifier"].(map[string]any)
	if got["sentence"] != "It hears nothing." || got["better"] != false {
		t.Errorf("tuned: %v", got)
	}
	for _, role := range []server.Role{server.Read, server.Listen} {
		if got := b.dial(role).fails("wake_words/verifier", map[string]any{"wake_word": "okay_nabu", "active": false}); got != "unauthorized: The role admin is needed." {
			t.Error(got)
		}
	}
}
