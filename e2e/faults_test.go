package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"earshot/e2e/lab"
	"earshot/history"
	"earshot/internal/audio"
	"earshot/internal/testkit"
	"earshot/internal/wyoming"
	"earshot/internal/wyoming/wyomingtest"
)

// patience is what a busy machine needs for one command, many times over.
const patience = 60 * time.Second

const lightOn = "turn on the kitchen light"

// faulty is a household whose speech-to-text does what a test tells it to.
type faulty struct {
	*household
	stt *wyomingtest.Server
	wav string // "Okay Nabu, turn on the kitchen light", with little silence around it
}

// TestFaults: whatever fails in the middle of a command, the right entry is there, and the next command works without help.
func TestFaults(t *testing.T) {
	t.Parallel()
	home := lab.Start(t, lab.Options{Version: lab.Current, STT: true})
	stt := wyomingtest.New(t)
	voice := ""
	for id := range home.States(t) {
		if strings.HasPrefix(id, "tts.") {
			voice = id
		}
	}
	pipeline := home.AddPipeline(t, lab.Pipeline{Name: "Scripted", STT: home.AddSTT(t, strings.TrimPrefix(stt.Addr(), "tcp://")), TTS: voice})
	home.Do(t, "assist_pipeline/pipeline/set_preferred", map[string]any{"pipeline_id": pipeline}, nil)
	house := newHousehold(t, home, home.PlainToken())
	wav := shortCommand(t)
	for _, c := range []struct {
		name  string
		check func(f *faulty)
	}{
		{"speech-to-text fails", (*faulty).checkSpeechToText},
		{"restart while listening", (*faulty).checkListening},
		{"restart in the middle of a run", (*faulty).checkRun},
		{"power cut while a reply is handed over", (*faulty).checkReply},
		{"restart in the middle of a reply", (*faulty).checkSpoken},
		{"a wake word in the middle of a reply", (*faulty).checkInterrupted},
		{"words come after the deletion", (*faulty).checkLate},
	} {
		t.Run(c.name, func(t *testing.T) {
			began := time.Now()
			c.check(&faulty{
				household: &household{t: t, home: home, pulse: house.pulse, bridge: house.bridge, client: house.bridge.dial(t, "admin")},
				stt:       stt, wav: wav,
			})
			t.Logf("took %.1f s", time.Since(began).Seconds())
		})
	}
}

// shortCommand cuts the silence off a recording, so that playing it takes less time. The words are from 2.05 s to 4.3 s.
func shortCommand(t *testing.T) string {
	t.Helper()
	return commandUntil(t, 4500*time.Millisecond)
}

// commandUntil writes a recording of a command, from its first second to an end that leaves so much silence behind the words.
func commandUntil(t *testing.T, end time.Duration) (wav string) {
	t.Helper()
	data, err := os.ReadFile("../testdata/audio/okay_nabu_light_on.wav")
	if err != nil {
		t.Fatal(err)
	}
	pcm, err := audio.ReadWAV(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "light_on.wav", string(history.WAV(pcm[audio.SampleRate:end*audio.SampleRate/time.Second])))
}

// speak begins to say the command; heard waits until it has been said.
func (f *faulty) speak() (heard func()) {
	f.t.Helper()
	done := make(chan error, 1)
	go func() { done <- f.pulse.Play(f.wav, "mic") }()
	return func() {
		f.t.Helper()
		if err := <-done; err != nil {
			f.t.Fatal(err)
		}
	}
}

// state is what the satellite is doing.
func (f *faulty) state() string {
	f.t.Helper()
	satellites := f.must("satellites/list", nil)["satellites"].([]any)
	state, _ := satellites[0].(map[string]any)["state"].(string)
	return state
}

// await waits until the history has n entries and nothing is being made, and returns them, the newest first.
func (f *faulty) await(n int) []map[string]any {
	f.t.Helper()
	testkit.Within(f.t, patience, fmt.Sprintf("%d entries", n), func() bool { return len(f.entries()) == n })
	testkit.Within(f.t, patience, "the satellite is idle", func() bool { return f.state() == "idle" })
	entries := f.entries()
	if len(entries) != n {
		f.t.Fatalf("%d entries when nothing is being made any more, want %d", len(entries), n)
	}
	return entries
}

// sent waits until speech-to-text has got the next command to its end.
func (f *faulty) sent(before int) {
	f.t.Helper()
	testkit.Within(f.t, patience, "the command is sent", func() bool { return len(f.stt.Utterances()) > before })
}

// checkKept: a command that was interrupted is understood or failed, and can be heard.
func (f *faulty) checkKept(e map[string]any) {
	f.t.Helper()
	f.t.Logf("interrupted: %v %v", e["outcome"], e["error"])
	if e["outcome"] != "understood" && e["outcome"] != "failed" || e["clip"] == nil {
		f.t.Errorf("interrupted entry is %v", e)
	}
	if problem, _ := e["error"].(map[string]any); e["outcome"] == "failed" && (problem["code"] == "" || problem["message"] == "") {
		f.t.Errorf("interrupted entry does not say why: %v", e)
	}
}

// checkWorks: the next command is carried out.
func (f *faulty) checkWorks() {
	f.t.Helper()
	n := len(f.entries())
	f.home.Call(f.t, "light", "turn_off", map[string]any{"entity_id": lab.Light})
	f.home.WaitState(f.t, lab.Light, "off", patience)
	f.stt.Script(wyomingtest.Reply{Text: lightOn})
	f.speak()()
	f.home.WaitState(f.t, lab.Light, "on", patience)
	if e := f.await(n + 1)[0]; e["outcome"] != "understood" || e["transcript"] != lightOn || e["reply"] == "" {
		f.t.Errorf("the next entry is %v", e)
	}
}

// checkSpeechToText: one that stalls does not hold up the commands after it.
func (f *faulty) checkSpeechToText() {
	n := len(f.entries())
	f.stt.Script(
		wyomingtest.Reply{Stall: true}, wyomingtest.Reply{Close: true}, wyomingtest.Reply{},
		wyomingtest.Reply{Error: &wyoming.ServerError{Code: "model", Text: "out of memory"}})
	want := []struct{ what, outcome, code string }{
		{"stalls", "failed", "timeout"},
		{"closes", "failed", "stt-stream-failed"},
		{"answers empty", "not_intended", ""},
		{"answers with an error", "failed", "stt-stream-failed"},
	}
	for range want {
		before := len(f.stt.Utterances())
		f.speak()()
		f.sent(before)
	}
	entries := f.await(n + len(want))
	for i, w := range want {
		e := entries[len(want)-1-i]
		code := ""
		if problem, ok := e["error"].(map[string]any); ok {
			code, _ = problem["code"].(string)
		}
		if e["outcome"] != w.outcome || code != w.code || e["clip"] == nil || e["transcript"] != "" {
			f.t.Errorf("speech-to-text %s: entry is %v, want %s %s with its audio", w.what, e, w.outcome, w.code)
		}
	}
}

// checkListening restarts Home Assistant while somebody speaks.
func (f *faulty) checkListening() {
	n, bytes := len(f.entries()), f.stt.Bytes()
	f.stt.Script(wyomingtest.Reply{Text: lightOn})
	heard := f.speak()
	testkit.Within(f.t, patience, "the command is on its way", func() bool { return f.stt.Bytes() > bytes })
	if state := f.state(); state != "listening" {
		f.t.Errorf("the satellite is %s, not listening", state)
	}
	f.home.Restart(f.t)
	heard()
	f.checkKept(f.await(n + 1)[0])
	f.checkWorks()
}

// checkRun restarts Home Assistant while the words are awaited.
func (f *faulty) checkRun() {
	n, before := len(f.entries()), len(f.stt.Utterances())
	f.stt.Script(wyomingtest.Reply{Stall: true}, wyomingtest.Reply{Text: lightOn})
	f.speak()()
	f.sent(before)
	if state := f.state(); state != "processing" {
		f.t.Errorf("the satellite is %s, not processing", state)
	}
	f.home.Restart(f.t)
	f.checkKept(f.await(n + 1)[0])
	f.checkWorks()
}

// checkReply ends Home Assistant while the loudspeaker is told what to say.
func (f *faulty) checkReply() {
	n := len(f.entries())
	f.home.Call(f.t, "input_number", "set_value", map[string]any{"entity_id": lab.SpeakerDelay, "value": 30})
	f.stt.Script(wyomingtest.Reply{Text: lightOn})
	f.speak()()
	testkit.Within(f.t, patience, "the reply is handed over", func() bool { return f.state() == "responding" })
	f.home.Kill(f.t)
	f.home.Boot(f.t)
	if e := f.await(n + 1)[0]; e["outcome"] != "understood" || e["reply"] == "" || e["clip"] == nil {
		f.t.Errorf("the entry whose reply was interrupted is %v", e)
	}
	if !strings.Contains(f.log.String(), "the reply was not spoken") {
		f.t.Error("the log does not say that the reply was not spoken")
	}
	f.checkWorks()
}

// long has the loudspeaker play a reply for a minute, and waits until it does.
func (f *faulty) long() {
	f.t.Helper()
	f.home.Call(f.t, "input_number", "set_value", map[string]any{"entity_id": lab.SpeakerLength, "value": 60})
	f.stt.Script(wyomingtest.Reply{Text: lightOn})
	f.speak()()
	f.home.WaitState(f.t, lab.Speaker, "playing", patience)
	if state := f.state(); state != "responding" {
		f.t.Errorf("the satellite is %s while its reply is played", state)
	}
}

// checkSpoken restarts Home Assistant while the loudspeaker speaks.
func (f *faulty) checkSpoken() {
	n := len(f.entries())
	f.long()
	f.home.Restart(f.t)
	if e := f.await(n + 1)[0]; e["outcome"] != "understood" || e["reply"] == "" || e["clip"] == nil {
		f.t.Errorf("the entry whose reply was interrupted is %v", e)
	}
	f.checkWorks()
}

// checkInterrupted says the next command while the loudspeaker speaks: it falls silent at the wake word.
func (f *faulty) checkInterrupted() {
	n := len(f.entries())
	f.long()
	f.home.Call(f.t, "input_number", "set_value", map[string]any{"entity_id": lab.SpeakerLength, "value": 0})
	f.stt.Script(wyomingtest.Reply{Text: lightOn})
	f.speak()()
	f.home.WaitState(f.t, lab.Speaker, "idle", 20*time.Second) // by itself it would play for a minute
	f.await(n + 2)
}

// checkLate deletes today's recordings while the words of one are awaited; they change nothing when they come.
func (f *faulty) checkLate() {
	before := len(f.stt.Utterances())
	f.stt.Script(wyomingtest.Reply{Text: lightOn})
	f.stt.Hold()
	f.speak()()
	f.sent(before)
	if state := f.state(); state != "processing" {
		f.t.Errorf("the satellite is %s, not processing", state)
	}
	receipt := f.must("history/delete_range", map[string]any{"period": "today", "confirm": true})
	if receipt["in_progress_discarded"] != 1.0 {
		f.t.Errorf("receipt is %v", receipt)
	}
	f.stt.Release()
	f.await(0) // the satellite is idle only after it has stored a recording, or not
	f.checkNoClips()
	f.checkWorks()
}

// checkNoClips looks for audio that is left of deleted recordings.
func (f *faulty) checkNoClips() {
	f.t.Helper()
	err := filepath.WalkDir(filepath.Join(f.dir, "data"), func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.Contains(d.Name(), ".age") {
			f.t.Errorf("%s is there after everything was deleted", path)
		}
		return err
	})
	if err != nil {
		f.t.Error(err)
	}
}
