package bridge_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/bridge"
	"earshot/internal/audio"
)

// try begins a trial that must be possible.
func (r *rig) try(t *testing.T, length time.Duration) *bridge.Trial {
	t.Helper()
	trial, err := r.Try(length)
	if err != nil {
		t.Fatalf("%v into the sound: %v", time.Since(r.began), err)
	}
	return trial
}

// heardIn takes what a trial tells until its end.
func heardIn(trial *bridge.Trial) (scores, wakes []bridge.TrialEvent) {
	for e := range trial.Events() {
		if e.WakeWord != "" {
			wakes = append(wakes, e)
		} else {
			scores = append(scores, e)
		}
	}
	return scores, wakes
}

// TestTrial shows a wake word, records nothing of it, and then listens as before.
func TestTrial(t *testing.T) {
	t.Parallel()
	pcm := slices.Concat(sound(part{quiet, 1000}), command(), sound(part{voice, 2000}), command())
	var scores, wakes []bridge.TrialEvent
	r := play(t, pcm, nil, func(r *rig) {
		r.at(1 * time.Second)
		trial := r.try(t, 11500*ms)
		if _, err := r.Try(time.Second); err == nil || err.Error() != "A test of this satellite runs already; wait for its end." {
			t.Errorf("a second trial: %v", err)
		}
		scores, wakes = heardIn(trial)
		if took := time.Since(r.began); took < 12500*ms || took > 12700*ms {
			t.Errorf("it ended after %v", took)
		}
	})
	if len(wakes) != 1 || wakes[0].WakeWord != "okay_nabu" || wakes[0].Score != 0.97 || (wakes[0].At-3*time.Second).Abs() > 100*ms {
		t.Errorf("wake words: %+v", wakes)
	}
	if len(scores) != 115 {
		t.Fatalf("%d scores", len(scores))
	}
	for i, e := range scores {
		want := 0.0
		switch at := e.At + 1*time.Second; {
		case e.At-wakes[0].At >= 0 && e.At-wakes[0].At < 100*ms:
			want = 0.5
		case at > 4500*ms && at < 5700*ms, at > 8500*ms && at < 10700*ms:
			continue // there is a voice, in the whole of it or a part
		}
		if diff := cmp.Diff(map[string]float64{"okay_nabu": want}, e.Scores); diff != "" || e.At != time.Duration(i+1)*100*ms || e.LevelDBFS == 0 {
			t.Errorf("%v, level %v: (-want +got):\n%s", e.At, e.LevelDBFS, diff)
		}
	}
	if n := r.woke(); n != 1 || len(r.history.entries) != 1 {
		t.Fatalf("%d wakes, %d recordings: want the one after the trial", n, len(r.history.entries))
	}
	// Its pre-roll would be 2 s, and the trial ended 1 s before the wake word.
	if got := r.history.entries[0].Duration; (got - 3210*ms).Abs() > 50*ms {
		t.Errorf("the recording is %v long", got)
	}
	if r.detector.trace != nil {
		t.Error("the detector is still traced")
	}
}

// TestTrialEnds by whoever closes it, and when no sound comes any more.
func TestTrialEnds(t *testing.T) {
	t.Parallel()
	pcm := slices.Concat(sound(part{quiet, 2000}), command())
	for name, end := range map[string]func(*rig, *bridge.Trial){
		"closed": func(_ *rig, trial *bridge.Trial) { trial.Close(); trial.Close() },
		"muted": func(r *rig, _ *bridge.Trial) {
			_ = r.SetMuted(t.Context(), true)
			r.sleep(100 * ms)
			if _, err := r.Try(time.Second); err == nil || err.Error() != "The microphone is muted; open it first." {
				t.Errorf("when muted: %v", err)
			}
			_ = r.SetMuted(t.Context(), false)
		},
	} {
		r := play(t, pcm, func(r *rig) { r.loop = true }, func(r *rig) {
			r.at(1 * time.Second)
			trial := r.try(t, time.Minute)
			r.sleep(500 * ms)
			end(r, trial)
			heardIn(trial)
			if took := time.Since(r.began); took > 1700*ms {
				t.Errorf("%s: ended after %v", name, took)
			}
			r.sleep(20 * time.Second)
		})
		if r.woke() < 2 {
			t.Errorf("%s: %d wakes afterwards", name, r.woke())
		}
	}
	r := play(t, sound(part{quiet, 3000}), nil, func(r *rig) {
		r.at(1 * time.Second)
		heardIn(r.try(t, time.Minute)) // until the file has been played
		if took := time.Since(r.began); took > 4*time.Second {
			t.Errorf("it ended %v after the start", took)
		}
		if _, err := r.Try(time.Second); err == nil || err.Error() != "No sound comes from the microphone now." {
			t.Errorf("after the end of the file: %v", err)
		}
	})
	if len(r.events) == 0 {
		t.Error("no events")
	}
}

// TestTrialRefused is about commands that are being recorded, and ears that are elsewhere.
func TestTrialRefused(t *testing.T) {
	t.Parallel()
	r := play(t, command(), nil, func(r *rig) {
		r.at(3500 * ms)
		if _, err := r.Try(time.Second); err == nil || err.Error() != "The satellite is busy with a command; try again when that is over." {
			t.Errorf("within a command: %v", err)
		}
	})
	if len(r.history.entries) != 1 {
		t.Errorf("%d recordings", len(r.history.entries))
	}
	deps := bridge.Deps{Detector: &scriptedDetector{}, NewEndpointer: realDeps(t).NewEndpointer, Microphone: audio.NewMicrophone(audio.DefaultConfig(), realDeps(t).Log)}
	cfg := bridge.DefaultConfig()
	cfg.Wake = "wyoming://127.0.0.1:10400"
	want := "A wake engine on another machine listens for this satellite, and it does not tell its scores."
	if _, err := bridge.NewSatellite(cfg, deps).Try(time.Second); err == nil || err.Error() != want {
		t.Errorf("ears elsewhere: %v", err)
	}
}

// TestTrialRealParts plays recordings to the real models: each word scores in its own, and none in the trial begins a recording.
func TestTrialRealParts(t *testing.T) {
	t.Parallel()
	const folder = "../testdata/audio/"
	nabu, alexa, jarvis := readWAV(t, folder+"okay_nabu_light_on.wav"), readWAV(t, folder+"alexa_light_on.wav"), readWAV(t, folder+"hey_jarvis_light_on.wav")
	pcm := slices.Concat(make([]int16, audio.SampleRate), nabu, alexa, jarvis, nabu, make([]int16, 2*audio.SampleRate))
	length := seconds(len(nabu) + len(alexa) + len(jarvis))
	deps := realDeps(t)
	var scores, wakes []bridge.TrialEvent
	r := play(t, pcm, func(r *rig) {
		r.more = func(d *bridge.Deps) { d.Detector, d.NewEndpointer = deps.Detector, deps.NewEndpointer }
		r.words = words
	}, func(r *rig) {
		r.at(900 * ms)
		scores, wakes = heardIn(r.try(t, length))
	})
	var order []string
	for _, w := range wakes {
		order = append(order, w.WakeWord)
		if w.Score < 0.5 {
			t.Errorf("%s scores %v", w.WakeWord, w.Score)
		}
	}
	if diff := cmp.Diff([]string{"okay_nabu", "alexa"}, order); diff != "" {
		t.Errorf("wake words (-want +got):\n%s", diff)
	}
	highest := map[string]float64{}
	for _, e := range scores {
		for word, score := range e.Scores {
			highest[word] = max(highest[word], score)
		}
	}
	if highest["okay_nabu"] < 0.9 || highest["alexa"] < 0.8 {
		t.Errorf("highest scores: %v", highest)
	}
	if n := r.woke(); n != 1 || len(r.history.entries) != 1 {
		t.Errorf("%d wakes, %d recordings: want the one after the trial", n, len(r.history.entries))
	}
}
