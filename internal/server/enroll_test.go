package server_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"earshot/internal/server"
)

// TestEnroll makes a word from what is said.
func TestEnroll(t *testing.T) {
	b := startBridge(t)
	c := b.dial(server.Admin)
	begun := c.must("wake_words/enroll", map[string]any{"satellite": "kitchen", "phrase": "Computer"})
	if begun["wake_word"] != "computer" || begun["least"] != 3.0 || begun["good"] != 9.0 {
		t.Errorf("begun: %v", begun)
	}
	e := b.house.enrolment
	on := map[string]any{"enrolment": begun["enrolment"]}
	record := func(result error) {
		c.id++
		c.write(map[string]any{"id": c.id, "type": "wake_words/record", "enrolment": begun["enrolment"]})
		e.said <- result
	}
	record(nil)
	want := map[string]any{"number": 1.0, "seconds": 1.5, "level_dbfs": -21.0, "noise_dbfs": -60.0, "clipped": false}
	if diff := cmp.Diff(want, c.answer()["result"]); diff != "" {
		t.Error(diff)
	}
	record(server.Refuse(errors.New("nobody speaks")))
	if got := c.answer()["error"].(map[string]any); got["code"] != "not_allowed" || got["message"] != "Nobody speaks." {
		t.Errorf("refused: %v", got)
	}
	record(nil)
	c.answer()
	if got := c.must("wake_words/undo", on); got["samples"] != 1.0 {
		t.Errorf("undone: %v", got)
	}
	on["keep"] = true
	want = map[string]any{
		"wake_word": "computer", "threshold": 0.877, "samples": 1.0, "false_accepts": 2.0, "missed_quiet": 0.0, "missed_noise": 0.111, "unlike": []any{}, "kept": 0.0,
		"sentence": "To use it, write {model: computer, engine: own} under wake_words of the satellite in the configuration; a bridge that runs takes it over by itself.",
	}
	if diff := cmp.Diff(want, any(c.must("wake_words/finish", on))); diff != "" || !e.kept {
		t.Error(diff, e.kept)
	}
	if line := c.must("access_log/list", nil)["lines"].([]any)[0].(map[string]any); line["action"] != "changed" {
		t.Errorf("access log: %v", line)
	}
}

// TestEnrollEnds is about recordings that nobody may keep.
func TestEnrollEnds(t *testing.T) {
	b := startBridge(t)
	c := b.dial(server.Admin)
	begun := c.must("wake_words/enroll", map[string]any{"satellite": "kitchen", "phrase": "Computer"})
	e := b.house.enrolment
	c.must("unsubscribe_events", map[string]any{"subscription": c.id})
	<-e.closed
	const gone = "not_found: That wake word is not being made any more; begin again."
	for _, command := range []string{"wake_words/record", "wake_words/undo", "wake_words/finish"} {
		if got := c.fails(command, map[string]any{"enrolment": begun["enrolment"]}); got != gone {
			t.Errorf("%s: %s", command, got)
		}
	}
	begun = c.must("wake_words/enroll", map[string]any{"satellite": "kitchen", "phrase": "Computer"})
	e = b.house.enrolment
	c.write(map[string]any{"id": c.id + 1, "type": "wake_words/record", "enrolment": begun["enrolment"]})
	c.ws.Close()
	<-e.closed
	other := b.dial(server.Admin)
	if got := other.fails("wake_words/undo", map[string]any{"enrolment": begun["enrolment"]}); got != gone {
		t.Error(got)
	}
}

func TestEnrollRefused(t *testing.T) {
	b := startBridge(t)
	c := b.dial(server.Admin)
	for want, fields := range map[string]map[string]any{
		"not_found: There is no such satellite; satellites/list shows those there are.": {"satellite": "attic", "phrase": "x"},
		"not_allowed: Taken.":                {"satellite": "kitchen", "phrase": "taken"},
		"invalid_format: phrase: is missing": {"satellite": "kitchen"},
	} {
		if got := c.fails("wake_words/enroll", fields); got != want {
			t.Errorf("%v: %s, want %s", fields, got, want)
		}
	}
	c.must("wake_words/enroll", map[string]any{"satellite": "kitchen", "phrase": "taken", "replace": true})
	if got := b.dial(server.Listen).fails("wake_words/enroll", map[string]any{"satellite": "kitchen", "phrase": "x"}); got != "unauthorized: The role admin is needed." {
		t.Error(got)
	}
}
