package openwakeword_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"earshot/detector/openwakeword"
	"earshot/internal/testkit"
)

// How far values may be from the references, which sum in another order and in float32 where we use float64.
//
// ref: shared measurements: 7.5e-4, 1.6e-3 and 3e-6 at most
const (
	melTolerance       = 2e-3
	embeddingTolerance = 5e-3
	scoreTolerance     = 1e-4
	pairTolerance      = 2e-4 // of two outputs at once from each for itself; 5.1e-5 at most was seen
)

// root is where the project begins.
const root = "../.."

// vectors are what the references made of each recording.
type vectors struct {
	Models map[string]string `json:"models"` // sha256
	WAVs   map[string]struct {
		Own struct {
			Chunks     int               `json:"chunks"`
			Mel        string            `json:"mel"` // some only
			Embeddings string            `json:"emb"`
			Scores     map[string]string `json:"heads"`
		} `json:"oww"`
	} `json:"wavs"`
}

func readVectors(t testing.TB) vectors {
	t.Helper()
	var v vectors
	testkit.ReadJSON(t, filepath.Join("testdata", "vectors.json.gz"), &v)
	if len(v.WAVs) != 6 {
		t.Fatalf("there are vectors for %d recordings, want 6", len(v.WAVs))
	}
	return v
}

func floats(t testing.TB, text string) []float32 {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float32, len(data)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return out
}

func readWAV(t testing.TB, name string) []int16 {
	t.Helper()
	return testkit.ReadWAV(t, filepath.Join("..", "testdata", "wav", name+".wav"))
}

// networkPath is the file that `make models` fetches.
func networkPath(t testing.TB) string {
	t.Helper()
	return testkit.Model(t, root, "openwakeword/embedding_model.tflite")
}

func network(t testing.TB) *openwakeword.Network {
	t.Helper()
	n, err := openwakeword.LoadNetwork(networkPath(t))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// headPath is the model that the vectors are of.
func headPath(t testing.TB, name, sum string) string {
	t.Helper()
	if got := sha256.Sum256(testkit.Head(t, root, name)); hex.EncodeToString(got[:]) != sum {
		t.Fatalf("%s is not the file that the vectors are of", testkit.HeadPath(root, name))
	}
	return testkit.HeadPath(root, name)
}

// embeddings of a stream that is given in pieces.
func embeddings(n *openwakeword.Network, pcm []int16, piece int) (all []openwakeword.Embedding) {
	s := n.NewStream()
	for len(pcm) > 0 {
		k := min(piece, len(pcm))
		s.Process(pcm[:k], func(e *openwakeword.Embedding) { all = append(all, *e) })
		pcm = pcm[k:]
	}
	return all
}

// furthest is the largest distance between two lists.
func furthest(t testing.TB, want, got []float32) (most float64) {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("there are %d values, want %d", len(got), len(want))
	}
	for i := range want {
		most = max(most, math.Abs(float64(want[i])-float64(got[i])))
	}
	return most
}

func TestSpectrogramEqualsTheReference(t *testing.T) {
	t.Parallel()
	seen := 0
	for name, v := range readVectors(t).WAVs {
		if v.Own.Mel == "" {
			continue
		}
		seen++
		if d := furthest(t, floats(t, v.Own.Mel), openwakeword.Spectrogram(readWAV(t, name))); d > melTolerance {
			t.Errorf("%s: a cell is off by %v", name, d)
		}
	}
	if seen != 2 {
		t.Errorf("there are %d spectrograms, want 2", seen)
	}
}

func TestEmbeddingsEqualTheReference(t *testing.T) {
	t.Parallel()
	n, v := network(t), readVectors(t)
	if got := fileSum(t, networkPath(t)); got != v.Models["embedding_model"] {
		t.Fatalf("the network's sha256 is %s", got)
	}
	for name, w := range v.WAVs {
		want := floats(t, w.Own.Embeddings)
		pieces := []int{1280}
		if name == "alexa" {
			pieces = []int{160, 5001}
		}
		for _, piece := range pieces {
			var got []float32
			for _, e := range embeddings(n, readWAV(t, name), piece) {
				got = append(got, e[:]...)
			}
			if len(want) != w.Own.Chunks*openwakeword.EmbeddingSize {
				t.Fatalf("%s: %d values for %d chunks", name, len(want), w.Own.Chunks)
			}
			if d := furthest(t, want, got); d > embeddingTolerance {
				t.Errorf("%s in pieces of %d: a value is off by %v", name, piece, d)
			}
		}
	}
}

func fileSum(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func TestScoresEqualTheReference(t *testing.T) {
	t.Parallel()
	n, v := network(t), readVectors(t)
	heard := map[string][]openwakeword.Embedding{}
	for wav := range v.WAVs {
		heard[wav] = embeddings(n, readWAV(t, wav), 1280)
	}
	for _, name := range []string{"alexa", "hey_jarvis", "hey_mycroft", "hey_rhasspy", "okay_nabu"} {
		head, err := openwakeword.LoadHead(headPath(t, name, v.Models[name]))
		if err != nil {
			t.Fatal(err)
		}
		if head.Frames() != 16 || head.Settle() != 25 {
			t.Errorf("%s looks at %d embeddings and needs %d", name, head.Frames(), head.Settle())
		}
		highest := float32(0)
		scorer := head.NewScorer(n)
		for wav, w := range v.WAVs {
			scorer.Reset()
			var got []float32
			for _, e := range heard[wav] {
				got = append(got, scorer.Put(&e))
			}
			want := floats(t, w.Own.Scores[name])
			if d := furthest(t, want[len(want)-len(got):], got); d > scoreTolerance {
				t.Errorf("%s of %s: a score is off by %v", name, wav, d)
			}
			highest = max(highest, slices.Max(got))
		}
		t.Logf("%s: the highest score is %.3f", name, highest)
	}
}

// fuses tells whether the compiler multiplies and adds with one rounding, as for arm64: then not everywhere in the same way, and bits differ.
//
//go:noinline
func fuses(x, y, z float32) bool { return x*y+z != float32(x*y)+z }

// TestIncrementalEqualsFull wants every bit to be as if the whole window of 76 frames had been computed for each embedding.
func TestIncrementalEqualsFull(t *testing.T) {
	t.Parallel()
	n := network(t)
	whole, plain := openwakeword.NewWhole(t, networkPath(t)), openwakeword.NewWhole(t, networkPath(t))
	plain.Plain = true
	for _, wav := range []string{"alexa", "noise"} {
		pcm := readWAV(t, wav)
		cells := openwakeword.Spectrogram(pcm)
		got := embeddings(n, pcm, 1280)
		for i := 9; i < len(got); i += 11 {
			last := (i + 1) * 8 * 32
			if want := whole.Window(cells[last-76*32 : last]); want != got[i] && !fuses(1+1.0/4096, 1+1.0/4096, -1-1.0/2048) {
				t.Fatalf("%s: embedding %d has other bits", wav, i)
			}
			if want := plain.Window(cells[last-76*32 : last]); furthest(t, want[:], got[i][:]) > pairTolerance {
				t.Errorf("%s: embedding %d is off by %v", wav, i, furthest(t, want[:], got[i][:]))
			}
		}
	}
}

func TestStreamDoesNotAllocate(t *testing.T) {
	s := network(t).NewStream()
	pcm := readWAV(t, "speech")[:1280]
	seen := 0
	each := func(*openwakeword.Embedding) { seen++ }
	if n := testing.AllocsPerRun(20, func() { s.Process(pcm, each) }); n != 0 || seen < 20 {
		t.Errorf("a chunk takes %v allocations, of %d", n, seen)
	}
}

// TestResetAfter begins in the middle, and wants the bits of a stream that has heard it all once nothing of the beginning is left.
func TestResetAfter(t *testing.T) {
	t.Parallel()
	n := network(t)
	pcm := readWAV(t, "speech")
	all := embeddings(n, pcm, 1280)
	from := 7 * openwakeword.ChunkSamples
	s := n.NewStream()
	s.Process(readWAV(t, "noise")[:3333], func(*openwakeword.Embedding) {})
	s.ResetAfter(pcm[:from])
	i := 7
	s.Process(pcm[from:], func(e *openwakeword.Embedding) {
		if i >= 7+9 && *e != all[i] {
			t.Errorf("embedding %d differs", i)
		}
		i++
	})
	if i != len(all) {
		t.Errorf("%d embeddings, want %d", i, len(all))
	}
}
