package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"earshot/internal/testkit"
)

// caller is a bridge that hears the same command again and again, and is asked from the command line.
type caller struct {
	*bridge
	t *testing.T
}

func newCaller(t *testing.T) *caller {
	t.Helper()
	b := startBridge(t, fmt.Sprintf(`
satellites:
  - {id: kitchen, wake_words: [{model: okay_nabu, threshold: 0.6}, alexa], microphone: {driver: file, device: %s, loop: true}}
models: {dir: MODELS}
mqtt: {embedded: false}
history: {dir: DATA}
server: {listen: LISTEN}
`, often(t)))
	c := &caller{b, t}
	c.await()
	return c
}

// await waits until the bridge answers.
func (c *caller) await() {
	c.t.Helper()
	testkit.Within(c.t, 20*time.Second, "the bridge answers", func() bool { return c.health() == 200 })
}

// do calls a command that has to be carried out, with JSON as its fields unless that is empty, and returns its result.
func (c *caller) do(command, fields string) (result map[string]any) {
	c.t.Helper()
	args := []string{"call", command, "--config", c.config}
	if fields != "" {
		args = []string{"call", command, fields, "--config", c.config}
	}
	code, out := exitCode(c.t, args...)
	if code != 0 || json.Unmarshal([]byte(out), &result) != nil {
		c.t.Fatalf("earshot %v: exit code %d, %s", args, code, out)
	}
	return result
}

func (c *caller) recordings() int {
	c.t.Helper()
	n, _ := c.do("history/stats", "")["entries"].(float64)
	return int(n)
}

// following is a call that prints events.
type following struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
	errs  *strings.Builder
}

func (c *caller) follow(words ...string) *following {
	c.t.Helper()
	f := &following{cmd: exec.CommandContext(c.t.Context(), program, append([]string{"call"}, append(words, "--follow", "--config", c.config)...)...), errs: &strings.Builder{}}
	f.cmd.Stderr = f.errs
	out, err := f.cmd.StdoutPipe()
	if err == nil {
		err = f.cmd.Start()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	f.lines = bufio.NewScanner(out)
	return f
}

// next is the next line, nil at the end.
func (f *following) next(t *testing.T) (line map[string]any, ok bool) {
	t.Helper()
	if !f.lines.Scan() {
		return nil, false
	}
	if err := json.Unmarshal(f.lines.Bytes(), &line); err != nil {
		t.Fatalf("not a JSON line: %q", f.lines.Text())
	}
	return line, true
}

// TestCall asks the real program for everything that its services offer to a command line.
func TestCall(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	c.checkEvents()
	c.checkTrial()
	c.checkWakeWords()
	c.checkErrors()
	c.checkElsewhere()
}

// checkEvents lists and follows recordings.
func (c *caller) checkEvents() {
	c.t.Helper()
	f := c.follow("history/subscribe")
	if first, ok := f.next(c.t); !ok || first != nil {
		c.t.Fatalf("the result: %v, %s", first, f.errs)
	}
	event, _ := f.next(c.t)
	if event["action"] != "added" {
		c.t.Errorf("event: %v", event)
	}
	if err := f.cmd.Process.Signal(os.Interrupt); err != nil {
		c.t.Fatal(err)
	}
	for ok := true; ok; {
		_, ok = f.next(c.t)
	}
	if err := f.cmd.Wait(); err != nil {
		c.t.Errorf("after Ctrl-C: %v, %s", err, f.errs)
	}
	if page := c.do("history/list", `{"period": "today", "limit": 1}`); len(page["entries"].([]any)) != 1 {
		c.t.Errorf("list: %v", page)
	}
}

// checkTrial tries the wake words: what is heard is shown, and not recorded.
func (c *caller) checkTrial() {
	c.t.Helper()
	var f *following
	var first map[string]any
	testkit.Within(c.t, 30*time.Second, "no command is being recorded", func() bool {
		f = c.follow("satellites/test", `{"satellite": "kitchen", "seconds": 12}`)
		var ok bool
		if first, ok = f.next(c.t); !ok {
			_ = f.cmd.Wait()
		}
		return ok
	})
	if len(first["wake_words"].([]any)) != 2 || first["seconds"] != 12.0 {
		c.t.Errorf("result: %v", first)
	}
	testkit.Within(c.t, 10*time.Second, "what was being recorded is stored", func() bool {
		list := c.do("satellites/list", "")["satellites"].([]any)
		return list[0].(map[string]any)["state"] == "idle"
	})
	before, scores, wakes, after := c.recordings(), 0, 0, 0
	for last := first; last["action"] != "end"; {
		event, ok := f.next(c.t)
		if !ok {
			c.t.Fatalf("it ended after %v: %s", last, f.errs)
		}
		switch last = event; event["action"] {
		case "wake":
			if wakes++; event["wake_word"] != "okay_nabu" || event["score"].(float64) < 0.5 {
				c.t.Errorf("wake: %v", event)
			}
		case "scores":
			if scores++; len(event["scores"].(map[string]any)) != 2 {
				c.t.Errorf("scores: %v", event)
			}
		}
		if scores == 110 {
			after = c.recordings()
		}
	}
	if err := f.cmd.Wait(); err != nil {
		c.t.Errorf("at its end: %v, %s", err, f.errs)
	}
	if wakes == 0 || scores < 100 || after != before {
		c.t.Errorf("%d wakes, %d scores, %d recordings before and %d after", wakes, scores, before, after)
	}
	testkit.Within(c.t, 30*time.Second, "it listens as before", func() bool { return c.recordings() > before })
}

// checkWakeWords changes one, which is remembered across a restart.
func (c *caller) checkWakeWords() {
	c.t.Helper()
	got := c.do("wake_words/update", `{"satellite": "kitchen", "wake_word": "okay_nabu", "threshold": 0.7, "active": false}`)
	for _, when := range []string{"at once", "after a restart"} {
		if got["threshold"] != 0.7 || got["active"] != false || got["phrase"] != "Okay Nabu" {
			c.t.Errorf("%s: %v", when, got)
		}
		if when == "at once" {
			c.stop(c.t)
			c.restart(c.t)
			c.await()
		}
		got = c.do("wake_words/list", "")["wake_words"].([]any)[0].(map[string]any)
	}
	log := c.do("access_log/list", "")["lines"].([]any)
	if first := log[0].(map[string]any); first["action"] != "changed" || !strings.HasPrefix(first["who"].(string), "command line") {
		c.t.Errorf("access log: %v", first)
	}
}

// checkErrors wants a sentence and an exit code.
func (c *caller) checkErrors() {
	c.t.Helper()
	for _, tc := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"history/get", `{"entry_id": "nonsense"}`, "--config", c.config}, 1, "earshot call: There is no such recording"},
		{[]string{"history/burn", "--config", c.config}, 1, "earshot call: Unknown command."},
		{[]string{"history/list", `{"limit": 0}`, "--config", c.config}, 1, "limit: a whole number from 1 to 500"},
		{[]string{"ping", "--config", c.config}, 0, "null"},
		{[]string{"--config", c.config, "history/list", `{"limit": 1}`}, 0, `"next_cursor"`},
		{[]string{}, 2, "usage: earshot call"},
		{[]string{"history/list", "today"}, 2, "one JSON object"},
		{[]string{"history/list", `{"id": 1}`}, 2, `"id" is no field`},
		{[]string{"history/list", "--token-file", "x"}, 2, "--address"},
		{[]string{"history/list", "--address", c.listen, "--token-file", "/nowhere"}, 1, "no such file"},
		{[]string{"history/list", "--address", c.listen}, 1, "earshot token create"},
	} {
		code, out := exitCode(c.t, append([]string{"call"}, tc.args...)...)
		if code != tc.code || !strings.Contains(out, tc.says) {
			c.t.Errorf("earshot call %v: exit code %d, want %d; says %q, want %q in it", tc.args, code, tc.code, out, tc.says)
		}
	}
}

// checkElsewhere calls by an address and a token, from a file or typed.
func (c *caller) checkElsewhere() {
	c.t.Helper()
	token := c.token(c.t, "read")
	file := filepath.Join(c.t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		c.t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(c.listen)
	if err != nil {
		c.t.Fatal(err)
	}
	if code, out := exitCode(c.t, "call", "satellites/list", "--address", "http://localhost:"+port+"/", "--token-file", file); code != 0 || !strings.Contains(out, "kitchen") {
		c.t.Errorf("with a file: %d, %s", code, out)
	}
	if code, out := exitCode(c.t, "call", "satellites/mute", `{"satellite": "kitchen", "muted": true}`, "--address", c.listen, "--token-file", file); code != 1 || !strings.Contains(out, "The role admin is needed.") {
		c.t.Errorf("with a role that is not enough: %d, %s", code, out)
	}
	for typed, says := range map[string]string{token: `"microphone"`, "earshot_wrong": "Invalid access token"} {
		cmd := exec.CommandContext(c.t.Context(), program, "call", "satellites/list", "--address", c.listen)
		cmd.Stdin = strings.NewReader(typed + "\n")
		out, _ := cmd.CombinedOutput()
		if !strings.Contains(string(out), says) || strings.Contains(string(out), token) {
			c.t.Errorf("typed: %s", out)
		}
	}
}
