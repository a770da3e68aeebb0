package history_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"earshot/history"
	"earshot/history/files"
	"earshot/history/sqlite"
)

// copyHouse copies a history that is in use, as a backup does.
func copyHouse(t *testing.T, h *house) history.Saved {
	t.Helper()
	dir := t.TempDir()
	database, clips, made := filepath.Join(dir, "history.db"), filepath.Join(dir, "clips"), time.Now().Truncate(time.Millisecond)
	if err := sqlite.Snapshot(t.Context(), filepath.Join(h.dir, "history.db"), database); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.OpenCopy(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	var ids []string
	if err := store.Clips(t.Context(), func(id string, _ int64) error { ids = append(ids, id); return nil }); err != nil {
		t.Fatal(err)
	}
	if c, err := files.Copy(t.Context(), filepath.Join(h.dir, "clips"), clips, ids); err != nil || c.New != len(ids) || c.Missing != nil {
		t.Fatalf("copied %+v of %d, %v", c, len(ids), err)
	}
	return history.Saved{Store: store, Made: made, Clip: func(id string) ([]byte, error) { return files.Read(clips, id) }}
}

// whole wants a history to be in order, and these entries to be all there is.
func (h *house) whole(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, e := range h.list(t) {
		got = append(got, e.ID)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("there are %v, want %v", got, want)
	}
	if v, err := h.Verify(t.Context(), nil); err != nil || len(v.Problems) != 0 || v.Orphans != 0 || v.Garbage != 0 {
		t.Errorf("verify: %+v, %v", v, err)
	}
}

// TestRestoreSame puts a copy back into the history that it was made of: only a clip that was lost comes back.
func TestRestoreSame(t *testing.T) {
	h := newHouse(t, t.TempDir())
	now := time.Now().Add(-time.Hour)
	gone, silent, wordless, lost := h.add(t, said("gone marker", now, 1)), h.add(t, said("silent", now, 2)), h.add(t, said("wordless marker", now, 3)), h.add(t, said("lost", now, 4))
	from := copyHouse(t, h)
	for _, sel := range []history.Selection{entries(gone.ID), {IDs: []string{silent.ID}, What: history.WhatAudio}, {IDs: []string{wordless.ID}, What: history.WhatText}} {
		if _, err := h.Delete(t.Context(), "a test", sel); err != nil {
			t.Fatal(err)
		}
	}
	late := h.add(t, said("late", now, 5))
	if err := h.blobs.Delete(t.Context(), []string{lost.ID}); err != nil {
		t.Fatal(err)
	}
	r, err := h.Restore(t.Context(), from)
	if want := (history.Restored{Clips: 1, There: 3, Deleted: 1}); r != want || err != nil {
		t.Errorf("restored %+v, %v, want %+v", r, err, want)
	}
	h.whole(t, silent.ID, wordless.ID, lost.ID, late.ID)
	if _, err := h.play(t.Context(), lost.ID); err != nil {
		t.Errorf("the clip that was lost: %v", err)
	}
	if _, err := h.play(t.Context(), silent.ID); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("the audio that was deleted: %v", err)
	}
	if found := traces(t, h.dir, "marker"); len(found) != 0 {
		t.Errorf("words that were deleted are in %v", found)
	}
	if log, err := h.Accesses(t.Context(), "", 1); err != nil || log[0].Who != "restore" || log[0].Entries != 1 {
		t.Errorf("the access log says %v, %v", log, err)
	}
}

// TestRestoreOther puts a copy into a history that was begun since: what that has deleted by a rule does not come back.
func TestRestoreOther(t *testing.T) {
	old := newHouse(t, t.TempDir())
	now := time.Now().Add(-time.Hour)
	kitchen, hall, cellar := said("kitchen", now, 1), said("hall marker", now, 2), said("cellar marker", now, 3)
	hall.Entry.Satellite, cellar.Entry.Satellite = "hall", "cellar"
	a, b, c := old.add(t, kitchen), old.add(t, hall), old.add(t, cellar)
	from := copyHouse(t, old)

	h := newHouse(t, t.TempDir())
	late := h.add(t, said("late", now, 4))
	text := of("cellar")
	text.What = history.WhatText
	byID := entries(late.ID)
	byID.What = history.WhatAudio
	for _, sel := range []history.Selection{of("hall"), text, byID} {
		if _, err := h.Delete(t.Context(), "a test", sel); err != nil {
			t.Fatal(err)
		}
	}
	r, err := h.Restore(t.Context(), from)
	if want := (history.Restored{Entries: 2, Deleted: 1, Untold: 1}); r != want || err != nil {
		t.Errorf("restored %+v, %v, want %+v", r, err, want)
	}
	h.whole(t, a.ID, c.ID, late.ID)
	for _, id := range []string{a.ID, c.ID} {
		if _, err := h.play(t.Context(), id); err != nil {
			t.Errorf("%s cannot be played: %v", id, err)
		}
	}
	if got, err := h.Get(t.Context(), a.ID); err != nil || got.Transcript != a.Transcript {
		t.Errorf("%+v, %v", got, err)
	}
	if found := traces(t, h.dir, "marker"); len(found) != 0 {
		t.Errorf("words that were deleted are in %v; %s is not there", found, b.ID)
	}
	if r, err = h.Restore(t.Context(), from); r.Entries != 0 || r.There != 2 || err != nil {
		t.Errorf("a second time: %+v, %v", r, err)
	}
}

// TestCopy brings a copy up to date: what is not wanted any more goes, and a copy of another history is refused.
func TestCopy(t *testing.T) {
	h, other := newHouse(t, t.TempDir()), newHouse(t, t.TempDir())
	now := time.Now().Add(-time.Hour)
	one, two := h.add(t, said("one", now, 1)), h.add(t, said("two", now, 2))
	from, to := filepath.Join(h.dir, "clips"), filepath.Join(t.TempDir(), "clips")
	if c, err := files.Copy(t.Context(), from, to, []string{one.ID, two.ID}); c.New != 2 || err != nil {
		t.Fatalf("%+v, %v", c, err)
	}
	if _, err := h.Delete(t.Context(), "a test", entries(one.ID)); err != nil {
		t.Fatal(err)
	}
	c, err := files.Copy(t.Context(), from, to, []string{one.ID, two.ID})
	if c.New != 0 || !slices.Equal(c.Missing, []string{one.ID}) || err != nil {
		t.Errorf("%+v, %v", c, err)
	}
	if n, err := files.Prune(t.Context(), to, []string{two.ID}); n != 1 || err != nil {
		t.Errorf("%d went, %v", n, err)
	}
	if ids, err := files.IDs(t.Context(), to); !slices.Equal(ids, []string{two.ID}) || err != nil {
		t.Errorf("left: %v, %v", ids, err)
	}
	if _, err := files.Read(to, one.ID); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("a clip that went: %v", err)
	}
	if _, err := files.Read(to, "../identity"); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("a path for an id: %v", err)
	}
	if _, err := files.Copy(t.Context(), filepath.Join(other.dir, "clips"), to, nil); err == nil || !strings.Contains(err.Error(), "another history") {
		t.Errorf("another history: %v", err)
	}
}

// TestSnapshot copies a database that is in use, without what was deleted, and opens the copy for nothing but reading.
func TestSnapshot(t *testing.T) {
	h := newHouse(t, t.TempDir())
	now := time.Now().Add(-time.Hour)
	here := h.add(t, said("here", now, 1))
	gone := h.add(t, said("gone marker", now, 2))
	if _, err := h.Delete(t.Context(), "a test", entries(gone.ID)); err != nil {
		t.Fatal(err)
	}
	path, to := filepath.Join(h.dir, "history.db"), filepath.Join(t.TempDir(), "copy.db")
	if err := sqlite.Snapshot(t.Context(), path, to); err != nil {
		t.Fatal(err)
	}
	if err := sqlite.Snapshot(t.Context(), path, to); !errors.Is(err, os.ErrExist) {
		t.Errorf("a file that is there: %v", err)
	}
	if err := sqlite.Snapshot(t.Context(), path+"x", to+"x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a database that is not there: %v", err)
	}
	s, err := sqlite.OpenCopy(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := s.Get(t.Context(), here.ID); err != nil || e.Transcript != here.Transcript {
		t.Errorf("%+v, %v", e, err)
	}
	if err := s.SetSetting(t.Context(), "a", "b"); err == nil {
		t.Error("the copy was changed")
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if found := traces(t, filepath.Dir(to), "marker"); len(found) != 0 {
		t.Errorf("what was deleted is in %v", found)
	}
	info, err := os.Stat(to)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if beside, err := os.ReadDir(filepath.Dir(to)); err != nil || len(beside) != 1 {
		t.Errorf("beside it: %v, %v", beside, err)
	}
}
