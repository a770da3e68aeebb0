package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"earshot/history"
	"earshot/internal/testkit"
)

// tunable are two satellites that hear the same word, said by different voices at different times.
const tunable = `
satellites:
  - {id: kitchen, wake_words: [{model: alexa, second_threshold: 0.02}], microphone: {driver: file, device: %q, loop: true, pace: real}}
  - {id: hall, wake_words: [{model: alexa, second_threshold: 0.02}], microphone: {driver: file, device: %q, loop: true, pace: real}}
models: {dir: %q}
mqtt: {embedded: false}
history: {dir: DATA}
server: {listen: LISTEN}
`

// falseTriggers is a file in which somebody says the word with a voice and in a noise of which the second look makes less, half a file later than
// in the other one: satellites that hear a word within 2 s leave it to the first.
func falseTriggers(t *testing.T, clear []int16) string {
	t.Helper()
	weak := testkit.ReadWAV(t, "../detector/testdata/wav/alexa.wav")
	pcm := append(weak, clear[len(weak):]...) // the same command after it
	for i := range pcm {
		pcm[i] += int16(i*7919%31-15) * 4
	}
	pcm = append(pcm[len(pcm)/2:], pcm[:len(pcm)/2]...)
	name := filepath.Join(t.TempDir(), "false.wav")
	if err := os.WriteFile(name, history.WAV(pcm), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// startTunable has one satellite after the other record so many times or more, as fast as it can hear: beside each other, of two that hear a word
// within 2 s one would leave it to the other. Then it starts both.
func startTunable(t *testing.T, models string, enough int) *caller {
	t.Helper()
	said := absolute(t, "../testdata/audio/alexa_light_on.wav")
	c := &caller{prepareBridge(t, fmt.Sprintf(tunable, said, falseTriggers(t, testkit.ReadWAV(t, said)), models)), t}
	both, err := os.ReadFile(c.config)
	if err != nil {
		t.Fatal(err)
	}
	listen := func(yaml string) {
		t.Helper()
		if err := os.WriteFile(c.config, []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		c.restart(t)
		c.await()
	}
	for satellite, other := range map[string]string{"kitchen": "hall", "hall": "kitchen"} {
		alone := regexp.MustCompile(`(?m)^  - {id: `+other+`,.*\n`).ReplaceAllString(string(both), "")
		listen(strings.Replace(alone, "pace: real", "pace: fast", 1))
		testkit.Within(t, patience, satellite+" has recorded", func() bool { return c.entries(satellite) >= enough })
		c.stop(t)
	}
	listen(string(both))
	return c
}

// entries is how many recordings a satellite has.
func (c *caller) entries(satellite string) int {
	c.t.Helper()
	return int(c.do("history/stats", fmt.Sprintf(`{"satellite": %q}`, satellite))["entries"].(float64))
}

// mark says that what the kitchen has recorded was meant, and that what the hall has was not.
func (c *caller) mark() {
	c.t.Helper()
	for satellite, label := range map[string]string{"kitchen": "correct", "hall": "mistake"} {
		c.do("history/update", fmt.Sprintf(`{"match": {"period": "all", "satellite": %q}, "label": %q}`, satellite, label))
	}
}

// TestTune marks what two satellites have recorded, and has the real program find and set a better threshold.
func TestTune(t *testing.T) {
	t.Parallel()
	const enough = 5
	c := startTunable(t, modelsWithHeads(t, "alexa"), enough)
	tune := func(args ...string) (int, string) {
		return exitCode(t, append(append([]string{"tune"}, args...), "--config", c.config)...)
	}
	if code, out := tune(); code != 1 || !strings.Contains(out, `turn on "Help improve the wake words"`) {
		t.Errorf("while it is off: exit code %d, %s", code, out)
	}
	c.do("settings/update", `{"improve": true}`)
	c.mark()

	code, out := tune("--json")
	var found struct {
		Correct, Mistakes int
		Satellites        []string
		Recommended       struct {
			Field  string
			Cutoff float64
		}
		Sentence string
	}
	if err := json.Unmarshal([]byte(out), &found); code != 0 || err != nil {
		t.Fatalf("exit code %d, %v: %s", code, err, out)
	}
	if found.Correct < enough || found.Mistakes < enough || len(found.Satellites) != 2 {
		t.Errorf("measured: %s", out)
	}
	if found.Recommended.Field != "second_threshold" || found.Recommended.Cutoff < 0.05 || found.Recommended.Cutoff > 0.99 {
		t.Errorf("recommended: %s", out)
	}
	code, out = tune("alexa", "--apply")
	t.Log(out)
	for _, want := range []string{"alexa on kitchen, hall: ", "second look (threshold at 0.20):", "  recommended\n", "  now\n", found.Sentence, "hall: second_threshold of alexa is "} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit code %d, without %q:\n%s", code, want, out)
		}
	}
	check := func(when string) {
		t.Helper()
		for _, w := range c.do("wake_words/list", "")["wake_words"].([]any) {
			if word := w.(map[string]any); word["second_threshold"] != found.Recommended.Cutoff || word["threshold"] != 0.2 {
				t.Errorf("%s: %v, want %v", when, word, found.Recommended.Cutoff)
			}
		}
	}
	check("applied")
	if code, out = tune("alexa"); code != 0 || !strings.Contains(out, "There is nothing to change: ") {
		t.Errorf("afterwards: exit code %d, %s", code, out)
	}
	if code, out = tune("computer"); code != 1 || !strings.Contains(out, "does not have that wake word") {
		t.Errorf("another word: exit code %d, %s", code, out)
	}
	if !strings.Contains(fmt.Sprint(c.do("access_log/list", "")), "played") {
		t.Error("the access log does not tell of the recordings that were measured")
	}
	if strings.Contains(c.log.String(), found.Sentence) {
		t.Error("the log tells of recordings")
	}
	c.stop(t)
	if code, out = tune("alexa"); code != 1 || !strings.Contains(out, "start it with `earshot run`") {
		t.Errorf("without a bridge: exit code %d, %s", code, out)
	}
	c.restart(t)
	c.await()
	check("after a restart")
}
