package wyoming_test

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"earshot/detector"
	"earshot/detector/wyoming"
	"earshot/internal/testkit"
	protocol "earshot/internal/wyoming"
	"earshot/internal/wyoming/wyomingtest"
)

// rig is an engine that runs against a fake server.
type rig struct {
	*wyoming.Engine
	t      *testing.T
	server *wyomingtest.WakeServer
	log    *testkit.Log
	stop   func()
	sent   int64 // samples given to Process
	found  []detector.Detection
}

var nabu = []wyomingtest.WakeModel{{Name: "ok_nabu_v0.1", Phrase: "OK Nabu"}, {Name: "alexa_v0.1"}}

// quick has no long waits.
func quick(server *wyomingtest.WakeServer) wyoming.Config {
	return wyoming.Config{
		Addr: strings.Replace(server.Addr(), "tcp://", "wyoming://", 1), Words: []string{"okay_nabu"}, Names: map[string]string{"ok_nabu": "okay_nabu"},
		RetryMin: time.Millisecond, RetryMax: 20 * time.Millisecond,
	}
}

// start runs an engine until the end of the test, when all its goroutines must have ended. It must not run beside other tests.
func start(t *testing.T, server *wyomingtest.WakeServer, cfg wyoming.Config) *rig {
	t.Helper()
	r := &rig{t: t, server: server, log: &testkit.Log{}}
	engine, err := wyoming.New(cfg, zerolog.New(r.log))
	if err != nil {
		t.Fatal(err)
	}
	r.Engine = engine
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- engine.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		server.Close()
		r.wait("the goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
	})
	t.Cleanup(r.stop)
	return r
}

// wait polls.
func (r *rig) wait(what string, ok func() bool) {
	r.t.Helper()
	if !testkit.Poll(testkit.Patience, ok) {
		r.t.Fatalf("waited in vain for %s; status %+v, log:\n%s", what, r.Status(), r.log)
	}
}

func (r *rig) connected() {
	r.t.Helper()
	r.wait("the connection", func() bool { return r.Status().Connected })
}

// give sends so many frames; the value of a sample is its place.
func (r *rig) give(frames int) {
	for range frames {
		pcm := make([]int16, 160)
		for i := range pcm {
			pcm[i] = int16(r.sent + int64(i))
		}
		r.sent += 160
		r.take(pcm)
	}
}

func (r *rig) take(pcm []int16) { r.found = append(r.found, r.Process(pcm)...) }

// last returns what came over the newest connection.
func (r *rig) last() wyomingtest.WakeStream {
	streams := r.server.Streams()
	if len(streams) == 0 {
		return wyomingtest.WakeStream{}
	}
	return streams[len(streams)-1]
}

func (r *rig) hears(n int) {
	r.t.Helper()
	r.wait("detections", func() bool { r.take(nil); return len(r.found) >= n })
}

func event(kind, data string) *protocol.Event { return &protocol.Event{Type: kind, Data: []byte(data)} }

func TestDetections(t *testing.T) {
	server := wyomingtest.NewWake(t, wyomingtest.WakeScript{Models: nabu, PingFirst: true, Events: []wyomingtest.WakeEvent{
		{At: 640, Event: event("not-detected", "{}")},
		{At: 3200, Name: "ok_nabu_v0.1"},
		{At: 12800, Name: "ok_nabu_v0.1"}, // it goes on
		{At: 19200, Name: "alexa_v0.1"},
		{At: 19200, Name: "ok_nabu", Bare: true},
		{At: 19200, Event: event("detection", `{"name":"ok_nabu_v0.1","timestamp":1200}`)}, // said twice
		{At: 35200, Event: event("detection", `{"name":"ok_nabu_v0.1","timestamp":1732000000000000000,"score":0.75}`)},
		{At: 51200, Event: event("detection", `{"timestamp":-3.5,"score":7}`)},
		{At: 67200, Event: event("detection", `{"name":null,"timestamp":null,"score":null}`)},
		{At: 99200, Event: event("detection", `{"timestamp":6190.0}`)},
	}})
	r := start(t, server, quick(server))
	if s := r.Status(); !s.Connected && !strings.HasSuffix(s.Problem, " yet") {
		t.Errorf("at the start: %+v", s)
	}
	r.connected()
	var want []detector.Detection
	for i, place := range []int64{3200, 19200, 35200, 51200, 67200, 99040} {
		r.give([]int{20, 100, 100, 100, 100, 200}[i])
		r.hears(i + 1)
		want = append(want, detector.Detection{Model: "okay_nabu", WakeWord: "OK Nabu", Sample: place, Score: 1, Peak: 1})
	}
	want[2].Score, want[2].Peak = 0.75, 0.75
	if diff := cmp.Diff(want, r.found); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s := r.Status(); s != (wyoming.Status{Connected: true, Ignored: 1}) {
		t.Errorf("status %+v", s)
	}
	if r.Cutoff("okay_nabu") != 0 {
		t.Error("a cutoff")
	}
	s := r.last()
	if !slices.Equal(s.Names, []string{"ok_nabu_v0.1"}) || !slices.Equal(s.Pongs, []string{"still there?"}) || s.Timestamps[len(s.Timestamps)-1] != 6200 {
		t.Errorf("names %q, pongs %q, timestamps %d", s.Names, s.Pongs, s.Timestamps)
	}
	for i, v := range s.PCM {
		if v != int16(i) {
			t.Fatalf("sample %d is %d", i, v)
		}
	}
	r.stop()
	if s := r.Status(); s.Connected || !strings.HasSuffix(s.Problem, " any more") {
		t.Errorf("at the end: %+v", s)
	}
	if strings.Count(r.log.String(), "\n") != 1 || !strings.Contains(r.log.String(), "wake-word engine connected") {
		t.Errorf("log: %s", r.log)
	}
}

// What the microphone lost is forgotten, and the engine made to forget it, but not when it has had nothing.
func TestReset(t *testing.T) {
	late := wyomingtest.WakeScript{Models: nabu, Events: []wyomingtest.WakeEvent{{At: 1280, Name: "ok_nabu_v0.1"}}}
	server := wyomingtest.NewWake(t, late)
	r := start(t, server, quick(server))
	r.connected()
	r.take(make([]int16, 160)) // not enough to be sent
	r.Reset()
	r.sent = 0
	r.give(10)
	r.hears(1)
	if server.Connections() != 1 || len(r.last().PCM) != 1280 || r.found[0].Sample != 1280 {
		t.Fatalf("%d connections, %d samples, %+v", server.Connections(), len(r.last().PCM), r.found)
	}
	r.Reset()
	r.wait("another connection", func() bool { return server.Connections() == 2 })
	r.found, r.sent = nil, 0
	r.give(12)
	r.hears(1)
	if s := server.Streams(); !s[0].Ended || s[1].PCM[0] != 0 {
		t.Errorf("the first connection ended %v; the second begins with %d", s[0].Ended, s[1].PCM[0])
	}
	if at := r.found[0].Sample; at != 1280 && at != 1920 {
		t.Errorf("after Reset the word is at %d", at)
	}
	if !r.Status().Connected || strings.Count(r.log.String(), "\n") != 1 {
		t.Errorf("status %+v, log: %s", r.Status(), r.log)
	}
}

// A detection that has arrived and was not fetched is forgotten too.
func TestResetForgetsDetections(t *testing.T) {
	server := wyomingtest.NewWake(t, wyomingtest.WakeScript{Models: nabu, PingFirst: true, Events: []wyomingtest.WakeEvent{
		{At: 640, Name: "ok_nabu_v0.1"}, {At: 640, Event: event("ping", `{"text":"after"}`)}}}, wyomingtest.WakeScript{Models: nabu})
	r := start(t, server, quick(server))
	r.connected()
	r.give(4)
	r.wait("the detection to be read", func() bool { return len(r.last().Pongs) == 2 })
	r.Reset()
	r.wait("another connection", func() bool { return server.Connections() == 2 })
	if r.take(nil); r.found != nil {
		t.Errorf("found %+v", r.found)
	}
}

// Audio waits for an engine that is away, but not for long: of 3 s, the last two arrive, and their places are right.
func TestReconnects(t *testing.T) {
	server := wyomingtest.NewWake(t,
		wyomingtest.WakeScript{HangUp: true},
		wyomingtest.WakeScript{Models: nabu, HangUpAt: 640},
		wyomingtest.WakeScript{Answers: -1},
		wyomingtest.WakeScript{Models: nabu, Events: []wyomingtest.WakeEvent{{At: 32000, Name: "ok_nabu_v0.1"}}})
	cfg := quick(server)
	cfg.AnswerTimeout = 300 * time.Millisecond
	r := start(t, server, cfg)
	r.wait("the second connection", func() bool { return server.Connections() >= 2 })
	r.connected()
	r.give(4)
	r.wait("the third connection", func() bool { return server.Connections() == 3 && !r.Status().Connected })
	r.give(300)
	r.hears(1)
	s := r.last()
	if len(s.PCM) != 32000 || s.PCM[0] != 16640 || s.Timestamps[len(s.Timestamps)-1] != 3040 || r.found[0].Sample != 48640 {
		t.Errorf("%d samples from %d to %d ms; heard at %d", len(s.PCM), s.PCM[0], s.Timestamps[len(s.Timestamps)-1], r.found[0].Sample)
	}
	if got := r.Status(); got != (wyoming.Status{Connected: true, Dropped: 16000}) {
		t.Errorf("status %+v", got)
	}
	for _, want := range []string{"closed the connection (its log may say why)", "does not answer (restart it, or see its log)", `"dropped":16000`} {
		if !strings.Contains(r.log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, r.log)
		}
	}
}

func TestProblems(t *testing.T) {
	say := func(e wyomingtest.WakeEvent) wyomingtest.WakeScript {
		return wyomingtest.WakeScript{Models: nabu, Events: []wyomingtest.WakeEvent{e}}
	}
	tests := []struct {
		name   string
		script wyomingtest.WakeScript
		want   string
	}{
		{"hangs up", wyomingtest.WakeScript{HangUp: true}, "the wake-word engine at HOST closed the connection (its log may say why)"},
		{"silent", wyomingtest.WakeScript{Answers: -1}, "the wake-word engine at HOST does not answer (restart it, or see its log)"},
		{"falls silent", wyomingtest.WakeScript{Models: nabu, Answers: 1}, "the wake-word engine at HOST does not answer (restart it, or see its log)"},
		{"does not know it", wyomingtest.WakeScript{Models: nabu[1:]}, `the wake-word engine at HOST does not know the wake word "ok_nabu"; it knows "alexa_v0.1"`},
		{"another service", wyomingtest.WakeScript{Info: `{"asr":[{"name":"whisper"}]}`}, "the server at HOST is no wake-word engine (is the port right?)"},
		{"no info", wyomingtest.WakeScript{Info: `{"wake":7}`}, "what answers at HOST does not speak the Wyoming protocol (is the port right?)"},
		{"reports an error", say(wyomingtest.WakeEvent{Event: event("error", `{"text":"out of\nmemory","code":"x"}`)}), `the wake-word engine at HOST reports an error: "out of\nmemory"`},
		{"an odd error", say(wyomingtest.WakeEvent{Event: event("error", `{"text":[]}`)}), "what answers at HOST does not speak the Wyoming protocol (is the port right?)"},
		{"an odd detection", say(wyomingtest.WakeEvent{Event: event("detection", `{"name":[]}`)}), "what answers at HOST does not speak the Wyoming protocol (is the port right?)"},
		{"babbles", say(wyomingtest.WakeEvent{Raw: "HTTP/1.1 400 Bad Request\r\n"}), "what answers at HOST does not speak the Wyoming protocol (is the port right?)"},
		{"half an event", wyomingtest.WakeScript{Models: nabu, Answers: 1, Events: []wyomingtest.WakeEvent{{Raw: `{"type":"detection","data_length":9}` + "\n{"}}}, "the wake-word engine at HOST does not answer (restart it, or see its log)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := wyomingtest.NewWake(t, tt.script, wyomingtest.WakeScript{Models: nabu})
			cfg := quick(server)
			cfg.AnswerTimeout, cfg.Probe = 100*time.Millisecond, 50*time.Millisecond
			r := start(t, server, cfg)
			want := strings.ReplaceAll(tt.want, "HOST", strings.TrimPrefix(server.Addr(), "tcp://"))
			quoted := strings.ReplaceAll(strings.ReplaceAll(want, `\`, `\\`), `"`, `\"`)
			r.wait(want, func() bool { return strings.Contains(r.log.String(), quoted) })
			r.wait("the connection to be closed", func() bool { return server.Streams()[0].Ended })
			r.wait("better times", func() bool { return r.Status() == wyoming.Status{Connected: true} })
		})
	}
}

func TestMissingWord(t *testing.T) {
	server := wyomingtest.NewWake(t, wyomingtest.WakeScript{Models: nabu})
	cfg := quick(server)
	cfg.Words = append(cfg.Words, "hey_you")
	r := start(t, server, cfg)
	r.connected()
	want := "the wake-word engine at " + strings.TrimPrefix(server.Addr(), "tcp://") +
		` does not know the wake word "hey_you"; it knows "alexa_v0.1", "ok_nabu_v0.1"`
	if got := r.Status(); got != (wyoming.Status{Connected: true, Problem: want}) {
		t.Errorf("status %+v, want %s", got, want)
	}
}

func TestUnreachable(t *testing.T) {
	server := wyomingtest.NewWake(t)
	server.Close()
	r := start(t, server, quick(server))
	want := "the wake-word engine at " + strings.TrimPrefix(server.Addr(), "tcp://") + " cannot be reached (is it running, and is the address right?)"
	r.wait(want, func() bool { return r.Status().Problem == want })
}

// An engine that takes no audio is given up, and what it could not take is counted, with Process never waiting.
func TestDeafEngine(t *testing.T) {
	server := wyomingtest.NewWake(t, wyomingtest.WakeScript{Models: nabu, Deaf: true})
	cfg := quick(server)
	cfg.AnswerTimeout = 200 * time.Millisecond
	r := start(t, server, cfg)
	r.connected()
	second := make([]int16, 16000)
	r.wait("the engine to be given up", func() bool {
		r.take(second)
		return strings.Contains(r.log.String(), "does not answer") && r.Status().Dropped > 0
	})
}

// Whatever an engine reports at once, memory is bounded.
func TestFlood(t *testing.T) {
	flood := wyomingtest.WakeEvent{At: 640, Name: "ok_nabu_v0.1"}
	events := append(slices.Repeat([]wyomingtest.WakeEvent{flood}, 40), wyomingtest.WakeEvent{At: 640, Event: event("ping", "{}")})
	server := wyomingtest.NewWake(t, wyomingtest.WakeScript{Models: nabu, Events: events})
	r := start(t, server, quick(server))
	r.connected()
	r.give(4)
	r.wait("the flood to be read", func() bool { return len(r.last().Pongs) == 1 })
	if r.take(nil); len(r.found) != 1 || r.Status().Ignored != 8 {
		t.Errorf("%d detections, status %+v", len(r.found), r.Status())
	}
}

func TestNewErrors(t *testing.T) {
	t.Parallel()
	form := func(addr string) string {
		return `address "` + addr + `" of the wake-word engine is not of the form wyoming://host:port, such as wyoming://127.0.0.1:10400`
	}
	tests := []struct {
		cfg  wyoming.Config
		want string
	}{
		{wyoming.Config{}, form("")},
		{wyoming.Config{Addr: "wyoming://h"}, form("wyoming://h")},
		{wyoming.Config{Addr: "wyoming://h:0"}, form("wyoming://h:0")},
		{wyoming.Config{Addr: "wyoming://:1"}, form("wyoming://:1")},
		{wyoming.Config{Addr: "http://h:1"}, form("http://h:1")},
		{wyoming.Config{Addr: "h:1"}, "prepare wake-word engine h:1: no wake word was named"},
		{wyoming.Config{Addr: "h:1", Words: []string{"a", "a"}}, `prepare wake-word engine h:1: wake word "a" was named twice, or is empty`},
		{wyoming.Config{Addr: "h:1", Words: []string{""}}, `prepare wake-word engine h:1: wake word "" was named twice, or is empty`},
		{wyoming.Config{Addr: "h:1", Words: []string{"a"}, Names: map[string]string{"": "a"}}, `prepare wake-word engine h:1: wake word "a" has an empty name`},
	}
	for _, tt := range tests {
		if _, err := wyoming.New(tt.cfg, zerolog.Nop()); err == nil || err.Error() != tt.want {
			t.Errorf("%+v: error %v\nwant %s", tt.cfg, err, tt.want)
		}
	}
	for _, addr := range []string{"wyoming://wake.lan:10400", "tcp://[::1]:1", "127.0.0.1:10400"} {
		if _, err := wyoming.New(wyoming.Config{Addr: addr, Words: []string{"a"}}, zerolog.Nop()); err != nil {
			t.Error(err)
		}
	}
}
