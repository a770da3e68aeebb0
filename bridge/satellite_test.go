package bridge_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/history"
	"earshot/internal/audio"
)

// command is a wake word after three seconds, and half a second later a command of one second.
func command() []int16 {
	return sound(part{quiet, 3000}, part{nabu, 10}, part{quiet, 500}, part{voice, 1000}, part{quiet, 3000})
}

// result is what an entry is checked for.
type result struct {
	Word       string
	Outcome    history.Outcome
	Transcript string
	Error      *history.EntryError
	Duration   time.Duration
	SpeechEnd  time.Duration
	Words      time.Duration
}

func (r *rig) results() []result {
	var all []result
	for _, e := range r.history.entries {
		all = append(all, result{e.WakeWord, e.Outcome, e.Transcript, e.Error, e.Duration, e.Timings.SpeechEnd, e.Timings.Transcript})
	}
	return all
}

const ms = time.Millisecond

// TestOutcomes plays a sound and looks at what is stored.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	stalled := func(ctx context.Context, _ int) (string, error) {
		<-ctx.Done()
		return "", ctx.Err()
	}
	sttFailed := func(message string) *history.EntryError {
		return &history.EntryError{Code: "stt-stream-failed", Message: message}
	}
	for _, c := range []struct {
		name      string
		pcm       []int16
		answer    func(context.Context, int) (string, error) // nil: no assistant
		meanwhile func(*rig)
		want      []result
	}{
		{"nothing is said", sound(part{quiet, 3000}, part{voice, 2000}, part{quiet, 2000}), says("x"), nil, nil},
		// The command's end is heard 0.7 s after its last sound; both are seen at the ends of chunks of 32 ms.
		{"no assistant", command(), nil, nil, []result{{"okay_nabu", history.Recorded, "", nil, 4210 * ms, 1504 * ms, 0}}},
		{"words", command(), says("turn on the light"), nil, []result{{"okay_nabu", history.Understood, "turn on the light", nil, 4210 * ms, 1504 * ms, 2210 * ms}}},
		{"no words", command(), says(""), nil, []result{{"okay_nabu", history.NotIntended, "", nil, 4210 * ms, 1504 * ms, 2210 * ms}}},
		{
			"speech-to-text fails", command(), func(context.Context, int) (string, error) { return "", errors.New("the server is away.") }, nil,
			[]result{{"okay_nabu", history.Failed, "", sttFailed("Speech-to-text failed, or could not be reached: is it running?"), 4210 * ms, 1504 * ms, 0}},
		},
		{
			"speech-to-text stalls", command(), stalled, nil,
			[]result{{"okay_nabu", history.Failed, "", sttFailed("Speech-to-text gave no answer within 30 s."), 4210 * ms, 1504 * ms, 0}},
		},
		{
			"no speech", sound(part{quiet, 3000}, part{nabu, 10}, part{quiet, 9000}), says("x"), nil,
			[]result{{"okay_nabu", history.NotIntended, "", nil, 7030 * ms, 0, 0}},
		},
		{
			"no end", sound(part{quiet, 3000}, part{nabu, 10}, part{voice, 30000}), nil, nil,
			[]result{{"okay_nabu", history.Recorded, "", nil, 17000 * ms, 14976 * ms, 0}},
		},
		{
			"soon after the start", sound(part{quiet, 500}, part{nabu, 10}, part{quiet, 9000}), nil, nil,
			[]result{{"okay_nabu", history.NotIntended, "", nil, 5540 * ms, 0, 0}},
		},
		{
			"a wake word within a command", sound(part{quiet, 3000}, part{nabu, 10}, part{voice, 1000}, part{alexa, 10}, part{voice, 490}, part{quiet, 2000}), nil, nil,
			[]result{{"okay_nabu", history.Recorded, "", nil, 4210 * ms, 1504 * ms, 0}},
		},
		{
			"again within 2 s", sound(part{quiet, 3000}, part{nabu, 10}, part{voice, 500}, part{quiet, 1480}, part{nabu, 10}, part{voice, 500}, part{quiet, 2000}), nil, nil,
			[]result{{"okay_nabu", history.Recorded, "", nil, 3220 * ms, 512 * ms, 0}},
		},
		{
			"again after 2 s", sound(part{quiet, 3000}, part{nabu, 10}, part{voice, 500}, part{quiet, 1490}, part{nabu, 10}, part{voice, 500}, part{quiet, 2000}), nil, nil,
			[]result{
				{"okay_nabu", history.Recorded, "", nil, 3220 * ms, 512 * ms, 0},
				{"okay_nabu", history.Recorded, "", nil, 3220 * ms, 512 * ms, 0},
			},
		},
		{
			"another word soon after", sound(part{quiet, 3000}, part{nabu, 10}, part{voice, 500}, part{quiet, 1200}, part{alexa, 10}, part{voice, 500}, part{quiet, 2000}), nil, nil,
			[]result{
				{"okay_nabu", history.Recorded, "", nil, 3220 * ms, 512 * ms, 0},
				{"alexa", history.Recorded, "", nil, 3220 * ms, 512 * ms, 0},
			},
		},
		{
			"the file ends within a command", sound(part{quiet, 3000}, part{nabu, 10}, part{voice, 1000}), says("turn on"), nil,
			[]result{{"okay_nabu", history.Understood, "turn on", nil, 3000 * ms, 992 * ms, 1000 * ms}},
		},
		{
			"the file ends before a command", sound(part{quiet, 3000}, part{nabu, 10}, part{quiet, 1000}), says("x"), nil,
			[]result{{"okay_nabu", history.NotIntended, "", nil, 3000 * ms, 0, 0}},
		},
		{
			"muted within a command", command(), says("x"), func(r *rig) { r.at(4015 * ms); _ = r.SetMuted(context.Background(), true) },
			[]result{{"okay_nabu", history.Cancelled, "", nil, 3000 * ms, 992 * ms, 0}},
		},
		{
			"muted while words are awaited", command(), func(context.Context, int) (string, error) { time.Sleep(5 * time.Second); return "turn on", nil },
			func(r *rig) { r.at(6015 * ms); _ = r.SetMuted(context.Background(), true) },
			[]result{{"okay_nabu", history.Understood, "turn on", nil, 4210 * ms, 1504 * ms, 7210 * ms}},
		},
		{
			"the program ends within a command", command(), says("x"), func(r *rig) { r.at(4015 * ms); r.cancel() },
			[]result{{"okay_nabu", history.Cancelled, "", nil, 3000 * ms, 992 * ms, 0}},
		},
		{
			"the program ends while words are awaited", command(), stalled, func(r *rig) { r.at(6015 * ms); r.cancel() },
			[]result{{"okay_nabu", history.Cancelled, "", nil, 4210 * ms, 1504 * ms, 0}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := play(t, c.pcm, func(r *rig) {
				if c.answer != nil {
					r.speech = &fakeTranscriber{answer: c.answer}
				}
			}, c.meanwhile)
			if diff := cmp.Diff(c.want, r.results()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for i, clip := range r.history.clips {
				r.checkClip(t, i, clip)
			}
		})
	}
}

// checkClip wants a clip to be a piece of the sound around the wake word, and the transcriber to have had the piece after the wake word.
func (r *rig) checkClip(t *testing.T, i int, clip []int16) {
	t.Helper()
	e := r.history.entries[i]
	wake := int(e.At.Sub(r.began)) * audio.SampleRate / int(time.Second)
	begin := max(0, wake-2*audio.SampleRate)
	if !slices.Equal(clip, r.pcm[begin:begin+len(clip)]) {
		t.Errorf("clip %d is not what was played around %v", i, e.At.Sub(r.began))
	}
	if got := time.Duration(len(clip)) * time.Second / audio.SampleRate; got != e.Duration {
		t.Errorf("clip %d lasts %v, the entry says %v", i, got, e.Duration)
	}
	if r.speech == nil || i >= len(r.speech.heard) || e.Outcome == history.Cancelled {
		return
	}
	if !slices.Equal(r.speech.heard[i], r.pcm[wake:begin+len(clip)]) {
		t.Errorf("the transcriber had %d samples, not those after the wake word", len(r.speech.heard[i]))
	}
}

// TestNothingIsSentForSilence wants the transcriber not even to be asked when nobody speaks.
func TestNothingIsSentForSilence(t *testing.T) {
	t.Parallel()
	r := play(t, sound(part{quiet, 3000}, part{nabu, 10}, part{quiet, 9000}), func(r *rig) { r.speech = &fakeTranscriber{answer: says("x")} }, nil)
	if n := len(r.speech.heard); n != 0 || len(r.history.entries) != 1 {
		t.Errorf("the transcriber was asked %d times, and there are %d entries; want 0 and 1", n, len(r.history.entries))
	}
}

// TestSecondLookLosesNothing decides late about a wake word that a command follows at once: the command begins with the word, not with the decision.
func TestSecondLookLosesNothing(t *testing.T) {
	t.Parallel()
	// The word is said at 3 s, the decision falls 320 ms later, in the middle of a command that is over a moment after.
	pcm := sound(part{quiet, 3000}, part{voice, 310}, part{late, 10}, part{voice, 200}, part{quiet, 3000})
	r := play(t, pcm, func(r *rig) { r.speech = &fakeTranscriber{answer: says("on")} }, nil)
	if r.history.count() != 1 {
		t.Fatalf("%d entries, want one", r.history.count())
	}
	e := r.history.entries[0]
	if at := e.At.Sub(r.began); at != 3000*ms {
		t.Errorf("the wake instant is %v, want 3 s", at)
	}
	if e.Outcome != history.Understood || e.Timings.SpeechEnd < 500*ms || e.Timings.SpeechEnd > 550*ms {
		t.Errorf("entry %+v", e)
	}
	heard := r.speech.heard[0]
	if len(heard) == 0 || !slices.Equal(heard, pcm[3*audio.SampleRate:][:len(heard)]) {
		t.Error("what was said before the decision is not what the transcriber was given first")
	}
	if clip := r.history.clips[0]; !slices.Equal(clip[:audio.SampleRate], pcm[audio.SampleRate+lateBy:][:audio.SampleRate]) {
		t.Error("the recording does not begin 2 s before the decision")
	}
}
