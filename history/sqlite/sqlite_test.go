package sqlite_test

import (
	"path/filepath"
	"testing"

	"earshot/history"
	"earshot/history/historytest"
	"earshot/history/sqlite"
	"earshot/internal/testkit"
)

func open(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestStore(t *testing.T) {
	historytest.TestStore(t, func(t *testing.T) history.Store { return open(t, filepath.Join(testkit.MemoryDir(t), "history.db")) })
}
