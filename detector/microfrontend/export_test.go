package microfrontend

import (
	"path/filepath"
	"testing"

	"earshot/internal/testkit"
)

// ReadWAV returns the samples of a recording that the vectors were made from.
func ReadWAV(t testing.TB, name string) []int16 {
	t.Helper()
	return testkit.ReadWAV(t, filepath.Join("..", "testdata", "wav", name+".wav"))
}

// ReadJSON reads a file of vectors.
func ReadJSON(t testing.TB, name string, v any) {
	t.Helper()
	testkit.ReadJSON(t, filepath.Join("..", "testdata", name), v)
}
