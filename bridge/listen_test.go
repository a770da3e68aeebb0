package bridge_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"earshot/bridge"
	"earshot/history"
	"earshot/internal/assist"
	"earshot/internal/audio"
)

var (
	askedPCM = sound(part{quiet, 3000}, part{voice, 500}, part{quiet, 4000}) // somebody speaks after 3 s
	prompt   = bridge.Prompt{Announcement: announcement, WordsOnly: true}
)

// checkSaid compares what came of a prompt, without the times of its entry.
func checkSaid(t *testing.T, want, got bridge.Said) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(history.Entry{}, "At", "Duration", "Timings", "Satellite", "Area", "Language")); diff != "" {
		t.Errorf("said (-want +got):\n%s", diff)
	}
}

// TestListen has an answer carried out within the conversation that it belongs to, which goes on, with nothing of the sound in its recording.
func TestListen(t *testing.T) {
	t.Parallel()
	h := &fakeHome{say: func(context.Context) { time.Sleep(time.Second) }, respond: func(req assist.IntentRequest) (assist.Reply, error) {
		return assist.Reply{Text: "And the lamp?", Understood: true, ConversationID: req.ConversationID, Continue: req.Text == "Yes."}, nil
	}}
	pcm := slices.Concat(askedPCM, sound(part{voice, 500}, part{quiet, 3000}))
	var states []bridge.State
	r := h.hear(t, pcm, func(n int) string { return []string{"Yes.", "That too."}[n] }, func(r *rig) {
		r.at(time.Second)
		go func() {
			for _, at := range []time.Duration{1500 * ms, 2100 * ms, 2500 * ms} {
				r.at(at)
				states = append(states, r.Status().State)
			}
		}()
		got, err := r.Listen(context.Background(), bridge.Prompt{Announcement: announcement, Conversation: "c1"})
		if err != nil {
			t.Fatal(err)
		}
		checkSaid(t, bridge.Said{Played: true, Spoken: true, Entry: history.Entry{
			ID: "A", Outcome: history.Understood, Transcript: "Yes.", Reply: "And the lamp?",
		}}, got)
	})
	h.check(t, r, []string{`understood "That too." "And the lamp?" `, `understood "Yes." "And the lamp?" `}, []string{
		`say "dinner"`, `respond "Yes." conversation "c1" device "earshot_kitchen"`, `respond "That too." conversation "c1" device "earshot_kitchen"`,
	})
	if diff := cmp.Diff([]bridge.State{bridge.Responding, bridge.Responding, bridge.Listening}, states); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	e, clip := r.history.entries[0], r.history.clips[0]
	from := int(e.At.Sub(r.began) * audio.SampleRate / time.Second)
	if e.At.Sub(r.began) < 2*time.Second || !slices.Equal(clip, pcm[from:from+len(clip)]) {
		t.Errorf("the recording begins at %v, or has something from before", e.At.Sub(r.began))
	}
	if e.WakeWord != "" || r.woke() != 0 {
		t.Errorf("filed under %q after %d wake words", e.WakeWord, r.woke())
	}
}

// TestListenForWords gives the words to who asked, once, whatever is stored, and has no agent carry them out.
func TestListenForWords(t *testing.T) {
	t.Parallel()
	yes := func(int) string { return "Yes." }
	understood := history.Entry{ID: "A", Outcome: history.Understood, Transcript: "Yes."}
	unsaved := understood
	unsaved.ID = ""
	for name, c := range map[string]struct {
		add     error
		discard bool
		want    bridge.Said
		stored  int
	}{
		"stored":    {nil, false, bridge.Said{Played: true, Spoken: true, Words: "Yes.", Entry: understood}, 1},
		"not saved": {history.ErrNotSaved, false, bridge.Said{Played: true, Spoken: true, Words: "Yes.", Entry: unsaved}, 0},
		"deleted":   {nil, true, bridge.Said{Played: true, Spoken: true, Words: "Yes.", Entry: unsaved}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &fakeHome{}
			r := h.hear(t, askedPCM, yes, func(r *rig) {
				r.history.add = func(context.Context, int) error { return c.add }
				r.at(time.Second)
				if c.discard {
					time.AfterFunc(2200*ms, func() {
						if n := r.DiscardCovered(time.Time{}, time.Time{}); n != 1 {
							t.Errorf("%d recordings were discarded", n)
						}
					})
				}
				got, err := r.Listen(context.Background(), prompt)
				if err != nil {
					t.Error(err)
				}
				checkSaid(t, c.want, got)
			})
			h.checkAsked(t, `say "dinner"`)
			if n := r.history.count(); n != c.stored {
				t.Errorf("%d entries, want %d", n, c.stored)
			}
		})
	}
}

// TestListenToNobody ends after 5 s and leaves nothing behind.
func TestListenToNobody(t *testing.T) {
	t.Parallel()
	h := &fakeHome{}
	r := h.hear(t, sound(part{quiet, 20_000}), nil, func(r *rig) {
		r.at(time.Second)
		got, err := r.Listen(context.Background(), prompt)
		if took := time.Since(r.began) - time.Second; err != nil || took < 5*time.Second || took > 6*time.Second {
			t.Errorf("%v after %v", err, took)
		}
		checkSaid(t, bridge.Said{Played: true}, got)
		if got := r.Status().State; got != bridge.Idle {
			t.Errorf("then the satellite is %s", got)
		}
	})
	h.check(t, r, nil, []string{`say "dinner"`})
}

// TestListenAndWakeWord: one that comes while the sound is played ends it, and its command is one; what follows one that comes later is the answer.
func TestListenAndWakeWord(t *testing.T) {
	t.Parallel()
	pcm := sound(part{quiet, 3000}, part{nabu, 10}, part{voice, 500}, part{quiet, 4000})
	for name, c := range map[string]struct {
		say   time.Duration
		want  bridge.Said
		asked []string
	}{
		"meanwhile": {time.Hour, bridge.Said{}, []string{`say "dinner"`, "interrupted", `respond "Yes." conversation "" device "earshot_kitchen"`}},
		"later": {time.Second, bridge.Said{Played: true, Spoken: true, Words: "Yes.", Entry: history.Entry{
			ID: "A", Outcome: history.Understood, Transcript: "Yes.", WakeWord: "okay_nabu", Score: 0.97, Threshold: 0.85,
		}}, []string{`say "dinner"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &fakeHome{say: lasting(c.say), respond: func(assist.IntentRequest) (assist.Reply, error) {
				return assist.Reply{Understood: true}, nil
			}}
			r := h.hear(t, pcm, func(int) string { return "Yes." }, func(r *rig) {
				r.at(time.Second)
				got, err := r.Listen(context.Background(), prompt)
				if err != nil {
					t.Error(err)
				}
				checkSaid(t, c.want, got)
			})
			h.check(t, r, []string{`understood "Yes." "" `}, c.asked)
		})
	}
}

// TestPrivacyCommandAsAnswer carries it out, and gives nobody its words.
func TestPrivacyCommandAsAnswer(t *testing.T) {
	t.Parallel()
	h := &fakeHome{newest: []string{"older"}}
	r := h.hear(t, askedPCM, func(int) string { return "Delete what I just said." }, func(r *rig) {
		r.at(time.Second)
		got, err := r.Listen(context.Background(), prompt)
		if err != nil {
			t.Error(err)
		}
		want := history.Entry{Outcome: history.Understood, Transcript: "Delete what I just said.", Reply: "I deleted one recording.", Intent: "privacy"}
		checkSaid(t, bridge.Said{Played: true, Spoken: true, Privacy: true, Entry: want}, got)
	})
	h.check(t, r, nil, []string{`say "dinner"`, "delete [older]", `say "I deleted one recording."`})
}

// TestYesToAnotherQuestion deletes nothing: the yes is for who asked last.
func TestYesToAnotherQuestion(t *testing.T) {
	t.Parallel()
	pcm := sound(part{nabu, 10}, part{voice, 1000}, part{quiet, 9000}, part{quiet, 3000}, part{voice, 500}, part{quiet, 4000})
	h := &fakeHome{}
	r := h.hear(t, pcm, func(n int) string { return []string{deleteAll, "Yes."}[n] }, func(r *rig) {
		r.at(10 * time.Second)
		got, err := r.Listen(context.Background(), prompt)
		if err != nil || got.Words != "Yes." || got.Privacy {
			t.Errorf("%+v, %v", got, err)
		}
	})
	h.check(t, r, []string{`understood "` + deleteAll + `" "` + sure + `" `, `understood "Yes." "" `}, []string{`say "` + sure + `"`, `say "dinner"`})
}

// TestListenIsGivenUp stores what was said by then as cancelled, and nothing when nothing was said: by the caller, and by the mute switch.
func TestListenIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		at   time.Duration
		mute bool
		want int
	}{
		"in silence":   {2500 * ms, false, 0},
		"within words": {3900 * ms, false, 1},
		"muted":        {3900 * ms, true, 1},
		"as it begins": {1100 * ms, false, 0},
		"muted before": {1100 * ms, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &fakeHome{}
			r := h.hear(t, sound(part{quiet, 3000}, part{voice, 2000}, part{quiet, 4000}), func(int) string { return "Yes." }, func(r *rig) {
				r.at(time.Second)
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				time.AfterFunc(c.at-time.Second, func() {
					if !c.mute {
						cancel()
						return
					}
					if err := r.SetMuted(context.Background(), true); err != nil {
						t.Error(err)
					}
				})
				said, err := r.Listen(ctx, prompt)
				if !c.mute {
					if !errors.Is(err, context.Canceled) {
						t.Errorf("%+v, %v", said, err)
					}
					return
				}
				if err != nil || !said.Played || said.Words != "" || said.Spoken != (c.want > 0) {
					t.Errorf("%+v, %v", said, err)
				}
			})
			if n := r.history.count(); n != c.want || n > 0 && r.history.entries[0].Outcome != history.Cancelled {
				t.Errorf("%d entries, want %d: %+v", n, c.want, r.history.entries)
			}
			if got := r.Status().State; got != bridge.Idle {
				t.Errorf("then the satellite is %s", got)
			}
		})
	}
}

// TestWakeWordAfterGivenUp wants what follows a wake word carried out when nobody waits for it any more.
func TestWakeWordAfterGivenUp(t *testing.T) {
	t.Parallel()
	h := &fakeHome{respond: func(assist.IntentRequest) (assist.Reply, error) { return assist.Reply{Understood: true}, nil }}
	pcm := sound(part{quiet, 3000}, part{nabu, 10}, part{voice, 1000}, part{quiet, 4000})
	r := h.hear(t, pcm, func(int) string { return "Yes." }, func(r *rig) {
		r.at(time.Second)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		time.AfterFunc(2500*ms, cancel)
		if _, err := r.Listen(ctx, prompt); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	h.check(t, r, []string{`understood "Yes." "" `}, []string{`say "dinner"`, `respond "Yes." conversation "" device "earshot_kitchen"`})
}

func TestListenRefusals(t *testing.T) {
	t.Parallel()
	refuses := func(t *testing.T, r *rig, want string) {
		t.Helper()
		_, err := r.Listen(context.Background(), prompt)
		if refused := bridge.Refusal(""); !errors.As(err, &refused) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	announceIn(t, sound(part{quiet, 10_000}), &fakeHome{}, func(r *rig) {
		r.at(time.Second)
		refuses(t, r, "Nothing turns speech into text; set home_assistant.url or stt.wyoming.")
	})
	h := &fakeHome{}
	r := h.hear(t, sound(part{quiet, 10_000}), nil, func(r *rig) {
		r.at(500 * ms)
		if err := r.SetMuted(context.Background(), true); err != nil {
			t.Error(err)
		}
		r.sleep(ms)
		refuses(t, r, "The microphone is muted; open it first.")
		if err := r.SetMuted(context.Background(), false); err != nil {
			t.Error(err)
		}
		r.at(30 * time.Second)
		refuses(t, r, "No sound comes from the microphone now.")
	})
	h.checkAsked(t)
	if n := r.history.count(); n != 0 {
		t.Errorf("%d entries", n)
	}
}

// TestListenToOneThatStops answers who asks a satellite that stops while the sound is being played.
func TestListenToOneThatStops(t *testing.T) {
	t.Parallel()
	h := &fakeHome{say: func(context.Context) { time.Sleep(5 * time.Second) }}
	h.hear(t, askedPCM, func(int) string { return "Yes." }, func(r *rig) {
		r.at(time.Second)
		answered := make(chan error, 1)
		go func() {
			_, err := r.Listen(context.Background(), prompt)
			answered <- err
		}()
		r.at(2 * time.Second)
		r.cancel()
		if refused := bridge.Refusal(""); !errors.As(<-answered, &refused) || refused != "The satellite was stopped." {
			t.Errorf("it says %q", string(refused))
		}
	})
}
