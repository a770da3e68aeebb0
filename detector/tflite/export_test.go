package tflite

import (
	"path/filepath"
	"testing"

	"earshot/internal/testkit"
)

// ReadJSON reads a file of vectors.
func ReadJSON(t testing.TB, name string, v any) {
	t.Helper()
	testkit.ReadJSON(t, filepath.Join("..", "testdata", name), v)
}
