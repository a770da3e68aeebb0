package ownword_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"earshot/detector/openwakeword"
	"earshot/detector/ownword"
)

// aWord has weights that differ everywhere.
func aWord() *ownword.Word {
	w := &ownword.Word{
		Phrase: "computer", Network: [32]byte{9}, Bias: -1.5, Cutoff: 0.75, Made: time.Date(2026, 11, 28, 7, 0, 0, 0, time.UTC),
		Expected: ownword.Expected{Samples: 9, Hours: 1.1, FalseAccepts: 2, MissedQuiet: 0, MissedNoise: 0.2},
	}
	for i := range w.Weights {
		for k := range w.Weights[i] {
			w.Weights[i][k] = float32(i)/10 - float32(k)/7919
		}
	}
	return w
}

func TestSaveAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "computer.json")
	want := aWord()
	if err := want.Save(path); err != nil {
		t.Fatal(err)
	}
	got, err := ownword.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if *got != *want {
		t.Error("what was loaded is not what was saved")
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v", info.Mode())
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("files were left: %v", files)
	}
}

func TestReadErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "computer.json")
	if err := aWord().Save(path); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	with := func(key string, value any) string {
		var m map[string]any
		if err := json.Unmarshal(good, &m); err != nil {
			t.Fatal(err)
		}
		m[key] = value
		data, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	for _, c := range []struct{ name, want, data string }{
		{"nothing", "no wake word of Earshot", ""},
		{"a model's manifest", "the file is a", `{"type":"micro","version":2}`},
		{"later version", "of version 2", with("version", 2)},
		{"cutoff", "between 0 and 1", with("cutoff", 1)},
		{"no phrase", "letters of text", with("phrase", " ")},
		{"control characters", "letters of text", with("phrase", "a\nb")},
		{"network", "SHA-256", with("network_sha256", "00")},
		{"few weights", "instead of 10", with("weights", [][]float32{{1}})},
		{"short weights", "instead of 96", with("weights", make([][1]float32, 10))},
		{"large", "too large for a word", strings.Repeat(" ", 1<<20+1)},
	} {
		if _, err := ownword.Read(strings.NewReader(c.data)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want something with %q", c.name, err, c.want)
		}
	}
}

func TestScorer(t *testing.T) {
	w := aWord()
	s := w.NewScorer()
	var past [25]openwakeword.Embedding
	for i := range past {
		for k := range past[i] {
			past[i][k] = float32((i*31+k*17)%11)/20 - 0.2
		}
	}
	for turn := range 2 {
		for i := range past {
			got := s.Put(&past[i])
			want := 0.0
			if i >= 9 {
				sum := float64(w.Bias)
				for j := range w.Weights {
					for k, v := range w.Weights[j] {
						sum += float64(v) * float64(past[i-9+j][k])
					}
				}
				want = 1 / (1 + math.Exp(-sum))
			}
			if math.Abs(float64(got)-want) > 1e-5 {
				t.Fatalf("turn %d, embedding %d: got %v, want %v", turn, i, got, want)
			}
		}
		s.Reset()
	}
	if n := testing.AllocsPerRun(100, func() { s.Put(&past[0]) }); n != 0 {
		t.Errorf("a score allocates %v times", n)
	}
}

func FuzzRead(f *testing.F) {
	path := filepath.Join(f.TempDir(), "computer.json")
	if err := aWord().Save(path); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := ownword.Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		if score := w.NewScorer().Put(&openwakeword.Embedding{}); score != 0 {
			t.Errorf("the first embedding scores %v", score)
		}
	})
}
