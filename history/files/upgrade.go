package files

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// The identity file's second line says how the clips are named. Without it they end in oldEnding, as they did when they were stored unsealed.
const (
	form      = "2"
	oldEnding = ".flac"
)

// identify reads the identity file. A folder that has none, or is in the old form, is brought into the form of today before the file says so,
// so that a start that was cut off is made up for by the next.
func (b *Blobs) identify() error {
	data, err := b.root.ReadFile(identity)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	lines := strings.Fields(string(data))
	switch {
	case len(lines) == 0:
		b.id = rand.Text()
	case len(lines) == 1:
		b.id = lines[0]
	case lines[1] == form:
		b.id = lines[0]
		return nil
	default:
		return errors.New("its clips are in the form of another version of this program: update this one")
	}
	if err := b.upgrade(); err != nil {
		return fmt.Errorf("rename the clips of an earlier version: %w", err)
	}
	return b.write(".", identity, []byte(b.id+"\n"+form+"\n"))
}

// upgrade gives clips with the old ending the ending of today. What is in them stays as it is.
func (b *Blobs) upgrade() error {
	return b.eachFolder(func(folder string) error {
		changed := false
		err := b.eachClip(folder, oldEnding, func(id string, _ fs.DirEntry) error {
			changed = true
			return b.root.Rename(folder+"/"+id+oldEnding, folder+"/"+id+ending)
		})
		if err == nil && changed {
			err = syncFolder(b.root, folder)
		}
		return err
	})
}
