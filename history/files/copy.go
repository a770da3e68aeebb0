package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"earshot/history"
)

// Copied is what Copy has done.
type Copied struct {
	New     int      // clips that were not there
	Bytes   int64    // of these
	Missing []string // ids whose clips the origin does not have
}

// Copy brings the clips of some entries from a folder, which may be in use, to another one, and gives that the same identity. Clips that are
// there already are left alone: no clip ever changes. The other folder may be one that was copied to before, and no other.
func Copy(ctx context.Context, from, to string, ids []string) (Copied, error) {
	c, err := copyClips(ctx, from, to, ids)
	if err != nil {
		return c, fmt.Errorf("copy the clips to %s: %w", to, err)
	}
	return c, nil
}

func copyClips(ctx context.Context, from, to string, ids []string) (c Copied, err error) {
	origin, err := openUnlocked(from)
	if err != nil {
		return c, err
	}
	defer origin.Close()
	if err := os.MkdirAll(to, 0o700); err != nil {
		return c, err
	}
	copies, err := openUnlocked(to)
	if err != nil {
		return c, err
	}
	defer copies.Close()
	if err := copies.takeIdentity(origin); err != nil {
		return c, err
	}
	for _, id := range ids {
		folder, file, err := place(id)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return c, err
		}
		was, err := origin.root.Stat(folder + "/" + file)
		if errors.Is(err, fs.ErrNotExist) {
			c.Missing = append(c.Missing, id)
			continue
		}
		if err != nil {
			return c, err
		}
		if is, err := copies.root.Stat(folder + "/" + file); err == nil && is.Size() == was.Size() {
			continue
		}
		data, err := origin.root.ReadFile(folder + "/" + file)
		if errors.Is(err, fs.ErrNotExist) { // deleted since
			c.Missing = append(c.Missing, id)
			continue
		}
		if err == nil {
			err = copies.Put(ctx, id, data)
		}
		if err != nil {
			return c, err
		}
		c.New++
		c.Bytes += int64(len(data))
	}
	return c, nil
}

// openUnlocked opens a folder that others may have open.
func openUnlocked(dir string) (*Blobs, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	b := &Blobs{root: root, folders: map[string]bool{}}
	data, err := root.ReadFile(identity)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(err, b.Close())
	}
	lines := strings.Fields(string(data))
	if len(lines) > 0 {
		b.id = lines[0]
	}
	if len(lines) > 0 && (len(lines) != 2 || lines[1] != form) {
		return nil, errors.Join(errors.New("its clips are in the form of another version of this program; start this one on them first"), b.Close())
	}
	return b, nil
}

// takeIdentity makes a new folder one of the same clips.
func (b *Blobs) takeIdentity(origin *Blobs) error {
	switch {
	case origin.id == "":
		return errors.New("where they come from is no folder of clips")
	case b.id != "" && b.id != origin.id:
		return errors.New("it holds the clips of another history; choose another folder")
	}
	if err := b.makeFolder(unfinished); err != nil || b.id != "" {
		return err
	}
	b.id = origin.id
	return b.write(".", identity, []byte(b.id+"\n"+form+"\n"))
}

// Prune removes every clip of a copy that is of none of these entries, and what a copy that was cut off has left. It returns how many went.
func Prune(ctx context.Context, dir string, ids []string) (int, error) {
	b, err := openUnlocked(dir)
	if err != nil {
		return 0, fmt.Errorf("remove clips from %s: %w", dir, err)
	}
	defer b.Close()
	wanted := make(map[string]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	var gone []string
	err = b.List(ctx, func(info history.BlobInfo) error {
		if !wanted[info.ID] {
			gone = append(gone, info.ID)
		}
		return nil
	})
	if err == nil {
		err = b.Delete(ctx, gone)
	}
	if err == nil {
		err = b.root.RemoveAll(unfinished)
	}
	if err != nil {
		return 0, fmt.Errorf("remove clips from %s: %w", dir, err)
	}
	return len(gone), nil
}

// Read returns a clip of a folder that may be in use, as it is stored; history.ErrNotFound when it is not there.
func Read(dir, id string) ([]byte, error) {
	folder, file, err := place(id)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("read clip: %w", err)
	}
	defer root.Close()
	data, err := root.ReadFile(folder + "/" + file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("clip: %w", history.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read clip: %w", err)
	}
	return data, nil
}

// IDs are the clips of a folder that may be in use.
func IDs(ctx context.Context, dir string) (ids []string, err error) {
	b, err := openUnlocked(dir)
	if err != nil {
		return nil, fmt.Errorf("look at the clips: %w", err)
	}
	defer b.Close()
	err = b.List(ctx, func(info history.BlobInfo) error { ids = append(ids, info.ID); return nil })
	return ids, err
}
