package testkit

import (
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// ReadJSON reads a file of JSON that is compressed with gzip.
func ReadJSON(t testing.TB, path string, v any) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(z).Decode(v); err != nil {
		t.Fatalf("read %s: %v", path, err)
	}
}

// ReadWAV returns the samples of one of our own recordings: mono, 16 bits, behind the shortest header there is.
func ReadWAV(t testing.TB, path string) []int16 {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const header = 44 // bytes
	pcm := make([]int16, (len(data)-header)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(data[header+2*i:]))
	}
	return pcm
}

// Model returns a file of the folder that `make models` fills; root is where the project begins.
func Model(t testing.TB, root, name string) string {
	t.Helper()
	dir := os.Getenv("EARSHOT_MODELS")
	if dir == "" {
		dir = filepath.Join(root, "models")
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v; run `make models` first", err)
	}
	return path
}

// Head reads an openWakeWord model, which must not be shipped, so that the tests fetch it for themselves. Where that was not done the test is
// skipped, but never in CI.
func Head(t testing.TB, root, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(HeadPath(root, name))
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("%v; run `make needs` first", err)
	default:
		t.Skipf("%v; `make needs` fetches it", err)
	}
	return data
}

// HeadPath is where that model lies.
func HeadPath(root, name string) string {
	return filepath.Join(root, ".lab", "heads", name+".tflite")
}
