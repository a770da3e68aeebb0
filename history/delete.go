package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"
)

// Receipt answers a deletion.
type Receipt struct {
	Deleted     int
	KeptSkipped int // spared because they are kept
	// InProgressDiscarded counts recordings that were just being made and are not stored.
	InProgressDiscarded int
	Bytes               int64         // of the clips that went
	Duration            time.Duration // of the audio that went
	From, To            time.Time     // the bounds used; zero where there was none
	Failed              []FailedDelete
	Remains             []string // what cannot be reached from here, in plain words
}

// FailedDelete is an entry that could not be deleted, and why.
type FailedDelete struct {
	ID  string `json:"id"`
	Why string `json:"why"`
}

// Delete deletes entries with their clips. When it returns, their text is in none of the files, and their clips are unlinked;
// a clip that could not be removed is in Failed, and is tried again by every later deletion and by the next start.
func (h *History) Delete(ctx context.Context, s Selection) (Receipt, error) {
	h.deleting.Lock()
	defer h.deleting.Unlock()
	left, err := h.store.Garbage(ctx)
	if err != nil {
		return Receipt{}, err
	}
	trashed, err := h.trash(ctx, s)
	// From here on the rows are gone: whatever went wrong, and whoever has stopped waiting, the clips have to follow.
	done := context.WithoutCancel(ctx)
	failed := h.removeClips(done, append(idsOf(trashed), left...))
	r := Receipt{KeptSkipped: trashed.KeptSkipped, From: s.From, To: s.To, Failed: []FailedDelete{}}
	for _, e := range trashed.Entries {
		if why, bad := failed[e.ID]; bad {
			r.Failed = append(r.Failed, FailedDelete{e.ID, why})
			continue
		}
		r.Deleted++
		r.Bytes += e.Bytes
		r.Duration += e.Duration
	}
	h.explain(done, s.IDs, deletion{trashed, left, failed}, &r)
	r.Remains = []string{"A backup made before the deletion still holds what it held then."}
	return r, err
}

// trash wipes the rows, and tells everybody before anything else can happen to them.
func (h *History) trash(ctx context.Context, s Selection) (Trashed, error) {
	h.changing.Lock()
	defer h.changing.Unlock()
	trashed, err := h.store.Trash(ctx, s)
	if len(trashed.Entries) > 0 {
		h.publish(Change{Action: Deleted, IDs: idsOf(trashed)})
	}
	return trashed, err
}

func idsOf(t Trashed) []string {
	ids := make([]string, len(t.Entries))
	for i, e := range t.Entries {
		ids[i] = e.ID
	}
	return ids
}

// deletion is what became of one: what was wiped, what an earlier one had left over, and the clips that stay for now.
type deletion struct {
	trashed Trashed
	left    []string
	failed  map[string]string
}

// explain accounts for ids that were named and did not go just now. Kept ones are counted already.
func (h *History) explain(ctx context.Context, ids []string, d deletion, r *Receipt) {
	seen := map[string]bool{}
	for _, e := range d.trashed.Entries {
		seen[e.ID] = true
	}
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true // named twice is explained once
		why, bad := d.failed[id]
		_, err := h.store.Get(ctx, id)
		switch {
		case bad:
			r.Failed = append(r.Failed, FailedDelete{id, why})
		case slices.Contains(d.left, id):
			r.Deleted++ // an earlier deletion wiped it and could not remove its clip; this one did
		case errors.Is(err, ErrNotFound):
			r.Failed = append(r.Failed, FailedDelete{id, "not found"})
		case err != nil:
			r.Failed = append(r.Failed, FailedDelete{id, "it could not be read"})
		}
	}
}

// removeClips unlinks clips and forgets their garbage rows. It returns why each one failed that did.
func (h *History) removeClips(ctx context.Context, ids []string) map[string]string {
	failed := map[string]string{}
	if len(ids) == 0 {
		return failed
	}
	gone := ids
	if err := h.blobs.Delete(ctx, ids); err != nil {
		// Which of them it was is found out one by one; that is slow, and rare.
		gone = nil
		for _, id := range ids {
			if err := h.blobs.Delete(ctx, []string{id}); err != nil {
				failed[id] = "the clip could not be removed" + cause(err) + "; it is tried again at every deletion and every start"
			} else {
				gone = append(gone, id)
			}
		}
	}
	// A garbage row that stays is harmless: its clip is gone, and the next deletion or start drops it.
	_ = h.store.Drop(ctx, gone)
	return failed
}

// cause is what the system said about a file, without the file's path.
func cause(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Sprintf(" (%v)", path.Err)
	}
	return ""
}
