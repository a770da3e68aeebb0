package history

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// The names below Config.Dir.
const (
	DatabaseFile  = "history.db" // entries
	ClipsDir      = "clips"
	SpoolDir      = "spool" // the same two again, while a shared history is away
	damagedMark   = "history.damaged"
	damagedPrefix = "damaged-"
)

// markDamaged notes for the next start that the database has to be set aside.
func markDamaged(dir string) error {
	return os.WriteFile(filepath.Join(dir, damagedMark), nil, 0o600)
}

// Damaged tells whether an earlier run has found the database to be damaged.
func Damaged(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, damagedMark))
	return err == nil
}

// SetAside moves a damaged database and its clips, whose keys are in it, into a folder of their own, so that a new history can be begun. Nothing
// is deleted: people may get their recordings back with tools for damaged databases.
func SetAside(dir string, now time.Time) (folder string, err error) {
	folder = filepath.Join(dir, damagedPrefix+now.UTC().Format("20060102-150405"))
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", fmt.Errorf("set the damaged history aside: %w", err)
	}
	for _, name := range []string{DatabaseFile, DatabaseFile + "-wal", DatabaseFile + "-shm", ClipsDir} {
		err := os.Rename(filepath.Join(dir, name), filepath.Join(folder, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("set the damaged history aside: %w", err)
		}
	}
	err = os.Remove(filepath.Join(dir, damagedMark))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("set the damaged history aside: %w", err)
	}
	return folder, nil
}

// SetAsideFolders lists the folders that SetAside has made and nobody has moved away.
func SetAsideFolders(dir string) []string {
	found, _ := filepath.Glob(filepath.Join(dir, damagedPrefix+"*")) // its only error is a wrong pattern
	return found
}
