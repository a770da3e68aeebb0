package openwakeword_test

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"earshot/detector/onnx/onnxtest"
	"earshot/detector/openwakeword"
	"earshot/internal/testkit"
)

// file writes the graph as a model.
func file(t testing.TB, graph onnxtest.Message) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.WriteFile(path, graph.Model(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// small is a head of one hidden layer, with layer normalisation as openWakeWord's trainer has it.
type small struct {
	first, firstBias, gamma, beta, last []float32
	lastBias                            float32
}

const units = 8

func newSmall() small {
	r := rand.New(rand.NewPCG(1, 2))
	draw := func(n int, by float64) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(r.NormFloat64() * by)
		}
		return v
	}
	return small{draw(units*1536, 0.02), draw(units, 0.1), draw(units, 1), draw(units, 1), draw(units, 1), 0.25}
}

// score computes the head by hand.
func (s small) score(in []float32) float64 {
	hidden, mean := make([]float64, units), 0.0
	for o := range hidden {
		for i, v := range in {
			hidden[o] += float64(s.first[o*len(in)+i]) * float64(v)
		}
		hidden[o] += float64(s.firstBias[o])
		mean += hidden[o] / units
	}
	variance := 0.0
	for _, h := range hidden {
		variance += (h - mean) * (h - mean) / units
	}
	sum := float64(s.lastBias)
	for o, h := range hidden {
		v := (h-mean)/math.Sqrt(variance+1e-5)*float64(s.gamma[o]) + float64(s.beta[o])
		sum += max(v, 0) * float64(s.last[o])
	}
	return 1 / (1 + math.Exp(-sum))
}

// torch is the head as PyTorch exports it.
func (s small) torch() onnxtest.Message {
	axes := onnxtest.Attribute("axes").Number(8, math.MaxUint64) // -1
	return onnxtest.Message(nil).
		Node("Flatten x -> flat", onnxtest.Attribute("axis").Number(3, 1)).
		Node("Gemm flat w1 b1 -> h", onnxtest.Attribute("alpha").Real(2, 1), onnxtest.Attribute("beta").Real(2, 1), onnxtest.Attribute("transB").Number(3, 1)).
		Node("ReduceMean h -> mean", axes).Node("Sub h mean -> d").
		Node("Constant -> two", onnxtest.Attribute("value").Text(5, string(onnxtest.Tensor("", []float32{2})))).
		Node("Pow d two -> d2").Node("ReduceMean d2 -> var", axes).
		Node("Constant -> eps", onnxtest.Attribute("value").Text(5, string(onnxtest.Tensor("", []float32{1e-5})))).
		Node("Add var eps -> e").Node("Sqrt e -> root").Node("Div d root -> n").
		Node("Mul n gamma -> g").Node("Add g beta -> a").Node("Relu a -> r").
		Node("Gemm r w2 b2 -> logit", onnxtest.Attribute("transB").Number(3, 1)).Node("Sigmoid logit -> y").
		Weights("w1", s.first, units, 1536).Weights("b1", s.firstBias, units).Weights("gamma", s.gamma, units).Weights("beta", s.beta, units).
		Weights("w2", s.last, 1, units).Weights("b2", []float32{s.lastBias}, 1).
		Input("x", 1, 16, 96).Output("y")
}

// converted is the head as the way over TensorFlow leaves it.
func (s small) converted() onnxtest.Message {
	turned := make([]float32, len(s.first))
	for o := range units {
		for i := range 1536 {
			turned[i*units+o] = s.first[o*1536+i]
		}
	}
	axes := onnxtest.Attribute("axes").Text(8, "\x01") // packed
	return onnxtest.Message(nil).
		Node("Reshape x shape -> flat").Node("Gemm flat w1 b1 -> h").
		Node("ReduceMean h -> mean", axes).Node("Sub h mean -> d").Node("Mul d d -> d2").Node("ReduceMean d2 -> var", axes).
		Node("Add var eps -> e").Node("Sqrt e -> root").Node("Reciprocal root -> inverse").
		Node("Mul inverse gamma -> scale").Node("Mul mean scale -> shift").Node("Sub beta shift -> offset").
		Node("Mul h scale -> g").Node("Add g offset -> a").Node("Relu a -> r").Node("Gemm r w2 b2 -> logit").Node("Sigmoid logit -> y").
		Weights("w1", turned, 1536, units).Weights("b1", s.firstBias, units).Weights("gamma", s.gamma, units).Weights("beta", s.beta, units).
		Weights("w2", s.last, units, 1).Weights("b2", []float32{s.lastBias}, 1).Weights("eps", []float32{1e-5}).
		Input("x", 1, 16, 96).Output("y")
}

func TestOnnxHeads(t *testing.T) {
	n, s := network(t), newSmall()
	heard := embeddings(n, readWAV(t, "alexa"), 1280)
	for name, m := range map[string]onnxtest.Message{"torch": s.torch(), "converted": s.converted()} {
		head, err := openwakeword.LoadHead(file(t, m))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if head.Frames() != 16 || head.Settle() != 25 {
			t.Errorf("%s: %d embeddings, %d to settle", name, head.Frames(), head.Settle())
		}
		scorer := head.NewScorer(n)
		var in []float32
		for range 16 {
			silence := n.Silence()
			in = append(in, silence[:]...)
		}
		for i, e := range heard {
			in = append(in[96:], e[:]...)
			if got, want := float64(scorer.Put(&e)), s.score(in); math.Abs(got-want) > 1e-5 {
				t.Fatalf("%s: chunk %d scores %v, want %v", name, i, got, want)
			}
		}
		e := heard[0]
		if n := testing.AllocsPerRun(10, func() { scorer.Put(&e) }); n != 0 {
			t.Errorf("%s: a score takes %v allocations", name, n)
		}
	}
}

func TestLoadHeadErrors(t *testing.T) {
	t.Parallel()
	one := []float32{1}
	begin := func() onnxtest.Message { return onnxtest.Message(nil).Input("x", 1, 16, 96).Output("y") }
	for name, c := range map[string]struct {
		graph onnxtest.Message
		want  string
	}{
		"recurrent":      {begin().Node("LSTM x -> y"), "operator 0 (LSTM): this operator is not supported"},
		"other input":    {onnxtest.Message(nil).Input("x", 1, 76, 32, 1).Output("y").Node("Relu x -> y"), "the input has the shape [1 76 32 1], want 1, some embeddings, 96 values"},
		"too long":       {onnxtest.Message(nil).Input("x", 1, 65, 96).Output("y").Node("ReduceMean x -> y", onnxtest.Attribute("axes").Number(8, 1)), "the input has the shape [1 65 96], want 1, some embeddings, 96 values"},
		"several words":  {begin().Node("Relu x -> y"), "it tells 1536 words apart; only models for one word can be used"},
		"no output":      {begin().Node("Relu x -> z"), "its output is not computed"},
		"two inputs":     {begin().Input("z", 1).Node("Relu x -> y"), "it has not one input and one output"},
		"not a number":   {begin().Node("Add x w -> y").Weights("w", []float32{float32(math.NaN())}, 1), "operator 0 (Add): the weight NaN is no sensible number"},
		"cycle":          {begin().Node("Add x z -> y").Node("Relu y -> z"), "operator 0 (Add): input 1 is neither computed nor of type float"},
		"of itself":      {begin().Node("Relu y -> y"), "operator 0 (Relu): input 0 is neither computed nor of type float"},
		"two networks":   {begin().Node("GreaterOrEqual x x -> c").Node("If c -> y"), "it has a second network that is only asked now and then (If); such a model is read as a .tflite file only"},
		"missing":        {begin().Node("Add x w -> y"), "operator 0 (Add): input 1 is neither computed nor of type float"},
		"sizes":          {begin().Node("Add x w -> y").Weights("w", []float32{1, 1}, 2), "operator 0 (Add): 1536 and 2 values do not go together"},
		"cube":           {begin().Node("Pow x w -> y").Weights("w", []float32{3}, 1), "operator 0 (Pow): only squares are supported"},
		"no matrix":      {begin().Node("Gemm x x -> y"), "operator 0 (Gemm): its weights are no constant matrix"},
		"scaled":         {begin().Node("Gemm x w -> y", onnxtest.Attribute("alpha").Real(2, 2)).Weights("w", one, 1, 1), "operator 0 (Gemm): only plain products are supported"},
		"too few inputs": {begin().Node("Gemm x w -> y").Weights("w", one, 1, 1), "operator 0 (Gemm): weights for 1 inputs do not go with 1536"},
		"mean of all":    {begin().Node("ReduceMean x -> y"), "operator 0 (ReduceMean): it does not go over the last axis alone"},
	} {
		if _, err := openwakeword.LoadHead(file(t, c.graph)); err == nil || !strings.HasSuffix(err.Error(), "model.onnx: "+c.want) {
			t.Errorf("%s: %v\nwant %s", name, err, c.want)
		}
	}
	for name, data := range map[string]string{"empty": "", "text": "hello", "a network": "TFL3TFL3TFL3"} {
		path := filepath.Join(t.TempDir(), "other")
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openwakeword.LoadHead(path); err == nil {
			t.Errorf("%s is taken for a head", name)
		}
	}
	if _, err := openwakeword.LoadHead(networkPath(t)); err == nil {
		t.Error("the embedding network is taken for a head")
	}
	if _, err := openwakeword.LoadNetwork(file(t, newSmall().torch())); err == nil {
		t.Error("a head is taken for the embedding network")
	}
	if _, err := openwakeword.LoadHead(t.TempDir()); err == nil {
		t.Error("a folder is taken for a head")
	}
}

// FuzzLoadHead damages heads: what is still accepted must give probabilities.
func FuzzLoadHead(f *testing.F) {
	silence, s := network(f), newSmall()
	for _, m := range []onnxtest.Message{s.torch(), s.converted()} {
		f.Add(m.Model(), uint32(0), []byte{})
	}
	for _, name := range []string{"alexa", "hey_jarvis", "okay_nabu"} { // where they are
		if data, err := os.ReadFile(testkit.HeadPath(root, name)); err == nil {
			f.Add(data, uint32(0), []byte{})
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, at uint32, patch []byte) {
		if len(data) > 0 {
			copy(data[at%uint32(len(data)):], patch)
		}
		head, err := openwakeword.ReadHead(data)
		if err != nil {
			return
		}
		scorer := head.NewScorer(silence)
		e := silence.Silence()
		for range 3 {
			if p := scorer.Put(&e); !(p >= 0 && p <= 1) {
				t.Fatalf("probability %v", p)
			}
		}
	})
}

// FuzzLoadNetwork damages the network, and runs what is still accepted.
func FuzzLoadNetwork(f *testing.F) {
	good, err := os.ReadFile(networkPath(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(0), []byte{})
	f.Add(uint32(4000), []byte{0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, at uint32, patch []byte) {
		data := append([]byte(nil), good...)
		copy(data[at%uint32(len(data)):], patch)
		if n, err := openwakeword.ReadNetwork(data); (n == nil) == (err == nil) {
			t.Errorf("network %v with error %v", n, err)
		}
	})
}
