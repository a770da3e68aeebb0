package history_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"earshot/history"
)

// open makes a history again in a folder that may be broken.
func tryOpen(t *testing.T, dir string) (*house, error) {
	t.Helper()
	h, err := openHouse(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.close)
	return h, h.begin(t.Context())
}

// TestIdentity makes sure that clips of another database are never touched: an unmounted disk is not an empty history.
func TestIdentity(t *testing.T) {
	for name, breakIt := range map[string]func(t *testing.T, dir string) error{
		"the clips are not mounted": func(_ *testing.T, dir string) error {
			return os.Rename(filepath.Join(dir, "clips"), filepath.Join(dir, "away"))
		},
		"the clips are of another house": func(t *testing.T, dir string) error {
			other := newHouse(t, t.TempDir())
			other.add(t, said("other", day, 1))
			other.close()
			return errors.Join(os.Rename(filepath.Join(dir, "clips"), filepath.Join(dir, "away")),
				os.Rename(filepath.Join(other.dir, "clips"), filepath.Join(dir, "clips")))
		},
		"the database is a new one": func(_ *testing.T, dir string) error {
			return os.Remove(filepath.Join(dir, "history.db"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, t.TempDir())
			e := h.add(t, said("x", day, 2))
			h.close()
			if err := breakIt(t, h.dir); err != nil {
				t.Fatal(err)
			}
			before, err := filepath.Glob(filepath.Join(h.dir, "*", "*", "*.age"))
			if err != nil || len(before) == 0 {
				t.Fatalf("%v, %v", before, err)
			}
			broken, err := tryOpen(t, h.dir)
			if !errors.Is(err, history.ErrIdentity) {
				t.Fatalf("opened with %v, want ErrIdentity", err)
			}
			after, err := filepath.Glob(filepath.Join(h.dir, "*", "*", "*.age"))
			if err != nil || len(after) != len(before) {
				t.Errorf("clips: %v before, %v after (%v)", before, after, err)
			}
			broken.close()
			if name == "the clips are not mounted" { // and are again
				err := errors.Join(os.RemoveAll(filepath.Join(h.dir, "clips")), os.Rename(filepath.Join(h.dir, "away"), filepath.Join(h.dir, "clips")))
				if err != nil {
					t.Fatal(err)
				}
				mended, err := tryOpen(t, h.dir)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := mended.play(t.Context(), e.ID); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestRepair breaks a history in every way at once and looks at what the next start makes of it.
func TestRepair(t *testing.T) {
	h := newHouse(t, t.TempDir())
	whole, missing, text, doomed := h.add(t, said("whole", day, 2)), h.add(t, said("missing", day, 2)), h.add(t, history.Recording{Entry: said("text", day, 1).Entry}), h.add(t, said("doomed", day, 2))
	orphan := ulid.MustNew(ulid.Timestamp(time.Now()), nil).String() // only just written
	for _, id := range []string{orphan, text.ID} {                   // a text entry owns no audio
		if err := h.blobs.Put(t.Context(), id, []byte("fLaC")); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.blobs.Delete(t.Context(), []string{missing.ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.store.Trash(t.Context(), entries(doomed.ID), 1); err != nil {
		t.Fatal(err)
	}
	h = h.reopen(t)
	if got, want := h.Repair(), (history.Repair{Finished: 1, Orphans: 2, Missing: 1}); got != want {
		t.Errorf("repaired %+v, want %+v", got, want)
	}
	if clips := h.clips(t); len(clips) != 1 || !clips[whole.ID] || len(h.garbage(t)) != 0 || len(h.list(t)) != 3 {
		t.Errorf("clips %v, garbage %v, %d entries", clips, h.garbage(t), len(h.list(t)))
	}
	if got, err := h.Get(t.Context(), missing.ID); err != nil || got.Transcript != "missing" {
		t.Errorf("an entry whose clip is missing: %+v, %v", got, err)
	}
	if _, _, err := h.OpenClip(t.Context(), missing.ID); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("its clip: %v", err)
	}
	h = h.reopen(t)
	if got, want := h.Repair(), (history.Repair{Missing: 1}); got != want {
		t.Errorf("the second time %+v, want %+v", got, want)
	}
}

// TestOldDatabase leaves clips alone that an older copy of the database does not know: they are too many for a crash.
func TestOldDatabase(t *testing.T) {
	h := newHouse(t, t.TempDir())
	h.add(t, said("known", day, 1))
	for n := range 101 {
		id := ulid.MustNew(uint64(1000+n), nil).String()
		if err := h.blobs.Put(t.Context(), id, []byte("fLaC")); err != nil {
			t.Fatal(err)
		}
	}
	h = h.reopen(t)
	if got, want := h.Repair(), (history.Repair{OrphansLeft: 101}); got != want || len(h.clips(t)) != 102 {
		t.Errorf("repaired %+v, want %+v, %d clips", got, want, len(h.clips(t)))
	}
}

// TestStuckGarbage starts although the clip of a deleted entry cannot be removed.
func TestStuckGarbage(t *testing.T) {
	h := newHouse(t, t.TempDir())
	e := h.add(t, said("x", day, 1))
	if _, err := h.store.Trash(t.Context(), history.Selection{}, 10); err != nil {
		t.Fatal(err)
	}
	h.close()
	f := &faulty{unlink: map[string]error{e.ID: errDisk}}
	h = newHouse(t, h.dir, f.wrap)
	if got, want := h.Repair(), (history.Repair{Unfinished: 1}); got != want || len(h.garbage(t)) != 1 {
		t.Errorf("repaired %+v, want %+v, garbage %v", got, want, h.garbage(t))
	}
	h = h.reopen(t)
	if got, want := h.Repair(), (history.Repair{Finished: 1}); got != want || len(h.clips(t)) != 0 {
		t.Errorf("then %+v, want %+v", got, want)
	}
}
