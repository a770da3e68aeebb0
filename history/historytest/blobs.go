package historytest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/history"
)

// TestBlobs runs every test of a history.Blobs. open returns a new, empty one; it is closed by the tests.
func TestBlobs(t *testing.T, open func(t *testing.T) history.Blobs) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, history.Blobs)
	}{
		{"RoundTrip", testBlobRoundTrip},
		{"Missing", testBlobMissing},
		{"Delete", testBlobDelete},
		{"List", testBlobList},
		{"BadIDs", testBlobBadIDs},
		{"NeverHalf", testBlobNeverHalf},
		{"Cancelled", testBlobCancelled},
		{"Closed", testBlobClosed},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			t.Cleanup(func() { _ = b.Close() })
			test.run(t, b)
		})
	}
	t.Run("Identity", func(t *testing.T) {
		a, b := open(t), open(t)
		defer a.Close()
		defer b.Close()
		if a.Identity() == "" || a.Identity() == b.Identity() {
			t.Errorf("identities %q and %q", a.Identity(), b.Identity())
		}
	})
}

func put(t *testing.T, b history.Blobs, id string, data []byte) {
	t.Helper()
	if err := b.Put(t.Context(), id, data); err != nil {
		t.Fatalf("put %s: %v", id, err)
	}
}

func read(ctx context.Context, b history.Blobs, id string) ([]byte, error) {
	r, err := b.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	return data, errors.Join(err, r.Close())
}

// stored lists every clip and its size.
func stored(t *testing.T, b history.Blobs) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	err := b.List(t.Context(), func(i history.BlobInfo) error {
		if _, twice := out[i.ID]; twice {
			t.Errorf("%s is listed twice", i.ID)
		}
		out[i.ID] = i.Bytes
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantStored(t *testing.T, b history.Blobs, want map[string]int64) {
	t.Helper()
	if diff := cmp.Diff(want, stored(t, b)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

func testBlobRoundTrip(t *testing.T, b history.Blobs) {
	for n, data := range [][]byte{{}, {0}, []byte("fLaC and more"), bytes.Repeat([]byte{1, 2, 3}, 500_000)} {
		id := entry(n).ID
		put(t, b, id, data)
		got, err := read(t.Context(), b, id)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("clip of %d bytes: %d bytes, %v", len(data), len(got), err)
		}
	}
	// Players jump, and there may be several.
	first, err := b.Open(t.Context(), entry(2).ID)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := b.Open(t.Context(), entry(2).ID)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if at, err := first.Seek(-4, io.SeekEnd); err != nil || at != 9 {
		t.Errorf("seek: %d, %v", at, err)
	}
	end, _ := io.ReadAll(first)
	whole, _ := io.ReadAll(second)
	if string(end) != "more" || string(whole) != "fLaC and more" {
		t.Errorf("read %q and %q", end, whole)
	}
}

func testBlobMissing(t *testing.T, b history.Blobs) {
	if _, err := b.Open(t.Context(), entry(1).ID); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("open: %v, want ErrNotFound", err)
	}
	if err := b.Delete(t.Context(), []string{entry(1).ID, entry(2).ID}); err != nil {
		t.Errorf("delete: %v", err)
	}
	if err := b.Delete(t.Context(), nil); err != nil {
		t.Errorf("delete nothing: %v", err)
	}
	wantStored(t, b, map[string]int64{})
}

func testBlobDelete(t *testing.T, b history.Blobs) {
	ids := []string{}
	for n := range 5 {
		e := entry(n * 60 * 24 * 30) // months apart
		ids = append(ids, e.ID)
		put(t, b, e.ID, make([]byte, n))
	}
	if err := b.Delete(t.Context(), []string{ids[0], entry(7).ID, ids[3], ids[3]}); err != nil {
		t.Fatal(err)
	}
	wantStored(t, b, map[string]int64{ids[1]: 1, ids[2]: 2, ids[4]: 4})
	for _, id := range []string{ids[0], ids[3]} {
		if _, err := b.Open(t.Context(), id); !errors.Is(err, history.ErrNotFound) {
			t.Errorf("open after delete: %v, want ErrNotFound", err)
		}
	}
}

func testBlobList(t *testing.T, b history.Blobs) {
	before := time.Now().Add(-2 * time.Second) // clocks of files may be coarse
	want := map[string]int64{}
	for n := range 40 {
		e := entry(n * 60 * 24)
		put(t, b, e.ID, make([]byte, n))
		want[e.ID] = int64(n)
	}
	wantStored(t, b, want)
	err := b.List(t.Context(), func(i history.BlobInfo) error {
		if i.Written.Before(before) || i.Written.After(time.Now().Add(2*time.Second)) {
			t.Errorf("%s was written at %v", i.ID, i.Written)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	enough, seen := errors.New("enough"), 0
	err = b.List(t.Context(), func(history.BlobInfo) error { seen++; return enough })
	if !errors.Is(err, enough) || seen != 1 {
		t.Errorf("list: %v after %d, want %v after 1", err, seen, enough)
	}
	// Clips may go while they are listed.
	err = b.List(t.Context(), func(i history.BlobInfo) error { return b.Delete(t.Context(), []string{i.ID}) })
	if err != nil {
		t.Errorf("delete while listing: %v", err)
	}
	wantStored(t, b, map[string]int64{})
}

func testBlobBadIDs(t *testing.T, b history.Blobs) {
	good := entry(1).ID
	for _, id := range []string{
		"", ".", "..", "/", "../" + good, good + "/..", "../../etc/passwd", "/etc/passwd", good[:25], good + "0", strings.ToLower(good),
		good[:25] + "/", good[:25] + "\x00", good[:25] + "U", "8" + good[1:], strings.Repeat(".", 26), "identity", "lock", good + ".flac", "CON", "é" + good[2:],
	} {
		if err := b.Put(t.Context(), id, []byte("x")); err == nil {
			t.Errorf("put %q was taken", id)
		}
		if _, err := b.Open(t.Context(), id); !errors.Is(err, history.ErrNotFound) {
			t.Errorf("open %q: %v, want ErrNotFound", id, err)
		}
		if err := b.Delete(t.Context(), []string{id}); err != nil {
			t.Errorf("delete %q: %v", id, err)
		}
	}
	wantStored(t, b, map[string]int64{})
	put(t, b, good, []byte("y")) // nothing that is needed was removed
}

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

// blobCalls are all methods that work, by name.
func blobCalls(b history.Blobs) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Put":    func(ctx context.Context) error { return b.Put(ctx, entry(2).ID, []byte("x")) },
		"Open":   func(ctx context.Context) error { _, err := read(ctx, b, entry(1).ID); return err },
		"Delete": func(ctx context.Context) error { return b.Delete(ctx, []string{entry(1).ID}) },
		"List":   func(ctx context.Context) error { return b.List(ctx, func(history.BlobInfo) error { return nil }) },
	}
}

func testBlobCancelled(t *testing.T, b history.Blobs) {
	put(t, b, entry(1).ID, []byte("one"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range blobCalls(b) {
		if err := call(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want %v", name, err, context.Canceled)
		}
	}
	wantStored(t, b, map[string]int64{entry(1).ID: 3})
}

func testBlobClosed(t *testing.T, b history.Blobs) {
	put(t, b, entry(1).ID, []byte("one"))
	for range 2 {
		if err := b.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	for name, call := range blobCalls(b) {
		if err := call(t.Context()); err == nil || errors.Is(err, history.ErrNotFound) {
			t.Errorf("%s after close: %v, want an error", name, err)
		}
	}
}
