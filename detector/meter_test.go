package detector_test

import (
	"math"
	"slices"
	"testing"

	"earshot/detector"
	"earshot/detector/openwakeword"
)

func meter(t testing.TB, m *detector.Model) *detector.Meter {
	t.Helper()
	meter, err := detector.NewMeter(m)
	if err != nil {
		t.Fatal(err)
	}
	return meter
}

// TestMeasureARecording wants of a recording with 2 s before the wake instant what was scored live.
func TestMeasureARecording(t *testing.T) {
	t.Parallel()
	m := loadModel(t, "alexa")
	alexa := meter(t, m)
	for _, before := range []string{"noise", "speech", "silence"} {
		pcm := slices.Concat(readWAV(t, before), readWAV(t, "alexa"), make([]int16, detector.SampleRate))
		d := newDetector(t, "alexa")
		live, at := 0.0, 0
		d.Trace(func(hit detector.Detection) { live = max(live, hit.Score) })
		for _, hit := range listen(d, pcm, 160) {
			at = int(hit.Sample)
		}
		if at < 2*detector.SampleRate {
			t.Fatalf("after %s: heard at %d", before, at)
		}
		for phase := range 4 {
			scores := alexa.Measure(pcm[at-2*detector.SampleRate+40*phase:])
			if got := scores.First(0.9); math.Abs(got-live) > 0.005 || scores.Second(0) != 0 {
				t.Errorf("after %s: %v and %v, live %v", before, got, scores.Second(0), live)
			}
		}
		if got := alexa.Measure(readWAV(t, before)).First(0); got > 0.1 {
			t.Errorf("%s alone: %v", before, got)
		}
	}
}

// TestMeasureTwice takes of the second look what is near enough to the first stage, and the other way round.
func TestMeasureTwice(t *testing.T) {
	t.Parallel()
	pcm := slices.Concat(readWAV(t, "alexa"), make([]int16, 2*detector.SampleRate))
	var first, last int64 // where the first stage is over 0.2
	d := newDetector(t, "alexa")
	d.Trace(func(hit detector.Detection) {
		if hit.Score >= 0.2 && d.Cutoff("alexa") > hit.Score {
			if last = hit.Sample; first == 0 {
				first = hit.Sample
			}
		}
	})
	if err := d.SetCutoff("alexa", 1); err != nil {
		t.Fatal(err)
	}
	d.Process(pcm)
	for name, c := range map[string]struct {
		sample        int64 // where the second look scores 0.7; elsewhere 0.25
		first, second float64
	}{
		"as the first stage says so": {first, 1, 0.75},
		"long before":                {first - 10*openwakeword.ChunkSamples, 0, 0.25},
		"long after":                 {last + 6*openwakeword.ChunkSamples, 0, 0.25},
	} {
		n := 0
		head := &scriptedHead{settle: 25}
		head.score = func([]openwakeword.Embedding) float32 {
			n++
			if n-29 == int(c.sample/openwakeword.ChunkSamples) { // 29 of the silence before the recording
				return 0.75
			}
			return 0.25
		}
		m, err := loadModel(t, "alexa").Verified(head.model(t), 0.1)
		if err != nil {
			t.Fatal(err)
		}
		scores := meter(t, m).Measure(pcm)
		if got := scores.First(0.5); got < c.first-0.1 || (c.first == 0 && got > 0.2) {
			t.Errorf("%s: the first stage %v", name, got)
		}
		if got := scores.Second(0.2); got != c.second || scores.Second(1.01) != 0 {
			t.Errorf("%s: the second %v, want %v", name, got, c.second)
		}
	}
}

// TestMeasureAWordToldFromSpeech hears what it needs from the silence before a recording.
func TestMeasureAWordToldFromSpeech(t *testing.T) {
	t.Parallel()
	head := &scriptedHead{settle: 25, score: always(0.5)}
	if got := meter(t, head.model(t)).Measure(make([]int16, detector.SampleRate)).First(0); got != 0.5 {
		t.Errorf("%v", got)
	}
}

// TestSecondCutoff changes it while the detector hears.
func TestSecondCutoff(t *testing.T) {
	t.Parallel()
	d := twice(t, &scriptedHead{settle: 25, score: always(0.5)}, 0.1)
	pcm := readWAV(t, "alexa")
	hits := func(cutoff float64) int {
		t.Helper()
		if err := d.SetSecondCutoff("alexa", cutoff); err != nil || d.SecondCutoff("alexa") != cutoff {
			t.Fatal(err, d.SecondCutoff("alexa"))
		}
		d.Reset()
		return len(listen(d, pcm, 160))
	}
	if below, over, at := hits(0.4), hits(0.6), hits(0.5); below != 1 || over != 0 || at != 1 {
		t.Errorf("%d, %d and %d", below, over, at)
	}
	once := newDetector(t, "alexa")
	for want, err := range map[string]error{
		`set the cutoff of the second look at "alexa": 0 is not over 0 and up to 1`:   d.SetSecondCutoff("alexa", 0),
		`set the cutoff of the second look at "alexa": NaN is not over 0 and up to 1`: d.SetSecondCutoff("alexa", math.NaN()),
		`set the cutoff of the second look at "okay": there is none`:                  d.SetSecondCutoff("okay", 0.5),
		`set the cutoff of the second look at "alexa": there is none`:                 once.SetSecondCutoff("alexa", 0.5),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if once.SecondCutoff("alexa") != 0 || d.SecondCutoff("okay") != 0 {
		t.Error("a cutoff of a second look that there is not")
	}
}
