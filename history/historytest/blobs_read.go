package historytest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"filippo.io/age"

	"earshot/history"
)

// noise makes bytes that are alike nowhere.
func noise(size int) []byte {
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data) // never fails
	return data
}

func openBlob(t *testing.T, b history.Blobs, id string) history.Blob {
	t.Helper()
	r, err := b.Open(t.Context(), id)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func testBlobRoundTrip(t *testing.T, b history.Blobs) {
	for n, size := range []int{0, 1, 13, 64<<10 - 1, 64 << 10, 128<<10 - 1, 128 << 10, 128<<10 + 1, 1_500_000} {
		id, data := entry(n).ID, noise(size)
		put(t, b, id, data)
		got, err := read(t.Context(), b, id)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("clip of %d bytes: %d bytes, %v", size, len(got), err)
		}
		if r := openBlob(t, b, id); r.Size() != int64(size) {
			t.Errorf("clip of %d bytes: its size is %d", size, r.Size())
		}
	}
}

// testBlobRanges reads in any order, several at once, as io.ReaderAt says.
func testBlobRanges(t *testing.T, b history.Blobs) {
	data := noise(700_001)
	put(t, b, entry(1).ID, data)
	r := openBlob(t, b, entry(1).ID)
	var reading sync.WaitGroup
	for seed := range 4 {
		reading.Go(func() {
			random := rand.New(rand.NewPCG(uint64(seed), 0))
			for range 40 {
				off, p := random.IntN(len(data)), make([]byte, random.IntN(1<<random.IntN(20)))
				n, err := r.ReadAt(p, int64(off))
				want := min(len(p), len(data)-off)
				if n != want || !bytes.Equal(p[:n], data[off:off+n]) || (n < len(p) && err != io.EOF) || (err != nil && off+n < len(data)) {
					t.Errorf("read %d bytes at %d: %d, want %d, %v", len(p), off, n, want, err)
				}
			}
		})
	}
	reading.Wait()
	p := make([]byte, 10)
	for _, off := range []int64{int64(len(data)), int64(len(data)) + 1, 1 << 40} {
		if n, err := r.ReadAt(p, off); n != 0 || err != io.EOF {
			t.Errorf("read at %d of %d: %d, %v, want 0, %v", off, len(data), n, err, io.EOF)
		}
	}
	if n, err := r.ReadAt(p, -1); n != 0 || err == nil || err == io.EOF {
		t.Errorf("read before the beginning: %d, %v", n, err)
	}
	if err := r.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := r.ReadAt(p, 0); err == nil || err == io.EOF {
		t.Errorf("read after close: %v", err)
	}
}

// testBlobSealed reads a part in the middle of a clip that is sealed as clips are.
func testBlobSealed(t *testing.T, b history.Blobs) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for n, size := range []int{0, 1, 100_000, 640 << 10, 1_500_000} {
		clip, sealed := noise(size), &bytes.Buffer{}
		w, err := age.Encrypt(sealed, key.Recipient())
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Write(clip)
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		put(t, b, entry(n).ID, sealed.Bytes())
		r := openBlob(t, b, entry(n).ID)
		plain, length, err := age.DecryptReaderAt(r, r.Size(), key)
		if err != nil || length != int64(size) {
			t.Fatalf("clip of %d bytes: unsealed %d, %v", size, length, err)
		}
		middle, want := make([]byte, size/3), clip[size/3:]
		if n, err := plain.ReadAt(middle, int64(size/3)); n != len(middle) || !bytes.Equal(middle, want[:n]) || (err != nil && err != io.EOF) {
			t.Errorf("middle of a clip of %d bytes: %d, %v", size, n, err)
		}
		all, err := io.ReadAll(io.NewSectionReader(plain, 0, length))
		if err != nil || !bytes.Equal(all, clip) {
			t.Errorf("clip of %d bytes: unsealed %d, %v", size, len(all), err)
		}
	}
}

// testBlobOutlivesContext reads after the context of opening has ended.
func testBlobOutlivesContext(t *testing.T, b history.Blobs) {
	data := noise(400_000)
	put(t, b, entry(1).ID, data)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := b.Open(ctx, entry(1).ID)
	cancel()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// testBlobReadAfterDelete goes on with a clip that was deleted meanwhile: what is read is the clip, or an error.
func testBlobReadAfterDelete(t *testing.T, b history.Blobs) {
	data := noise(900_000)
	put(t, b, entry(1).ID, data)
	r := openBlob(t, b, entry(1).ID)
	p := make([]byte, 1000)
	if n, err := r.ReadAt(p, 0); n != len(p) || err != nil {
		t.Errorf("read: %d, %v", n, err)
	}
	if err := b.Delete(t.Context(), []string{entry(1).ID}); err != nil {
		t.Fatal(err)
	}
	for _, off := range []int64{600_000, 899_500, 0} {
		n, err := r.ReadAt(p, off)
		if n < min(len(p), len(data)-int(off)) && (err == nil || err == io.EOF) {
			t.Errorf("read at %d after delete: %d bytes, %v", off, n, err)
		}
		if !bytes.Equal(p[:n], data[off:off+int64(n)]) {
			t.Errorf("read at %d after delete: other bytes", off)
		}
	}
	if _, err := b.Open(t.Context(), entry(1).ID); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("open after delete: %v, want ErrNotFound", err)
	}
}

// testBlobReplace stores a clip twice. One who reads the first meanwhile gets it, or an error, and never a part of each.
func testBlobReplace(t *testing.T, b history.Blobs) {
	first, second := noise(500_000), bytes.Repeat([]byte("second"), 80_000)
	put(t, b, entry(1).ID, first)
	r := openBlob(t, b, entry(1).ID)
	put(t, b, entry(1).ID, second)
	for _, off := range []int64{400_000, 0} {
		p := make([]byte, 50_000)
		n, err := r.ReadAt(p, off)
		if (n < len(p) && (err == nil || err == io.EOF)) || !bytes.Equal(p[:n], first[off:off+int64(n)]) {
			t.Errorf("read at %d of what was replaced: %d bytes, %v", off, n, err)
		}
	}
	got, err := read(t.Context(), b, entry(1).ID)
	if err != nil || !bytes.Equal(got, second) {
		t.Errorf("%d bytes, %v, want those that were stored last", len(got), err)
	}
	wantStored(t, b, map[string]int64{entry(1).ID: int64(len(second))})
}
