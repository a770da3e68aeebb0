// Package files keeps the clips of the history as files, one for each entry.
package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/oklog/ulid/v2"
	"golang.org/x/sync/errgroup"

	"earshot/history"
	"earshot/internal/durable"
)

// Blobs is a history.Blobs in a folder.
//
// Clips lie in folders named by the first four characters of their ids, which stand for twelve days: a household has some thirty folders
// a year with a few hundred clips in each, a million clips in ten years are 3,300 in a folder, and a deletion by period changes few
// folders, each of which has to be brought to the disk.
type Blobs struct {
	root *os.Root // nothing outside of the folder can be reached through it
	lock io.Closer
	id   string

	drafts  atomic.Uint64 // makes their names differ: two may write one clip
	mu      sync.Mutex
	folders map[string]bool // known to be there, and on the disk
}

var _ history.Blobs = (*Blobs)(nil)

const (
	ending     = ".age"
	prefix     = 4            // characters of an id that name its folder
	unfinished = "unfinished" // folder of the clips that are just being written
	identity   = "identity"   // name of the file that tells this folder from every other
	lockFile   = "lock"

	// deletePart is how many clips go between two syncs of their folder. A folder's sync brings to the disk what everybody changed meanwhile, so
	// that a clip that is being stored waits for one part, and not for all of a long deletion.
	deletePart = 500
	// deletersMost is how many parts go at once: while the disk syncs one, the next is unlinked.
	deletersMost = 2
)

// Open opens the folder, which is made when it is not there. No other process can open it until Close.
func Open(dir string) (*Blobs, error) {
	b := &Blobs{folders: map[string]bool{}}
	if err := b.open(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("open clips %s: %w", dir, err), b.Close())
	}
	return b, nil
}

func (b *Blobs) open(dir string) error {
	err := durable.MakeFolder(dir)
	if err != nil {
		return err
	}
	if b.lock, err = history.Lock(filepath.Join(dir, lockFile)); err != nil {
		return err
	}
	if b.root, err = os.OpenRoot(dir); err != nil {
		return err
	}
	// What a crash cut off was never seen by anybody, but it is audio.
	if err := b.root.RemoveAll(unfinished); err != nil {
		return err
	}
	if err := b.makeFolder(unfinished); err != nil {
		return err
	}
	return b.identify()
}

// Identity tells this folder from every other, so that a disk that is not mounted is not mistaken for an empty history.
func (b *Blobs) Identity(context.Context) (string, error) { return b.id, nil }

// place is where a clip lies. An id that is not a ULID as it is written by us has no place: no id can name a path.
func place(id string) (folder, file string, err error) {
	parsed, err := ulid.ParseStrict(id)
	if err != nil || parsed.String() != id {
		return "", "", fmt.Errorf("clip: %w", history.ErrNotFound)
	}
	return id[:prefix], id + ending, nil
}

// Put stores a clip. It is on the disk when Put returns: the file, and its name in the folder.
func (b *Blobs) Put(ctx context.Context, id string, data []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	folder, file, err := place(id)
	if err == nil {
		err = b.makeFolder(folder)
	}
	if err == nil {
		err = b.write(folder, file, data)
	}
	if err != nil {
		return fmt.Errorf("store clip: %w", err)
	}
	return nil
}

// write makes a file that is never seen half: written elsewhere, synced, moved to its place, and its folder synced.
func (b *Blobs) write(folder, file string, data []byte) error {
	draft, name := unfinished+"/"+file+"."+strconv.FormatUint(b.drafts.Add(1), 10), folder+"/"+file
	f, err := b.root.OpenFile(draft, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = b.root.Rename(draft, name)
	}
	if err != nil {
		return errors.Join(err, b.root.Remove(draft))
	}
	if err := syncFolder(b.root, folder); err != nil {
		return errors.Join(err, b.root.Remove(name))
	}
	return nil
}

func (b *Blobs) makeFolder(name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.folders[name] {
		return nil
	}
	err := b.root.Mkdir(name, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := syncFolder(b.root, "."); err != nil {
		return err
	}
	b.folders[name] = true
	return nil
}

// syncFolder brings a folder's list of names to the disk.
func syncFolder(root *os.Root, folder string) error {
	d, err := root.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// blob is an open clip. It can be read also after it was deleted: the last one who has it open keeps its bytes.
type blob struct {
	*os.File
	size int64
}

// Size returns the clip's bytes.
func (b blob) Size() int64 { return b.size }

// Open returns a clip.
func (b *Blobs) Open(ctx context.Context, id string) (history.Blob, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	folder, file, err := place(id)
	if err != nil {
		return nil, err
	}
	f, err := b.root.Open(folder + "/" + file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("clip: %w", history.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("open clip: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is not a file")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open clip: %w", err), f.Close())
	}
	return blob{f, info.Size()}, nil
}

// Delete removes clips. It goes on after one that cannot be removed, and returns every reason.
func (b *Blobs) Delete(ctx context.Context, ids []string) error {
	places := map[string][]string{} // files by folder
	for _, id := range ids {
		if folder, file, err := place(id); err == nil { // else nothing can be stored under it
			places[folder] = append(places[folder], file)
		}
	}
	var (
		mu       sync.Mutex
		problems error
		deleters errgroup.Group
	)
	deleters.SetLimit(deletersMost)
	for _, folder := range slices.Sorted(maps.Keys(places)) {
		for part := range slices.Chunk(places[folder], deletePart) {
			deleters.Go(func() error {
				if ctx.Err() != nil {
					return nil
				}
				err := b.deleteFrom(folder, part)
				mu.Lock()
				defer mu.Unlock()
				problems = errors.Join(problems, err)
				return nil
			})
		}
	}
	_ = deleters.Wait() // every reason is in problems
	return errors.Join(problems, ctx.Err())
}

// deleteFrom removes files of one folder, which is opened once for all of them.
func (b *Blobs) deleteFrom(folder string, files []string) error {
	in, err := b.root.OpenRoot(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete clips: %w", err)
	}
	defer in.Close()
	var problems error
	for _, file := range files {
		if err := in.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = errors.Join(problems, fmt.Errorf("delete clip: %w", err))
		}
	}
	// Also where nothing was found: what another call has just removed may not be on the disk yet.
	if err := syncFolder(in, "."); err != nil {
		problems = errors.Join(problems, fmt.Errorf("delete clips: %w", err))
	}
	return problems
}

// Close releases the folder and lets others have it. It may be called twice.
func (b *Blobs) Close() error {
	if b.lock != nil {
		defer b.lock.Close() // last
	}
	if b.root == nil {
		return nil
	}
	return b.root.Close()
}
