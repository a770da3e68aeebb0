package history_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"earshot/history"
)

// far is a store that others share, and that can be out of reach.
type far struct {
	history.Store
	away *atomic.Bool
}

var errUnplugged = errors.New("no route to host")

func (f far) Insert(ctx context.Context, e history.Entry, key string) error {
	if f.away.Load() {
		return errUnplugged
	}
	return f.Store.Insert(ctx, e, key)
}

func (f far) Setting(ctx context.Context, key string) (string, error) {
	if f.away.Load() {
		return "", errUnplugged
	}
	return f.Store.Setting(ctx, key)
}

func (f far) Watch(ctx context.Context, _ func(history.Change)) error { <-ctx.Done(); return nil }

// outpost is a bridge whose history is elsewhere.
type outpost struct {
	*house
	spool *house
	away  *atomic.Bool
}

func newOutpost(t *testing.T, away bool) *outpost {
	t.Helper()
	o := &outpost{away: &atomic.Bool{}}
	o.away.Store(away)
	var err error
	if o.house, err = openHouse(t.Context(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.house.close)
	if o.spool, err = openHouse(t.Context(), filepath.Join(o.house.dir, history.SpoolDir)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.spool.close)
	cfg := history.DefaultConfig()
	cfg.Dir, cfg.TimeZone = o.house.dir, "Europe/Berlin"
	o.History, err = history.New(t.Context(), cfg, history.Parts{
		Store: far{o.house.store, o.away}, Blobs: o.house.blobs, SpoolStore: o.spool.store, SpoolBlobs: o.spool.blobs, Log: zerolog.Nop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *outpost) waiting(t *testing.T) int {
	t.Helper()
	page, err := o.spool.store.List(t.Context(), history.Query{})
	if err != nil {
		t.Fatal(err)
	}
	return len(page.Entries)
}

// TestSpool keeps recordings while the history is out of reach, sealed, and brings them over with every sample.
func TestSpool(t *testing.T) {
	for name, atStart := range map[string]bool{"away from the start": true, "away later": false} {
		t.Run(name, func(t *testing.T) {
			o := newOutpost(t, atStart)
			o.away.Store(true)
			if o.Problem() == "" && atStart {
				t.Error("nothing says that the history is out of reach")
			}
			before := []history.Entry{o.add(t, said("first", day, 5)), o.add(t, said("second", day.Add(time.Minute), 5)), o.add(t, history.Recording{Entry: said("silent", day, 1).Entry})}
			if o.waiting(t) != 3 || len(o.list(t)) != 0 || o.Problem() == "" {
				t.Fatalf("%d wait, %d are there, problem %q", o.waiting(t), len(o.list(t)), o.Problem())
			}
			if found := traces(t, o.dir, "fLaC"); len(found) != 0 {
				t.Errorf("audio that is not sealed is in %v", found)
			}
			if err := o.Deliver(t.Context()); err == nil || o.waiting(t) != 3 {
				t.Errorf("delivered to nobody: %v, %d wait", err, o.waiting(t))
			}
			o.away.Store(false)
			for range 2 {
				if err := o.Deliver(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if o.waiting(t) != 0 || len(o.list(t)) != 3 || len(o.spool.clips(t)) != 0 {
				t.Errorf("%d wait, %d are there, %d clips are left", o.waiting(t), len(o.list(t)), len(o.spool.clips(t)))
			}
			for _, e := range before[:2] {
				if pcm, err := o.play(t.Context(), e.ID); err != nil || len(pcm) != 8000 {
					t.Errorf("%s: %d samples, %v", e.Transcript, len(pcm), err)
				}
			}
			if found := traces(t, o.spool.dir, "first"); len(found) != 0 {
				t.Errorf("what was delivered is still in %v", found)
			}
		})
	}
}

// TestSpoolDeleteByID finds what is named on either shelf, and says so only of what is on none.
func TestSpoolDeleteByID(t *testing.T) {
	o := newOutpost(t, false)
	there := o.add(t, said("there", day, 5))
	o.away.Store(true)
	waits := o.add(t, said("waits", day.Add(time.Minute), 5))
	o.away.Store(false)
	const nobody = "01JE0XQ7Z0ABCDEFGHJKMNPQRS"
	r, err := o.Delete(t.Context(), "test", entries(there.ID, waits.ID, nobody))
	if err != nil || r.Deleted != 2 || r.FailedCount != 1 || r.Failed[0].ID != nobody || o.waiting(t) != 0 || len(o.list(t)) != 0 {
		t.Errorf("%+v, %v; %d wait", r, err, o.waiting(t))
	}
}

// TestSpoolDeletion wants a deletion to reach what waits: at once by the same bridge, and at its delivery when another bridge made it.
func TestSpoolDeletion(t *testing.T) {
	o := newOutpost(t, false)
	o.away.Store(true)
	o.add(t, said("mine", time.Now().Add(-time.Hour), 5))
	o.away.Store(false)
	if r, err := o.Delete(t.Context(), "test", span(time.Now().Add(-2*time.Hour), time.Now())); err != nil || r.Deleted != 1 || o.waiting(t) != 0 {
		t.Errorf("%+v, %v, %d wait", r, err, o.waiting(t))
	}
	o.away.Store(true)
	covered := o.add(t, said("covered", time.Now().Add(-time.Hour), 5))
	older := o.add(t, said("older", time.Now().Add(-3*time.Hour), 5))
	o.away.Store(false)
	// Another bridge deletes the last two hours in the database that they share.
	other := o.house
	cfg := history.DefaultConfig()
	cfg.Dir = other.dir
	elsewhere, err := history.New(t.Context(), cfg, history.Parts{Store: other.store, Blobs: other.blobs, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := elsewhere.Delete(t.Context(), "other", span(time.Now().Add(-2*time.Hour), time.Time{})); err != nil {
		t.Fatal(err)
	}
	later := o.add(t, said("later", time.Now(), 5))
	if err := o.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	there := o.there(t)
	if there[covered.ID] || !there[older.ID] || !there[later.ID] || o.waiting(t) != 0 {
		t.Errorf("there: covered %v, older %v, later %v; %d wait", there[covered.ID], there[older.ID], there[later.ID], o.waiting(t))
	}
	if found := traces(t, o.dir, "covered"); len(found) != 0 {
		t.Errorf("what was deleted is in %v", found)
	}
}
