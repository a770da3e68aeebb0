package openwakeword_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"earshot/detector/openwakeword"
	"earshot/internal/testkit"
)

// message puts fields of a protobuf message together.
type message []byte

func (m message) text(id protowire.Number, s string) message {
	return protowire.AppendString(protowire.AppendTag(m, id, protowire.BytesType), s)
}

func (m message) number(id protowire.Number, v uint64) message {
	return protowire.AppendVarint(protowire.AppendTag(m, id, protowire.VarintType), v)
}

func (m message) real(id protowire.Number, v float32) message {
	return protowire.AppendFixed32(protowire.AppendTag(m, id, protowire.Fixed32Type), math.Float32bits(v))
}

// node adds an operator to a graph: "Op in in -> out", with attributes.
func (m message) node(what string, attributes ...message) message {
	words := strings.Fields(what)
	n := message(nil).text(4, words[0])
	field := protowire.Number(1)
	for _, w := range words[1:] {
		if w == "->" {
			field = 2
			continue
		}
		n = n.text(field, w)
	}
	for _, a := range attributes {
		n = n.text(5, string(a))
	}
	return m.text(1, string(n))
}

func attribute(name string) message { return message(nil).text(1, name) }

func tensor(name string, values []float32, dims ...int) message {
	t := message(nil)
	for _, d := range dims {
		t = t.number(1, uint64(d))
	}
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return t.number(2, 1).text(8, name).text(9, string(raw))
}

func (m message) weights(name string, values []float32, dims ...int) message {
	return m.text(5, string(tensor(name, values, dims...)))
}

// input adds what the network is given.
func (m message) input(name string, dims ...int) message {
	shape := message(nil)
	for _, d := range dims {
		shape = shape.text(1, string(message(nil).number(1, uint64(d))))
	}
	kind := message(nil).text(1, string(message(nil).number(1, 1).text(2, string(shape))))
	return m.text(11, string(message(nil).text(1, name).text(2, string(kind))))
}

func (m message) output(name string) message {
	return m.text(12, string(message(nil).text(1, name)))
}

// file writes the graph as a model.
func (m message) file(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.WriteFile(path, message(nil).number(1, 8).text(7, string(m)), 0o600); err != nil {
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
func (s small) torch() message {
	axes := attribute("axes").number(8, math.MaxUint64) // -1
	return message(nil).
		node("Flatten x -> flat", attribute("axis").number(3, 1)).
		node("Gemm flat w1 b1 -> h", attribute("alpha").real(2, 1), attribute("beta").real(2, 1), attribute("transB").number(3, 1)).
		node("ReduceMean h -> mean", axes).node("Sub h mean -> d").
		node("Constant -> two", attribute("value").text(5, string(tensor("", []float32{2})))).
		node("Pow d two -> d2").node("ReduceMean d2 -> var", axes).
		node("Constant -> eps", attribute("value").text(5, string(tensor("", []float32{1e-5})))).
		node("Add var eps -> e").node("Sqrt e -> root").node("Div d root -> n").
		node("Mul n gamma -> g").node("Add g beta -> a").node("Relu a -> r").
		node("Gemm r w2 b2 -> logit", attribute("transB").number(3, 1)).node("Sigmoid logit -> y").
		weights("w1", s.first, units, 1536).weights("b1", s.firstBias, units).weights("gamma", s.gamma, units).weights("beta", s.beta, units).
		weights("w2", s.last, 1, units).weights("b2", []float32{s.lastBias}, 1).
		input("x", 1, 16, 96).output("y")
}

// converted is the head as the way over TensorFlow leaves it.
func (s small) converted() message {
	turned := make([]float32, len(s.first))
	for o := range units {
		for i := range 1536 {
			turned[i*units+o] = s.first[o*1536+i]
		}
	}
	axes := attribute("axes").text(8, "\x01") // packed
	return message(nil).
		node("Reshape x shape -> flat").node("Gemm flat w1 b1 -> h").
		node("ReduceMean h -> mean", axes).node("Sub h mean -> d").node("Mul d d -> d2").node("ReduceMean d2 -> var", axes).
		node("Add var eps -> e").node("Sqrt e -> root").node("Reciprocal root -> inverse").
		node("Mul inverse gamma -> scale").node("Mul mean scale -> shift").node("Sub beta shift -> offset").
		node("Mul h scale -> g").node("Add g offset -> a").node("Relu a -> r").node("Gemm r w2 b2 -> logit").node("Sigmoid logit -> y").
		weights("w1", turned, 1536, units).weights("b1", s.firstBias, units).weights("gamma", s.gamma, units).weights("beta", s.beta, units).
		weights("w2", s.last, units, 1).weights("b2", []float32{s.lastBias}, 1).weights("eps", []float32{1e-5}).
		input("x", 1, 16, 96).output("y")
}

func TestOnnxHeads(t *testing.T) {
	n, s := network(t), newSmall()
	heard := embeddings(n, readWAV(t, "alexa"), 1280)
	for name, m := range map[string]message{"torch": s.torch(), "converted": s.converted()} {
		head, err := openwakeword.LoadHead(m.file(t))
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
	begin := func() message { return message(nil).input("x", 1, 16, 96).output("y") }
	for name, c := range map[string]struct {
		graph message
		want  string
	}{
		"recurrent":      {begin().node("LSTM x -> y"), "operator 0 (LSTM): this operator is not supported"},
		"other input":    {message(nil).input("x", 1, 76, 32, 1).output("y").node("Relu x -> y"), "the input has the shape [1 76 32 1], want 1, some embeddings, 96 values"},
		"too long":       {message(nil).input("x", 1, 65, 96).output("y").node("ReduceMean x -> y", attribute("axes").number(8, 1)), "the input has the shape [1 65 96], want 1, some embeddings, 96 values"},
		"several words":  {begin().node("Relu x -> y"), "it tells 1536 words apart; only models for one word can be used"},
		"no output":      {begin().node("Relu x -> z"), "its output is not computed"},
		"two inputs":     {begin().input("z", 1).node("Relu x -> y"), "it has not one input and one output"},
		"not a number":   {begin().node("Add x w -> y").weights("w", []float32{float32(math.NaN())}, 1), "operator 0 (Add): the weight NaN is no sensible number"},
		"missing":        {begin().node("Add x w -> y"), "operator 0 (Add): input 1 is neither computed nor of type float"},
		"sizes":          {begin().node("Add x w -> y").weights("w", []float32{1, 1}, 2), "operator 0 (Add): 1536 and 2 values do not go together"},
		"cube":           {begin().node("Pow x w -> y").weights("w", []float32{3}, 1), "operator 0 (Pow): only squares are supported"},
		"no matrix":      {begin().node("Gemm x x -> y"), "operator 0 (Gemm): its weights are no constant matrix"},
		"scaled":         {begin().node("Gemm x w -> y", attribute("alpha").real(2, 2)).weights("w", one, 1, 1), "operator 0 (Gemm): only plain products are supported"},
		"too few inputs": {begin().node("Gemm x w -> y").weights("w", one, 1, 1), "operator 0 (Gemm): weights for 1 inputs do not go with 1536"},
		"mean of all":    {begin().node("ReduceMean x -> y"), "operator 0 (ReduceMean): it does not go over the last axis alone"},
	} {
		if _, err := openwakeword.LoadHead(c.graph.file(t)); err == nil || !strings.HasSuffix(err.Error(), "model.onnx: "+c.want) {
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
	if _, err := openwakeword.LoadNetwork(newSmall().torch().file(t)); err == nil {
		t.Error("a head is taken for the embedding network")
	}
	if _, err := openwakeword.LoadHead(t.TempDir()); err == nil {
		t.Error("a folder is taken for a head")
	}
}

// FuzzLoadHead damages heads: what is still accepted must give probabilities.
func FuzzLoadHead(f *testing.F) {
	silence, s := network(f), newSmall()
	for _, m := range []message{s.torch(), s.converted()} {
		f.Add([]byte(message(nil).text(7, string(m))), uint32(0), []byte{})
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
