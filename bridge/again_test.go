package bridge_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/bridge"
	"earshot/bridge/spoken"
	"earshot/history"
	"earshot/internal/assist"
	"earshot/internal/audio"
)

// hear plays a sound to a household; words answers the n-th command.
func (h *fakeHome) hear(t *testing.T, pcm []int16, words func(n int) string, meanwhile func(*rig), alter ...func(*rig)) *rig {
	t.Helper()
	phrases, err := spoken.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	return play(t, pcm, func(r *rig) {
		h.rig = r
		r.history.add = func(_ context.Context, n int) error {
			if n == 0 {
				time.Sleep(h.store)
			}
			return nil
		}
		r.speech = &fakeTranscriber{answer: func(_ context.Context, n int) (string, error) { return words(n), nil }}
		r.more = func(d *bridge.Deps) {
			d.Agent, d.Voice, d.Device = h, h, "earshot_kitchen"
			d.Privacy = &bridge.Privacy{Phrases: phrases, Archive: h, Calendar: history.Calendar{Zone: time.UTC}}
		}
		for _, fn := range alter {
			fn(r)
		}
	}, meanwhile)
}

const (
	deleteAll = "Delete everything I have ever said."
	sure      = "This deletes everything I have ever recorded. Are you sure?"
)

// TestAnswerWithoutWakeWord wants the answer to a question to be heard by itself, and nothing of the question in its recording.
func TestAnswerWithoutWakeWord(t *testing.T) {
	t.Parallel()
	pcm := sound(part{nabu, 10}, part{voice, 1000}, part{quiet, 3990}, part{voice, 500}, part{quiet, 4000})
	var said []time.Time // when each reply was over
	h := &fakeHome{say: func(context.Context) {
		time.Sleep(2 * time.Second)
		said = append(said, time.Now())
	}}
	var states []bridge.State
	r := h.hear(t, pcm, func(n int) string { return []string{deleteAll, "No."}[n] }, func(r *rig) {
		for _, at := range []time.Duration{3000 * ms, 4800 * ms} {
			r.at(at)
			states = append(states, r.Status().State)
		}
	})
	h.check(t, r, []string{
		`understood "` + deleteAll + `" "` + sure + `" `, `understood "No." "Nothing was deleted." `,
	}, []string{`say "` + sure + `"`, `say "Nothing was deleted."`})
	if diff := cmp.Diff([]bridge.State{bridge.Responding, bridge.Listening}, states); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	if len(r.history.clips) != 2 {
		t.Fatalf("%d clips", len(r.history.clips))
	}
	e, clip := r.history.entries[1], r.history.clips[1]
	from := int(e.At.Sub(r.began) * audio.SampleRate / time.Second)
	if !e.At.After(said[0]) || !slices.Equal(clip, pcm[from:from+len(clip)]) {
		t.Errorf("the recording of the answer begins %v after the reply, or has something from before", e.At.Sub(said[0]))
	}
	if e.WakeWord != "okay_nabu" || e.Score != 0 {
		t.Errorf("the answer is filed under %q with score %v", e.WakeWord, e.Score)
	}
	if n := r.woke(); n != 1 {
		t.Errorf("%d wake words, want one", n)
	}
}

// woke counts the wake words that were heard.
func (r *rig) woke() (n int) {
	for _, e := range r.events {
		if e.Kind == bridge.Woke {
			n++
		}
	}
	return n
}

// TestNobodyAnswers wants no entry when nothing is said, and a yes after the wake word to be one still.
func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	ask := []part{{nabu, 10}, {voice, 1000}, {quiet, 9000}}
	words := func(n int) string { return []string{deleteAll, "Yes."}[n] }
	h := &fakeHome{}
	r := h.hear(t, sound(ask...), words, nil)
	h.check(t, r, []string{`understood "` + deleteAll + `" "` + sure + `" `}, []string{`say "` + sure + `"`})

	for _, wait := range []int{2500, 9000} { // while it listens, and when it has given up
		h = &fakeHome{}
		ask[2].ms = wait
		r = h.hear(t, sound(append(ask, part{nabu, 10}, part{voice, 500}, part{quiet, 3000})...), words, nil)
		h.check(t, r, []string{
			`understood "` + deleteAll + `" "` + sure + `" `, // the yes is itself of what is deleted
		}, []string{`say "` + sure + `"`, `delete from false to false of [kitchen]`, `say "I deleted 3 recordings."`})
		if n := r.woke(); n != 2 {
			t.Errorf("wake word after %d ms: %d wake words were heard, want two", wait, n)
		}
	}
}

// TestConversationGoesOn wants a reply that asks back to be answered without the wake word, a few times, and not one that was not heard.
func TestConversationGoesOn(t *testing.T) {
	t.Parallel()
	parts := []part{{nabu, 10}}
	for range 10 {
		parts = append(parts, part{voice, 500}, part{quiet, 2500})
	}
	for name, c := range map[string]struct {
		url    string
		failed error
		want   int
	}{
		"spoken":   {"x", nil, 6},
		"unspoken": {"", nil, 6},
		"fails":    {"x", errors.New("no sound"), 1},
	} {
		h := &fakeHome{failed: c.failed, respond: func(assist.IntentRequest) (assist.Reply, error) {
			return assist.Reply{Text: "Which one?", ConversationID: "c", Understood: true, Continue: true, AudioURL: c.url}, nil
		}}
		r := h.hear(t, sound(parts...), func(int) string { return "that one" }, nil)
		if n := r.history.count(); n != c.want {
			t.Errorf("%s: %d entries, want %d", name, n, c.want)
		}
	}
}

// TestDeleteWhatIsOnItsWay wants "what I just said" to be the previous recording, also while its words are awaited or it is being
// stored, and never an older one.
func TestDeleteWhatIsOnItsWay(t *testing.T) {
	t.Parallel()
	const just = "Delete what I just said."
	done := func(assist.IntentRequest) (assist.Reply, error) {
		return assist.Reply{Text: "Done", Understood: true}, nil
	}
	for _, c := range []struct {
		name   string
		words  []string
		slow   time.Duration // the first command's words
		store  time.Duration // the first recording
		stored int
		asked  []string
	}{
		{"words awaited", []string{"one", just}, 6 * time.Second, 0, 0, []string{"delete 0 stored and 1 in progress of [kitchen]"}},
		{"being stored", []string{"one", just}, 0, 6 * time.Second, 1, []string{"delete 1 stored and 0 in progress of [kitchen]"}},
		{"stored", []string{"one", just}, 0, 0, 1, []string{"delete [A]"}},
		{"a newer one is stored", []string{"one", "two", just}, 9 * time.Second, 0, 2, []string{"delete [A]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := &fakeHome{respond: done, newest: []string{"older"}, store: c.store}
			r := h.hear(t, commands(len(c.words)), func(n int) string {
				if n == 0 {
					time.Sleep(c.slow)
				}
				return c.words[n]
			}, nil)
			if n := r.history.count(); n != c.stored {
				t.Errorf("%d were stored, want %d", n, c.stored)
			}
			var deleted []string
			said := false
			for _, line := range h.asked {
				if len(line) > 6 && line[:6] == "delete" {
					deleted = append(deleted, line)
				}
				said = said || line == `say "I deleted one recording."`
			}
			if diff := cmp.Diff(c.asked, deleted); diff != "" || !said {
				t.Errorf("said so %v (-want +got):\n%s", said, diff)
			}
		})
	}
}
