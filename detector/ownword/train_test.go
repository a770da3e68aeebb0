package ownword_test

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"earshot/detector/openwakeword"
	"earshot/detector/ownword"
	"earshot/detector/ownword/mix"
	"earshot/internal/testkit"
)

// network is the one that `make models` fetches.
func network(t testing.TB) *openwakeword.Network {
	t.Helper()
	n, err := openwakeword.LoadNetwork(testkit.Model(t, filepath.Join("..", ".."), filepath.Join("openwakeword", "embedding_model.tflite")))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// recording is one of our own, synthetic ones.
func recording(t testing.TB, name string) []int16 {
	t.Helper()
	return testkit.ReadWAV(t, filepath.Join("..", "testdata", "wav", name+".wav"))
}

// said is the word by a voice that is higher and faster by a factor.
func said(t testing.TB, name string, factor float64) []int16 {
	x := mix.Floats(recording(t, name))
	start, end := mix.Speech(x)
	return mix.PCM(mix.Speed(x[max(0, start-4000):min(len(x), end+4000)], factor))
}

// best is the best score of a word in some audio.
func best(n *openwakeword.Network, w *ownword.Word, pcm []int16) (top float32) {
	s := w.NewScorer()
	stream := n.NewStream()
	each := func(e *openwakeword.Embedding) { top = max(top, s.Put(e)) }
	stream.Process(make([]int16, 16000), each)
	stream.Process(pcm, each)
	stream.Process(make([]int16, 8000), each)
	return top
}

func trainer(t testing.TB, n *openwakeword.Network) *ownword.Trainer {
	t.Helper()
	bank, err := ownword.Negatives()
	if err != nil {
		t.Fatal(err)
	}
	tr, err := ownword.NewTrainer(n, bank, ownword.Config{Copies: 4})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// lesson has a trainer hear recordings of a word.
func lesson(t testing.TB, tr *ownword.Trainer, samples [][]int16) *ownword.Lesson {
	t.Helper()
	l, err := tr.NewLesson("alexa")
	if err != nil {
		t.Fatal(err)
	}
	for _, pcm := range samples {
		if _, err := l.Add(pcm); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func TestLesson(t *testing.T) {
	n := network(t)
	tr := trainer(t, n)
	var samples [][]int16
	for _, factor := range []float64{0.9, 1, 1.1} {
		samples = append(samples, said(t, "alexa", factor))
	}
	l := lesson(t, tr, samples)
	w, err := l.Word()
	if err != nil {
		t.Fatal(err)
	}
	var again *ownword.Word
	t.Run("the same samples give the same word", func(t *testing.T) {
		if again, err = lesson(t, tr, samples).Word(); err != nil || *w != *again {
			t.Error("they gave another one", err)
		}
	})
	t.Run("what is taken back was never learned", func(t *testing.T) {
		other := lesson(t, tr, samples)
		if _, err := other.Add(said(t, "okay_nabu", 1)); err != nil {
			t.Fatal(err)
		}
		other.Remove()
		if other.Samples() != 3 {
			t.Errorf("%d samples", other.Samples())
		}
		if again, err = other.Word(); err != nil || *w != *again {
			t.Error("it changed the word", err)
		}
	})
	for _, factor := range []float64{0.95, 1.05} {
		if score := best(n, w, said(t, "alexa", factor)); float64(score) < w.Cutoff {
			t.Errorf("said at speed %v it scores %v, under the cutoff %v", factor, score, w.Cutoff)
		}
	}
	for _, name := range []string{"okay_nabu", "hey_jarvis", "noise", "silence"} {
		if score := best(n, w, recording(t, name)); float64(score) >= w.Cutoff {
			t.Errorf("%s scores %v, over the cutoff %v", name, score, w.Cutoff)
		}
	}
	e := w.Expected
	if e.Samples != 3 || e.FalseAccepts <= 0 || e.FalseAccepts*e.Hours > 2.001 || e.Hours < 0.9 || !within(e.MissedQuiet) || !within(e.MissedNoise) {
		t.Errorf("expected: %+v", e)
	}
}

func within(share float64) bool { return share >= 0 && share <= 1+1e-9 && !math.IsNaN(share) }

// TestLessonTellsWhatIsUnlike is about a household of which one says something else.
func TestLessonTellsWhatIsUnlike(t *testing.T) {
	var samples [][]int16
	for _, factor := range []float64{0.9, 0.95, 1, 1.05} {
		samples = append(samples, said(t, "alexa", factor))
	}
	l := lesson(t, trainer(t, network(t)), append(samples, said(t, "okay_nabu", 1)))
	if _, err := l.Word(); err != nil {
		t.Fatal(err)
	}
	if got := l.Unlike(); !slices.Equal(got, []int{4}) {
		t.Errorf("unlike the others are %v", got)
	}
	l.Remove()
	loud := mix.Floats(samples[0])
	mix.Peak(loud, 3)
	if sound, err := l.Add(mix.PCM(loud)); err != nil || !sound.Clipped || sound.LevelDBFS < -10 || sound.NoiseDBFS > sound.LevelDBFS-20 {
		t.Errorf("a recording that is too loud: %+v, %v", sound, err)
	}
}

func TestLessonRefuses(t *testing.T) {
	tr := trainer(t, network(t))
	good := said(t, "alexa", 1)
	if _, err := tr.NewLesson(""); err == nil || !strings.Contains(err.Error(), "letters of text") {
		t.Errorf("no phrase: %v", err)
	}
	l := lesson(t, tr, [][]int16{good})
	for _, c := range []struct {
		name, want string
		pcm        []int16
	}{
		{"silence", "nobody speaks", make([]int16, 20000)},
		{"nothing", "nobody speaks", nil},
		{"long", "it is longer", make([]int16, 200000)},
	} {
		if _, err := l.Add(c.pcm); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want something with %q", c.name, err, c.want)
		}
	}
	if _, err := l.Word(); err == nil || !strings.Contains(err.Error(), "1 recordings; it takes 3 to 64") {
		t.Errorf("few: %v", err)
	}
	l.Remove()
	l.Remove()
	if l.Samples() != 0 {
		t.Errorf("%d samples are left", l.Samples())
	}
}

func TestTrainerNeedsABank(t *testing.T) {
	bank, _ := smallBank(t, 20)
	if _, err := ownword.NewTrainer(network(t), bank, ownword.Config{}); err == nil || !strings.Contains(err.Error(), "too small") {
		t.Errorf("got %v", err)
	}
}

func BenchmarkLesson(b *testing.B) {
	tr := trainer(b, network(b))
	var samples [][]int16
	for i := range 9 {
		samples = append(samples, said(b, "alexa", 0.85+0.03*float64(i)))
	}
	l := lesson(b, tr, samples)
	b.Run("add", func(b *testing.B) {
		for b.Loop() {
			l.Remove()
			if _, err := l.Add(samples[8]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("word", func(b *testing.B) {
		for b.Loop() {
			if _, err := l.Word(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
