package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"earshot/history"
)

// disk is the file system that the history lies on.
type disk struct {
	free, size uint64 // bytes; free is what this user may still take
	readOnly   bool
	inMemory   bool
}

func diskOf(dir string) (disk, error) {
	const readOnly = 1 // ref: statfs(2), ST_RDONLY
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return disk{}, fmt.Errorf("look at the disk of %s: %w", dir, err)
	}
	block := uint64(s.Bsize)
	return disk{s.Bavail * block, s.Blocks * block, s.Flags&readOnly != 0, s.Type == tmpfs}, nil
}

// databaseSize is the bytes of this machine's database with its journal.
func databaseSize(cfg history.Config) (size uint64) {
	for _, end := range []string{"", "-wal"} {
		if info, err := os.Stat(filepath.Join(localDir(cfg), history.DatabaseFile+end)); err == nil {
			size += uint64(max(0, info.Size()))
		}
	}
	return size
}

// localDir is where this machine's own database and clips lie.
func localDir(cfg history.Config) string {
	if cfg.Postgres.URL != "" {
		return filepath.Join(cfg.Dir, history.SpoolDir)
	}
	return cfg.Dir
}
