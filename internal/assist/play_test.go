package assist_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/internal/assist"
	at "earshot/internal/assist/assisttest"
	"earshot/internal/testkit"
)

const player = "media_player.hall"

// reply has so little text that a player which tells nothing is soon taken to have ended it.
var reply = assist.Reply{Text: "O", MediaID: "media-source://tts/-stream-/abc.mp3"}

// playing is a household whose player was in a state, and plays from the call on when it tells that.
func playing(t *testing.T, before string, tells bool) *household {
	t.Helper()
	testkit.NoLeaks(t)
	server := at.New(t)
	cfg := config(server)
	cfg.PlayWait = time.Millisecond
	h := start(t, server, cfg)
	h.await(t, assist.Ready)
	if before != "" {
		h.SetState(player, before)
	}
	h.Set(func(s *at.Settings) {
		s.Called = func(call at.Call) {
			if tells && call.Service == "play_media" {
				h.SetState(player, "buffering")
				h.SetState(player, "playing")
			}
		}
	})
	return h
}

// services are the calls so far, by name.
func services(h *household) []string {
	var names []string
	for _, call := range h.Calls() {
		names = append(names, call.Service)
	}
	return names
}

// play lets the reply be played; the channel gets how that ended.
func (h *household) play(ctx context.Context, r assist.Reply) <-chan error {
	result := make(chan error, 1)
	go func() { result <- h.client.PlayReply(ctx, player, r) }()
	return result
}

func (h *household) called(t *testing.T, service string) {
	t.Helper()
	h.WaitFor(service, func(s *at.Server) bool {
		calls := s.Calls()
		return len(calls) > 0 && calls[len(calls)-1].Service == service
	})
}

// TestPlayReply wants PlayReply to stay as long as the player plays.
func TestPlayReply(t *testing.T) {
	h := playing(t, "idle", true)
	var ended atomic.Bool
	early := make(chan bool, 1)
	result := make(chan error, 1)
	go func() {
		err := h.client.PlayReply(t.Context(), player, reply)
		early <- !ended.Load()
		result <- err
	}()
	h.called(t, "play_media")
	for range 20 { // many times as long as a player that tells nothing would be waited for
		if _, err := h.client.Pipelines(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ended.Store(true)
	h.SetState(player, "idle")
	if <-early {
		t.Error("PlayReply returned while the player played")
	}
	if err := <-result; err != nil {
		t.Error(err)
	}
	want := []at.Call{{
		Domain: "media_player", Service: "play_media", Target: map[string]any{"entity_id": player},
		Data: map[string]any{"media_content_id": reply.MediaID, "media_content_type": "music", "announce": true},
	}}
	if diff := cmp.Diff(want, h.Calls()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	h.WaitFor("the player not to be followed any more", func(s *at.Server) bool { return s.Followers() == 0 })
}

// TestPlayReplyStopped ends it in the middle.
func TestPlayReplyStopped(t *testing.T) {
	for before, want := range map[string][]string{
		"idle":    {"play_media", "media_stop"},
		"playing": {"play_media"}, // what the household listens to goes on
	} {
		t.Run(before, func(t *testing.T) {
			h := playing(t, before, true)
			ctx, cancel := context.WithCancel(t.Context())
			long := reply
			long.Text = string(make([]byte, 1000))
			result := h.play(ctx, long)
			h.called(t, "play_media")
			cancel()
			if err := <-result; !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(want, services(h)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestPlayReplyUntold wants a player whose state says nothing to be waited for by the length of the text.
func TestPlayReplyUntold(t *testing.T) {
	for _, before := range []string{"", "idle", "playing"} {
		h := playing(t, before, false)
		began := time.Now()
		if err := <-h.play(t.Context(), reply); err != nil {
			t.Errorf("%q: %v", before, err)
		}
		if took := time.Since(began); took < time.Second/12 {
			t.Errorf("%q: one letter took %v", before, took)
		}
	}
}

// TestPlayReplyErrors wants nothing to be played twice.
func TestPlayReplyErrors(t *testing.T) {
	h := playing(t, "idle", true)
	if err := h.client.PlayReply(t.Context(), player, assist.Reply{}); err == nil || err.Error() != "play the reply: it has no audio" {
		t.Errorf("a reply without audio: %v", err)
	}
	result := h.play(t.Context(), reply)
	h.called(t, "play_media")
	h.Disconnect()
	if err := <-result; !errors.Is(err, assist.ErrInterrupted) {
		t.Errorf("connection lost: %v", err)
	}
	if diff := cmp.Diff([]string{"play_media"}, services(h)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	h.await(t, assist.Ready)
	h.Set(func(s *at.Settings) { s.ServiceError, s.Called = "not_found", nil })
	if err := <-h.play(t.Context(), reply); err == nil || err.Error() != "play the reply: Home Assistant does not know this (not_found)" {
		t.Errorf("refused: %v", err)
	}
}
