package history

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// shelf is a store with its clips.
type shelf struct {
	store Store
	blobs Blobs
}

// item is what is put on a shelf.
type item struct {
	entry Entry
	key   string // "" without audio
	clip  []byte // sealed
}

// insertLimit is how long a database may take for one row.
const insertLimit = 10 * time.Second

// put stores clip and row, in this order. Without a row the clip goes again, where it is certain that there is none: the next start
// would remove it, but until then it would be audio that nobody can find.
func (s shelf) put(ctx context.Context, it item) error {
	if it.key != "" {
		if err := s.blobs.Put(ctx, it.entry.ID, it.clip); err != nil {
			return err
		}
	}
	// Cut off here by whoever asked, nobody would know whether the row is there.
	done, cancel := context.WithTimeout(context.WithoutCancel(ctx), insertLimit)
	defer cancel()
	err := s.store.Insert(done, it.entry, it.key)
	if err == nil || it.key == "" {
		return err
	}
	if _, there := s.store.Get(done, it.entry.ID); errors.Is(there, ErrNotFound) {
		err = errors.Join(err, s.blobs.Delete(done, []string{it.entry.ID}))
	}
	return err
}

// open returns a clip as it was before it was sealed.
func (s shelf) open(ctx context.Context, id string) (io.ReadSeekCloser, error) {
	key, err := s.store.Key(ctx, id)
	if err != nil {
		return nil, err
	}
	b, err := s.blobs.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	r, err := unseal(key, b)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open clip: %w", err), b.Close())
	}
	return openClip{r, b}, nil
}

// openClip is an opened clip with what it is read from.
type openClip struct {
	io.ReadSeeker
	io.Closer
}

// raw returns a clip as it is stored.
func (s shelf) raw(ctx context.Context, id string) ([]byte, error) {
	b, err := s.blobs.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
	return data, errors.Join(err, b.Close())
}
