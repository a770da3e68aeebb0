package history_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/history"
)

// busy is recordings that are being made just now.
type busy struct {
	mu        sync.Mutex
	n         int
	discarded []history.Selection
}

func (b *busy) Covered(history.Selection) int { return b.n }

func (b *busy) Discard(s history.Selection) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.discarded = append(b.discarded, s)
	n := b.n
	b.n = 0
	return n
}

func (b *busy) Remains() []string { return []string{"Somebody may remember it."} }

func (h *house) preview(t *testing.T, s history.Selection) history.Preview {
	t.Helper()
	p, err := h.Preview(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPreview wants exactly what was shown to go: not what came or was changed since, and not what is kept.
func TestPreview(t *testing.T) {
	h := newHouse(t, t.TempDir())
	live := &busy{n: 1}
	h.Attach(live)
	old, kept, later := h.add(t, said("old", day, 10)), h.add(t, said("kept", day.Add(time.Hour), 10)), h.add(t, said("later", day.Add(2*time.Hour), 10))
	yes := true
	if n, err := h.Change(t.Context(), "test", entries(kept.ID), history.Update{Kept: &yes}); err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	s := span(day, time.Now().Add(24*time.Hour).UTC().Truncate(time.Millisecond))
	p := h.preview(t, s)
	want := history.Preview{
		Token: p.Token, Count: 2, Kept: 1, InProgress: 1, Duration: 2 * time.Second, Stored: old.Clip.Stored + later.Clip.Stored,
		From: s.From, To: s.To, Oldest: old.At, Newest: later.At,
		Statement: "2 recordings (2s), from 24 Nov 2026 19:00 to 24 Nov 2026 21:00, will be deleted. This cannot be undone. " +
			"What is being recorded just now (1) will not be stored. 1 recording more will stay, marked as kept. " +
			"What goes will no longer help to tune your wake words.",
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("preview (-want +got):\n%s", diff)
	}
	between := h.add(t, said("between", day.Add(3*time.Hour), 10))
	if n, err := h.Change(t.Context(), "test", entries(later.ID), history.Update{Kept: &yes}); err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	r, err := h.DeletePreviewed(t.Context(), "test", p.Token)
	if err != nil || r.Deleted != 1 || r.InProgressDiscarded != 1 || r.ID != p.Token {
		t.Errorf("%+v, %v", r, err)
	}
	left := map[string]bool{}
	for _, e := range h.list(t) {
		left[e.ID] = true
	}
	if left[old.ID] || !left[kept.ID] || !left[later.ID] || !left[between.ID] {
		t.Errorf("left: %v", left)
	}
	lines, err := h.Accesses(t.Context(), "", 10)
	if i := slices.IndexFunc(lines, func(a history.Access) bool { return a.ID == p.Token }); err != nil || i < 0 || lines[i].Entries != 2 {
		t.Errorf("one was stored, and one in progress; the access log says %+v, %v", lines, err)
	}
	if to := live.discarded[0].To; to.IsZero() || time.Since(to) > time.Minute {
		t.Errorf("recordings in progress were dropped up to %v, and not up to the preview", to)
	}
	// A second time, and after a restart, the answer is the same.
	for range 2 {
		again, err := h.DeletePreviewed(t.Context(), "somebody else", p.Token)
		if diff := cmp.Diff(r, again); diff != "" || err != nil {
			t.Errorf("the second answer differs (-first +second):\n%s%v", diff, err)
		}
		h = h.reopen(t)
	}
	if n := len(h.list(t)); n != 3 {
		t.Errorf("%d entries are left, want 3", n)
	}
}

func TestPreviewTokens(t *testing.T) {
	h := newHouse(t, t.TempDir())
	h.add(t, said("x", day, 2))
	p := h.preview(t, history.Selection{})
	for name, token := range map[string]string{"none": "", "nonsense": "01ARZ3NDEKTSV4RRFFQ69G5FAV"} {
		if _, err := h.DeletePreviewed(t.Context(), "test", token); !errors.Is(err, history.ErrPreview) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if h = h.reopen(t); len(h.list(t)) != 1 {
		t.Error("a wrong token deleted something")
	}
	if _, err := h.DeletePreviewed(t.Context(), "test", p.Token); !errors.Is(err, history.ErrPreview) {
		t.Errorf("a token of before a restart: %v", err)
	}
	for range 200 {
		p = h.preview(t, history.Selection{})
	}
	if r, err := h.DeletePreviewed(t.Context(), "test", p.Token); err != nil || r.Deleted != 1 {
		t.Errorf("the last of many: %+v, %v", r, err)
	}
}

// TestParts deletes audio and text by themselves.
func TestParts(t *testing.T) {
	h := newHouse(t, t.TempDir())
	e := h.add(t, said("purple elephant", day, 10))
	r, err := h.Delete(t.Context(), "test", history.Selection{What: history.WhatAudio})
	got, _ := h.Get(t.Context(), e.ID)
	if err != nil || r.Deleted != 1 || r.Stored != e.Clip.Stored || got.Clip != nil || got.Peaks != nil || got.Transcript == "" || len(h.clips(t)) != 0 {
		t.Errorf("audio: %+v, %v; entry with clip %v and %d peaks, %d clips", r, err, got.Clip, len(got.Peaks), len(h.clips(t)))
	}
	e = h.add(t, said("purple elephant", day, 10))
	r, err = h.Delete(t.Context(), "test", history.Selection{What: history.WhatText})
	got, _ = h.Get(t.Context(), e.ID)
	if err != nil || r.Deleted != 2 || r.Stored != 0 || got.Clip == nil || got.Transcript+got.Reply != "" {
		t.Errorf("text: %+v, %v; entry with clip %v", r, err, got.Clip)
	}
	if found := traces(t, h.dir, "purple elephant"); len(found) != 0 {
		t.Errorf("the text is in %v", found)
	}
	if _, err := h.play(t.Context(), e.ID); err != nil {
		t.Errorf("its audio: %v", err)
	}
	if _, err := h.Delete(t.Context(), "test", history.Selection{What: "voice"}); err == nil || len(h.list(t)) != 2 {
		t.Errorf("nonsense: %v, %d entries", err, len(h.list(t)))
	}
}

// TestKeptSurvives names every deleter, and none of them takes what is kept.
func TestKeptSurvives(t *testing.T) {
	yes := true
	for name, deleteAll := range map[string]func(h *house, kept string) error{
		"by id": func(h *house, kept string) error { _, err := h.Delete(t.Context(), "test", entries(kept)); return err },
		"by period": func(h *house, _ string) error {
			_, err := h.Delete(t.Context(), "test", span(day.Add(-time.Hour), time.Time{}))
			return err
		},
		"by microphone, as by voice": func(h *house, _ string) error {
			_, err := h.Delete(t.Context(), "voice, kitchen", of("kitchen"))
			return err
		},
		"all": func(h *house, _ string) error {
			_, err := h.Delete(t.Context(), "test", history.Selection{})
			return err
		},
		"audio": func(h *house, _ string) error {
			_, err := h.Delete(t.Context(), "test", history.Selection{What: history.WhatAudio})
			return err
		},
		"text": func(h *house, _ string) error {
			_, err := h.Delete(t.Context(), "test", history.Selection{What: history.WhatText})
			return err
		},
		"a preview": func(h *house, _ string) error {
			_, err := h.DeletePreviewed(t.Context(), "test", h.preview(t, history.Selection{}).Token)
			return err
		},
		"retention by age": func(h *house, _ string) error {
			return errors.Join(h.SetRules(t.Context(), "kitchen", history.Rules{Understood: "0h", NotIntended: "0h", Failed: "0h"}), retained(h))
		},
		"retention by number": func(h *house, _ string) error {
			h.add(t, said("newer", day.Add(time.Hour), 1))
			return errors.Join(h.SetLimits(t.Context(), history.Limits{MaxEntries: 1}), retained(h))
		},
		"retention by size": func(h *house, _ string) error {
			for range 12 {
				h.add(t, said("newer", day.Add(time.Hour), 100))
			}
			return errors.Join(h.SetLimits(t.Context(), history.Limits{MaxMegabytes: 1}), retained(h))
		},
		"the end of the improvement set": func(h *house, kept string) error {
			return errors.Join(h.SetImprove(t.Context(), "test", true), ignoreCount(h.Change(t.Context(), "test", entries(kept), history.Update{Shared: &yes})), h.SetImprove(t.Context(), "test", false))
		},
		"a restart": func(*house, string) error { return nil }, // which comes below
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, t.TempDir())
			e, other := h.add(t, said("kept", day, 5)), h.add(t, said("other", day.Add(-time.Minute), 5))
			if _, err := h.Change(t.Context(), "test", entries(e.ID), history.Update{Kept: &yes}); err != nil {
				t.Fatal(err)
			}
			if err := deleteAll(h, e.ID); err != nil {
				t.Fatal(err)
			}
			h = h.reopen(t)
			got, err := h.Get(t.Context(), e.ID)
			if err != nil || got.Clip == nil || got.Transcript != "kept" || !got.Kept {
				t.Errorf("the kept entry: %+v, %v", got, err)
			}
			if _, err := h.play(t.Context(), e.ID); err != nil {
				t.Errorf("its audio: %v", err)
			}
			gone := map[string]bool{"by id": false, "a restart": false, "the end of the improvement set": false, "retention by size": true}
			_, err = h.Get(t.Context(), other.ID)
			if want, listed := gone[name]; errors.Is(err, history.ErrNotFound) != (want || !listed) && name != "audio" && name != "text" {
				t.Errorf("the other entry: %v: this deleter did not do what it is here for", err)
			}
		})
	}
}

func ignoreCount(_ int, err error) error { return err }

func retained(h *house) error {
	run, err := h.Retain(context.Background())
	if run.Problem != "" {
		return errors.New(run.Problem)
	}
	return err
}

// TestAccessLog says who did what to how much, and names no entry and no word.
func TestAccessLog(t *testing.T) {
	h := newHouse(t, t.TempDir())
	var ids []string
	for n := range 3 {
		ids = append(ids, h.add(t, said("purple elephant", day.Add(time.Duration(n)*time.Minute), 3)).ID)
	}
	yes := true
	if _, err := h.Change(t.Context(), "anna", entries(ids[0], ids[1]), history.Update{Kept: &yes}); err != nil {
		t.Fatal(err)
	}
	sel := history.Selection{}
	sel.Text = "elephant"
	if _, err := h.Delete(t.Context(), "bert", sel); err != nil {
		t.Fatal(err)
	}
	lines, err := h.Accesses(t.Context(), "", 10)
	if err != nil || len(lines) != 2 {
		t.Fatalf("%+v, %v", lines, err)
	}
	deleted, changed := lines[0], lines[1]
	if deleted.Who != "bert" || deleted.Action != history.AccessDeleted || deleted.Entries != 1 || changed.Who != "anna" || changed.Entries != 2 {
		t.Errorf("%+v", lines)
	}
	if details := string(deleted.Details); strings.Contains(details, "elephant") || strings.Contains(details, ids[2]) || !strings.Contains(details, `"ByText":true`) {
		t.Errorf("details %s", details)
	}
}
