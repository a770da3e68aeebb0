package tflite_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"earshot/detector/tflite"
)

// vectors are inputs of a synthetic model and the outputs of the C library.
type vectors struct {
	Stride int    `json:"stride"`
	SHA256 string `json:"sha256"`
	Input  []byte `json:"input_i8"`
	C      []int  `json:"c"`
}

func TestSyntheticModels(t *testing.T) {
	t.Parallel()
	var models map[string]vectors
	tflite.ReadJSON(t, "synth/vectors.json.gz", &models)
	tflite.ReadJSON(t, "synth/float.json.gz", &models)
	if len(models) != 5 {
		t.Fatalf("there are %d models, want 5", len(models))
	}
	for name, want := range models {
		data := readModel(t, name)
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != want.SHA256 {
			t.Fatalf("%s.tflite is not the model that the vectors were made from", name)
		}
		m, err := tflite.Load(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		clear(data) // the model must not depend on it
		if diff := cmp.Diff([]int{1, want.Stride, 40}, m.Input().Shape); diff != "" {
			t.Errorf("%s: shape (-want +got):\n%s", name, diff)
		}
		in := m.NewInterpreter()
		for range 2 {
			if diff := cmp.Diff(want.C, outputs(in, want.Input)); diff != "" {
				t.Errorf("%s: outputs (-want +got):\n%.2000s", name, diff)
			}
			in.Reset()
		}
	}
}

func TestInterpretersAreIndependent(t *testing.T) {
	t.Parallel()
	var models map[string]vectors
	tflite.ReadJSON(t, "synth/vectors.json.gz", &models)
	want := models["synth_rand"]
	m, err := tflite.Load(readModel(t, "synth_rand"))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan []int)
	for range 3 {
		go func() { done <- outputs(m.NewInterpreter(), want.Input) }()
	}
	for range 3 {
		if diff := cmp.Diff(want.C, <-done); diff != "" {
			t.Errorf("outputs (-want +got):\n%.2000s", diff)
		}
	}
}

func TestRunDoesNotAllocate(t *testing.T) {
	m, err := tflite.Load(readModel(t, "synth_float"))
	if err != nil {
		t.Fatal(err)
	}
	in := m.NewInterpreter()
	if n := testing.AllocsPerRun(100, func() { in.Run() }); n != 0 {
		t.Errorf("a run takes %v allocations", n)
	}
}

// outputs runs an interpreter over consecutive inputs.
func outputs(in *tflite.Interpreter, input []byte) []int {
	var out []int
	for len(input) > 0 {
		x := in.Input()
		for i := range x {
			x[i] = int8(input[i])
		}
		input = input[len(x):]
		out = append(out, int(in.Run()))
	}
	return out
}

func readModel(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "synth", name+".tflite"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
