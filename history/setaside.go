package history

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"earshot/internal/durable"
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
	return writeMark(filepath.Join(dir, damagedMark), "")
}

// Damaged tells whether an earlier run has found the database to be damaged.
func Damaged(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, damagedMark))
	return err == nil
}

// SetAside moves a damaged database and its clips, whose keys are in it, into a folder of their own, so that a new history can be begun. Nothing
// is deleted: people may get their recordings back with tools for damaged databases. Cut off in the middle, it goes on at the next start: a new
// database beside the old clips would be refused for ever.
func SetAside(dir string, now time.Time) (folder string, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("set the damaged history aside: %w", err)
		}
	}()
	mark := filepath.Join(dir, damagedMark)
	folder = filepath.Join(dir, damagedPrefix+now.UTC().Format("20060102-150405"))
	if begun, err := os.ReadFile(mark); err == nil && strings.HasPrefix(string(begun), damagedPrefix) {
		folder = filepath.Join(dir, filepath.Base(string(begun)))
	} else if err := writeMark(mark, filepath.Base(folder)); err != nil {
		return "", err
	}
	if err := durable.MakeFolder(folder); err != nil {
		return "", err
	}
	for _, name := range []string{DatabaseFile, DatabaseFile + "-wal", DatabaseFile + "-shm", ClipsDir} {
		err := os.Rename(filepath.Join(dir, name), filepath.Join(folder, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	if err := errors.Join(durable.Sync(folder), durable.Sync(dir)); err != nil {
		return "", err
	}
	if err := os.Remove(mark); err != nil {
		return "", err
	}
	return folder, durable.Sync(dir)
}

// writeMark writes a mark that is on the disk when it returns.
func writeMark(path, text string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return durable.Sync(filepath.Dir(path))
}

// SetAsideFolders lists the folders that SetAside has made and nobody has moved away.
func SetAsideFolders(dir string) []string {
	found, _ := filepath.Glob(filepath.Join(dir, damagedPrefix+"*")) // its only error is a wrong pattern
	return found
}
