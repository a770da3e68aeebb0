package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"earshot/internal/config"
)

// TestRefreshModels goes through a first start, an update, and what a household does with its folder.
func TestRefreshModels(t *testing.T) {
	cfg := config.Models{Dir: filepath.Join(t.TempDir(), "models"), Shipped: filepath.Join(t.TempDir(), "shipped")}
	put := func(dir, name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	refresh := func(what string, copied int, kept []string, want map[string]string) {
		t.Helper()
		n, stay, err := refreshModels(cfg)
		if err != nil || n != copied {
			t.Errorf("%s: %d copied, %v; want %d", what, n, err, copied)
		}
		if diff := cmp.Diff(kept, stay); diff != "" {
			t.Errorf("%s: what stays (-want +got):\n%s", what, diff)
		}
		got := map[string]string{}
		_ = fs.WalkDir(os.DirFS(cfg.Dir), ".", func(name string, d fs.DirEntry, _ error) error {
			if d != nil && !d.IsDir() && name != shippedRecord {
				data, _ := os.ReadFile(filepath.Join(cfg.Dir, name))
				got[name] = string(data)
			}
			return nil
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: the folder (-want +got):\n%s", what, diff)
		}
	}
	refresh("nothing came with the program", 0, nil, map[string]string{})
	put(cfg.Shipped, "a.json", "1")
	put(cfg.Shipped, "sub/b.tflite", "1")
	put(cfg.Shipped, "c.json", "1")
	put(cfg.Dir, "own.json", "mine")
	put(cfg.Dir, "c.json", "mine")
	refresh("first start", 2, []string{"c.json"}, map[string]string{"a.json": "1", "sub/b.tflite": "1", "c.json": "mine", "own.json": "mine"})
	refresh("again", 0, []string{"c.json"}, map[string]string{"a.json": "1", "sub/b.tflite": "1", "c.json": "mine", "own.json": "mine"})
	put(cfg.Shipped, "a.json", "2")
	put(cfg.Dir, "sub/b.tflite", "mine")
	put(cfg.Shipped, "sub/b.tflite", "2")
	refresh("update", 1, []string{"c.json", "sub/b.tflite"}, map[string]string{"a.json": "2", "sub/b.tflite": "mine", "c.json": "mine", "own.json": "mine"})
	if err := os.Remove(filepath.Join(cfg.Dir, "c.json")); err != nil {
		t.Fatal(err)
	}
	refresh("one was removed", 1, []string{"sub/b.tflite"}, map[string]string{"a.json": "2", "sub/b.tflite": "mine", "c.json": "1", "own.json": "mine"})
	if info, err := os.Stat(filepath.Join(cfg.Dir, "a.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a copy: %v, %v", info, err)
	}
	cfg.Dir = cfg.Shipped
	refresh("the same folder", 0, nil, map[string]string{"a.json": "2", "sub/b.tflite": "2", "c.json": "1"})
}
