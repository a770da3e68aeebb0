package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"earshot/history"
)

// listBatch is how many names are read at once: a folder is never in memory as a whole.
const listBatch = 1024

// List calls fn for every clip. What is not at the place of a clip is none.
func (b *Blobs) List(ctx context.Context, fn func(history.BlobInfo) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return b.eachFolder(func(folder string) error {
		return b.eachClip(folder, ending, func(id string, d fs.DirEntry) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			info, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil // deleted since the folder was read
			}
			if err != nil {
				return fmt.Errorf("list clips: %w", err)
			}
			return fn(history.BlobInfo{ID: id, Bytes: info.Size(), Written: info.ModTime()})
		})
	})
}

// eachFolder calls fn for every folder that may hold clips.
func (b *Blobs) eachFolder(fn func(folder string) error) error {
	return b.each(".", func(d fs.DirEntry) error {
		if !d.IsDir() || len(d.Name()) != prefix {
			return nil
		}
		return fn(d.Name())
	})
}

// eachClip calls fn for every clip of a folder whose file has the given ending.
func (b *Blobs) eachClip(folder, ending string, fn func(id string, d fs.DirEntry) error) error {
	return b.each(folder, func(d fs.DirEntry) error {
		id, ok := strings.CutSuffix(d.Name(), ending)
		if in, _, err := place(id); !ok || err != nil || in != folder || !d.Type().IsRegular() {
			return nil
		}
		return fn(id, d)
	})
}

// each calls fn for everything in a folder.
func (b *Blobs) each(folder string, fn func(fs.DirEntry) error) error {
	d, err := b.root.Open(folder)
	if err != nil {
		return fmt.Errorf("list clips: %w", err)
	}
	defer d.Close()
	for {
		entries, err := d.ReadDir(listBatch)
		for _, e := range entries {
			if err := fn(e); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list clips: %w", err)
		}
	}
}
