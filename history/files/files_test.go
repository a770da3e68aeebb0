package files_test

import (
	"testing"

	"earshot/history"
	"earshot/history/files"
	"earshot/history/historytest"
)

func open(t *testing.T, dir string) *files.Blobs {
	t.Helper()
	b, err := files.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func TestBlobs(t *testing.T) {
	historytest.TestBlobs(t, func(t *testing.T) func() history.Blobs {
		dir := t.TempDir()
		return func() history.Blobs { return open(t, dir) }
	})
}
