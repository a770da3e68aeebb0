package microfrontend

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// ReadWAV returns the samples of a recording that the vectors were made from.
func ReadWAV(t testing.TB, name string) []int16 {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "wav", name+".wav"))
	if err != nil {
		t.Fatal(err)
	}
	const header = 44
	pcm := make([]int16, (len(data)-header)/2)
	if err := binary.Read(bytes.NewReader(data[header:]), binary.LittleEndian, pcm); err != nil {
		t.Fatal(err)
	}
	return pcm
}

// ReadJSON reads a file of vectors.
func ReadJSON(t testing.TB, name string, v any) {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(z).Decode(v); err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
}
