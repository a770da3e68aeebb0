package historytest

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"testing"

	"earshot/history"
)

// testBlobNeverHalf looks at clips while they are written: whatever is seen is whole.
func testBlobNeverHalf(t *testing.T, b history.Blobs) {
	const writers, each = 3, 12
	content := func(id string) []byte { return bytes.Repeat([]byte(id), 10_000) }
	done := make(chan struct{})
	var writing, reading sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for n := range each {
				e := entry(n)
				id := id(e.At, uint64(w))
				if err := b.Put(t.Context(), id, content(id)); err != nil {
					t.Errorf("put: %v", err)
				}
			}
		})
	}
	reading.Go(func() {
		for last := false; ; {
			err := b.List(t.Context(), func(i history.BlobInfo) error {
				data, err := read(t.Context(), b, i.ID)
				if err != nil || !bytes.Equal(data, content(i.ID)) || i.Bytes != int64(len(data)) {
					t.Errorf("%s is seen with %d bytes (%d) while it is written: %v", i.ID, len(data), i.Bytes, err)
				}
				return nil
			})
			if err != nil || last {
				if err != nil {
					t.Errorf("list: %v", err)
				}
				return
			}
			select {
			case <-done:
				last = true
			default:
			}
		}
	})
	writing.Wait()
	close(done)
	reading.Wait()
	if got := len(stored(t, b)); got != writers*each {
		t.Errorf("%d clips, want %d", got, writers*each)
	}
}

// testBlobRace stores, deletes, opens and lists the same few clips at once: each call does what it says, as if it were alone.
func testBlobRace(t *testing.T, b history.Blobs) {
	const workers, each, clips = 4, 25, 3
	content := func(id string) []byte { return bytes.Repeat([]byte(id), 2_000) }
	ids := []string{}
	for n := range clips {
		ids = append(ids, entry(n).ID)
	}
	var working sync.WaitGroup
	for w := range workers {
		working.Go(func() {
			for n := range each {
				id := ids[(n+w)%clips]
				if err := b.Put(t.Context(), id, content(id)); err != nil {
					t.Errorf("put: %v", err)
				}
				if data, err := read(t.Context(), b, id); !errors.Is(err, history.ErrNotFound) && (err != nil || !bytes.Equal(data, content(id))) {
					t.Errorf("open: %d bytes, %v", len(data), err)
				}
				if err := b.List(t.Context(), func(i history.BlobInfo) error {
					if !slices.Contains(ids, i.ID) || i.Bytes != int64(len(content(i.ID))) {
						t.Errorf("listed: %+v", i)
					}
					return nil
				}); err != nil {
					t.Errorf("list: %v", err)
				}
				if err := b.Delete(t.Context(), ids[:1+n%clips]); err != nil {
					t.Errorf("delete: %v", err)
				}
			}
		})
	}
	working.Wait()
	if err := b.Delete(t.Context(), ids); err != nil {
		t.Errorf("delete: %v", err)
	}
	wantStored(t, b, map[string]int64{})
}

// testBlobListWhileChanging lists while others come and go: those that stay are all listed, each once.
func testBlobListWhileChanging(t *testing.T, b history.Blobs) {
	const clips, rounds = 120, 10
	stay := map[string]bool{}
	for n := range clips {
		e := entry(n * 60 * 24)
		put(t, b, e.ID, []byte("stays"))
		stay[e.ID] = true
	}
	done := make(chan struct{})
	var changing sync.WaitGroup
	changing.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			default:
			}
			other := id(entry(n%clips*60*24).At, 1<<40)
			if err := errors.Join(b.Put(t.Context(), other, []byte("goes")), b.Delete(t.Context(), []string{other})); err != nil {
				t.Errorf("change: %v", err)
				return
			}
		}
	})
	for range rounds {
		seen := map[string]int{}
		if err := b.List(t.Context(), func(i history.BlobInfo) error { seen[i.ID]++; return nil }); err != nil {
			t.Errorf("list: %v", err)
		}
		for id := range stay {
			if seen[id] != 1 {
				t.Errorf("%s is listed %d times", id, seen[id])
			}
		}
	}
	close(done)
	changing.Wait()
}
