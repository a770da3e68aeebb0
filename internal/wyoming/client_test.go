package wyoming_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"earshot/internal/testkit"
	"earshot/internal/wyoming"
	"earshot/internal/wyoming/wyomingtest"
)

func newClient(t *testing.T, addr string) *wyoming.Client {
	t.Helper()
	c, err := wyoming.New(addr, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// speech returns a closed channel of frames, and their samples in one piece.
func speech(frames int) (<-chan []int16, []int16) {
	c, all := make(chan []int16, frames), make([]int16, frames*160)
	for i := range all {
		all[i] = int16(i * 7)
	}
	for i := range frames {
		c <- all[i*160:][:160]
	}
	close(c)
	return c, all
}

func TestTranscribe(t *testing.T) {
	testkit.NoLeaks(t)
	server := wyomingtest.New(t)
	server.Script(wyomingtest.Reply{Text: " Turn on the kitchen light.\n", Ping: true}, wyomingtest.Reply{})
	var log bytes.Buffer
	client, err := wyoming.New(server.Addr(), zerolog.New(&log))
	if err != nil {
		t.Fatal(err)
	}
	frames, pcm := speech(50)
	text, err := client.Transcribe(t.Context(), "en", frames)
	if err != nil || text != "Turn on the kitchen light." {
		t.Fatalf("text %q, error %v", text, err)
	}
	long := make(chan []int16, 2)
	long <- make([]int16, 40000)
	long <- nil
	close(long)
	if text, err = client.Transcribe(t.Context(), "", long); err != nil || text != "" {
		t.Errorf("nothing heard: text %q, error %v", text, err)
	}
	want := []wyomingtest.Utterance{{Language: "en", PCM: pcm, Stopped: true}, {PCM: make([]int16, 40000), Stopped: true}}
	if diff := cmp.Diff(want, server.Utterances()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if server.Connections() != 2 || server.Bytes() != int64(2*(len(pcm)+40000)) {
		t.Errorf("%d connections, %d bytes", server.Connections(), server.Bytes())
	}
	if strings.Contains(log.String(), "kitchen") || !strings.Contains(log.String(), `"samples":8000`) {
		t.Errorf("log: %s", log.String())
	}
}

func TestTranscribeErrors(t *testing.T) {
	testkit.NoLeaks(t)
	tests := []struct {
		name  string
		reply wyomingtest.Reply
		is    error
		want  string
	}{
		{"closes", wyomingtest.Reply{Close: true}, wyoming.ErrClosed,
			"the server closed the connection without a transcript (its log may say why): EOF"},
		{"closes in the middle", wyomingtest.Reply{Close: true, Early: true}, wyoming.ErrClosed, ""},
		{"stalls", wyomingtest.Reply{Stall: true}, wyoming.ErrNoAnswer,
			"the server gave no transcript in time (is it too slow for this model?)"},
		{"answers half", wyomingtest.Reply{Raw: `{"type":"transcript","data_length":20}` + "\n{"}, wyoming.ErrNoAnswer,
			"the server gave no transcript in time (is it too slow for this model?)"},
		{"speaks something else", wyomingtest.Reply{Raw: "HTTP/1.1 400 Bad Request\r\n"}, wyoming.ErrProtocol,
			"not the Wyoming protocol: the header is no JSON object with a type"},
		{"answers with another shape", wyomingtest.Reply{Raw: `{"type":"transcript","data":{"text":["a"]}}` + "\n"}, wyoming.ErrProtocol,
			`not the Wyoming protocol: the data of a "transcript" event has another shape`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := wyomingtest.New(t)
			server.Script(tt.reply)
			client := newClient(t, server.Addr())
			client.AnswerTimeout = 200 * time.Millisecond
			frames, _ := speech(5)
			text, err := client.Transcribe(t.Context(), "en", frames)
			if !errors.Is(err, tt.is) || text != "" {
				t.Fatalf("text %q, error %v, want %v", text, err, tt.is)
			}
			want := "transcribe with " + strings.TrimPrefix(server.Addr(), "tcp://") + ": " + tt.want
			if tt.want != "" && err.Error() != want {
				t.Errorf("error %s\nwant  %s", err, want)
			}
		})
	}
}

func TestTranscribeServerError(t *testing.T) {
	testkit.NoLeaks(t)
	tests := []struct {
		said wyoming.ServerError
		want string
	}{
		{wyoming.ServerError{Text: "no model\nloaded"}, `the server answered with an error: "no model\nloaded"`},
		{wyoming.ServerError{Text: strings.Repeat("x", 300), Code: "busy"},
			`the server answered with an error: "` + strings.Repeat("x", 200) + `" ("busy")`},
	}
	for _, tt := range tests {
		server := wyomingtest.New(t)
		server.Script(wyomingtest.Reply{Error: &tt.said})
		frames, _ := speech(5)
		_, err := newClient(t, server.Addr()).Transcribe(t.Context(), "en", frames)
		var said *wyoming.ServerError
		if !errors.As(err, &said) || said.Error() != tt.want || *said != tt.said {
			t.Errorf("error %v\nwant %s", err, tt.want)
		}
	}
}

func TestTranscribeUnreachable(t *testing.T) {
	testkit.NoLeaks(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	listener.Close()
	frames, _ := speech(1)
	_, err = newClient(t, addr).Transcribe(t.Context(), "en", frames)
	if !errors.Is(err, wyoming.ErrUnreachable) {
		t.Fatalf("error %v", err)
	}
	want := "transcribe with " + addr + ": the server cannot be reached (is it running, and is the address right?): " +
		"dial tcp " + addr + ": connect: connection refused"
	if err.Error() != want {
		t.Errorf("error %s\nwant  %s", err, want)
	}
}

// A server that finds the end itself answers while frames still come.
func TestTranscribeEarlyAnswer(t *testing.T) {
	testkit.NoLeaks(t)
	tests := []struct {
		reply wyomingtest.Reply
		text  string
		is    error
	}{
		{wyomingtest.Reply{Early: true, Text: "Stop."}, "Stop.", nil},
		{wyomingtest.Reply{Early: true, Close: true}, "", wyoming.ErrClosed},
	}
	for _, tt := range tests {
		server := wyomingtest.New(t)
		server.Script(tt.reply)
		frames := make(chan []int16, 1)
		frames <- make([]int16, 160)
		text, err := newClient(t, server.Addr()).Transcribe(t.Context(), "", frames)
		if text != tt.text || !errors.Is(err, tt.is) {
			t.Errorf("text %q, error %v", text, err)
		}
	}
}

// A server that takes no audio must not hold the sender for ever.
func TestTranscribeDeafServer(t *testing.T) {
	testkit.NoLeaks(t)
	server := wyomingtest.New(t)
	server.Script(wyomingtest.Reply{Deaf: true})
	client := newClient(t, server.Addr())
	client.AnswerTimeout = 200 * time.Millisecond
	frames, finished := make(chan []int16), make(chan struct{})
	go func() {
		defer close(finished)
		for second := make([]int16, 16000); ; {
			select {
			case frames <- second:
			case <-t.Context().Done():
				return
			}
		}
	}()
	t.Cleanup(func() { <-finished })
	if _, err := client.Transcribe(t.Context(), "", frames); !errors.Is(err, wyoming.ErrNoAnswer) {
		t.Errorf("error %v", err)
	}
}

func TestTranscribeCancel(t *testing.T) {
	testkit.NoLeaks(t)
	for _, closed := range []bool{false, true} {
		server := wyomingtest.New(t)
		server.Script(wyomingtest.Reply{Stall: true})
		ctx, cancel := context.WithCancel(t.Context())
		frames := make(chan []int16, 1)
		frames <- make([]int16, 160)
		if closed {
			close(frames)
		}
		changed := server.Changed()
		go func() {
			for server.Bytes() == 0 || (closed && len(server.Utterances()) == 0) {
				<-changed
				changed = server.Changed()
			}
			cancel()
		}()
		_, err := newClient(t, server.Addr()).Transcribe(ctx, "", frames)
		if !errors.Is(err, context.Canceled) || errors.Is(err, wyoming.ErrClosed) {
			t.Errorf("frames closed %v: error %v", closed, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	server := wyomingtest.New(t)
	if _, err := newClient(t, server.Addr()).Transcribe(ctx, "", nil); !errors.Is(err, context.Canceled) || server.Connections() != 0 {
		t.Errorf("cancelled before: error %v, %d connections", err, server.Connections())
	}
}

func TestNewErrors(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"", "tcp://", "localhost", "localhost:", ":10300", "tcp://h:0", "tcp://h:65536", "tcp://h:x", "unix:///run/w", "http://h:1"} {
		_, err := wyoming.New(addr, zerolog.Nop())
		want := `address "` + addr + `" of the Wyoming server is not of the form tcp://host:port, such as tcp://127.0.0.1:10300`
		if err == nil || err.Error() != want {
			t.Errorf("error %v\nwant  %s", err, want)
		}
	}
	for _, addr := range []string{"tcp://whisper.lan:10300", "127.0.0.1:1", "tcp://[::1]:10300"} {
		if _, err := wyoming.New(addr, zerolog.Nop()); err != nil {
			t.Error(err)
		}
	}
}
