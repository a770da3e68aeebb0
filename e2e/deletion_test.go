package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"earshot/internal/audio/audiotest"
	"earshot/internal/testkit"
	"earshot/internal/wyoming/wyomingtest"
)

// marker is what is said in every recording of the deletion test, and must be in no byte of any file afterwards.
const marker = "purple elephant in the cellar"

// listener is a bridge with a microphone, and a speech-to-text server that hears what a test wants.
type listener struct {
	t      *testing.T
	pulse  *audiotest.Pulse
	stt    *wyomingtest.Server
	broker *broker
	wav    string
	*bridge
	*client
}

func newListener(t *testing.T) *listener {
	t.Helper()
	l := &listener{t: t, pulse: audiotest.StartPulse(t), stt: wyomingtest.New(t), broker: startBroker(t, persistent), wav: shortCommand(t)}
	l.pulse.LoadNullSink("mic")
	l.bridge = startBridge(t, fmt.Sprintf(`
satellites:
  - id: kitchen
    name: Kitchen
    microphone: {driver: pulse, device: mic.monitor}
    wake_words: [{model: okay_nabu, threshold: 0.7}]
models: {dir: MODELS}
mqtt: {url: "mqtt://127.0.0.1:%d"}
stt: {wyoming: "%s", language: en}
history: {dir: DATA, time_zone: UTC}
server: {listen: LISTEN}
log: {level: trace}
`, l.broker.port, l.stt.Addr()), l.pulse.Env()...)
	testkit.Within(t, 30*time.Second, "the bridge hears", func() bool { return l.health() == 200 })
	l.client = l.bridge.dial(t, "admin")
	return l
}

// say speaks a command, which speech-to-text hears as the given words.
func (l *listener) say(words string) {
	l.t.Helper()
	l.stt.Script(wyomingtest.Reply{Text: words})
	before := len(l.stt.Utterances())
	if err := l.pulse.Play(l.wav, "mic"); err != nil {
		l.t.Fatal(err)
	}
	testkit.Within(l.t, patience, "the command is heard", func() bool { return len(l.stt.Utterances()) > before })
}

// record speaks and waits until the recording is stored.
func (l *listener) record() (id string) {
	l.t.Helper()
	before := len(l.entries())
	l.say("there is a " + marker)
	testkit.Within(l.t, patience, "the entry is stored", func() bool { return len(l.entries()) == before+1 })
	return l.entries()[0]["id"].(string)
}

// holding names every file of a folder that holds a text. Where one is given another name meanwhile, as by a broker that stores, it looks again.
func (l *listener) holding(dir, text string) (found []string) {
	l.t.Helper()
	err := fs.ErrNotExist
	for errors.Is(err, fs.ErrNotExist) && l.t.Context().Err() == nil {
		found = nil
		err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			if bytes.Contains(bytes.ToLower(data), bytes.ToLower([]byte(text))) {
				found = append(found, path)
			}
			return err
		})
	}
	if err != nil {
		l.t.Fatal(err)
	}
	return found
}

// traces names every file that holds a text, and the log.
func (l *listener) traces(text string) []string {
	l.t.Helper()
	found := append(l.holding(filepath.Join(l.dir, "data"), text), l.holding(l.broker.dir, text)...)
	if strings.Contains(strings.ToLower(l.log.String()), strings.ToLower(text)) {
		found = append(found, "the log")
	}
	for _, m := range l.broker.all("#") {
		if strings.Contains(strings.ToLower(m.Payload), strings.ToLower(text)) {
			found = append(found, "MQTT topic "+m.Topic)
		}
	}
	return found
}

// press presses a button of the microphone, as Home Assistant does, and waits until it has worked.
func (l *listener) press(button string) {
	l.t.Helper()
	l.broker.publish(l.t, "earshot/kitchen/"+button+"/set", "PRESS")
	testkit.Within(l.t, patience, "the button has worked", func() bool { return strings.Contains(l.log.String(), `"button":"`+button+`"`) })
}

// TestDeletedIsNowhere deletes in every way there is, and then looks for what was said, and for the keys of the audio, in every file.
func TestDeletedIsNowhere(t *testing.T) {
	t.Parallel()
	l := newListener(t)
	l.record()
	if len(l.traces(marker)) == 0 || len(l.traces("age-secret-key-1")) == 0 {
		t.Fatal("neither the words nor the key are found while they must be there: this test sees nothing")
	}
	for _, way := range []struct {
		name  string
		erase func(id string)
	}{
		{"by id", func(id string) { l.must("history/delete", map[string]any{"ids": []string{id}}) }},
		{"preview and token", func(string) {
			token := l.must("history/delete_preview", map[string]any{"period": "all"})["token"]
			l.must("history/delete", map[string]any{"token": token})
		}},
		{"by period", func(string) { l.must("history/delete_range", map[string]any{"period": "today", "confirm": true}) }},
		{"by its words", func(string) {
			l.must("history/delete_range", map[string]any{"text": "elephant", "confirm": true})
		}},
		{"retention", func(string) {
			l.must("settings/update", map[string]any{"understood": "0h"})
			l.must("retention/run", nil)
			l.must("settings/update", map[string]any{"understood": "never"})
		}},
		{"a limit", func(string) {
			l.must("history/update", map[string]any{"ids": []string{l.record()}, "kept": true})
			l.must("settings/update", map[string]any{"max_entries": 1})
			l.must("retention/run", nil)
			l.must("settings/update", map[string]any{"max_entries": 0})
			l.must("history/delete_range", map[string]any{"period": "all", "include_kept": true, "confirm": true})
		}},
		{"voice: just said", func(string) { l.command("delete what I just said") }},
		{"voice: today", func(string) { l.command("delete everything I said today") }},
		{"button: last", func(string) { l.press("delete_last") }},
		{"button: everything", func(string) { l.press("delete_everything") }},
		{"command line", func(string) { l.commandLine("delete", "--period", "all", "--yes") }},
		{"text, then audio", func(string) {
			l.must("history/delete_range", map[string]any{"period": "all", "what": "text", "confirm": true})
			if found := l.traces(marker); len(found) != 0 {
				t.Errorf("text alone: the words are in %v", found)
			}
			l.must("history/delete_range", map[string]any{"period": "all", "what": "audio", "confirm": true})
		}},
	} {
		id := l.entries()
		if len(id) == 0 {
			l.record()
			id = l.entries()
		}
		way.erase(id[0]["id"].(string))
		if found := l.traces(marker); len(found) != 0 {
			t.Errorf("%s: the words are in %v", way.name, found)
		}
		if found := l.traces("age-secret-key-1"); len(found) != 0 {
			t.Errorf("%s: a key is in %v", way.name, found)
		}
		if left := l.clips(); len(left) != 0 {
			t.Errorf("%s: clips are left: %v", way.name, left)
		}
	}
	l.checkOnItsWay()
	l.checkCommandLine()
}

// checkOnItsWay deletes by voice what is not stored yet; that is written down like every deletion.
func (l *listener) checkOnItsWay() {
	l.t.Helper()
	deletions := func() (lines []any) {
		for _, line := range l.must("access_log/list", nil)["lines"].([]any) {
			if line.(map[string]any)["action"] == "deleted" {
				lines = append(lines, line)
			}
		}
		return lines
	}
	l.must("history/delete_range", map[string]any{"period": "all", "confirm": true})
	before := len(deletions())
	l.stt.Script(wyomingtest.Reply{Stall: true})
	heard := len(l.stt.Utterances())
	if err := l.pulse.Play(l.wav, "mic"); err != nil {
		l.t.Fatal(err)
	}
	testkit.Within(l.t, patience, "the words are awaited", func() bool { return len(l.stt.Utterances()) > heard })
	l.say("delete what I just said")
	testkit.Within(l.t, patience, "the deletion is written down", func() bool { return len(deletions()) > before })
	line := deletions()[0].(map[string]any)
	if line["who"] != "voice, Kitchen" || line["entries"] != 1.0 {
		l.t.Errorf("the access log says %v", line)
	}
	l.idle()
	if left := l.entries(); len(left) != 0 {
		l.t.Errorf("stored all the same: %v", left)
	}
}

// command speaks a privacy command, and waits for what it does.
func (l *listener) command(words string) {
	l.t.Helper()
	l.say(words)
	testkit.Within(l.t, patience, "the history is empty", func() bool { return len(l.entries()) == 0 })
	l.idle()
}

func (l *listener) clips() []string {
	l.t.Helper()
	found, err := filepath.Glob(filepath.Join(l.dir, "data", "clips", "*", "*.age"))
	if err != nil {
		l.t.Fatal(err)
	}
	return found
}

// commandLine runs `earshot history`, and returns what it printed.
func (l *listener) commandLine(args ...string) string {
	l.t.Helper()
	cmd := exec.Command(program, append(append([]string{"history"}, args[0], "--config", l.config), args[1:]...)...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		l.t.Fatalf("earshot history %s: %v\n%s", strings.Join(args, " "), err, problems.String())
	}
	return out.String()
}

// checkCommandLine reviews what there is, while the bridge runs.
func (l *listener) checkCommandLine() {
	l.t.Helper()
	l.must("history/delete_range", map[string]any{"period": "all", "confirm": true})
	id := l.record()
	if out := l.commandLine("list"); !strings.Contains(out, marker) || !strings.Contains(out, id) {
		l.t.Errorf("list: %s", out)
	}
	var stats struct{ Entries, Clips int }
	if err := json.Unmarshal([]byte(l.commandLine("stats", "--json")), &stats); err != nil || stats.Entries != 1 || stats.Clips != 1 {
		l.t.Errorf("stats: %+v, %v", stats, err)
	}
	if out := l.commandLine("verify"); !strings.HasPrefix(out, "1 entries, 1 clips that can be played") {
		l.t.Errorf("verify: %s", out)
	}
	wav, archive := filepath.Join(l.t.TempDir(), "x.wav"), filepath.Join(l.t.TempDir(), "x.zip")
	l.commandLine("play", "--output", wav, id)
	l.commandLine("export", "--output", archive)
	for _, path := range []string{wav, archive} {
		info, err := os.Stat(path)
		if err != nil || info.Size() < 10_000 || info.Mode().Perm() != 0o600 {
			l.t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	if tokens, err := os.ReadFile(filepath.Join(l.dir, "data", "tokens.json")); err != nil || bytes.Contains(tokens, []byte("command line")) {
		l.t.Errorf("a token of the command line is left: %v", err)
	}
}

// TestHistoryWithoutBridge opens the history itself when no bridge runs on it.
func TestHistoryWithoutBridge(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := writeFile(t, "config.yaml", fmt.Sprintf("satellites: [{id: a, wake_words: [okay_nabu]}]\nhistory: {dir: %s}\n", filepath.Join(dir, "data")))
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"history", "stats", "--config", config}, 0, "all                  0           0"},
		{[]string{"call", "history/stats", "--config", config}, 0, `"entries": 0,`},
		{[]string{"call", "wake_words/list", "--config", config}, 0, `"wake_words": []`},
		{[]string{"history", "verify", "--config", config}, 0, "0 entries, 0 clips that can be played"},
		{[]string{"history", "delete", "--config", config, "--period", "all"}, 1, "nothing was deleted"}, // nobody says yes
		{[]string{"history", "delete", "--config", config, "--period", "all", "--yes"}, 0, "deleted 0"},
		{[]string{"history", "delete", "--config", config, "--yes"}, 1, "say which"},
		{[]string{"history", "play", "--config", config}, 2, "name one recording by its id"},
		{[]string{"history", "play", "--config", config, "01ARZ3NDEKTSV4RRFFQ69G5FAV"}, 1, "There is no such recording"},
		{[]string{"history", "export", "--config", config}, 2, "--output"},
		{[]string{"history", "burn", "--config", config}, 2, "say list, play, delete, export, stats or verify"},
	} {
		code, out := exitCode(t, c.args...)
		if code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("earshot %s: exit code %d, want %d; says %q, want %q in it", strings.Join(c.args, " "), code, c.code, out, c.says)
		}
	}
}

// TestDamagedDatabase sets a database aside that cannot be read, says so, and goes on with a new one; nothing of the old one is deleted.
func TestDamagedDatabase(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	config := fmt.Sprintf("satellites: [{id: kitchen, wake_words: [okay_nabu], microphone: {driver: file, device: %s, loop: true}}]\n", absolute(t, "../testdata/audio/okay_nabu_light_on.wav")) +
		fmt.Sprintf("models: {dir: MODELS}\nmqtt: {embedded: false}\nhistory: {dir: %s}\nserver: {listen: LISTEN}\n", data)
	if code, out := exitCode(t, "history", "stats", "--config", writeFile(t, "c.yaml", strings.NewReplacer("MODELS", absolute(t, "../models"), "LISTEN", "127.0.0.1:1").Replace(config))); code != 0 {
		t.Fatalf("make a history: %s", out)
	}
	database := filepath.Join(data, "history.db")
	whole, err := os.ReadFile(database)
	if err != nil {
		t.Fatal(err)
	}
	for i := 200; i < len(whole); i++ {
		whole[i] = byte(i * 7)
	}
	if err := os.WriteFile(database, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	b := startBridge(t, config)
	testkit.Within(t, 20*time.Second, "the bridge answers", func() bool { return b.health() == 503 })
	c := b.dial(t, "admin")
	testkit.Within(t, patience, "it records into the new database", func() bool { return len(c.entries()) > 0 })
	aside, err := filepath.Glob(filepath.Join(data, "damaged-*", "history.db"))
	if err != nil || len(aside) != 1 {
		t.Fatalf("set aside: %v, %v", aside, err)
	}
	if kept, err := os.ReadFile(aside[0]); err != nil || !bytes.Equal(kept, whole) {
		t.Errorf("the damaged database is not as it was: %v", err)
	}
	r := c.must("history/delete_range", map[string]any{"period": "all", "confirm": true})
	if remains := fmt.Sprint(r["remains"]); !strings.Contains(remains, "damaged-") {
		t.Errorf("the receipt says nothing of it: %s", remains)
	}
	if !strings.Contains(b.log.String(), "it was set aside") {
		t.Error("the log says nothing of it")
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}
