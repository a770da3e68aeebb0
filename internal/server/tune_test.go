package server_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"earshot/history"
	"earshot/internal/server"
	"earshot/internal/testkit"
)

// example stores a recording that the kitchen's meter makes 0.9 of at its beginning, and of its end what is said; label marks it.
func (b *bridge) example(c *client, end float64, label string, edit func(*history.Entry)) history.Entry {
	b.t.Helper()
	pcm := tone(0.1, 400)
	pcm[0], pcm[len(pcm)-1] = 900, int16(end*1000)
	e := b.add(pcm, edit)
	c.must("history/update", map[string]any{"ids": []string{e.ID}, "label": label})
	return e
}

// TestTune measures what is marked, and says what another cutoff would have done.
func TestTune(t *testing.T) {
	b := startBridge(t)
	c := b.dial(server.Admin)
	nabu := map[string]any{"wake_word": "okay_nabu"}
	b.example(c, 0.9, "correct", nil) // while it is off
	if got := c.fails("wake_words/tune", nabu); got != `not_allowed: Recordings are not used to tune wake words: turn on "Help improve the wake words" under Privacy, or improve with settings/update.` {
		t.Error(got)
	}
	c.must("settings/update", map[string]any{"improve": true})
	b.house.words[0].SecondLook, b.house.words[0].SecondThreshold = "okay_nabu", 0.1
	got := c.must("wake_words/tune", nabu)
	if got["recommended"] != nil || !strings.HasPrefix(got["sentence"].(string), "That is too little to go by: ") {
		t.Errorf("nothing marked: %v", got)
	}
	for i := range 6 {
		b.example(c, 0.8, "correct", nil)
		b.example(c, 0.2+float64(i)/50, "mistake", nil) // up to 0.3
	}
	b.example(c, 0.9, "mistake", func(e *history.Entry) { e.WakeWord = "alexa" })
	b.example(c, 0.9, "mistake", func(e *history.Entry) { e.Satellite = "hall" })
	b.example(c, 0.9, "mistake", func(e *history.Entry) { e.Score = 0 })
	b.add(tone(0.1, 400), nil) // not marked
	silent := b.add(nil, nil)
	c.must("history/update", map[string]any{"ids": []string{silent.ID}, "label": "mistake"})
	lost := b.example(c, 0.9, "correct", nil)
	clips, err := filepath.Glob(filepath.Join(b.dir, "clips", "*", "*"+lost.ID+"*"))
	if err != nil || len(clips) != 1 {
		t.Fatal(clips, err)
	}
	if err := os.WriteFile(clips[0], []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}

	got = c.must("wake_words/tune", nabu)
	for field, want := range map[string]any{"wake_word": "okay_nabu", "correct": 6.0, "mistakes": 6.0, "more": false} {
		if got[field] != want {
			t.Errorf("%s is %v, want %v", field, got[field], want)
		}
	}
	skipped := got["skipped"].(map[string]any)
	for field, want := range map[string]any{"no_audio": 1.0, "unreadable": 1.0, "no_wake_word": 1.0, "not_example": 1.0} {
		if skipped[field] != want {
			t.Errorf("%s is %v, want %v", field, skipped[field], want)
		}
	}
	if r := got["recommended"].(map[string]any); r["field"] != "second_threshold" || r["cutoff"] != 0.29 {
		t.Errorf("recommended: %v", r)
	}
	if got["sentence"] != "With 0.29 instead of 0.10 1 of 6 false triggers would have counted, and all of 6 right ones would." {
		t.Error(got["sentence"])
	}
	second := got["second_threshold"].(map[string]any)
	if line := c.must("access_log/list", nil)["lines"].([]any)[0].(map[string]any); line["action"] != "played" || line["entries"] != 12.0 {
		t.Errorf("access log: %v", line)
	}
	if points := second["curve"].([]any); second["current"] != 0.1 || len(points) != 21 {
		t.Errorf("second: %v", second)
	}
	if first := got["threshold"].(map[string]any); first["current"] != 0.85 {
		t.Errorf("first: %v", first)
	}
	word := c.must("wake_words/update", map[string]any{"satellite": "kitchen", "wake_word": "okay_nabu", "second_threshold": 0.29})
	if word["second_threshold"] != 0.29 || word["threshold"] != 0.85 {
		t.Errorf("changed: %v", word)
	}
	if lines := c.must("access_log/list", nil)["lines"].([]any); lines[0].(map[string]any)["action"] != "changed" {
		t.Errorf("access log: %v", lines[0])
	}
	if got := c.must("wake_words/tune", nabu); got["recommended"] != nil || !strings.HasPrefix(got["sentence"].(string), "There is nothing to change: with the present 0.29 1 of 6 ") {
		t.Errorf("afterwards: %v", got)
	}

	c.must("settings/update", map[string]any{"improve": false}) // no recording is an example any more, also when it is on again
	c.must("settings/update", map[string]any{"improve": true})
	if got := c.must("wake_words/tune", nabu); got["mistakes"] != 0.0 || got["skipped"].(map[string]any)["not_example"] != 16.0 {
		t.Errorf("off and on: %v", got)
	}
	if strings.Contains(b.log.String(), lost.ID) || strings.Contains(b.log.String(), lost.Transcript) {
		t.Error("the log tells of a recording")
	}
}

// TestTuneNearMisses lets what was nearly heard, and marked, lower the cutoff of the second look; samples have no part in it.
func TestTuneNearMisses(t *testing.T) {
	b := startBridge(t)
	c := b.dial(server.Admin)
	c.must("settings/update", map[string]any{"improve": true})
	b.house.words[0].SecondLook, b.house.words[0].SecondThreshold = "okay_nabu", 0.1
	miss := func(e *history.Entry) { e.Outcome, e.Transcript = history.NearMiss, "" }
	for range 5 {
		b.example(c, 0.8, "correct", nil)
		b.example(c, 0.02, "mistake", miss)
	}
	b.example(c, 0.075, "correct", miss)
	b.example(c, 0.062, "correct", miss)
	b.example(c, 0.07, "mistake", func(e *history.Entry) { e.Outcome = history.Sample })
	got := c.must("wake_words/tune", map[string]any{"wake_word": "okay_nabu"})
	if r, ok := got["recommended"].(map[string]any); !ok || r["field"] != "second_threshold" || r["cutoff"] != 0.06 || got["correct"] != 7.0 || got["mistakes"] != 5.0 {
		t.Errorf("%v", got)
	}
}

// TestTuneOnce measures for one at a time, and ends with its connection.
func TestTuneOnce(t *testing.T) {
	b := startBridge(t)
	c, other := b.dial(server.Admin), b.dial(server.Admin)
	c.must("settings/update", map[string]any{"improve": true})
	const all = 50
	for range all {
		b.example(c, 0.9, "correct", nil)
	}
	alexa := b.house.words[0]
	alexa.ID = "alexa" // of which there are no recordings
	b.house.words = append(b.house.words, alexa)
	b.house.measuring = make(chan bool)
	other.write(map[string]any{"id": 1, "type": "wake_words/tune", "wake_word": "okay_nabu"})
	b.house.measuring <- true
	if got := c.fails("wake_words/tune", map[string]any{"wake_word": "alexa"}); got != "not_allowed: Recordings are being measured already; wait for that to end." {
		t.Error(got)
	}
	other.ws.Close()
	measured := 1
	testkit.Eventually(t, "it ends with its connection", func() bool {
		select {
		case b.house.measuring <- true:
			measured++
		default:
		}
		return c.call("wake_words/tune", map[string]any{"wake_word": "alexa"})["success"] == true
	})
	if measured == all {
		t.Errorf("all %d recordings were measured for nobody", all)
	}
}

// TestTuneRefused is about wake words that cannot be tuned.
func TestTuneRefused(t *testing.T) {
	b := startBridge(t)
	c := b.dial(server.Admin)
	c.must("settings/update", map[string]any{"improve": true})
	word := b.house.words[0]
	other, tuned := word, word
	other.ID = "alexa"
	tuned.Threshold = 0.5
	b.house.more = []server.Satellite{{ID: "hall", WakeWords: []server.WakeWord{tuned, other}}, {ID: "cellar", WakeWords: []server.WakeWord{other}}}
	for _, tc := range []struct {
		satellite, word, want string
	}{
		{"", "okay_nabu", "not_allowed: The satellites have different thresholds for this wake word; say which satellite to tune."},
		{"cellar", "alexa", "not_allowed: Not here."},
		{"attic", "alexa", "not_found: There is no such satellite; satellites/list shows those there are."},
		{"kitchen", "alexa", "not_found: The satellite does not have that wake word; wake_words/list shows those there are."},
		{"", "computer", "not_found: The satellite does not have that wake word; wake_words/list shows those there are."},
	} {
		fields := map[string]any{"wake_word": tc.word}
		if tc.satellite != "" {
			fields["satellite"] = tc.satellite
		}
		if got := c.fails("wake_words/tune", fields); got != tc.want {
			t.Errorf("%v: %s\nwant %s", fields, got, tc.want)
		}
	}
	if got := c.must("wake_words/tune", map[string]any{"satellite": "kitchen", "wake_word": "okay_nabu"}); got["second_threshold"] != nil {
		t.Errorf("one stage: %v", got)
	}
	if got := b.dial(server.Listen).fails("wake_words/tune", map[string]any{"wake_word": "okay_nabu"}); got != "unauthorized: The role admin is needed." {
		t.Error(got)
	}
}
