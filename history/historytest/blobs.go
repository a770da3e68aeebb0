package historytest

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/history"
)

// TestBlobs runs every test of a history.Blobs. place makes a place for a new, empty one, and returns what opens it, again and again; what it opens
// is closed by the tests.
func TestBlobs(t *testing.T, place func(t *testing.T) (open func() history.Blobs)) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, history.Blobs)
	}{
		{"RoundTrip", testBlobRoundTrip},
		{"Ranges", testBlobRanges},
		{"Sealed", testBlobSealed},
		{"OutlivesContext", testBlobOutlivesContext},
		{"ReadAfterDelete", testBlobReadAfterDelete},
		{"Replace", testBlobReplace},
		{"Missing", testBlobMissing},
		{"Delete", testBlobDelete},
		{"DeleteMany", testBlobDeleteMany},
		{"List", testBlobList},
		{"ListWhileChanging", testBlobListWhileChanging},
		{"BadIDs", testBlobBadIDs},
		{"NeverHalf", testBlobNeverHalf},
		{"Race", testBlobRace},
		{"Cancelled", testBlobCancelled},
		{"Closed", testBlobClosed},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := place(t)()
			t.Cleanup(func() { _ = b.Close() })
			test.run(t, b)
		})
	}
	t.Run("Identity", func(t *testing.T) {
		t.Parallel()
		testBlobIdentity(t, place(t), place(t))
	})
}

// testBlobIdentity opens two places; each is found again with what was in it.
func testBlobIdentity(t *testing.T, open, openOther func() history.Blobs) {
	a, b := open(), openOther()
	defer b.Close()
	identity, other := identityOf(t, a), identityOf(t, b)
	if identity == "" || strings.ContainsAny(identity, " \n") || identity == other {
		t.Errorf("identities %q and %q", identity, other)
	}
	put(t, a, entry(1).ID, []byte("one"))
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	a = open()
	defer a.Close()
	if again := identityOf(t, a); again != identity {
		t.Errorf("identity %q, was %q", again, identity)
	}
	wantStored(t, a, map[string]int64{entry(1).ID: 3})
	if got, err := read(t.Context(), a, entry(1).ID); err != nil || string(got) != "one" {
		t.Errorf("read %q, %v", got, err)
	}
	wantStored(t, b, map[string]int64{})
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
	data, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
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

// testBlobDeleteMany deletes in one call more than any server takes at once, with ids among them that are not there, twice there, or none.
func testBlobDeleteMany(t *testing.T, b history.Blobs) {
	const clips, writers = 2300, 8
	ids := make([]string, clips)
	for n := range ids {
		ids[n] = entry(n * 30).ID // over seven weeks
	}
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for n := w; n < clips; n += writers {
				if err := b.Put(t.Context(), ids[n], []byte("x")); err != nil {
					t.Errorf("put: %v", err)
				}
			}
		})
	}
	writing.Wait()
	stays := ids[clips/2]
	gone := slices.Concat(ids[:clips/2], ids[clips/2+1:], ids[:3], []string{entry(1).ID, "", "identity", "../" + stays})
	if err := b.Delete(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	wantStored(t, b, map[string]int64{stays: 1})
	if err := b.Delete(t.Context(), gone); err != nil {
		t.Errorf("delete again: %v", err)
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
		good[:25] + "/", good[:25] + "\x00", good[:25] + "U", "8" + good[1:], strings.Repeat(".", 26), "identity", "lock", good + ".age", good + ".flac", "CON", "é" + good[2:],
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

func identityOf(t *testing.T, b history.Blobs) string {
	t.Helper()
	id, err := b.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return id
}
