// Package durable changes folders and files so that a power cut leaves what was there before or what was made, and nothing by half.
package durable

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

// Replace writes a file for its owner only, in a folder that is made where it is not there. The file takes the place of one that is there in one step: whoever
// reads sees the old or the new one. Its draft, beside it, has a name of its own, so that several programs may do this at the same time.
func Replace(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := MakeFolder(dir); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-*") // made with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // once it has its name there is nothing to remove
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return Sync(dir)
}
