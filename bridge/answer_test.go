package bridge_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"earshot/bridge"
	"earshot/bridge/spoken"
	"earshot/history"
	"earshot/internal/assist"
	"earshot/internal/audio"
)

// fakeHome is the agent, the voice and the archive of a household; it writes down what it is asked.
type fakeHome struct {
	respond func(assist.IntentRequest) (assist.Reply, error)
	say     func(ctx context.Context)
	newest  []string      // ids in the archive, newest first
	failed  error         // of every reply that is spoken
	log     io.Writer     // of the satellite; may be nil
	store   time.Duration // the first recording takes to be stored
	rig     *rig          // its history holds what is newer than those; may be nil

	mu    sync.Mutex
	asked []string
}

func (h *fakeHome) note(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, fmt.Sprintf(format, args...))
}

func (h *fakeHome) Respond(_ context.Context, req assist.IntentRequest) (assist.Reply, error) {
	h.note("respond %q conversation %q device %q", req.Text, req.ConversationID, req.DeviceIdentifier)
	return h.respond(req)
}

func (h *fakeHome) Speak(_ context.Context, text, _ string) (assist.Reply, error) {
	return assist.Reply{Text: text, AudioURL: "own"}, nil
}

func (h *fakeHome) Say(ctx context.Context, reply assist.Reply) error {
	h.note("say %q", reply.Text)
	if h.say != nil {
		h.say(ctx)
	}
	if ctx.Err() != nil {
		h.note("interrupted")
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return h.failed
}

func (h *fakeHome) List(_ context.Context, q history.Query) (history.Page, error) {
	var page history.Page
	if slices.Contains(q.Outcomes, history.NearMiss) || !slices.Contains(q.Outcomes, history.Recorded) {
		return page, fmt.Errorf("what was said last is looked for among %v", q.Outcomes)
	}
	if h.rig != nil {
		h.rig.history.mu.Lock()
		defer h.rig.history.mu.Unlock()
		for _, e := range h.rig.history.entries {
			if slices.Contains(q.Outcomes, e.Outcome) && (len(page.Entries) == 0 || e.At.After(page.Entries[0].At)) {
				page.Entries = []history.Entry{e}
			}
		}
		if len(page.Entries) > 0 {
			return page, nil
		}
	}
	for _, id := range h.newest[:min(q.Limit, len(h.newest))] {
		page.Entries = append(page.Entries, history.Entry{ID: id})
	}
	return page, nil
}

func (h *fakeHome) Delete(_ context.Context, _ string, s history.Selection) (history.Receipt, error) {
	if s.IDs != nil {
		h.note("delete %v", s.IDs)
		return history.Receipt{Deleted: len(s.IDs)}, nil
	}
	if h.rig != nil && !s.To.IsZero() {
		return h.deleteMoment(s), nil
	}
	h.note("delete from %v to %v of %v", !s.From.IsZero(), !s.To.IsZero(), s.Satellites)
	return history.Receipt{Deleted: 3}, nil
}

// deleteMoment drops what is in progress, and then deletes what is stored, as the history does.
func (h *fakeHome) deleteMoment(s history.Selection) history.Receipt {
	r := history.Receipt{InProgressDiscarded: h.rig.DiscardCovered(s.From, s.To)}
	h.rig.history.mu.Lock()
	defer h.rig.history.mu.Unlock()
	for _, e := range h.rig.history.entries {
		if at := e.At.Truncate(ms); !at.Before(s.From) && at.Before(s.To) {
			r.Deleted++
		}
	}
	h.note("delete %d stored and %d in progress of %v", r.Deleted, r.InProgressDiscarded, s.Satellites)
	return r
}

func (h *fakeHome) SetSaveRecordings(_ context.Context, satellite string, on bool) error {
	h.note("save %s %v", satellite, on)
	return nil
}

// answers plays as many commands as there are words, with the household behind the satellite.
func (h *fakeHome) answers(t *testing.T, words []string, meanwhile func(*rig)) *rig {
	t.Helper()
	phrases, err := spoken.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	return play(t, commands(len(words)), func(r *rig) {
		r.speech = &fakeTranscriber{answer: func(_ context.Context, n int) (string, error) { return words[n], nil }}
		r.more = func(d *bridge.Deps) {
			d.Agent, d.Voice, d.Device = h, h, "earshot_kitchen"
			if h.log != nil {
				d.Log = zerolog.New(zerolog.SyncWriter(h.log))
			}
			d.Privacy = &bridge.Privacy{Phrases: phrases, Archive: h, Calendar: history.Calendar{Zone: time.UTC}}
		}
	}, meanwhile)
}

// outcomes lists what became of the commands.
func outcomes(r *rig) []string {
	var all []string
	for _, e := range r.history.entries {
		code := ""
		if e.Error != nil {
			code = e.Error.Code
		}
		all = append(all, fmt.Sprintf("%s %q %q %s", e.Outcome, e.Transcript, e.Reply, code))
	}
	slices.Sort(all)
	return all
}

func (h *fakeHome) check(t *testing.T, r *rig, stored, asked []string) {
	t.Helper()
	if diff := cmp.Diff(stored, outcomes(r)); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(asked, h.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

// TestCommandsAreCarriedOut wants the reply in the entry and in the room, and the second command to go on with the conversation.
func TestCommandsAreCarriedOut(t *testing.T) {
	t.Parallel()
	h := &fakeHome{respond: func(req assist.IntentRequest) (assist.Reply, error) {
		if req.Text == "sing" {
			return assist.Reply{Text: "Sorry", ConversationID: "c", ErrorCode: "no_intent_match"}, nil
		}
		return assist.Reply{Text: "Done", ConversationID: "c", Understood: true, AudioURL: "x"}, nil
	}}
	r := h.answers(t, []string{"light on", "sing"}, nil)
	h.check(t, r, []string{`not_understood "sing" "Sorry" `, `understood "light on" "Done" `}, []string{
		`respond "light on" conversation "" device "earshot_kitchen"`, `say "Done"`,
		`respond "sing" conversation "c" device "earshot_kitchen"`,
	})
}

// TestCommandsThatFail wants a word for programs and a sentence for people in the entry, and the server's own words neither there nor in
// the log.
func TestCommandsThatFail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err           error
		code, message string
	}{
		{fmt.Errorf("secret: %w", assist.ErrAway), "home-assistant-away", "Home Assistant could not be reached in time, so nothing was done."},
		{
			assist.ErrRefused, "auth_invalid",
			"The access token is refused by Home Assistant: make a new long-lived one in Home Assistant, at the bottom of your profile, under Security.",
		},
		{
			fmt.Errorf("secret: %w \"Hoem\": there are \"Home\"", assist.ErrUnknownPipeline), "pipeline-not-found",
			`There is no Assist pipeline "Hoem": there are "Home".`,
		},
		{
			assist.ErrInterrupted, "connection-lost",
			"The connection to Home Assistant was lost while it carried out the command, which may or may not have been done.",
		},
		{&assist.RunError{Code: "intent-failed", Message: "secret"}, "intent-failed", "The conversation agent failed: Home Assistant's log may say why."},
		{&assist.RunError{Code: "new", Message: "secret"}, "new", "Home Assistant answered with an error."},
		{errors.New("secret"), "stt-stream-failed", "Speech-to-text failed, or could not be reached: is it running?"},
	} {
		log := &bytes.Buffer{}
		h := &fakeHome{log: log, respond: func(assist.IntentRequest) (assist.Reply, error) { return assist.Reply{}, c.err }}
		r := h.answers(t, []string{"light on"}, nil)
		if diff := cmp.Diff([]string{`failed "light on" "" ` + c.code}, outcomes(r)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", c.err, diff)
		}
		if got := r.history.entries[0].Error.Message; got != c.message {
			t.Errorf("%s: message %q, want %q", c.code, got, c.message)
		}
		if text := log.String(); strings.Contains(text, "secret") || !strings.Contains(text, `"code":"`+c.code+`"`) {
			t.Errorf("%s: the log is %s", c.code, text)
		}
	}
}

// TestPrivacyByVoice wants deletions to be carried out here, before any agent sees the words, and the command itself not to be stored.
func TestPrivacyByVoice(t *testing.T) {
	t.Parallel()
	never := func(assist.IntentRequest) (assist.Reply, error) {
		return assist.Reply{}, errors.New("the agent was asked")
	}
	for _, c := range []struct {
		name   string
		words  []string
		stored []string
		asked  []string
	}{
		{"just said", []string{"Delete what I just said."}, nil, []string{`delete [newest]`, `say "I deleted one recording."`}},
		{"not for you", []string{"That wasn't for you."}, nil, []string{`delete [newest]`, `say "I deleted one recording."`}},
		{
			"today", []string{"Delete everything I said today."}, nil,
			[]string{`delete from true to true of [kitchen]`, `say "I deleted 3 recordings."`},
		},
		{
			"everything, yes", []string{"Delete everything I have ever said.", "Yes."},
			[]string{
				`understood "Delete everything I have ever said." "This deletes everything I have ever recorded. Are you sure?" `,
			},
			[]string{`say "This deletes everything I have ever recorded. Are you sure?"`, `delete from false to false of [kitchen]`, `say "I deleted 3 recordings."`},
		},
		{
			"everything, no", []string{"Delete everything I have ever said.", "No."},
			[]string{
				`understood "Delete everything I have ever said." "This deletes everything I have ever recorded. Are you sure?" `,
				`understood "No." "Nothing was deleted." `,
			},
			[]string{`say "This deletes everything I have ever recorded. Are you sure?"`, `say "Nothing was deleted."`},
		},
		{
			"a yes out of nowhere", []string{"Yes."}, []string{`failed "Yes." "" stt-stream-failed`},
			[]string{`respond "Yes." conversation "" device "earshot_kitchen"`},
		},
		{
			"stop recording", []string{"Stop recording."}, []string{`understood "Stop recording." "Recording is off now." `},
			[]string{`save kitchen false`, `say "Recording is off now."`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := &fakeHome{respond: never, newest: []string{"newest", "older"}}
			h.check(t, h.answers(t, c.words, nil), c.stored, c.asked)
		})
	}
}

// TestWakeWordEndsReply, unless it is our own voice that says it.
func TestWakeWordEndsReply(t *testing.T) {
	t.Parallel()
	for reply, interrupted := range map[string]bool{"A long story": true, "Say okay nabu again": false} {
		h := &fakeHome{
			respond: func(assist.IntentRequest) (assist.Reply, error) {
				return assist.Reply{Text: reply, Understood: true, AudioURL: "x"}, nil
			},
			say: func(ctx context.Context) {
				select {
				case <-ctx.Done():
				case <-time.After(20 * time.Second):
				}
			},
		}
		var state bridge.State
		h.answers(t, []string{"a", "b"}, func(r *rig) {
			r.at(3000 * ms)
			state = r.Status().State
		})
		if state != bridge.Responding {
			t.Errorf("%q: the state is %s while the reply is spoken", reply, state)
		}
		if got := slices.Contains(h.asked, "interrupted"); got != interrupted {
			t.Errorf("%q: interrupted %v, want %v; asked %q", reply, got, interrupted, h.asked)
		}
	}
}

// fakeSounds plays a sound of 300 ms.
type fakeSounds struct {
	mu     sync.Mutex
	played []string
}

func (f *fakeSounds) Sound(_ context.Context, name string) error {
	f.mu.Lock()
	f.played = append(f.played, name)
	f.mu.Unlock()
	time.Sleep(300 * ms)
	return nil
}

// TestSoundsAreNotRecorded wants the microphone's audio to count as silence while our own sound is in the air.
func TestSoundsAreNotRecorded(t *testing.T) {
	t.Parallel()
	sounds := &fakeSounds{}
	r := play(t, sound(part{quiet, 3000}, part{nabu, 10}, part{voice, 2000}, part{quiet, 3000}), func(r *rig) {
		r.more = func(d *bridge.Deps) { d.Sounds = sounds }
	}, nil)
	if diff := cmp.Diff([]string{"listening", "done"}, sounds.played); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(r.history.clips) != 1 {
		t.Fatalf("%d clips", len(r.history.clips))
	}
	clip := r.history.clips[0]
	wake := 2 * audio.SampleRate
	silent := func(from, to time.Duration) bool {
		part := clip[wake+int(from*audio.SampleRate/time.Second) : wake+int(to*audio.SampleRate/time.Second)]
		return !slices.ContainsFunc(part, func(v int16) bool { return v != 0 })
	}
	if !silent(20*ms, 440*ms) || silent(470*ms, 600*ms) {
		t.Errorf("silent within the sound %v, and after it %v", silent(20*ms, 440*ms), silent(470*ms, 600*ms))
	}
}

// TestOtherMicrophoneAnswers wants one of two satellites that hear the same word at the same time to answer, and the other to say so
// in its entry without sending anything anywhere.
func TestOtherMicrophoneAnswers(t *testing.T) {
	t.Parallel()
	arbiter := &bridge.Arbiter{}
	hear := func(id string) *rig {
		return play(t, command(), func(r *rig) { // each begins at the same instant of its own time
			r.id, r.speech = id, &fakeTranscriber{answer: says("light on")}
			r.more = func(d *bridge.Deps) { d.Arbiter = arbiter }
		}, nil)
	}
	first, second := hear("kitchen"), hear("hall")
	if got := outcomes(first); len(got) != 1 || first.history.entries[0].Outcome != history.Understood {
		t.Errorf("first: %q", got)
	}
	if got := outcomes(second); len(got) != 1 || second.history.entries[0].Outcome != history.Elsewhere || second.speech.commands() != 0 {
		t.Errorf("second: %q, the transcriber was asked %d times", got, second.speech.commands())
	}
	if again := hear("kitchen"); again.history.entries[0].Outcome != history.Understood {
		t.Error("the one that answered first does not answer again")
	}
}

// TestSetPipeline: the assistant that a person has chosen gets the commands, until the configured one is chosen again.
func TestSetPipeline(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	home := &fakeHome{respond: func(req assist.IntentRequest) (assist.Reply, error) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, req.Pipeline)
		return assist.Reply{Understood: true}, nil
	}}
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(asked)
	}
	home.answers(t, []string{"one", "two"}, func(r *rig) {
		r.SetPipeline("chosen")
		for n := 0; count() == 0 && n < 600; n++ {
			r.sleep(100 * time.Millisecond)
		}
		r.SetPipeline("")
	})
	if diff := cmp.Diff([]string{"chosen", ""}, asked); diff != "" {
		t.Error(diff)
	}
}
