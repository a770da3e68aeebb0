package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"earshot/internal/testkit"
)

// TestVerifier marks what two satellites have recorded, has the real program make a third opinion of it, and sees the false triggers of one refused
// while the other goes on being heard: at once, after a restart, and not any more when the household does not help to improve.
func TestVerifier(t *testing.T) {
	t.Parallel()
	const enough = 11
	models := modelsWithHeads(t, "alexa")
	c := startTunable(t, models, enough)
	c.do("settings/update", `{"improve": true}`)
	tune := func(args ...string) string {
		t.Helper()
		code, out := exitCode(t, append(append([]string{"tune", "alexa"}, args...), "--config", c.config)...)
		if code != 0 {
			t.Fatalf("tune %v: exit code %d: %s", args, code, out)
		}
		return out
	}
	count := func(name, satellite string) (n int) {
		_, text := c.scrape(t, c.token(t, "read"))
		_, after, _ := strings.Cut(text, fmt.Sprintf("\nearshot_third_opinions%s_total{satellite=%q,wake_word=\"alexa\"} ", name, satellite))
		_, _ = fmt.Sscan(after, &n)
		return n
	}
	if out := tune("--verifier"); !strings.Contains(out, "takes at least 10 mistakes and 10 right ones") || !strings.Contains(out, "no verifier has a third opinion on alexa") {
		t.Errorf("nothing is marked: %s", out)
	}
	c.mark()
	if out := tune(); !strings.Contains(out, "A third opinion would help: ") {
		t.Errorf("measured: %s", out)
	}
	out := tune("--verifier")
	t.Log(out)
	if !strings.Contains(out, "kitchen, hall: a verifier has a third opinion now on alexa") {
		t.Fatalf("made: %s", out)
	}
	file := filepath.Join(models, "own", "verifier", "hall.alexa.json")
	for path, mode := range map[string]os.FileMode{file: 0o600, filepath.Dir(file): 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	refuses := func(when string) {
		t.Helper()
		for _, w := range c.do("wake_words/list", "")["wake_words"].([]any) {
			if w.(map[string]any)["verifier"] != true {
				t.Errorf("%s: %v", when, w)
			}
		}
		asked, agreed, heard := count("", "hall"), count("_agreed", "hall"), count("_agreed", "kitchen")
		testkit.Within(t, 2*time.Minute, when+" both satellites are heard", func() bool {
			return count("", "hall") >= asked+2 && count("_agreed", "kitchen") >= heard+2
		})
		if n := count("_agreed", "hall"); n != agreed {
			t.Errorf("%s: %d false triggers count", when, n-agreed)
		}
	}
	refuses("at once")
	c.stop(t)
	c.restart(t)
	c.await()
	refuses("after a restart")

	c.stop(t)
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "kitchen.alexa.json"), []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.restart(t)
	c.await()
	for _, w := range c.do("wake_words/list", "")["wake_words"].([]any) {
		if word := w.(map[string]any); (word["verifier"] == true) != (word["satellite"] == "hall") {
			t.Errorf("with a damaged file: %v", word)
		}
	}
	if !strings.Contains(c.log.String(), "the word counts without it") {
		t.Error("nobody is told of a damaged verifier")
	}
	c.do("settings/update", `{"improve": false}`)
	if _, err := os.Stat(filepath.Dir(file)); !os.IsNotExist(err) {
		t.Errorf("there are verifiers of recordings that are no examples any more: %v", err)
	}
	before := c.entries("hall")
	testkit.Within(t, 2*time.Minute, "the false triggers count again", func() bool { return c.entries("hall") > before })
}
