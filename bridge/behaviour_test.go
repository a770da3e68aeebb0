package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/bridge"
	"earshot/history"
	"earshot/internal/audio"
)

// commands is so many commands, one every 3 s.
func commands(n int) []int16 {
	var parts []part
	for range n {
		parts = append(parts, part{nabu, 10}, part{voice, 1000}, part{quiet, 1990})
	}
	return sound(parts...)
}

// TestMicrophoneLost takes the device away in the middle of a command.
func TestMicrophoneLost(t *testing.T) {
	t.Parallel()
	r := play(t, command(), func(r *rig) { r.loop = true }, func(r *rig) {
		r.at(4000 * ms)
		if err := os.Truncate(r.path, 0); err != nil {
			t.Error(err)
		}
		r.sleep(time.Second)
		if n := r.history.count(); n != 1 {
			t.Errorf("%d entries a second later, want one", n)
		}
	})
	if r.mic.Status().State != audio.Lost {
		t.Fatalf("the microphone is %s", r.mic.Status().State)
	}
	if r.history.count() != 1 || r.history.entries[0].Outcome != history.Cancelled {
		t.Fatalf("entries %+v, want one that is cancelled", r.history.entries)
	}
	r.checkClip(t, 0, r.history.clips[0])
	if !slices.ContainsFunc(r.events, func(e bridge.Event) bool { return e.Kind == bridge.MicrophoneChanged }) {
		t.Error("no event tells of the microphone")
	}
}

// TestWakeWhileProcessing wants the next command to be heard while the words of the first are still awaited, and both to be stored.
func TestWakeWhileProcessing(t *testing.T) {
	t.Parallel()
	var states []bridge.State
	r := play(t, commands(2), func(r *rig) {
		r.speech = &fakeTranscriber{answer: func(_ context.Context, n int) (string, error) {
			if n == 0 {
				time.Sleep(20 * time.Second)
			}
			return fmt.Sprint("command ", n), nil
		}}
	}, func(r *rig) {
		for _, d := range []time.Duration{500 * ms, 2500 * ms, 3500 * ms, 6000 * ms, 25 * time.Second} {
			r.at(d)
			states = append(states, r.Status().State)
		}
	})
	if diff := cmp.Diff([]bridge.State{bridge.Listening, bridge.Processing, bridge.Listening, bridge.Processing, bridge.Idle}, states); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	var got []string
	for _, e := range r.history.entries {
		got = append(got, e.At.Sub(r.began).String()+" "+e.Transcript)
	}
	if diff := cmp.Diff([]string{"3.01s command 1", "10ms command 0"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestNothingIsLost has a history and a transcriber that take seconds, and wants every frame to be heard all the same.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	const n = 10
	r := play(t, commands(n), func(r *rig) {
		r.history.add = func(context.Context, int) error { time.Sleep(6 * time.Second); return nil }
		r.speech = &fakeTranscriber{answer: func(context.Context, int) (string, error) { time.Sleep(7 * time.Second); return "on", nil }}
	}, nil)
	if !slices.Equal(r.detector.pcm, r.pcm) {
		t.Errorf("the detector had %d samples of %d", len(r.detector.pcm), len(r.pcm))
	}
	if d := r.mic.Status().Dropped; d != 0 {
		t.Errorf("%d frames were dropped", d)
	}
	if r.history.count() != n {
		t.Errorf("%d entries, want %d", r.history.count(), n)
	}
	for i, clip := range r.history.clips {
		r.checkClip(t, i, clip)
	}
}

// TestOpenRecordingsAreBounded gives more commands than may be in memory to a transcriber that never answers.
func TestOpenRecordingsAreBounded(t *testing.T) {
	t.Parallel()
	r := play(t, commands(11), func(r *rig) {
		r.speech = &fakeTranscriber{answer: func(ctx context.Context, _ int) (string, error) { <-ctx.Done(); return "", ctx.Err() }}
	}, nil)
	// The first one ends 2.2 s after the start and gives up 30 s later: the commands at 24, 27 and 30 s find no room.
	if n := r.history.count(); n != 8 {
		t.Errorf("%d entries, want 8", n)
	}
	if !slices.Equal(r.detector.pcm, r.pcm) {
		t.Errorf("the detector had %d samples of %d", len(r.detector.pcm), len(r.pcm))
	}
}

func TestStorageProblem(t *testing.T) {
	t.Parallel()
	var problems []string
	r := play(t, commands(4), func(r *rig) {
		r.history.add = func(ctx context.Context, n int) error {
			return []error{nil, errors.New("disk full"), history.ErrNotSaved, nil}[n]
		}
	}, func(r *rig) {
		for i := range 4 {
			r.at(time.Duration(i+1) * 3 * time.Second)
			problems = append(problems, r.Status().StorageProblem)
		}
	})
	const full = "The last recording could not be stored. Is the disk full or read-only?"
	if diff := cmp.Diff([]string{"", full, "", ""}, problems); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r.history.count() != 2 {
		t.Errorf("%d entries, want 2", r.history.count())
	}
}

// TestHistoryHangs wants a history that does not answer to be given up, also when the program ends.
func TestHistoryHangs(t *testing.T) {
	t.Parallel()
	r := play(t, command(), func(r *rig) {
		r.history.add = func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }
	}, func(r *rig) {
		r.at(4 * time.Second)
		r.cancel()
		r.sleep(9 * time.Second)
		if len(r.ended) != 0 {
			t.Error("Run has ended before the history had its 10 s")
		}
	})
	if r.Status().StorageProblem == "" {
		t.Error("no problem is shown")
	}
}

func TestDiscardCovered(t *testing.T) {
	t.Parallel()
	const wake = 3010 * ms
	for _, c := range []struct {
		name     string
		at       time.Duration // when it is discarded; the command ends at 5.22 s, its words come at 10.22 s
		from, to time.Duration // 0: open
		want     int           // discarded
		entries  int
	}{
		{"while listening", 4 * time.Second, 0, 0, 1, 0},
		{"late words", 6 * time.Second, 0, 0, 1, 0},
		{"being stored", 11 * time.Second, 0, 0, 0, 1},
		{"stored", 15 * time.Second, 0, 0, 0, 1},
		{"before", 2 * time.Second, 0, 0, 0, 1},
		{"from its instant", 6 * time.Second, wake, wake + ms, 1, 0},
		{"up to its instant", 6 * time.Second, 0, wake, 0, 1},
		{"after its instant", 6 * time.Second, wake + ms, 0, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			instant := func(r *rig, d time.Duration) time.Time {
				if d == 0 {
					return time.Time{}
				}
				return r.began.Add(d)
			}
			r := play(t, command(), func(r *rig) {
				r.speech = &fakeTranscriber{answer: func(context.Context, int) (string, error) { time.Sleep(5 * time.Second); return "on", nil }}
				r.history.add = func(context.Context, int) error { time.Sleep(2 * time.Second); return nil }
			}, func(r *rig) {
				r.at(c.at)
				if got := r.DiscardCovered(instant(r, c.from), instant(r, c.to)); got != c.want {
					t.Errorf("%d discarded, want %d", got, c.want)
				}
				if now := time.Since(r.began); c.name == "being stored" && now < 12*time.Second {
					t.Errorf("DiscardCovered returned after %v, before the recording was stored", now)
				}
			})
			if n := r.history.count(); n != c.entries {
				t.Errorf("%d entries, want %d", n, c.entries)
			}
			if n := r.speech.commands(); n != 1 {
				t.Errorf("the transcriber was asked %d times: a deletion must not end a command", n)
			}
		})
	}
}

// TestMuteIsRemembered wants a muted satellite not to open its microphone after a restart.
func TestMuteIsRemembered(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		stored string
		err    error
		want   bool
	}{
		{"never switched", "", nil, false},
		{"off", "off", nil, false},
		{"on", "on", nil, true},
		{"not readable", "", errors.New("disk"), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := play(t, command(), func(r *rig) {
				r.settings.values["mute/kitchen"], r.settings.err = c.stored, c.err
			}, nil)
			status := r.Status()
			if status.Muted != c.want || (status.StorageProblem != "") != (c.err != nil) {
				t.Errorf("muted %v, problem %q", status.Muted, status.StorageProblem)
			}
			if heard := len(r.detector.pcm) > 0; heard == c.want {
				t.Errorf("heard %v, muted %v", heard, c.want)
			}
		})
	}
}

func TestSetMuted(t *testing.T) {
	t.Parallel()
	var values []string
	r := play(t, command(), func(r *rig) {
		r.detector.after = func(samples int) {
			if samples == audio.SampleRate { // from another goroutine than the test's
				_ = r.SetMuted(context.Background(), true)
			}
		}
	}, func(r *rig) {
		r.at(2 * time.Second)
		values = append(values, r.settings.values["mute/kitchen"], string(r.Status().Microphone.State))
		if err := r.SetMuted(t.Context(), false); err != nil {
			t.Error(err)
		}
		r.sleep(time.Second)
		values = append(values, r.settings.values["mute/kitchen"], string(r.Status().Microphone.State))
		r.settings.err = errors.New("disk full")
		if err := r.SetMuted(t.Context(), true); err == nil || err.Error() != `remember the mute switch of satellite "kitchen": disk full` {
			t.Errorf("error %v", err)
		}
		r.sleep(time.Second)
		values = append(values, string(r.Status().Microphone.State))
	})
	if diff := cmp.Diff([]string{"on", "muted", "off", "listening", "muted"}, values); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !r.Status().Muted {
		t.Error("not muted: a switch that cannot be remembered still switches")
	}
	if r.detector.resets != 2 {
		t.Errorf("the detector was reset %d times, want once for each time the device was opened", r.detector.resets)
	}
}

// TestMuteAndUnmute wants a command to end even when the microphone is closed only for a moment, and its words not to be waited for.
func TestMuteAndUnmute(t *testing.T) {
	t.Parallel()
	r := play(t, command(), func(r *rig) {
		r.speech = &fakeTranscriber{answer: func(ctx context.Context, _ int) (string, error) { <-ctx.Done(); return "", ctx.Err() }}
	}, func(r *rig) {
		r.at(4015 * ms)
		_ = r.SetMuted(t.Context(), true)
		_ = r.SetMuted(t.Context(), false)
		r.sleep(time.Second)
		if r.history.count() != 1 || r.Status().State != bridge.Idle || r.speech.commands() != 1 {
			t.Errorf("%d entries, %s", r.history.count(), r.Status().State)
		}
	})
	// The file begins anew when the device is opened again.
	if r.history.count() != 2 || r.history.entries[0].Outcome != history.Cancelled || r.history.entries[1].Outcome != history.Failed {
		t.Errorf("entries %+v", r.history.entries)
	}
}

// TestMutedAtTheStart wants a switch that is turned during the start to win over the remembered one.
func TestMutedAtTheStart(t *testing.T) {
	t.Parallel()
	r := play(t, command(), func(r *rig) {
		r.settings.slow = func() { _ = r.SetMuted(context.Background(), true) }
	}, nil)
	if !r.Status().Muted || len(r.detector.pcm) != 0 {
		t.Errorf("muted %v, heard %d samples", r.Status().Muted, len(r.detector.pcm))
	}
}

// TestMemoryIsCleared wants no sound to stay in memory once it is stored.
func TestMemoryIsCleared(t *testing.T) {
	t.Parallel()
	r := play(t, command(), nil, nil)
	if len(r.history.lent) == 0 || slices.ContainsFunc(r.history.lent, func(v int16) bool { return v != 0 }) {
		t.Errorf("the recording's memory, %d samples, still holds sound", len(r.history.lent))
	}
}

// TestPreRollAfterAGap wants nothing from before the device was closed in a recording.
func TestPreRollAfterAGap(t *testing.T) {
	t.Parallel()
	r := play(t, command(), nil, func(r *rig) {
		r.at(2500 * ms)
		_ = r.SetMuted(t.Context(), true)
		_ = r.SetMuted(t.Context(), false)
		synctest.Wait()
		r.began = time.Now() // the file begins anew
		r.at(time.Second)
		_ = r.SetMuted(t.Context(), true)
		r.at(2 * time.Second)
		if err := os.WriteFile(r.path, history.WAV(r.pcm[2*audio.SampleRate:]), 0o600); err != nil {
			t.Error(err)
		}
		_ = r.SetMuted(t.Context(), false)
	})
	if len(r.history.clips) != 1 {
		t.Fatalf("%d clips, want one", len(r.history.clips))
	}
	clip := r.history.clips[0]
	if !slices.Equal(clip, r.pcm[2*audio.SampleRate:][:len(clip)]) {
		t.Error("the clip does not begin where the device was opened again")
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	var narrow *bridge.Subscription
	r := play(t, command(), func(r *rig) {
		r.speech = &fakeTranscriber{answer: says("on")}
		r.after = func() {
			if n := len(narrow.C()); n != 1 || narrow.Dropped() == 0 {
				t.Errorf("a queue for one event holds %d, and %d were dropped", n, narrow.Dropped())
			}
			<-narrow.C()
			if _, open := <-narrow.C(); open {
				t.Error("the queue is open after Run")
			}
			narrow.Close()
			if _, open := <-r.Subscribe(1).C(); open {
				t.Error("a queue that is made after Run is open")
			}
		}
	}, func(r *rig) {
		narrow = r.Subscribe(0)
		r.Subscribe(1).Close()
	})
	var got []string
	for _, e := range r.events {
		text := string(e.Kind)
		switch e.Kind {
		case bridge.Woke:
			text += fmt.Sprint(" ", e.Wake.Model, " ", e.Wake.Phrase, " ", e.Wake.Score, " ", e.Wake.Threshold, " ", e.Wake.At.Sub(r.began))
		case bridge.Added, bridge.Concluded:
			text += fmt.Sprint(" ", e.Entry.ID, " ", e.Entry.Transcript)
		}
		got = append(got, text)
	}
	want := []string{
		"microphone", "status", "woke okay_nabu Okay Nabu 0.97 0.85 3.01s", "status", "added A on", "concluded A on", "status", "microphone",
	}
	// How many states the microphone passes through at the start is its own affair.
	for len(got) > 1 && got[0] == "microphone" && got[1] == "microphone" {
		got = got[1:]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	r := play(t, command(), nil, nil)
	got := r.Status()
	got.Microphone = audio.Status{}
	want := bridge.Status{
		ID: "kitchen", Name: "kitchen", Area: "Ground floor", State: bridge.Idle,
		LastHeard: r.began.Add(3010 * ms), WakeWords: []bridge.Word{{Model: "okay_nabu", Threshold: 0.85}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestWrongMicrophone wants a configuration that cannot work to end Run.
func TestWrongMicrophone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{detector: &scriptedDetector{}, history: &fakeHistory{}, settings: &fakeSettings{values: map[string]string{}}}
		r.start(t)
		err := <-r.ended
		if err == nil || !strings.HasPrefix(err.Error(), `run satellite "kitchen": open microphone: device: is empty`) {
			t.Errorf("error %v", err)
		}
		r.cancel()
	})
}
