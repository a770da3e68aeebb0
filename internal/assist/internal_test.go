package assist

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"github.com/rs/zerolog"

	"earshot/internal/backoff"
)

func TestCommandWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Config{URL: "http://ha:8123", Token: "secret"}, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		frames := make(chan []int16, 1)
		frames <- make([]int16, 160)
		began := time.Now()
		_, err = c.Transcribe(t.Context(), SpeechRequest{}, frames)
		if !errors.Is(err, ErrAway) || time.Since(began) != 5*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		if want := "transcribe: no connection to Home Assistant: not connected to Home Assistant at ha:8123 yet"; err.Error() != want {
			t.Errorf("error %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err = c.Respond(ctx, IntentRequest{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the caller's own limit: %v", err)
		}
		c.cfg.CommandWait = -1
		began = time.Now()
		if _, err = c.Pipelines(t.Context()); !errors.Is(err, ErrAway) || time.Since(began) != 0 {
			t.Errorf("without a wait, after %v: %v", time.Since(began), err)
		}
	})
}

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Config{URL: "http://ha:8123", Token: "secret"}, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		retry := &backoff.Backoff{Min: c.cfg.RetryMin, Max: c.cfg.RetryMax}
		took := func(refused bool) time.Duration {
			began := time.Now()
			if !c.pause(t.Context(), retry, refused) {
				t.Error("pause says that the context is done")
			}
			return time.Since(began)
		}
		between := func(what string, got, low, high time.Duration) {
			if got < low || got > high {
				t.Errorf("%s: %v", what, got)
			}
		}
		for _, wait := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			between("back-off", took(false), wait*time.Second*4/5, wait*time.Second)
		}
		c.waiting.Add(1)
		between("while a command waits", took(false), 0, c.cfg.RetryMin/2)
		c.waiting.Add(-1)
		signal(c.hurry)
		between("when a command comes", took(false), 0, 0)
		signal(c.hurry)
		between("refused", took(true), 4*time.Minute, 5*time.Minute)
		if err := c.SetToken("new"); err != nil {
			t.Fatal(err)
		}
		between("refused, with a new token", took(true), 0, 0)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if c.pause(ctx, retry, true) {
			t.Error("pause does not see the end of the context")
		}
	})
}

func TestURLs(t *testing.T) {
	tests := []struct{ base, socket, given, absolute string }{
		{"http://ha:8123", "ws://ha:8123/api/websocket", "/api/tts_proxy/a.mp3", "http://ha:8123/api/tts_proxy/a.mp3"},
		{" https://ha.example/ ", "wss://ha.example/api/websocket", "/api/tts_proxy/a%20b.mp3?x=1", "https://ha.example/api/tts_proxy/a%20b.mp3?x=1"},
		{"https://example.org/my/ha/", "wss://example.org/my/ha/api/websocket", "/api/tts_proxy/a.mp3", "https://example.org/my/ha/api/tts_proxy/a.mp3"},
		{"http://[::1]:8123", "ws://[::1]:8123/api/websocket", "https://cdn.example/a.mp3", "https://cdn.example/a.mp3"},
		{"http://ha", "ws://ha/api/websocket", "", ""},
		{"http://ha", "ws://ha/api/websocket", ":bad%", ""},
	}
	for _, tt := range tests {
		c, err := New(Config{URL: tt.base, Token: "secret"}, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]string{c.socketURL(), c.absolute(tt.given)}; got != [2]string{tt.socket, tt.absolute} {
			t.Errorf("%s: %q", tt.base, got)
		}
	}
}

func TestExplain(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, "nothing answers at ha:8123: is Home Assistant running there?"},
		{&net.DNSError{Err: "no such host"}, "the name ha:8123 cannot be found: is the URL of Home Assistant right?"},
		{&handshakeError{403, websocket.ErrBadHandshake}, "Home Assistant at ha:8123 shuts us out: has it banned this address in ip_bans.yaml?"},
		{&handshakeError{404, websocket.ErrBadHandshake}, "ha:8123 answers, but not like Home Assistant (HTTP status 404): is the URL right?"},
		{x509.UnknownAuthorityError{}, "the certificate of ha:8123 is not trusted here, or is for another name"},
		{os.ErrDeadlineExceeded, "Home Assistant at ha:8123 does not answer"},
		{&websocket.CloseError{Code: 1000}, "Home Assistant at ha:8123 closed the connection"},
		{errors.New("anything"), "the connection to Home Assistant at ha:8123 was lost"},
	}
	for _, tt := range tests {
		if got := explain(tt.err, "ha:8123"); got != tt.want {
			t.Errorf("%v: %s", tt.err, got)
		}
	}
}

func TestDecode(t *testing.T) {
	several, err := decode([]byte(" [{\"id\":2,\"type\":\"pong\"},{\"id\":3,\"type\":\"result\",\"success\":false,\"error\":{\"code\":\"a b\\n\",\"message\":\"m\"}}]"))
	if err != nil || len(several) != 2 || several[0].Type != "pong" {
		t.Fatalf("%+v, error %v", several, err)
	}
	var run *RunError
	if !errors.As(several[1].failure(), &run) || *run != (RunError{Code: "a?b?", Message: "m"}) {
		t.Errorf("failure %+v", run)
	}
	bare := message{Type: typeResult}
	if err := bare.failure(); err == nil || err.Error() != "Home Assistant answered with an error (unknown_error)" {
		t.Errorf("a failure without a reason: %v", err)
	}
	for _, frame := range []string{"", "{", "[{]", `{"id":"turn on the light"}`, "null", "[]"} {
		if _, err := decode([]byte(frame)); err != nil && strings.Contains(err.Error(), "light") {
			t.Errorf("%s: the error repeats the message: %v", frame, err)
		}
	}
}

// TestSlowReader has the events of a run that nobody looks at bounded.
func TestSlowReader(t *testing.T) {
	c := newConnection(nil, time.Second)
	k := &call{messages: make(chan message, eventQueue)}
	c.register(k)
	progress := message{ID: k.id, Type: typeEvent, Event: json.RawMessage(`{"type":"intent-progress","data":{}}`)}
	for range 10 * eventQueue {
		c.deliver(progress) // takes no place
	}
	for range eventQueue + 1 {
		c.deliver(message{ID: k.id})
	}
	n := 0
	for range k.messages {
		n++
	}
	if _, err := c.next(t.Context(), k); n != eventQueue || err == nil {
		t.Errorf("%d events, then error %v", n, err)
	}
	c.drop(k, false)
}

func TestDeviceWithOddIdentifiers(t *testing.T) {
	var d device
	if err := json.Unmarshal([]byte(`{"id":"x","identifiers":[["mqtt"],["a",3],[null,{}],["mqtt","kitchen"]]}`), &d); err != nil {
		t.Fatal(err)
	}
	got := []bool{d.is("mqtt", "kitchen"), d.is("mqtt", "hall"), d.is("a", "3")}
	if diff := cmp.Diff([]bool{true, false, false}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzMessages feeds whatever may come over the wire to the decoder and to runs of each kind.
func FuzzMessages(f *testing.F) {
	event := func(kind, data string) string {
		return `{"id":1,"type":"event","event":{"type":"` + kind + `","data":` + data + `}}`
	}
	for _, seed := range []string{
		`{"id":1,"type":"result","success":true,"result":null}`,
		`{"id":1,"type":"result","success":false,"error":{"code":"unknown_command","message":""}}`,
		`[{"id":2,"type":"pong"},{"id":null,"type":"result","success":false}]`,
		event("run-start", `{"language":"en","conversation_id":"a","runner_data":{"stt_binary_handler_id":1,"timeout":300}}`),
		event("run-start", `{"runner_data":{"stt_binary_handler_id":300}}`),
		event("stt-start", `{"metadata":{"language":"en"}}`),
		event("stt-end", `{"stt_output":{"text":"yes"}}`),
		event("intent-end", `{"intent_output":{"response":{"speech":{"plain":{"speech":"Done"}},"response_type":"action_done","data":{"success":[{"id":"light.a"}]}}}}`),
		event("tts-end", `{"tts_output":{"url":"/a","mime_type":"audio/mpeg","media_id":"media-source://tts/-stream-/a"}}`),
		event("error", `{"code":"timeout","message":"x"}`),
		event("run-end", `null`),
		`{"type":"auth_ok","ha_version":"2026.11.0"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		messages, err := decode(frame)
		if err != nil {
			if messages != nil {
				t.Error("messages beside an error")
			}
			return
		}
		for _, until := range []string{stageSTT, stageIntent, stageTTS} {
			p := progress{until: until}
			for _, m := range messages {
				over, err := p.take(m)
				if err != nil && !over {
					t.Error("an error that does not end the run")
				}
				if over && err == nil && !p.complete() {
					t.Error("over without a result")
				}
				if over {
					break
				}
			}
			if len(p.text) > maxText || len(p.reply.Text) > maxText || len(p.reply.Intent) > 200 {
				t.Error("unbounded text")
			}
		}
	})
}

// BenchmarkSend measures what one frame of 10 ms costs on its way from the microphone to the writer's queue.
func BenchmarkSend(b *testing.B) {
	frame := make([]int16, 160)
	w := &watcher{progress: progress{started: true, handler: 1}, conn: newConnection(nil, time.Second)}
	u := &utterance{changed: make(chan struct{}, 1), pcm: make([]byte, 0, maxAudio)}
	sender := audioSender{kept: u}
	b.ReportAllocs()
	for b.Loop() {
		if len(u.pcm) > maxAudio-1000 {
			u.pcm, sender.offset = u.pcm[:0], 0
		}
		u.add(frame, true)
		_, piece, _ := sender.prepare(w)
		sender.sent(piece)
	}
}
