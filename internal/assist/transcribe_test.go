package assist_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/internal/assist"
	at "earshot/internal/assist/assisttest"
	"earshot/internal/testkit"
)

func TestTranscribe(t *testing.T) {
	testkit.NoLeaks(t)
	h := ready(t)
	h.Set(func(s *at.Settings) {
		s.Devices = []at.Device{
			{ID: "other", Identifiers: [][2]string{{"zha", "earshot_kitchen"}, {"mqtt", "earshot_hall"}}},
			{ID: "twin", Identifiers: [][2]string{{"mqtt", "earshot_kitchen"}}, ConfigEntry: "01probe"},
			{ID: "kitchen", Identifiers: [][2]string{{"mqtt", "earshot_kitchen"}}, ConfigEntry: "01mqtt"},
		}
		s.Pipelines = append(s.Pipelines, at.Pipeline{ID: "02", Name: "Zuhause", Language: "de", STT: "stt.fake"})
	})
	frames, pcm := speech(150)
	req := assist.SpeechRequest{Pipeline: "zuhause", WakeWordPhrase: "okay nabu", DeviceIdentifier: "earshot_kitchen", Language: "de"}
	got, err := h.client.Transcribe(t.Context(), req, frames)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(assist.Transcript{Text: "Turn on the kitchen light.", Language: "en"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	odd := make(chan []int16, 3)
	odd <- make([]int16, 70000) // more than one message may hold
	odd <- nil
	odd <- []int16{1, -2}
	close(odd)
	if _, err = h.client.Transcribe(t.Context(), assist.SpeechRequest{DeviceIdentifier: "earshot_nowhere"}, odd); err != nil {
		t.Fatal(err)
	}
	tail := make([]int16, 70080) // whole blocks of 10 ms, or Home Assistant would drop the end
	tail[70000], tail[70001] = 1, -2
	want := []at.Run{
		{Connection: 1, StartStage: "stt", EndStage: "stt", Pipeline: "02", DeviceID: "kitchen", WakeWordPhrase: "okay nabu", NoVAD: true, Timeout: 75, PCM: pcm, EndMarker: true},
		{Connection: 1, StartStage: "stt", EndStage: "stt", Pipeline: "01home", NoVAD: true, Timeout: 75, PCM: tail, EndMarker: true},
	}
	if diff := cmp.Diff(want, h.Runs()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestTranscribeNothing asks nothing when nothing was said.
func TestTranscribeNothing(t *testing.T) {
	testkit.NoLeaks(t)
	h := ready(t)
	frames := make(chan []int16)
	close(frames)
	got, err := h.client.Transcribe(t.Context(), assist.SpeechRequest{Language: "de"}, frames)
	if diff := cmp.Diff(assist.Transcript{Language: "de"}, got); diff != "" || err != nil {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
	if n := len(h.Runs()); n != 0 {
		t.Errorf("%d runs were begun", n)
	}
}

// TestTranscribeOrders plays every way in which a run may end.
func TestTranscribeOrders(t *testing.T) {
	vad := at.Event("stt-vad-end", map[string]any{"timestamp": 2670})
	unknown := at.Event("something-new", []any{"of another shape"})
	tests := []struct {
		name   string
		script at.Script
		text   string
		code   string
		want   string
	}{
		{"good", at.Transcript(" Turn on the kitchen light.\n"), "Turn on the kitchen light.", "", ""},
		{"good, with events that are unknown", at.Script{at.Start(), unknown, at.Hear(), vad, at.AwaitEnd(), unknown, at.Heard("yes"), at.End()}, "yes", "", ""},
		{"good, before the audio ends", at.Script{at.Start(), at.Hear(), at.AwaitAudio(800), at.Heard("yes"), at.End()}, "yes", "", ""},
		{"good, and the end never comes", at.Script{at.Start(), at.Hear(), at.AwaitEnd(), at.Heard("yes")}, "yes", "", ""},
		{"empty transcript", at.Transcript(" "), "", "", ""},
		{"no words: error, run-end", at.NoText(), "", "", ""},
		{"no words, before the audio ends", at.Script{at.Start(), at.Hear(), at.Fail(assist.CodeNoText), at.End()}, "", "", ""},
		{"engine fails: error, run-end", at.STTFails(), "", assist.CodeSTTFailed,
			"transcribe: speech-to-text failed: Home Assistant's log may say why (stt-stream-failed)"},
		{"engine fails and the end never comes", at.Script{at.Start(), at.Hear(), at.Fail(assist.CodeSTTFailed)}, "", assist.CodeSTTFailed,
			"transcribe: speech-to-text failed: Home Assistant's log may say why (stt-stream-failed)"},
		{"another microphone: run-start, error, run-end", at.Duplicate(), "", assist.CodeDuplicate,
			"transcribe: another microphone heard the same wake word first (duplicate_wake_up_detected)"},
		{"timeout: run-end, error", at.Timeout(), "", assist.CodeTimeout,
			"transcribe: there was no answer in time: is speech-to-text or the conversation agent hanging, or too slow? (timeout)"},
		{"run-end alone", at.Script{at.Start(), at.Hear(), at.AwaitEnd(), at.End()}, "", assist.CodeRunEnded,
			"transcribe: Home Assistant ended the run without a result (run-ended)"},
		{"run-end at once", at.Script{at.Start(), at.End()}, "", assist.CodeRunEnded,
			"transcribe: Home Assistant ended the run without a result (run-ended)"},
		{"stalls", at.Stalled(), "", assist.CodeTimeout,
			"transcribe: there was no answer in time: is speech-to-text or the conversation agent hanging, or too slow? (timeout)"},
		{"never starts", at.Script{at.Stall()}, "", assist.CodeTimeout,
			"transcribe: there was no answer in time: is speech-to-text or the conversation agent hanging, or too slow? (timeout)"},
		{"result: pipeline not found", at.Refused("pipeline-not-found"), "", "pipeline-not-found",
			"transcribe: the pipeline is gone: choose another one, or make it again in Home Assistant (pipeline-not-found)"},
		{"result: engine gone", at.Refused(assist.CodeSTTMissing), "", assist.CodeSTTMissing,
			"transcribe: the pipeline has no speech-to-text: choose one in Home Assistant, under Settings, Voice assistants (stt-provider-missing)"},
		{"result: unsupported metadata", at.Refused("stt-provider-unsupported-metadata"), "", "stt-provider-unsupported-metadata",
			"transcribe: the pipeline's speech-to-text does not know the pipeline's language, or 16 kHz audio (stt-provider-unsupported-metadata)"},
		{"result: invalid", at.Refused("invalid_format"), "", "invalid_format", "transcribe: Home Assistant answered with an error (invalid_format)"},
		{"result: unknown error", at.Refused("unknown_error"), "", "unknown_error", "transcribe: Home Assistant answered with an error (unknown_error)"},
		{"result: validation", at.Refused("validation-error"), "", "validation-error", "transcribe: Home Assistant answered with an error (validation-error)"},
	}
	testkit.NoLeaks(t)
	server := at.New(t)
	cfg := config(server)
	cfg.StartWait, cfg.AnswerWait = 400*time.Millisecond, 250*time.Millisecond
	h := start(t, server, cfg)
	h.await(t, assist.Ready)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h.Speech(tt.script, at.Transcript("afterwards"))
			frames, _ := speech(20)
			got, err := h.client.Transcribe(t.Context(), assist.SpeechRequest{WakeWordPhrase: "okay nabu"}, frames)
			var run *assist.RunError
			switch {
			case tt.code == "" && err != nil:
				t.Fatal(err)
			case tt.code != "" && (!errors.As(err, &run) || run.Code != tt.code || err.Error() != tt.want):
				t.Fatalf("error %v, want %s", err, tt.want)
			case got.Text != tt.text:
				t.Fatalf("text %q, want %q", got.Text, tt.text)
			}
			// What the run still has to say is noise for the next one.
			frames, _ = speech(20)
			if got, err = h.client.Transcribe(t.Context(), assist.SpeechRequest{}, frames); err != nil || got.Text != "afterwards" {
				t.Errorf("the next run: %+v, error %v", got, err)
			}
		})
	}
	if n := h.Connections(); n != 1 {
		t.Errorf("%d connections: none of this is a reason to connect anew", n)
	}
}

// TestStalledRunIsStopped leaves nothing behind in Home Assistant.
func TestStalledRunIsStopped(t *testing.T) {
	testkit.NoLeaks(t)
	server := at.New(t)
	cfg := config(server)
	cfg.AnswerWait = 50 * time.Millisecond
	h := start(t, server, cfg)
	h.await(t, assist.Ready)
	h.Speech(at.Stalled())
	frames, _ := speech(5)
	if _, err := h.client.Transcribe(t.Context(), assist.SpeechRequest{}, frames); err == nil {
		t.Error("a stalled run gave a transcript")
	}
	h.WaitFor("the run to be cancelled", func(s *at.Server) bool { return s.Runs()[0].Cancelled })

	ctx, cancel := context.WithCancel(t.Context())
	open := make(chan []int16, 1)
	open <- make([]int16, 1600)
	h.Speech(at.Script{at.Start(), at.Hear(), at.AwaitAudio(1600), at.Do(cancel), at.Stall()})
	if _, err := h.client.Transcribe(ctx, assist.SpeechRequest{}, open); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled by the caller: %v", err)
	}
	h.WaitFor("the second run to be cancelled", func(s *at.Server) bool { return s.Runs()[1].Cancelled })
	if h.Runs()[1].EndMarker {
		t.Error("a cancelled utterance was ended like a complete one")
	}
}

// TestLostInTheMiddle breaks the connection in each phase of a run; the next one gets all the audio.
func TestLostInTheMiddle(t *testing.T) {
	tests := []struct {
		name   string
		script at.Script
	}{
		{"before run-start", at.Script{at.Disconnect()}},
		{"after run-start", at.Script{at.Start(), at.Disconnect()}},
		{"in the audio", at.Script{at.Start(), at.Hear(), at.AwaitAudio(1600), at.Disconnect()}},
		{"in the audio, without a word", at.Script{at.Start(), at.Hear(), at.AwaitAudio(1600), at.Cut()}},
		{"after the audio", at.Script{at.Start(), at.Hear(), at.AwaitEnd(), at.Disconnect()}},
		{"after run-end", at.Script{at.Start(), at.Hear(), at.AwaitEnd(), at.End(), at.Disconnect()}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			testkit.NoLeaks(t)
			h := ready(t)
			h.Speech(tt.script, at.Transcript("yes"))
			frames, pcm := speech(300)
			got, err := h.client.Transcribe(t.Context(), assist.SpeechRequest{WakeWordPhrase: "okay nabu"}, frames)
			if err != nil || got.Text != "yes" {
				t.Fatalf("%+v, error %v", got, err)
			}
			runs := h.Runs()
			last := runs[len(runs)-1]
			if diff := cmp.Diff(pcm, last.PCM); diff != "" || last.Connection != 2 || !last.EndMarker {
				t.Errorf("connection %d, end %v, audio (-want +got):\n%s", last.Connection, last.EndMarker, diff)
			}
			if runs[0].WakeWordPhrase != "okay nabu" || last.WakeWordPhrase != "" {
				t.Errorf("wake word phrases %q and %q: the second run would be refused as a duplicate of the first", runs[0].WakeWordPhrase, last.WakeWordPhrase)
			}
		})
	}
}

// TestLostAgainAndAgain ends after a few tries.
func TestLostAgainAndAgain(t *testing.T) {
	testkit.NoLeaks(t)
	h := ready(t)
	h.Speech(at.Script{at.Start(), at.Cut()})
	frames, _ := speech(30)
	_, err := h.client.Transcribe(t.Context(), assist.SpeechRequest{}, frames)
	if !errors.Is(err, assist.ErrAway) || err.Error() != "transcribe: no connection to Home Assistant: the connection was lost again and again" {
		t.Errorf("error %v", err)
	}
	if n := len(h.Runs()); n != 5 {
		t.Errorf("%d runs", n)
	}
}

// TestLostAndBack speaks on while Home Assistant restarts.
func TestLostAndBack(t *testing.T) {
	testkit.NoLeaks(t)
	h := ready(t)
	reached := make(chan struct{})
	h.Speech(at.Script{at.Start(), at.Hear(), at.AwaitAudio(160), at.Do(func() { close(reached) }), at.Stall()}, at.Transcript("all of it"))
	frames := make(chan []int16)
	type outcome struct {
		got assist.Transcript
		err error
	}
	result := make(chan outcome, 1)
	go func() {
		got, err := h.client.Transcribe(t.Context(), assist.SpeechRequest{}, frames)
		result <- outcome{got, err}
	}()
	var pcm []int16
	say := func(n int) {
		for range n {
			frame := make([]int16, 160)
			frame[0] = int16(len(pcm))
			pcm = append(pcm, frame...)
			frames <- frame
		}
	}
	say(10)
	<-reached
	h.Stop()
	h.await(t, assist.Connecting)
	say(50) // the microphone does not wait
	h.Start()
	h.await(t, assist.Ready)
	say(10)
	close(frames)
	if o := <-result; o.err != nil || o.got.Text != "all of it" {
		t.Fatalf("%+v, error %v", o.got, o.err)
	}
	if diff := cmp.Diff(pcm, h.Runs()[1].PCM); diff != "" {
		t.Errorf("audio (-want +got):\n%s", diff)
	}
}

// TestTooLongAudio ends an utterance that has no end.
func TestTooLongAudio(t *testing.T) {
	testkit.NoLeaks(t)
	h := ready(t)
	frames := make(chan []int16, 3)
	for range 3 {
		frames <- make([]int16, 25*16000)
	}
	if _, err := h.client.Transcribe(t.Context(), assist.SpeechRequest{}, frames); err != nil {
		t.Fatal(err)
	}
	if run := h.Runs()[0]; len(run.PCM) != 60*16000 || !run.EndMarker {
		t.Errorf("%d samples, end %v", len(run.PCM), run.EndMarker)
	}
}

func TestPipelines(t *testing.T) {
	testkit.NoLeaks(t)
	h := ready(t)
	h.Set(func(s *at.Settings) {
		s.Pipelines = []at.Pipeline{{ID: "02", Name: "Zuhause", Language: "de"}, {ID: "01home", Name: "Home", Language: "en", STT: "stt.fake", TTS: "tts.fake"}}
	})
	got, err := h.client.Pipelines(t.Context())
	want := []assist.Pipeline{{ID: "01home", Name: "Home", Language: "en", Preferred: true, SpeechToText: "stt.fake", TextToSpeech: "tts.fake"}, {ID: "02", Name: "Zuhause", Language: "de"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
	frames, _ := speech(3)
	_, err = h.client.Transcribe(t.Context(), assist.SpeechRequest{Pipeline: "Hone"}, frames)
	if !errors.Is(err, assist.ErrUnknownPipeline) || err.Error() != `transcribe: there is no Assist pipeline "Hone": there are "Home", "Zuhause"` {
		t.Errorf("unknown pipeline: %v", err)
	}
	_, err = h.client.Respond(t.Context(), assist.IntentRequest{Pipeline: "Hone"})
	if !errors.Is(err, assist.ErrUnknownPipeline) || err.Error() != `carry out the command: there is no Assist pipeline "Hone": there are "Home", "Zuhause"` {
		t.Errorf("unknown pipeline: %v", err)
	}
	frames, _ = speech(3)
	_, err = h.client.Transcribe(t.Context(), assist.SpeechRequest{Pipeline: "Zuhause"}, frames)
	if err == nil || err.Error() != "transcribe: the pipeline has no speech-to-text: choose one in Home Assistant, under Settings, Voice assistants (stt-provider-missing)" {
		t.Errorf("pipeline without speech-to-text: %v", err)
	}
	h.Set(func(s *at.Settings) { s.Preferred = "" })
	frames, _ = speech(3)
	_, err = h.client.Transcribe(t.Context(), assist.SpeechRequest{}, frames)
	if err == nil || err.Error() != `transcribe: there is no Assist pipeline that is preferred: choose one of "Zuhause", "Home" in Home Assistant` {
		t.Errorf("no preferred pipeline: %v", err)
	}
	h.Set(func(s *at.Settings) { s.Pipelines = nil })
	frames, _ = speech(3)
	_, err = h.client.Transcribe(t.Context(), assist.SpeechRequest{}, frames)
	if err == nil || err.Error() != "transcribe: there is no Assist pipeline in Home Assistant: make one under Settings, Voice assistants" {
		t.Errorf("no pipeline: %v", err)
	}
	if n := len(h.Runs()); n != 0 {
		t.Errorf("%d runs were begun", n)
	}
}
