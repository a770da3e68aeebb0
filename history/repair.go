package history

import (
	"context"
	"fmt"
)

// Repair is what New found after the program had ended in the middle of something, or the disk had been changed by others.
type Repair struct {
	Finished    int // deletions that were cut off, and are done now
	Unfinished  int // clips of deleted entries that cannot be removed; they are tried again
	Orphans     int // clips without an entry, removed
	OrphansLeft int // clips without an entry, left alone because they are too many for a crash: is the database an older copy?
	Missing     int // entries whose clip is not there; they stay
}

// Repair tells what New found and did.
func (h *History) Repair() Repair { return h.repair }

const identitySetting = "clips/identity"

// checkIdentity compares the clips' identity with the one the store knows. Only an empty store takes the clips it is given, and only
// when there are none: a new database beside old clips would find each of them without an entry.
func (h *History) checkIdentity(ctx context.Context) error {
	known, err := h.store.Setting(ctx, identitySetting)
	if err != nil {
		return err
	}
	if known != "" {
		if known != h.blobs.Identity() {
			return ErrIdentity
		}
		return nil
	}
	foreign := func(string) error { return ErrIdentity }
	if err := h.store.Clips(ctx, foreign); err != nil {
		return err
	}
	if err := h.blobs.List(ctx, func(b BlobInfo) error { return foreign(b.ID) }); err != nil {
		return err
	}
	return h.store.SetSetting(ctx, identitySetting, h.blobs.Identity())
}

// finishGarbage removes the clips of deletions that a crash cut off. One that cannot be removed is no reason not to start.
func (h *History) finishGarbage(ctx context.Context) error {
	ids, err := h.store.Garbage(ctx)
	if err != nil {
		return err
	}
	failed := h.removeClips(ctx, ids)
	h.repair.Finished, h.repair.Unfinished = len(ids)-len(failed), len(failed)
	return nil
}

// More clips without an entry than this, and more than there are with one, were not left by crashes, which leave one for each microphone.
const orphansOfCrashes = 100

// reconcile compares clips and entries. Clips without an entry are audio that nobody can find or delete, so they go; as the store and
// the clips belong to this process alone, and nothing is added before New returns, none of them is just being written.
// Entries without their clip stay: their text may be all that is left.
func (h *History) reconcile(ctx context.Context) error {
	clips := map[string]bool{} // id, and whether it has an entry
	err := h.blobs.List(ctx, func(b BlobInfo) error {
		clips[b.ID] = false
		return nil
	})
	if err != nil {
		return fmt.Errorf("list the clips: %w", err)
	}
	matched := 0
	err = h.store.Clips(ctx, func(id string) error {
		if _, there := clips[id]; !there {
			h.repair.Missing++
			return nil
		}
		clips[id] = true
		matched++
		return nil
	})
	if err != nil {
		return err
	}
	// What a deletion could not remove is its business.
	garbage, err := h.store.Garbage(ctx)
	if err != nil {
		return err
	}
	for _, id := range garbage {
		delete(clips, id)
	}
	var orphans []string
	for id, entry := range clips {
		if !entry {
			orphans = append(orphans, id)
		}
	}
	if len(orphans) > max(orphansOfCrashes, matched) {
		h.repair.OrphansLeft = len(orphans)
		return nil
	}
	if err := h.blobs.Delete(ctx, orphans); err != nil {
		h.repair.OrphansLeft = len(orphans) // some may be gone; the next start counts again
		return nil
	}
	h.repair.Orphans = len(orphans)
	return nil
}
