package silero_test

import (
	"math"
	"path/filepath"
	"testing"

	"earshot/detector/silero"
	"earshot/internal/testkit"
)

// tolerance is the largest difference to ONNX Runtime, which adds in another order.
const tolerance = 1e-4

func modelPath(t testing.TB) string {
	t.Helper()
	return testkit.Model(t, "../..", "silero_vad_16k_op15.onnx")
}

func loadModel(t testing.TB) *silero.Model {
	t.Helper()
	m, err := silero.Load(modelPath(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// clip reads one of our recordings: 16 kHz mono s16 behind the shortest possible header.
func clip(t testing.TB, name string) []int16 {
	t.Helper()
	return testkit.ReadWAV(t, filepath.Join("..", "..", "testdata", "audio", name))
}

// noise makes what testdata/gen_vectors.py makes.
func noise(chunks int) []int16 {
	pcm := make([]int16, chunks*silero.ChunkSamples)
	x := uint32(1)
	for i := range pcm {
		x = x*1664525 + 1013904223
		switch {
		case i < len(pcm)/2:
			pcm[i] = int16(int32(x>>16) - 32768)
		case i&16 != 0:
			pcm[i] = -32768
		default:
			pcm[i] = 32767
		}
	}
	return pcm
}

func readVectors(t *testing.T) map[string][]float64 {
	t.Helper()
	var vectors map[string][]float64
	testkit.ReadJSON(t, filepath.Join("testdata", "vectors.json.gz"), &vectors)
	return vectors
}

func TestProcessEqualsONNXRuntime(t *testing.T) {
	t.Parallel()
	model := loadModel(t)
	vectors := readVectors(t)
	if len(vectors) != 4 {
		t.Fatalf("%d vectors, not 4", len(vectors))
	}
	for name, want := range vectors {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pcm := noise(64)
			if name != "noise" {
				pcm = clip(t, name)
			}
			if len(want) != len(pcm)/silero.ChunkSamples {
				t.Fatalf("%d probabilities for %d samples", len(want), len(pcm))
			}
			stream, worst := model.NewStream(), 0.0
			for round := range 2 { // the second round proves that Reset forgets everything
				stream.Reset()
				for i, w := range want {
					got := float64(stream.Process(pcm[i*silero.ChunkSamples:][:silero.ChunkSamples]))
					worst = max(worst, math.Abs(got-w))
					if !(math.Abs(got-w) <= tolerance) {
						t.Fatalf("round %d, chunk %d: probability %v, ONNX Runtime says %v", round, i, got, w)
					}
				}
			}
			t.Logf("%d chunks, largest difference %.2g", len(want), worst)
		})
	}
}

func TestStreamsShareNothing(t *testing.T) {
	t.Parallel()
	model := loadModel(t)
	pcm := clip(t, "okay_nabu_silence.wav")
	alone, one, two := model.NewStream(), model.NewStream(), model.NewStream()
	loud := noise(1)
	for i := 0; i+silero.ChunkSamples <= len(pcm); i += silero.ChunkSamples {
		chunk := pcm[i:][:silero.ChunkSamples]
		want, got := alone.Process(chunk), one.Process(chunk)
		two.Process(loud)
		if got != want {
			t.Fatalf("at sample %d: %v beside another stream, %v alone", i, got, want)
		}
	}
}

func TestProcessOddLengths(t *testing.T) {
	t.Parallel()
	model := loadModel(t)
	short, full := model.NewStream(), model.NewStream()
	chunk := make([]int16, silero.ChunkSamples)
	copy(chunk, noise(1)[:100])
	if got, want := short.Process(chunk[:100]), full.Process(chunk); got != want {
		t.Errorf("a short chunk gives %v, the same filled up %v", got, want)
	}
	long := append(append([]int16{}, chunk...), 1, 2, 3)
	if got, want := short.Process(long), full.Process(chunk); got != want {
		t.Errorf("a long chunk gives %v, the same cut off %v", got, want)
	}
	if p := short.Process(nil); !(p >= 0 && p <= 1) {
		t.Errorf("an empty chunk gives %v", p)
	}
}

func TestProcessDoesNotAllocate(t *testing.T) {
	stream, chunk := loadModel(t).NewStream(), noise(1)
	if n := testing.AllocsPerRun(100, func() { stream.Process(chunk) }); n != 0 {
		t.Errorf("%v allocations per chunk", n)
	}
}

func BenchmarkProcess(b *testing.B) {
	stream, chunk := loadModel(b).NewStream(), noise(1)
	b.ReportAllocs()
	for b.Loop() {
		stream.Process(chunk)
	}
}
