package ownword_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"earshot/detector/openwakeword"
	"earshot/detector/ownword"
	"earshot/detector/ownword/mix"
)

// network is the one that `make models` fetches.
func network(t testing.TB) *openwakeword.Network {
	t.Helper()
	dir := os.Getenv("EARSHOT_MODELS")
	if dir == "" {
		dir = filepath.Join("..", "..", "models")
	}
	path := filepath.Join(dir, "openwakeword", "embedding_model.tflite")
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v; run `make models` first", err)
	}
	n, err := openwakeword.LoadNetwork(path)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// recording is one of our own, synthetic ones.
func recording(t testing.TB, name string) []int16 {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "wav", name+".wav"))
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, (len(data)-44)/2)
	if err := binary.Read(bytes.NewReader(data[44:]), binary.LittleEndian, pcm); err != nil {
		t.Fatal(err)
	}
	return pcm
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
	tr, err := ownword.NewTrainer(n, bank, ownword.Config{Copies: 3})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestTrain(t *testing.T) {
	n := network(t)
	tr := trainer(t, n)
	var samples [][]int16
	for _, factor := range []float64{0.9, 1, 1.1} {
		samples = append(samples, said(t, "alexa", factor))
	}
	words := make([]*ownword.Word, 2)
	var wait sync.WaitGroup
	for i := range words { // the trainer is only read, and the same samples give the same word
		wait.Go(func() {
			w, err := tr.Train("alexa", samples)
			if err != nil {
				t.Error(err)
			}
			words[i] = w
		})
	}
	wait.Wait()
	if t.Failed() {
		return
	}
	w := words[0]
	if *w != *words[1] {
		t.Error("the same samples gave another word")
	}
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
	if e.Samples != 3 || e.FalseAccepts <= 0 || e.FalseAccepts > 2 || e.Hours < 0.9 || !within(e.MissedQuiet) || !within(e.MissedNoise) {
		t.Errorf("expected: %+v", e)
	}
}

func within(share float64) bool { return share >= 0 && share <= 1+1e-9 && !math.IsNaN(share) }

func TestTrainErrors(t *testing.T) {
	tr := trainer(t, network(t))
	good := said(t, "alexa", 1)
	for _, c := range []struct {
		name, phrase, want string
		samples            [][]int16
	}{
		{"few", "alexa", "it takes 3 to 64", [][]int16{good, good}},
		{"no phrase", "", "letters of text", [][]int16{good, good, good}},
		{"silence", "alexa", "recording 2: nobody speaks", [][]int16{good, make([]int16, 20000), good}},
		{"nothing", "alexa", "recording 3: nobody speaks", [][]int16{good, good, nil}},
		{"long", "alexa", "recording 1: it is longer", [][]int16{make([]int16, 200000), good, good}},
	} {
		if _, err := tr.Train(c.phrase, c.samples); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want something with %q", c.name, err, c.want)
		}
	}
}

func TestTrainerNeedsABank(t *testing.T) {
	bank, _ := smallBank(t, 20)
	if _, err := ownword.NewTrainer(network(t), bank, ownword.Config{}); err == nil || !strings.Contains(err.Error(), "too small") {
		t.Errorf("got %v", err)
	}
}

func BenchmarkTrain(b *testing.B) {
	tr := trainer(b, network(b))
	var samples [][]int16
	for i := range 9 {
		samples = append(samples, said(b, "alexa", 0.85+0.03*float64(i)))
	}
	for b.Loop() {
		if _, err := tr.Train("alexa", samples); err != nil {
			b.Fatal(err)
		}
	}
}
