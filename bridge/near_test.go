package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/bridge"
	"earshot/history"
	"earshot/internal/assist"
)

// curious has a household see near misses.
func curious(r *rig) {
	more := r.more
	r.more = func(d *bridge.Deps) {
		if more != nil {
			more(d)
		}
		d.Refused = r.detector.Refused
	}
}

// TestNearMiss wants what led to it to be stored, and nothing else to happen.
func TestNearMiss(t *testing.T) {
	t.Parallel()
	pcm := sound(part{quiet, 3000}, part{voice, 500}, part{quiet, 490}, part{near, 10}, part{voice, 3000})
	sounds := 0
	r := play(t, pcm, func(r *rig) {
		r.speech = &fakeTranscriber{answer: says("x")}
		r.more = func(d *bridge.Deps) { d.Sounds = countedSounds{&sounds} }
		curious(r)
	}, nil)
	const decided = 4000 * ms
	want := []history.Entry{{
		ID: "A", Satellite: "kitchen", Area: "Ground floor", At: r.began.Add(decided - 500*ms), Duration: 2000 * ms, WakeWord: "okay_nabu", Score: 0.61,
		Threshold: 0.2, Outcome: history.NearMiss,
	}}
	if diff := cmp.Diff(want, r.history.entries); diff != "" {
		t.Fatalf("entries (-want +got):\n%s", diff)
	}
	end := int(decided / ms * 16)
	if !slices.Equal(r.history.clips[0], pcm[end-32000:end]) {
		t.Error("its sound is not the two seconds before the decision")
	}
	for _, e := range r.events {
		if e.Kind != bridge.MicrophoneChanged && e.Kind != bridge.Added {
			t.Errorf("an event %q", e.Kind)
		}
	}
	if s := r.Status(); !s.LastHeard.IsZero() || s.StorageProblem != "" || sounds != 0 || r.speech.commands() != 0 {
		t.Errorf("%+v; %d sounds, %d commands", s, sounds, r.speech.commands())
	}
	for i, v := range r.history.lent {
		if v != 0 {
			t.Fatalf("sample %d of it is still in memory", i)
		}
	}
}

// countedSounds counts the feedback sounds.
type countedSounds struct{ n *int }

func (c countedSounds) Sound(context.Context, string) error {
	*c.n++
	return nil
}

// TestNearMissesThatAreNotStored looks at which are, besides commands.
func TestNearMissesThatAreNotStored(t *testing.T) {
	t.Parallel()
	const miss, heard = history.NearMiss, history.Recorded
	said := []part{{nabu, 10}, {voice, 1000}, {quiet, 1990}} // over after 1.7 s
	for _, c := range []struct {
		name      string
		parts     []part
		off       bool          // nobody wants to see them
		store     time.Duration // the first recording takes to be stored
		meanwhile func(*testing.T, *rig)
		want      []history.Outcome
	}{
		{"nobody wants to see them", []part{{quiet, 3000}, {near, 10}, {quiet, 3000}}, true, 0, nil, nil},
		{"within 2 s", []part{{quiet, 3000}, {near, 10}, {quiet, 1980}, {near, 10}, {quiet, 3000}}, false, 0, nil, []history.Outcome{miss}},
		{"after 2 s", []part{{quiet, 3000}, {near, 10}, {quiet, 1990}, {near, 10}, {quiet, 3000}}, false, 0, nil, []history.Outcome{miss, miss}},
		{"of two words", []part{{quiet, 3000}, {near, 10}, {quiet, 100}, {other, 10}, {quiet, 3000}}, false, 0, nil, []history.Outcome{miss, miss}},
		{"while another one is being stored", []part{{quiet, 3000}, {near, 10}, {quiet, 100}, {other, 10}, {quiet, 3000}}, false, 5 * time.Second, nil, []history.Outcome{miss}},
		{"the word itself a moment later", append([]part{{quiet, 3000}, {near, 10}, {quiet, 200}}, said...), false, 5 * time.Second, nil, []history.Outcome{heard, miss}},
		{"within a command", []part{{quiet, 3000}, {nabu, 10}, {voice, 500}, {near, 10}, {voice, 500}, {quiet, 3000}}, false, 0, nil, []history.Outcome{heard}},
		{"the ring does not hold it", []part{{quiet, 490}, {near, 10}, {quiet, 3000}}, false, 0, nil, nil},
		{
			"in a trial", []part{{quiet, 3000}, {near, 10}, {quiet, 3000}}, false, 0,
			func(t *testing.T, r *rig) {
				r.at(time.Second)
				heardIn(r.try(t, 4*time.Second))
			}, nil,
		},
		{
			"heard in a trial, decided after it", []part{{quiet, 3000}, {near, 10}, {quiet, 3000}}, false, 0,
			func(t *testing.T, r *rig) {
				r.at(time.Second)
				heardIn(r.try(t, 1700*ms))
			}, nil,
		},
		{
			"muted", []part{{quiet, 3000}, {near, 10}, {quiet, 3000}}, false, 0,
			func(t *testing.T, r *rig) {
				r.at(2900 * ms)
				if err := r.SetMuted(t.Context(), true); err != nil {
					t.Error(err)
				}
			}, nil,
		},
		{
			"muted in that moment", []part{{quiet, 3000}, {near, 10}, {quiet, 3000}}, false, 0,
			func(t *testing.T, r *rig) {
				r.detector.mu.Lock()
				defer r.detector.mu.Unlock()
				r.detector.after = func(samples int) {
					if samples != 3010*16 {
						return
					}
					if err := r.SetMuted(t.Context(), true); err != nil {
						t.Error(err)
					}
				}
			}, nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := play(t, sound(c.parts...), func(r *rig) {
				if !c.off {
					curious(r)
				}
				r.history.add = func(_ context.Context, n int) error {
					if n == 0 {
						time.Sleep(c.store)
					}
					return nil
				}
			}, func(r *rig) {
				if c.meanwhile != nil {
					c.meanwhile(t, r)
				}
			})
			var got []history.Outcome
			for _, e := range r.history.entries {
				got = append(got, e.Outcome)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNearMissOfOurOwnVoice stores nothing of what was heard while a reply was spoken.
func TestNearMissOfOurOwnVoice(t *testing.T) {
	t.Parallel()
	h := &fakeHome{
		respond: func(assist.IntentRequest) (assist.Reply, error) {
			return assist.Reply{Text: "Okay, Nabu", Understood: true, AudioURL: "x"}, nil
		},
		say: func(context.Context) { time.Sleep(3 * time.Second) },
	}
	pcm := sound(part{nabu, 10}, part{voice, 1000}, part{quiet, 2000}, part{near, 10}, part{quiet, 3000}, part{other, 10}, part{quiet, 1000})
	r := play(t, pcm, func(r *rig) {
		r.speech = &fakeTranscriber{answer: says("hello")}
		r.more = func(d *bridge.Deps) { d.Agent, d.Voice = h, h }
		curious(r)
	}, nil)
	if diff := cmp.Diff([]string{`near_miss "" "" `, `understood "hello" "Okay, Nabu" `}, outcomes(r)); diff != "" || r.history.entries[1].WakeWord != "alexa" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

// TestNearMissIsNotSaved keeps the household's wish apart from a broken disk.
func TestNearMissIsNotSaved(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err     error
		problem bool
	}{{history.ErrNotSaved, false}, {errors.New("full"), true}} {
		r := play(t, sound(part{quiet, 3000}, part{near, 10}, part{quiet, 1000}), func(r *rig) {
			curious(r)
			r.history.add = func(context.Context, int) error { return c.err }
		}, nil)
		if got := r.Status().StorageProblem != ""; got != c.problem || r.history.calls != 1 || r.history.count() != 0 {
			t.Errorf("%v: a problem %v, asked %d times", c.err, got, r.history.calls)
		}
		for _, e := range r.events {
			if e.Kind == bridge.Added || e.Kind == bridge.Concluded {
				t.Errorf("%v: an event %q", c.err, e.Kind)
			}
		}
	}
}

// TestNearMissTakesNoRoom wants as many commands to be open as without one that is being stored.
func TestNearMissTakesNoRoom(t *testing.T) {
	t.Parallel()
	const open = 8
	r := play(t, slices.Concat(sound(part{quiet, 1000}, part{near, 10}, part{quiet, 500}), commands(open)), func(r *rig) {
		r.speech = &fakeTranscriber{answer: func(context.Context, int) (string, error) {
			time.Sleep(28 * time.Second) // the last command is over before the first has words
			return "x", nil
		}}
		r.history.add = func(_ context.Context, n int) error {
			if n == 0 {
				time.Sleep(40 * time.Second)
			}
			return nil
		}
		curious(r)
	}, nil)
	if n := r.speech.commands(); n != open || r.history.count() != open+1 {
		t.Errorf("%d commands, %d stored", n, r.history.count())
	}
}

// TestDeleteNearMiss has a deletion wait for one that is being stored, and find it then; it is no command that is under way.
func TestDeleteNearMiss(t *testing.T) {
	t.Parallel()
	r := play(t, sound(part{quiet, 3000}, part{near, 10}, part{quiet, 9000}), func(r *rig) {
		curious(r)
		r.history.add = func(context.Context, int) error {
			time.Sleep(5 * time.Second)
			return nil
		}
	}, func(r *rig) {
		r.at(4 * time.Second)
		if r.Underway(time.Time{}) || r.Status().State != bridge.Idle {
			t.Errorf("it counts as a command: %s", r.Status().State)
		}
		if n := r.DiscardCovered(time.Time{}, time.Time{}); n != 0 || r.history.count() != 1 || time.Since(r.began) < 8*time.Second {
			t.Errorf("after %v: %d discarded, %d stored", time.Since(r.began), n, r.history.count())
		}
	})
	if n := r.history.count(); n != 1 {
		t.Errorf("%d entries", n)
	}
}

// TestJustSaidIsNoNearMiss deletes the last command, though a wake word was nearly heard since, and is still being stored.
func TestJustSaidIsNoNearMiss(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]time.Duration{"stored": 0, "being stored": 9 * time.Second} {
		h := &fakeHome{respond: func(assist.IntentRequest) (assist.Reply, error) { return assist.Reply{Understood: true}, nil }}
		pcm := slices.Concat(commands(1), sound(part{near, 10}, part{quiet, 500}), commands(1))
		words := func(n int) string { return []string{"one", "Delete what I just said."}[n] }
		r := h.hear(t, pcm, words, nil, curious, func(r *rig) {
			r.history.add = func(_ context.Context, n int) error {
				if n == 1 {
					time.Sleep(store)
				}
				return nil
			}
		})
		if n := r.history.count(); n != 2 || r.history.entries[0].Outcome != history.Understood || r.history.entries[1].Outcome != history.NearMiss {
			t.Errorf("%s: %d entries", name, n)
		}
		if want := fmt.Sprintf("delete [%s]", r.history.entries[0].ID); !slices.Contains(h.asked, want) {
			t.Errorf("%s: asked %q, want %q", name, h.asked, want)
		}
	}
}
