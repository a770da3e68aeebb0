package history_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/history"
)

// heard adds an entry of an age.
func (h *house) heard(t *testing.T, outcome history.Outcome, satellite string, age time.Duration) history.Entry {
	t.Helper()
	r := said(string(outcome), time.Now().Add(-age), 3)
	r.Entry.Outcome, r.Entry.Satellite = outcome, satellite
	return h.add(t, r)
}

func (h *house) there(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, e := range h.list(t) {
		out[e.ID] = true
	}
	return out
}

// TestRetentionRules deletes by class, and by the rules of each microphone; examples for the wake words stay.
func TestRetentionRules(t *testing.T) {
	const d = 24 * time.Hour
	h := newHouse(t, t.TempDir(), func(h *house) {
		h.configure = func(c *history.Config) {
			c.Retention.Rules = history.Rules{Understood: "90d", NotIntended: "7d", Failed: history.Never}
		}
	})
	stays := []history.Entry{
		h.heard(t, history.Understood, "kitchen", 89*d), h.heard(t, history.NotIntended, "kitchen", 6*d), h.heard(t, history.Failed, "kitchen", 900*d),
		h.heard(t, history.Understood, "hall", 0), h.heard(t, history.NearMiss, "kitchen", 6*d), h.heard(t, history.Sample, "kitchen", 89*d),
	}
	goes := []history.Entry{
		h.heard(t, history.Understood, "kitchen", 91*d), h.heard(t, history.NotUnderstood, "kitchen", 91*d), h.heard(t, history.NotIntended, "kitchen", 8*d),
		h.heard(t, history.Elsewhere, "kitchen", 8*d), h.heard(t, history.Recorded, "hall", 2*d),
		h.heard(t, history.NearMiss, "kitchen", 8*d), h.heard(t, history.Sample, "kitchen", 91*d),
	}
	example := h.heard(t, history.NotIntended, "kitchen", 30*d)
	if err := h.SetImprove(t.Context(), "test", true); err != nil {
		t.Fatal(err)
	}
	mistake := history.LabelMistake
	if _, err := h.Change(t.Context(), "test", entries(example.ID), history.Update{Label: &mistake}); err != nil {
		t.Fatal(err)
	}
	if err := h.SetRules(t.Context(), "hall", history.Rules{Understood: "24h", NotIntended: "24h", Failed: "24h"}); err != nil {
		t.Fatal(err)
	}
	status, err := h.Retention(t.Context())
	if err != nil || status.Due.Entries != int64(len(goes)) || !status.Last.At.IsZero() {
		t.Errorf("what goes next: %+v, %v", status, err)
	}
	run, err := h.Retain(t.Context())
	if err != nil || run.Deleted != len(goes) || run.Problem != "" {
		t.Errorf("%+v, %v", run, err)
	}
	there := h.there(t)
	for _, e := range append(stays, example) {
		if !there[e.ID] {
			t.Errorf("gone: %s of %s, %v old", e.Outcome, e.Satellite, time.Since(e.At))
		}
	}
	for _, e := range goes {
		if there[e.ID] {
			t.Errorf("still there: %s of %s, %v old", e.Outcome, e.Satellite, time.Since(e.At))
		}
	}
	h = h.reopen(t)
	if status, err = h.Retention(t.Context()); err != nil || !cmp.Equal(status.Last, run) {
		t.Errorf("after a restart the last run was %+v, want %+v (%v)", status.Last, run, err)
	}
	// Without the set its examples are recordings like others.
	if err := h.SetImprove(t.Context(), "test", false); err != nil {
		t.Fatal(err)
	}
	if err := h.SetRules(t.Context(), "kitchen", history.Rules{Understood: history.Never, NotIntended: "7d", Failed: history.Never}); err != nil {
		t.Fatal(err)
	}
	if run, err := h.Retain(t.Context()); err != nil || run.Deleted != 1 || h.there(t)[example.ID] {
		t.Errorf("%+v, %v", run, err)
	}
}

// TestRetentionLimits lets the oldest go, and only as many as need to.
func TestRetentionLimits(t *testing.T) {
	for name, c := range map[string]struct {
		limits history.Limits
		left   int
	}{
		"number":             {history.Limits{MaxEntries: 7}, 7},
		"size":               {history.Limits{MaxMegabytes: 1}, 8}, // of about 120 kB each
		"number, more stays": {history.Limits{MaxEntries: 3, MinKeep: 9}, 9},
		"room enough":        {history.Limits{MaxEntries: 700, MaxMegabytes: 700}, 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, t.TempDir())
			for n := range 20 {
				r := said("x", day.Add(time.Duration(n)*time.Minute), 3)
				if name == "size" {
					r.PCM = noise(60_000)
				}
				h.add(t, r)
			}
			if err := h.SetLimits(t.Context(), c.limits); err != nil {
				t.Fatal(err)
			}
			run, err := h.Retain(t.Context())
			left := h.list(t)
			if err != nil || len(left) != c.left || run.Deleted != 20-c.left {
				t.Fatalf("%d left, want %d: %+v, %v", len(left), c.left, run, err)
			}
			if oldest := left[len(left)-1].At; !oldest.Equal(day.Add(time.Duration(20-c.left) * time.Minute)) {
				t.Errorf("the oldest left is of %v", oldest)
			}
		})
	}
}

// TestRetentionOfManyAtOnce has a limit that was set late hold after one run, however many are over it.
func TestRetentionOfManyAtOnce(t *testing.T) {
	h := newHouse(t, t.TempDir())
	if err := h.SetSave(t.Context(), "", history.SaveText); err != nil {
		t.Fatal(err)
	}
	const all, limit = history.MaxLimit + 120, 10
	for n := range all {
		h.add(t, said("x", day.Add(time.Duration(n)*time.Second), 3))
	}
	if err := h.SetLimits(t.Context(), history.Limits{MaxEntries: limit}); err != nil {
		t.Fatal(err)
	}
	run, err := h.Retain(t.Context())
	left := h.list(t)
	if err != nil || len(left) != limit || run.Deleted != all-limit {
		t.Fatalf("%d left, want %d: %+v, %v", len(left), limit, run, err)
	}
	if oldest := left[len(left)-1].At; !oldest.Equal(day.Add((all - limit) * time.Second)) {
		t.Errorf("the oldest left is of %v", oldest)
	}
}

// TestOtherDefaults goes by what the configuration says now, save for what was switched.
func TestOtherDefaults(t *testing.T) {
	h := newHouse(t, t.TempDir())
	if err := h.SetSave(t.Context(), "hall", history.SaveText); err != nil {
		t.Fatal(err)
	}
	if save, err := h.Save(t.Context(), "kitchen"); err != nil || save != history.SaveAll {
		t.Fatalf("before: %q, %v", save, err)
	}
	rules := history.Rules{Understood: "90d", NotIntended: "7d", Failed: history.Never}
	before := h.NextRetention()
	h.SetDefaults(history.SaveNothing, history.RetentionConfig{Rules: rules, Limits: history.Limits{MaxEntries: 7}, At: before.Add(time.Hour).Format("15:04")})
	for satellite, want := range map[string]history.Save{"kitchen": history.SaveNothing, "hall": history.SaveText} {
		if save, err := h.Save(t.Context(), satellite); err != nil || save != want {
			t.Errorf("of %s is saved %q, want %q (%v)", satellite, save, want, err)
		}
	}
	if got, err := h.Rules(t.Context(), "kitchen"); err != nil || got != rules {
		t.Errorf("the rules are %v, %v", got, err)
	}
	if got, err := h.Limits(t.Context()); err != nil || got.MaxEntries != 7 {
		t.Errorf("the limits are %v, %v", got, err)
	}
	if h.NextRetention().Equal(before) {
		t.Error("the daily run has its old time")
	}
}

// noise cannot be packed.
func noise(n int) []int16 {
	pcm, x := make([]int16, n), uint32(1)
	for i := range pcm {
		x = x*1664525 + 1013904223
		pcm[i] = int16(x >> 16)
	}
	return pcm
}

// TestRetentionDaily runs it at its time of the day, and at once where it was missed.
func TestRetentionDaily(t *testing.T) {
	dir := t.TempDir()
	h := newHouse(t, dir)
	if err := h.SetRules(t.Context(), "kitchen", history.Rules{Understood: "1h", NotIntended: "1h", Failed: "1h"}); err != nil {
		t.Fatal(err)
	}
	old := h.add(t, said("old", time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), 2))
	h.close()
	synctest.Test(t, func(t *testing.T) { // it begins at 2000-01-01 00:00 UTC, which is 01:00 in Berlin
		h, err := openHouse(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		defer h.close()
		if err := h.begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- h.Run(ctx) }()
		time.Sleep(2*time.Hour + 29*time.Minute)
		synctest.Wait()
		if !h.there(t)[old.ID] {
			t.Error("it ran before 03:30")
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if h.there(t)[old.ID] {
			t.Error("it did not run at 03:30")
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestRetentionFails tries again until it works, and says so once.
func TestRetentionFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, err := openHouse(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer h.close()
		var log bytes.Buffer // written between the looks at it only
		h.log = &log
		f := &faulty{}
		f.wrap(h)
		if err := h.begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := h.SetRules(t.Context(), "kitchen", history.Rules{Understood: "1h", NotIntended: "1h", Failed: "1h"}); err != nil {
			t.Fatal(err)
		}
		h.heard(t, history.Understood, "kitchen", 2*time.Hour)
		f.flush = errDisk
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- h.Run(ctx) }()
		time.Sleep(4 * time.Hour)
		synctest.Wait()
		if n := strings.Count(log.String(), "retention ended early"); n != 1 {
			t.Errorf("told %d times:\n%s", n, &log)
		}
		f.flush = nil
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if !strings.Contains(log.String(), "retention deleted recordings") {
			t.Errorf("that it works again is not told:\n%s", &log)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestDamageIsAnAlarm looks through the database after a start: what it finds is told, recording goes on, and the next start sets it aside.
func TestDamageIsAnAlarm(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		h, err := openHouse(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		defer h.close()
		(&faulty{check: fmt.Errorf("check: %w", history.ErrDamaged)}).wrap(h)
		if err := h.begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- h.Run(ctx) }()
		synctest.Wait()
		if h.Problem() != "" || history.Damaged(dir) {
			t.Errorf("at the start: %q", h.Problem())
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if !strings.HasPrefix(h.Problem(), "The history database is damaged.") || !history.Damaged(dir) {
			t.Errorf("then: %q, marked %v", h.Problem(), history.Damaged(dir))
		}
		h.add(t, said("x", day, 1))
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
