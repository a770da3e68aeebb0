package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"earshot/internal/config"
	"earshot/internal/durable"
)

// shippedRecord is the file in which a folder of models says which of them came with the program, and as what.
const shippedRecord = ".shipped"

// refreshModels copies the models that came with the program into the household's folder, where others come beside them: those that are not there, and
// those that an update has changed. A model that the household has changed itself stays as it is, and is named. A folder that is not there has none.
func refreshModels(cfg config.Models) (copied int, kept []string, err error) {
	if cfg.Shipped == "" || filepath.Clean(cfg.Shipped) == filepath.Clean(cfg.Dir) {
		return 0, nil, nil
	}
	before, now := map[string]string{}, map[string]string{}
	if data, err := os.ReadFile(filepath.Join(cfg.Dir, shippedRecord)); err == nil {
		_ = json.Unmarshal(data, &before) // what cannot be read counts as the household's own
	}
	err = filepath.WalkDir(cfg.Shipped, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == cfg.Shipped {
			return filepath.SkipAll
		}
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(cfg.Shipped, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		to := filepath.Join(cfg.Dir, name)
		there, err := os.ReadFile(to)
		now[name] = digest(data)
		switch {
		case err == nil && digest(there) == now[name]:
			return nil
		case err == nil && before[name] != digest(there):
			kept = append(kept, name)
			delete(now, name)
			return nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return err
		}
		copied++
		return durable.Replace(to, data)
	})
	if err == nil && !maps.Equal(before, now) {
		record, _ := json.Marshal(now) // text: it cannot go wrong
		err = durable.Replace(filepath.Join(cfg.Dir, shippedRecord), record)
	}
	if err != nil {
		return copied, kept, fmt.Errorf("copy the models that came with Earshot from %s to %s: %w", cfg.Shipped, cfg.Dir, err)
	}
	return copied, kept, nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// refreshCommand is for packages: what `earshot run` does at its start is done before it.
func refreshCommand(t terminal, args []string) error {
	usual := config.Default().Models
	f := flags("models refresh")
	dir := f.String("models", usual.Dir, "folder of the models")
	shipped := f.String("shipped", usual.Shipped, "folder of those that came with the program")
	if err := parse(f, args); err != nil {
		return err
	}
	if err := noArguments(f); err != nil {
		return err
	}
	_, kept, err := refreshModels(config.Models{Dir: *dir, Shipped: *shipped})
	for _, name := range kept {
		fmt.Fprintf(t.out, "%s is not the one that came with Earshot, and stays\n", filepath.Join(*dir, name))
	}
	return err
}
