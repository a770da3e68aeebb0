package assist_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/internal/assist"
	at "earshot/internal/assist/assisttest"
	"earshot/internal/testkit"
)

func TestRespond(t *testing.T) {
	testkit.NoLeaks(t)
	h := ready(t)
	h.Set(func(s *at.Settings) {
		s.Devices = []at.Device{{ID: "kitchen", Identifiers: [][2]string{{"mqtt", "earshot_kitchen"}}}}
	})
	h.Intents(at.Reply{Speech: "Turned on the light", Success: []string{"light.kitchen_light", "light.hall", "switch.fan"}, Continue: true}.Script())
	req := assist.IntentRequest{Text: "turn on the kitchen light", ConversationID: "abc", DeviceIdentifier: "earshot_kitchen"}
	reply, err := h.client.Respond(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Get(reply.AudioURL)
	if err != nil {
		t.Fatal(err)
	}
	wav, err := io.ReadAll(response.Body)
	response.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if err != nil || response.StatusCode != http.StatusOK || len(wav) != 3244 || response.Header.Get("Content-Type") != reply.MediaType {
		t.Errorf("audio: status %d, %d bytes, error %v", response.StatusCode, len(wav), err)
	}
	token := reply.AudioURL[strings.LastIndex(reply.AudioURL, "/")+1:]
	want := assist.Reply{Text: "Turned on the light", ConversationID: "abc", AudioURL: h.URL() + "/api/tts_proxy/" + token, MediaType: "audio/wav",
		MediaID: "media-source://tts/-stream-/" + token, Intent: "action_done light,switch", Understood: true, Continue: true}
	if diff := cmp.Diff(want, reply); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	req.NoSpeech = true
	if reply, err = h.client.Respond(t.Context(), req); err != nil || reply.AudioURL != "" || reply.Text == "" {
		t.Errorf("without speech: %+v, error %v", reply, err)
	}
	h.Set(func(s *at.Settings) { s.Pipelines[0].TTS = "" })
	if reply, err = h.client.Respond(t.Context(), assist.IntentRequest{Text: "turn on the kitchen light"}); err != nil || reply.AudioURL != "" {
		t.Errorf("a pipeline without text-to-speech: %+v, error %v", reply, err)
	}
	run := at.Run{Connection: 1, StartStage: "intent", EndStage: "tts", Pipeline: "01home", Text: "turn on the kitchen light", ConversationID: "abc", DeviceID: "kitchen", Timeout: 35}
	silent := run
	silent.EndStage = "intent"
	plain := silent
	plain.ConversationID, plain.DeviceID = "", ""
	if diff := cmp.Diff([]at.Run{run, silent, plain}, h.Runs()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestRespondOrders plays every way in which a run from intent on may end.
func TestRespondOrders(t *testing.T) {
	done := at.Reply{Speech: "Turned on the light"}
	progress := at.Event("intent-progress", map[string]any{"chat_log_delta": map[string]any{"content": "Turn"}})
	tests := []struct {
		name   string
		script at.Script
		reply  assist.Reply // without ids and addresses
		voice  bool
		want   string // error
	}{
		{"good", done.Script(), assist.Reply{Text: "Turned on the light", Understood: true, Intent: "action_done"}, true, ""},
		{"good, with progress", append(at.Script{at.Start(), at.Act()}, append(repeat(progress, 200), done.Done(), done.Spoken(), at.End())...),
			assist.Reply{Text: "Turned on the light", Understood: true, Intent: "action_done"}, true, ""},
		{"good, and the end never comes", at.Script{at.Start(), at.Act(), done.Done(), done.Spoken()},
			assist.Reply{Text: "Turned on the light", Understood: true, Intent: "action_done"}, true, ""},
		{"nothing to say", at.Reply{}.Script(), assist.Reply{Understood: true, Intent: "action_done"}, false, ""},
		{"no intent", at.Reply{Speech: "Sorry", ErrorCode: "no_intent_match"}.Script(), assist.Reply{Text: "Sorry", ErrorCode: "no_intent_match", Intent: "error"}, true, ""},
		{"no target", at.Reply{Speech: "Sorry", ErrorCode: "no_valid_targets"}.Script(), assist.Reply{Text: "Sorry", ErrorCode: "no_valid_targets", Intent: "error"}, true, ""},
		{"cannot", at.Reply{Speech: "Sorry", ErrorCode: "failed_to_handle"}.Script(), assist.Reply{Text: "Sorry", ErrorCode: "failed_to_handle", Intent: "error"}, true, ""},
		{"voice fails after it was done", at.Script{at.Start(), at.Act(), done.Done(), at.Fail("tts-failed"), at.End()},
			assist.Reply{Text: "Turned on the light", Understood: true, Intent: "action_done", ErrorCode: "tts-failed"}, false, ""},
		{"voice stalls after it was done", at.Script{at.Start(), at.Act(), done.Done(), at.Stall()},
			assist.Reply{Text: "Turned on the light", Understood: true, Intent: "action_done", ErrorCode: "timeout"}, false, ""},
		{"connection lost after it was done", at.Script{at.Start(), at.Act(), done.Done(), at.Disconnect()},
			assist.Reply{Text: "Turned on the light", Understood: true, Intent: "action_done", ErrorCode: assist.CodeConnectionLost}, false, ""},
		{"connection lost while it acts", at.Script{at.Start(), at.Act(), at.Cut()}, assist.Reply{}, false,
			"carry out the command: the connection to Home Assistant was lost while it carried out the command, which may or may not have been done"},
		{"agent fails", at.Script{at.Start(), at.Act(), at.Fail("intent-failed"), at.End()}, assist.Reply{}, false,
			"carry out the command: the conversation agent failed: Home Assistant's log may say why (intent-failed)"},
		{"agent stalls", at.Script{at.Start(), at.Act(), at.Stall()}, assist.Reply{}, false,
			"carry out the command: there was no answer in time: is speech-to-text or the conversation agent hanging, or too slow? (timeout)"},
		{"timeout: run-end, error", at.Script{at.Start(), at.Act(), at.End(), at.Fail("timeout")}, assist.Reply{}, false,
			"carry out the command: there was no answer in time: is speech-to-text or the conversation agent hanging, or too slow? (timeout)"},
		{"run-end alone", at.Script{at.Start(), at.Act(), at.End()}, assist.Reply{}, false,
			"carry out the command: Home Assistant ended the run without a result (run-ended)"},
		{"result: agent gone", at.Refused("intent-not-supported"), assist.Reply{}, false,
			"carry out the command: the pipeline's conversation agent is gone: choose one in Home Assistant, under Settings, Voice assistants (intent-not-supported)"},
		{"result: voice gone", at.Refused("tts-not-supported"), assist.Reply{}, false,
			"carry out the command: the pipeline's text-to-speech is gone, or does not know the pipeline's language or voice (tts-not-supported)"},
	}
	testkit.NoLeaks(t)
	server := at.New(t)
	cfg := config(server)
	cfg.ReplyWait = 250 * time.Millisecond
	h := start(t, server, cfg)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h.await(t, assist.Ready)
			before := len(h.Runs())
			h.Intents(tt.script, at.Reply{Speech: "afterwards"}.Script())
			reply, err := h.client.Respond(t.Context(), assist.IntentRequest{Text: "turn on the kitchen light"})
			if (err == nil) != (tt.want == "") || (err != nil && err.Error() != tt.want) {
				t.Fatalf("error %v, want %q", err, tt.want)
			}
			if voice := reply.AudioURL != "" && reply.MediaID != ""; voice != tt.voice {
				t.Errorf("audio at %q", reply.AudioURL)
			}
			reply.ConversationID, reply.AudioURL, reply.MediaID, reply.MediaType = "", "", "", ""
			if diff := cmp.Diff(tt.reply, reply); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if n := len(h.Runs()) - before; n != 1 {
				t.Errorf("%d runs: the command may have been carried out twice", n)
			}
			if reply, err = h.client.Respond(t.Context(), assist.IntentRequest{Text: "turn on the kitchen light"}); err != nil || reply.Text != "afterwards" {
				t.Errorf("the next run: %+v, error %v", reply, err)
			}
		})
	}
}

func repeat(s at.Step, n int) at.Script {
	var all at.Script
	for range n {
		all = append(all, s)
	}
	return all
}

// TestRespondAgain repeats what was certainly not carried out.
func TestRespondAgain(t *testing.T) {
	good := at.Reply{Speech: "Turned on the light"}.Script()
	fail := func(code string) at.Script { return at.Script{at.Start(), at.Act(), at.Fail(code), at.End()} }
	tests := []struct {
		name          string
		scripts       []at.Script
		conversations []string // of the runs
		code          string
	}{
		{"another user's conversation", []at.Script{fail(assist.CodeIntentUnauthorized), good}, []string{"abc", ""}, ""},
		{"another user's, always", []at.Script{fail(assist.CodeIntentUnauthorized)}, []string{"abc", ""}, assist.CodeIntentUnauthorized},
		{"busy", []at.Script{fail(assist.CodeIntentBusy), fail(assist.CodeIntentBusy), good}, []string{"abc", "abc", "abc"}, ""},
		{"busy, always", []at.Script{fail(assist.CodeIntentBusy)}, []string{"abc", "abc", "abc", "abc"}, assist.CodeIntentBusy},
		{"lost before it began", []at.Script{{at.Disconnect()}, {at.Start(), at.Disconnect()}, good}, []string{"abc", "abc", "abc"}, ""},
		{"Assist is not there yet", []at.Script{at.Refused("unknown_command"), good}, []string{"abc", "abc"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			testkit.NoLeaks(t)
			h := ready(t)
			h.Intents(tt.scripts...)
			reply, err := h.client.Respond(t.Context(), assist.IntentRequest{Text: "turn on the kitchen light", ConversationID: "abc"})
			var run *assist.RunError
			if tt.code == "" && (err != nil || reply.Text != "Turned on the light") || tt.code != "" && (!errors.As(err, &run) || run.Code != tt.code) {
				t.Errorf("%+v, error %v", reply, err)
			}
			var conversations []string
			for _, r := range h.Runs() {
				conversations = append(conversations, r.ConversationID)
			}
			if diff := cmp.Diff(tt.conversations, conversations); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRespondCancelled(t *testing.T) {
	testkit.NoLeaks(t)
	h := ready(t)
	ctx, cancel := context.WithCancel(t.Context())
	h.Intents(at.Script{at.Start(), at.Act(), at.Do(cancel), at.Stall()})
	if _, err := h.client.Respond(ctx, assist.IntentRequest{Text: "turn on the kitchen light"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	h.WaitFor("the run to be cancelled", func(s *at.Server) bool { return s.Runs()[0].Cancelled })
	if _, err := h.client.Respond(t.Context(), assist.IntentRequest{Text: strings.Repeat("a", 5<<20)}); !errors.Is(err, assist.ErrTooLarge) {
		t.Errorf("a command of 5 MiB: %v", err)
	}
}

func TestCallService(t *testing.T) {
	testkit.NoLeaks(t)
	h := ready(t)
	if err := h.client.CallService(t.Context(), "light", "turn_on", map[string]any{"brightness_pct": 50}, map[string]any{"entity_id": "light.hall"}); err != nil {
		t.Fatal(err)
	}
	want := []at.Call{
		{Domain: "light", Service: "turn_on", Data: map[string]any{"brightness_pct": 50.0}, Target: map[string]any{"entity_id": "light.hall"}},
	}
	if diff := cmp.Diff(want, h.Calls()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	h.Set(func(s *at.Settings) { s.ServiceError = "not_found" })
	err := h.client.CallService(t.Context(), "media_player", "media_stop", nil, nil)
	if err == nil || err.Error() != "call media_player.media_stop: Home Assistant does not know this (not_found)" {
		t.Errorf("error %v", err)
	}
	if err = h.client.CallService(t.Context(), "a", "b", map[string]any{"c": make(chan int)}, nil); err == nil {
		t.Error("a channel was sent")
	}
}

// TestCallServiceInterrupted does not repeat what may have been done.
func TestCallServiceInterrupted(t *testing.T) {
	testkit.NoLeaks(t)
	h := ready(t)
	h.Set(func(s *at.Settings) { s.Deaf = true })
	result := make(chan error, 1)
	commands := h.Commands()
	go func() { result <- h.client.CallService(t.Context(), "light", "toggle", nil, nil) }()
	h.WaitFor("the call", func(s *at.Server) bool { return s.Commands() > commands })
	h.Disconnect()
	want := "call light.toggle: the connection to Home Assistant was lost while it carried out the command, which may or may not have been done"
	if err := <-result; !errors.Is(err, assist.ErrInterrupted) || err.Error() != want {
		t.Errorf("error %v", err)
	}
}

// TestSpeak wants the voice alone: no agent is asked.
func TestSpeak(t *testing.T) {
	testkit.NoLeaks(t)
	h := ready(t)
	h.Intents(at.Script{at.Start(), at.Reply{Speech: "Two recordings are deleted."}.Spoken(), at.End()})
	reply, err := h.client.Speak(t.Context(), "Two recordings are deleted.", "")
	if err != nil || !reply.Understood || reply.Text != "Two recordings are deleted." || reply.AudioURL == "" || reply.MediaID == "" {
		t.Fatalf("reply %+v, error %v", reply, err)
	}
	if runs := h.Runs(); len(runs) != 1 || runs[0].StartStage != "tts" || runs[0].EndStage != "tts" || runs[0].Text != reply.Text {
		t.Errorf("runs %+v", runs)
	}
	h.Set(func(s *at.Settings) { s.Pipelines[0].TTS = "" })
	h.Disconnect()
	if reply, err = h.client.Speak(t.Context(), "Hello", ""); err != nil || reply.AudioURL != "" || reply.Text != "Hello" {
		t.Errorf("without a voice: reply %+v, error %v", reply, err)
	}
}
