package history

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// MakeFolder makes a folder for its owner only, and those it lies in, where they are not there. Unlike os.MkdirAll, it brings their names to the
// disk: without that, a power cut may take a folder away with all that was synced in it.
func MakeFolder(dir string) error {
	parent := filepath.Dir(dir)
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrNotExist) && parent != dir {
		if err := MakeFolder(parent); err != nil {
			return err
		}
		err = os.Mkdir(dir, 0o700)
	}
	if err == nil {
		return Sync(parent)
	}
	if info, stat := os.Stat(dir); stat != nil || !info.IsDir() {
		return err
	}
	// An earlier run that was cut off may have made it. Where others have, its parent need not be one that we may open.
	_ = Sync(parent)
	return nil
}

// Sync brings a folder's list of names, or a file's content, to the disk.
func Sync(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
