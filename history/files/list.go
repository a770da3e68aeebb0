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
	return b.each(ctx, ".", func(d fs.DirEntry) error {
		folder := d.Name()
		if !d.IsDir() || len(folder) != prefix {
			return nil
		}
		return b.each(ctx, folder, func(d fs.DirEntry) error {
			id, _ := strings.CutSuffix(d.Name(), ending)
			if in, file, err := place(id); err != nil || in != folder || file != d.Name() || !d.Type().IsRegular() {
				return nil
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

// each calls fn for everything in a folder.
func (b *Blobs) each(ctx context.Context, folder string, fn func(fs.DirEntry) error) error {
	d, err := b.root.Open(folder)
	if err != nil {
		return fmt.Errorf("list clips: %w", err)
	}
	defer d.Close()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
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
