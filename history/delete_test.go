package history_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/history"
)

func TestDelete(t *testing.T) {
	h := newHouse(t, t.TempDir())
	var entries []history.Entry
	for n := range 6 {
		r := said(fmt.Sprint("entry ", n), day.Add(time.Duration(n)*time.Hour), 5)
		r.Entry.Kept = n == 2
		if n%2 == 1 {
			r.Entry.Satellite = "hall"
		}
		entries = append(entries, h.add(t, r))
	}
	at := func(n int) time.Time { return entries[n].At }
	id := func(n int) string { return entries[n].ID }
	for _, c := range []struct {
		name    string
		sel     history.Selection
		deleted []int
		kept    int
		failed  []history.FailedDelete
	}{
		{"nothing there", span(time.Time{}, at(0)), nil, 0, []history.FailedDelete{}},
		{"no ids", history.Selection{IDs: []string{}}, nil, 0, []history.FailedDelete{}},
		{"by id, one twice", history.Selection{IDs: []string{id(0), id(0)}}, []int{0}, 0, []history.FailedDelete{}},
		{"unknown ids", history.Selection{IDs: []string{id(0), "../x", "../x", id(1)}}, []int{1}, 0, []history.FailedDelete{{ID: id(0), Why: "not found"}, {ID: "../x", Why: "not found"}}},
		{"a kept one by id", history.Selection{IDs: []string{id(2)}}, nil, 1, []history.FailedDelete{}},
		{"a range with a kept one", span(at(2), at(4)), []int{3}, 1, []history.FailedDelete{}},
		{"a satellite", of("hall"), []int{5}, 0, []history.FailedDelete{}},
		{"all, kept ones too", history.Selection{IncludeKept: true}, []int{2, 4}, 0, []history.FailedDelete{}},
	} {
		want := history.Receipt{
			Deleted: len(c.deleted), KeptSkipped: c.kept, From: c.sel.From, To: c.sel.To, Failed: c.failed,
			Duration: time.Duration(len(c.deleted)) * 500 * time.Millisecond, What: history.WhatAll, FailedCount: len(c.failed),
			Remains: []string{"A backup made before the deletion still holds what it held then."},
		}
		for _, n := range c.deleted {
			want.Stored += entries[n].Clip.Stored
		}
		got, err := h.Delete(t.Context(), "test", c.sel)
		if got.ID == "" {
			t.Errorf("%s: the receipt has no id", c.name)
		}
		want.ID = got.ID
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: receipt (-want +got):\n%s%v", c.name, diff, err)
		}
		for _, n := range c.deleted {
			_, missing := h.Get(t.Context(), id(n))
			_, _, noClip := h.OpenClip(t.Context(), id(n))
			if !errors.Is(missing, history.ErrNotFound) || !errors.Is(noClip, history.ErrNotFound) || h.clips(t)[id(n)] {
				t.Errorf("%s: entry %d: %v, its clip: %v", c.name, n, missing, noClip)
			}
		}
	}
	if len(h.list(t)) != 0 || len(h.clips(t)) != 0 || len(h.garbage(t)) != 0 {
		t.Errorf("%d rows, %d clips, %d garbage are left", len(h.list(t)), len(h.clips(t)), len(h.garbage(t)))
	}
}

// TestFailedUnlink wants a clip that cannot be removed to be told, remembered, and removed later.
func TestFailedUnlink(t *testing.T) {
	f := &faulty{unlink: map[string]error{}}
	h := newHouse(t, t.TempDir(), f.wrap)
	stuck, fine, other := h.add(t, said("stuck", day, 5)), h.add(t, said("fine", day, 5)), h.add(t, said("other", day, 5))
	f.unlink[stuck.ID] = fmt.Errorf("delete clip: %w", &fs.PathError{Op: "unlinkat", Path: "secret/path", Err: fs.ErrPermission})
	want := []history.FailedDelete{{ID: stuck.ID, Why: "its key is gone, so that it cannot be played, but the file could not be removed (permission denied); that is tried again at every deletion and every start"}}
	for _, ids := range [][]string{{stuck.ID, fine.ID}, {stuck.ID}} { // asking again says it again
		r, err := h.Delete(t.Context(), "test", history.Selection{IDs: ids})
		if diff := cmp.Diff(want, r.Failed); diff != "" || err != nil || r.Deleted != len(ids)-1 || (len(ids) == 2 && r.Stored != fine.Clip.Stored) {
			t.Errorf("delete %v: failed (-want +got):\n%s%+v, %v", ids, diff, r, err)
		}
	}
	if _, err := h.Get(t.Context(), stuck.ID); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("its row is there: %v", err)
	}
	if diff := cmp.Diff([]string{stuck.ID}, h.garbage(t)); diff != "" {
		t.Errorf("garbage (-want +got):\n%s", diff)
	}
	delete(f.unlink, stuck.ID)
	r, err := h.Delete(t.Context(), "test", history.Selection{IDs: []string{other.ID, stuck.ID}})
	if err != nil || r.Deleted != 2 || len(r.Failed) != 0 || len(h.garbage(t)) != 0 || len(h.clips(t)) != 0 {
		t.Errorf("later: %+v, %v, garbage %v, clips %v", r, err, h.garbage(t), h.clips(t))
	}
}

// TestUnfinishedFlush removes the clips also where the database could not finish, and says that it did not.
func TestUnfinishedFlush(t *testing.T) {
	f := &faulty{}
	h := newHouse(t, t.TempDir(), f.wrap)
	h.add(t, said("x", day, 5))
	f.flush = errDisk
	sub := h.Subscribe(5)
	r, err := h.Delete(t.Context(), "test", history.Selection{})
	if !errors.Is(err, errDisk) || r.Deleted != 1 || len(h.clips(t)) != 0 || len(sub.C()) != 1 {
		t.Errorf("%+v, %v, %d clips, %d changes told", r, err, len(h.clips(t)), len(sub.C()))
	}
}

// TestDeletedIsGone looks for what was deleted in every byte of the folder, after every way of deleting.
func TestDeletedIsGone(t *testing.T) {
	h := newHouse(t, t.TempDir())
	const marker = "purple elephant in the cellar"
	id := ""
	fill := func() {
		for n := range 12 {
			r := said(strings.Repeat("word ", n*n*20)+marker, day.Add(time.Duration(n)*time.Minute), 2)
			r.Entry.Intent, r.Entry.Error = "intent "+marker, &history.EntryError{Code: "x", Message: marker}
			id = h.add(t, r).ID
			h.add(t, said(strings.Repeat("other ", n*7), day.Add(time.Duration(-n)*time.Minute), 1))
		}
	}
	for _, c := range []struct {
		name string
		sel  func() history.Selection
	}{
		{"all", func() history.Selection { return history.Selection{} }},
		{"range", func() history.Selection { return span(day.Add(-30*time.Second), time.Time{}) }},
		{"satellite", func() history.Selection { return of("kitchen") }},
		{"ids", func() history.Selection {
			s := history.Selection{IDs: []string{id}}
			for _, e := range h.list(t) {
				s.IDs = append(s.IDs, e.ID)
			}
			return s
		}},
	} {
		fill()
		if len(traces(t, h.dir, marker)) == 0 || len(h.clips(t)) == 0 {
			t.Fatal("the marker is not found while it must be there: this test sees nothing")
		}
		if found := traces(t, h.dir, "fLaC"); len(found) != 0 {
			t.Errorf("audio that is not sealed is in %v", found)
		}
		if r, err := h.Delete(t.Context(), "test", c.sel()); err != nil || r.Deleted < 12 {
			t.Fatalf("%s: %+v, %v", c.name, r, err)
		}
		if found := traces(t, h.dir, marker); len(found) != 0 {
			t.Errorf("%s: the marker is in %v", c.name, found)
		}
		if len(h.clips(t)) != len(h.list(t)) {
			t.Errorf("%s: %d files of audio for %d entries", c.name, len(h.clips(t)), len(h.list(t)))
		}
	}
	h.close()
	if found := traces(t, h.dir, marker); len(found) != 0 {
		t.Errorf("after the end: the marker is in %v", found)
	}
}

// TestLastDeletions: each satellite knows when something of it was deleted; what deleted nothing does not count.
func TestLastDeletions(t *testing.T) {
	h := newHouse(t, t.TempDir())
	both := []string{"kitchen", "hall"}
	check := func(what string, kitchen, hall bool) map[string]time.Time {
		t.Helper()
		got, err := h.LastDeletions(t.Context(), both)
		if err != nil || got["kitchen"].IsZero() == kitchen || got["hall"].IsZero() == hall {
			t.Errorf("%s: %v, %v", what, got, err)
		}
		return got
	}
	remove := func(s history.Selection) {
		t.Helper()
		if _, err := h.Delete(t.Context(), "test", s); err != nil {
			t.Fatal(err)
		}
	}
	remove(of("kitchen"))
	check("nothing was there", false, false)
	h.add(t, said("one", day, 5))
	remove(of("kitchen"))
	before := check("the kitchen's", true, false)
	e := h.add(t, said("two", day.Add(time.Hour), 5))
	remove(history.Selection{IDs: []string{e.ID}})
	if after := check("a single one", true, true); after["kitchen"].Before(before["kitchen"]) {
		t.Errorf("the last deletion was %v, and then %v", before, after)
	}
}
