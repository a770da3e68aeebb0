package assist_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"earshot/internal/assist"
	"earshot/internal/assist/assisttest"
	"earshot/internal/testkit"
)

// household is a server with a client that is running.
type household struct {
	*assisttest.Server
	client *assist.Client
	log    *testkit.Log
}

// config is one whose waits suit a test.
func config(server *assisttest.Server) assist.Config {
	return assist.Config{URL: server.URL(), Token: assisttest.Token, CommandWait: 5 * time.Second, RetryMin: 20 * time.Millisecond, RetryMax: 80 * time.Millisecond}
}

func start(t *testing.T, server *assisttest.Server, cfg assist.Config) *household {
	t.Helper()
	h := &household{Server: server, log: &testkit.Log{}}
	client, err := assist.New(cfg, zerolog.New(h.log))
	if err != nil {
		t.Fatal(err)
	}
	h.client = client
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- client.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		for _, secret := range []string{assisttest.Token, "kitchen", "Turned"} {
			if strings.Contains(h.log.String(), secret) {
				t.Errorf("the log contains %q:\n%s", secret, h.log)
			}
		}
	})
	return h
}

func ready(t *testing.T) *household {
	t.Helper()
	server := assisttest.New(t)
	h := start(t, server, config(server))
	h.await(t, assist.Ready)
	return h
}

// await waits for a state of the client.
func (h *household) await(t *testing.T, state assist.State) assist.Status {
	t.Helper()
	changes, stop := h.client.Watch()
	defer stop()
	limit := time.After(10 * time.Second)
	for {
		status := h.client.Status()
		if status.State == state {
			return status
		}
		select {
		case <-changes:
		case <-limit:
			t.Fatalf("the state is %+v and not %s", h.client.Status(), state)
		}
	}
}

// speech returns a closed channel of frames of 10 ms, and their samples in one piece.
func speech(frames int) (<-chan []int16, []int16) {
	c, all := make(chan []int16, frames), make([]int16, frames*160)
	for i := range all {
		all[i] = int16(i*7 + 1)
	}
	for i := range frames {
		c <- all[i*160:][:160]
	}
	close(c)
	return c, all
}

func TestNewErrors(t *testing.T) {
	const form = "the URL of Home Assistant is not of the form http://homeassistant.local:8123"
	tests := []struct{ url, token, want string }{
		{"", "x", form},
		{"homeassistant.local:8123", "x", form},
		{"mqtt://homeassistant.local", "x", form},
		{"http://", "x", form},
		{"http://me:secret@ha", "x", "the URL of Home Assistant must not contain a user name or password: an access token is needed"},
		{"http://ha/?a=b", "x", "the URL of Home Assistant must end after the host or a path, without ? and #"},
		{"http://ha", "", "the access token of Home Assistant is empty or has blanks around it: make a long-lived one in Home Assistant, at the bottom of your profile, under Security"},
		{"http://ha", "secret\n", "the access token of Home Assistant is empty or has blanks around it: make a long-lived one in Home Assistant, at the bottom of your profile, under Security"},
	}
	for _, tt := range tests {
		_, err := assist.New(assist.Config{URL: tt.url, Token: tt.token}, zerolog.Nop())
		if err == nil || err.Error() != tt.want {
			t.Errorf("%q, %q: error %v, want %s", tt.url, tt.token, err, tt.want)
		}
	}
}

func TestReadyAfterStart(t *testing.T) {
	testkit.NoLeaks(t)
	server := assisttest.New(t)
	server.Set(func(s *assisttest.Settings) {
		s.State, s.AssistLoaded, s.TimeZone = assisttest.NotRunning, false, "Europe/Berlin"
	})
	h := start(t, server, config(server))
	if got := h.await(t, assist.Starting); got.Version != "2026.11.0" || got.Problem == "" {
		t.Errorf("starting: %+v", got)
	}
	frames, pcm := speech(30)
	result := make(chan error, 1)
	go func() {
		got, err := h.client.Transcribe(t.Context(), assist.SpeechRequest{}, frames)
		if err == nil && got.Text != "Turn on the kitchen light." {
			err = errors.New("another transcript")
		}
		result <- err
	}()
	server.Set(func(s *assisttest.Settings) { s.State = assisttest.Running })
	waitForProblem(t, h, "Home Assistant runs without Assist: it needs the integration assist_pipeline, which default_config brings")
	if len(server.Runs()) != 0 {
		t.Error("a run was begun before Assist was there")
	}
	server.Set(func(s *assisttest.Settings) { s.AssistLoaded = true })
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(pcm, server.Runs()[0].PCM); diff != "" {
		t.Errorf("first words were lost (-want +got):\n%s", diff)
	}
	if zone := h.client.TimeZone(); zone != "Europe/Berlin" {
		t.Errorf("time zone %q", zone)
	}
	if got := h.await(t, assist.Ready); got.Problem != "" || got.Since.IsZero() {
		t.Errorf("ready: %+v", got)
	}
}

func waitForProblem(t *testing.T, h *household, problem string) {
	t.Helper()
	changes, stop := h.client.Watch()
	defer stop()
	limit := time.After(10 * time.Second)
	for h.client.Status().Problem != problem {
		select {
		case <-changes:
		case <-limit:
			t.Fatalf("the status is %+v and not %q", h.client.Status(), problem)
		}
	}
}

func TestToken(t *testing.T) {
	testkit.NoLeaks(t)
	server := assisttest.New(t)
	server.Set(func(s *assisttest.Settings) { s.Token = "another" })
	h := start(t, server, config(server))
	const sentence = "the access token is refused by Home Assistant: make a new long-lived one in Home Assistant, at the bottom of your profile, under Security"
	if got := h.await(t, assist.Refused); got.Problem != sentence {
		t.Errorf("refused: %+v", got)
	}
	frames, _ := speech(3)
	if _, err := h.client.Transcribe(t.Context(), assist.SpeechRequest{}, frames); !errors.Is(err, assist.ErrRefused) || err.Error() != "transcribe: "+sentence {
		t.Errorf("a command with a refused token: %v", err)
	}
	if err := h.client.SetToken(" "); err == nil {
		t.Error("an empty token was taken")
	}
	if err := h.client.SetToken("another"); err != nil {
		t.Fatal(err)
	}
	h.await(t, assist.Ready)

	server.Revoke("a third")
	h.await(t, assist.Refused)
	if n := server.Refused(); n != 2 {
		t.Errorf("%d wrong tokens were shown, not 2: it must not be tried again and again", n)
	}
	if err := h.client.SetToken("a third"); err != nil {
		t.Fatal(err)
	}
	h.await(t, assist.Ready)
	if n := strings.Count(h.log.String(), sentence); n != 2 {
		t.Errorf("it was said %d times, not once per refusal:\n%s", n, h.log)
	}
	if strings.Contains(h.log.String(), "a third") {
		t.Error("a token is in the log")
	}
}

func TestRestartOnTheSamePort(t *testing.T) {
	testkit.NoLeaks(t)
	h := ready(t)
	for range 3 {
		h.Stop()
		h.await(t, assist.Connecting)
		frames, pcm := speech(20)
		result := make(chan error, 1)
		go func() {
			_, err := h.client.Transcribe(t.Context(), assist.SpeechRequest{WakeWordPhrase: "okay nabu"}, frames)
			result <- err
		}()
		h.Start()
		if err := <-result; err != nil {
			t.Fatal(err)
		}
		runs := h.Runs()
		if diff := cmp.Diff(pcm, runs[len(runs)-1].PCM); diff != "" {
			t.Errorf("audio (-want +got):\n%s", diff)
		}
	}
}

func TestAwayTooLong(t *testing.T) {
	testkit.NoLeaks(t)
	server := assisttest.New(t)
	cfg := config(server)
	cfg.CommandWait = 100 * time.Millisecond
	server.Stop()
	h := start(t, server, cfg)
	address := strings.TrimPrefix(server.URL(), "http://")
	waitForProblem(t, h, "nothing answers at "+address+": is Home Assistant running there?")
	want := "no connection to Home Assistant: nothing answers at " + address + ": is Home Assistant running there?"
	frames, _ := speech(3)
	_, err := h.client.Transcribe(t.Context(), assist.SpeechRequest{}, frames)
	if !errors.Is(err, assist.ErrAway) || err.Error() != "transcribe: "+want {
		t.Errorf("Transcribe: %v", err)
	}
	_, err = h.client.Respond(t.Context(), assist.IntentRequest{Text: "turn on the kitchen light"})
	if !errors.Is(err, assist.ErrAway) || err.Error() != "carry out the command: "+want {
		t.Errorf("Respond: %v", err)
	}
	if err = h.client.CallService(t.Context(), "light", "turn_on", nil, nil); !errors.Is(err, assist.ErrAway) {
		t.Errorf("CallService: %v", err)
	}
	if _, err = h.client.Pipelines(t.Context()); !errors.Is(err, assist.ErrAway) {
		t.Errorf("Pipelines: %v", err)
	}
}

// TestConnecting has the connection break before it was ever ready.
func TestConnecting(t *testing.T) {
	tests := []struct {
		name   string
		before func(*assisttest.Server)
		reach  func(*assisttest.Server) bool
		after  func(*assisttest.Server)
	}{
		{"while connecting", func(s *assisttest.Server) { s.Stop() }, func(*assisttest.Server) bool { return true }, func(s *assisttest.Server) { s.Start() }},
		{"in the authentication", func(s *assisttest.Server) { s.Set(func(n *assisttest.Settings) { n.WithoutAuth = true }) },
			func(s *assisttest.Server) bool { return s.Attempts() > 0 },
			func(s *assisttest.Server) {
				s.Set(func(n *assisttest.Settings) { n.WithoutAuth = false })
				s.Disconnect()
			}},
		{"while starting", func(s *assisttest.Server) { s.Set(func(n *assisttest.Settings) { n.State = assisttest.NotRunning }) },
			func(s *assisttest.Server) bool { return s.Connections() > 0 },
			func(s *assisttest.Server) {
				s.Disconnect()
				s.Set(func(n *assisttest.Settings) { n.State = assisttest.Running })
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			testkit.NoLeaks(t)
			server := assisttest.New(t)
			tt.before(server)
			h := start(t, server, config(server))
			server.WaitFor("the phase", tt.reach)
			tt.after(server)
			h.await(t, assist.Ready)
			frames, _ := speech(3)
			if _, err := h.client.Transcribe(t.Context(), assist.SpeechRequest{}, frames); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestShutDown ends Run in every phase.
func TestShutDown(t *testing.T) {
	phases := map[string]func(*assisttest.Settings){
		"in the authentication": func(n *assisttest.Settings) { n.WithoutAuth = true },
		"while starting":        func(n *assisttest.Settings) { n.State = assisttest.NotRunning },
		"while it hangs":        func(n *assisttest.Settings) { n.Deaf = true },
		"while ready":           func(*assisttest.Settings) {},
	}
	for name, phase := range phases {
		t.Run(name, func(t *testing.T) {
			testkit.NoLeaks(t)
			server := assisttest.New(t)
			server.Set(phase)
			start(t, server, config(server))
			server.WaitFor("a connection", func(s *assisttest.Server) bool { return s.Attempts() > 0 })
		})
	}
}

// TestHanging has a machine that takes everything and answers nothing.
func TestHanging(t *testing.T) {
	t.Run("found by pings", func(t *testing.T) {
		testkit.NoLeaks(t)
		server := assisttest.New(t)
		cfg := config(server)
		cfg.PingEvery = 50 * time.Millisecond
		h := start(t, server, cfg)
		h.await(t, assist.Ready)
		server.Set(func(s *assisttest.Settings) { s.WithoutPings = true })
		server.WaitFor("a second connection", func(s *assisttest.Server) bool { return s.Connections() > 1 })
		server.Set(func(s *assisttest.Settings) { s.WithoutPings = false })
		h.await(t, assist.Ready)
	})
	t.Run("found by a command", func(t *testing.T) {
		testkit.NoLeaks(t)
		server := assisttest.New(t)
		cfg := config(server)
		cfg.StartWait = 100 * time.Millisecond
		h := start(t, server, cfg)
		h.await(t, assist.Ready)
		server.Set(func(s *assisttest.Settings) { s.Deaf = true })
		frames, pcm := speech(10)
		result := make(chan error, 1)
		go func() {
			_, err := h.client.Transcribe(t.Context(), assist.SpeechRequest{}, frames)
			result <- err
		}()
		server.WaitFor("a second connection", func(s *assisttest.Server) bool { return s.Connections() > 1 })
		server.Set(func(s *assisttest.Settings) { s.Deaf = false })
		if err := <-result; err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(pcm, server.Runs()[0].PCM); diff != "" {
			t.Errorf("audio (-want +got):\n%s", diff)
		}
	})
}

func TestPathPrefix(t *testing.T) {
	testkit.NoLeaks(t)
	server := assisttest.New(t)
	cfg := config(server)
	cfg.URL += "/ha/"
	h := start(t, server, cfg)
	h.await(t, assist.Ready)
	reply, err := h.client.Respond(t.Context(), assist.IntentRequest{Text: "turn on the kitchen light"})
	if err != nil || !strings.HasPrefix(reply.AudioURL, server.URL()+"/ha/api/tts_proxy/") {
		t.Errorf("audio at %q, error %v", reply.AudioURL, err)
	}
}
