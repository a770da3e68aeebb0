package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"
)

// erase wipes what is selected on a shelf, and then removes the clips. Its first result is empty when it came to none of that.
func (s shelf) erase(ctx context.Context, h *History, sel Selection, r *Receipt) (explained, error) {
	kept, err := s.keptSkipped(ctx, sel)
	if err != nil {
		return explained{}, err
	}
	r.KeptSkipped += kept
	left, err := s.leftOver(ctx, sel.IDs)
	if err != nil {
		return explained{}, err
	}
	gone := erased{clips: map[ulid.ULID]clipSize{}}
	err = s.wipe(ctx, h, sel, &gone)
	if err != nil && gone.count == 0 {
		return explained{}, err
	}
	// From here on rows are gone: whatever went wrong, and whoever has stopped waiting, their remnants and clips have to follow.
	done := context.WithoutCancel(ctx)
	flush := s.store.Flush(done)
	failed := s.removeClips(done)
	if flush == nil {
		flush = s.store.Flush(done) // the ids that were garbage a moment ago
	}
	r.Deleted += gone.count
	r.Stored += gone.stored
	r.Duration += gone.duration
	for _, f := range failed {
		id, err := ulid.ParseStrict(f.ID)
		if size, mine := gone.clips[id]; err == nil && mine {
			r.Deleted--
			r.Stored -= size.stored
			r.Duration -= size.duration
			r.fail(f)
		}
	}
	return explained{gone, left, failed}, errors.Join(err, flush)
}

func (r *Receipt) fail(f FailedDelete) {
	if r.FailedCount++; len(r.Failed) < failedListed {
		r.Failed = append(r.Failed, f)
	}
}

// keptSkipped counts what a deletion spares.
func (s shelf) keptSkipped(ctx context.Context, sel Selection) (int, error) {
	if sel.IncludeKept || sel.Kept != nil && !*sel.Kept {
		return 0, nil
	}
	kept := true
	sel.Kept = &kept
	t, err := s.store.Totals(ctx, sel)
	switch sel.What {
	case WhatAudio:
		return int(t.Clips), err
	case WhatText:
		return int(t.Texts), err
	default:
		return int(t.Entries), err
	}
}

// erased is what one deletion has wiped so far.
type erased struct {
	clips    map[ulid.ULID]clipSize // for those whose file cannot be removed; by 16 bytes, as there may be very many
	count    int
	stored   int64
	duration time.Duration
}

// clipSize is what a receipt counts of a clip.
type clipSize struct {
	stored   int64
	duration time.Duration
}

// leftOver tells which of the named entries an earlier deletion has wiped without being able to remove their clips.
func (s shelf) leftOver(ctx context.Context, ids []string) (map[string]bool, error) {
	left := map[string]bool{}
	if ids == nil {
		return left, nil
	}
	err := s.eachGarbage(ctx, func(id string) {
		if slices.Contains(ids, id) {
			left[id] = true
		}
	})
	return left, err
}

// wipe takes the selected rows part by part, and tells everybody of each part before anything else can happen to it.
func (s shelf) wipe(ctx context.Context, h *History, sel Selection, gone *erased) error {
	for n := 1; ; n++ {
		part, err := s.wipePart(ctx, h, sel, n <= toldParts)
		for _, e := range part {
			if id, err := ulid.ParseStrict(e.ID); err == nil {
				gone.clips[id] = clipSize{e.Stored, e.Duration}
			}
			gone.count++
			gone.stored += e.Stored
			gone.duration += e.Duration
		}
		if err != nil || len(part) < trashPart {
			if n > toldParts {
				h.tell(Change{Action: Reset})
			}
			return err
		}
	}
}

// wipePart wipes one part. Of a large deletion nobody is told every id: at its end they look anew.
func (s shelf) wipePart(ctx context.Context, h *History, sel Selection, told bool) ([]TrashedEntry, error) {
	h.changing.Lock()
	defer h.changing.Unlock()
	part, err := s.store.Trash(ctx, sel, trashPart)
	if len(part) == 0 || !told {
		return part, err
	}
	ids := make([]string, len(part))
	for i, e := range part {
		ids[i] = e.ID
	}
	action := Deleted
	if sel.What == WhatAudio || sel.What == WhatText {
		action = Updated
	}
	h.publish(Change{Action: action, IDs: ids})
	return part, err
}

// removeClips unlinks the clips of everything that is garbage, and forgets the garbage rows. It returns what failed, and why.
func (s shelf) removeClips(ctx context.Context) (failed []FailedDelete) {
	for after := ""; ; {
		ids, err := s.store.Garbage(ctx, after, unlinkPart)
		if err != nil || len(ids) == 0 {
			return failed // a garbage row that stays is harmless: the next deletion or start goes on
		}
		after = ids[len(ids)-1]
		gone := ids
		if err := s.blobs.Delete(ctx, ids); err != nil {
			var bad []FailedDelete
			gone, bad = s.removeSingly(ctx, ids)
			failed = append(failed, bad...)
		}
		_ = s.store.Drop(ctx, gone)
	}
}

// hopeless is after how many failures in a row nothing more is tried: then it is not the clips, but the disk or the server.
const hopeless = 3

// removeSingly finds out which of some clips cannot be removed.
func (s shelf) removeSingly(ctx context.Context, ids []string) (gone []string, failed []FailedDelete) {
	why, inARow := "", 0
	for _, id := range ids {
		if inARow < hopeless {
			err := s.blobs.Delete(ctx, []string{id})
			if err == nil {
				gone, inARow = append(gone, id), 0
				continue
			}
			inARow++
			why = "its key is gone, so that it cannot be played, but the file could not be removed" + cause(err) + "; that is tried again at every deletion and every start"
		}
		failed = append(failed, FailedDelete{id, why})
	}
	return gone, failed
}

// explained is what became of a deletion on one shelf.
type explained struct {
	erased
	left   map[string]bool
	failed []FailedDelete
}

// explain accounts for ids that were named and did not go just now, on none of the shelves. Kept ones are counted already.
func explain(ctx context.Context, ids []string, shelves []shelf, done []explained, r *Receipt) {
	seen := map[string]bool{}
	for _, id := range ids {
		parsed, err := ulid.ParseStrict(id)
		if seen[id] || err == nil && slices.ContainsFunc(done, func(d explained) bool { _, mine := d.clips[parsed]; return mine }) {
			continue
		}
		seen[id] = true // named twice is explained once
		why, left := "", false
		for _, d := range done {
			left = left || d.left[id]
			for _, f := range d.failed {
				if f.ID == id {
					why = f.Why // an earlier deletion wiped it, and its clip is still there
				}
			}
		}
		switch {
		case why != "":
			r.fail(FailedDelete{id, why})
		case left:
			r.Deleted++ // this one could remove its clip
		default:
			if why := absent(ctx, id, shelves); why != "" {
				r.fail(FailedDelete{id, why})
			}
		}
	}
}

// absent says that an entry is on none of the shelves, or could not be read; "" when it is on one of them.
func absent(ctx context.Context, id string, shelves []shelf) (why string) {
	for _, s := range shelves {
		_, err := s.store.Get(ctx, id)
		switch {
		case err == nil:
			return ""
		case !errors.Is(err, ErrNotFound):
			why = "it could not be read"
		case why == "":
			why = "not found"
		}
	}
	return why
}

// cause is what the system said about a file, without the file's path.
func cause(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Sprintf(" (%v)", path.Err)
	}
	return ""
}
