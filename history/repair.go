package history

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Repair is what New found after the program had ended in the middle of something, or the disk had been changed by others.
type Repair struct {
	Finished    int // clips of deletions that were cut off, and are done now
	Unfinished  int // clips of deleted entries that cannot be removed; they are tried again
	Orphans     int // clips without an entry, removed
	OrphansLeft int // clips without an entry, left alone because they are too many for a crash: is the database an older copy?
	Missing     int // entries whose clip is not there; they stay
	Sealed      int // clips of an earlier version, which were plain, and are sealed now
}

// Repair tells what New found and did.
func (h *History) Repair() Repair { return h.repair }

// mend brings a shelf in order. Clips without an entry that are younger than orphanAge are left alone: others may just be adding them.
func (s shelf) mend(ctx context.Context, orphanAge time.Duration) (r Repair, err error) {
	if err := s.checkIdentity(ctx); err != nil {
		return r, err
	}
	if err := s.sealPlain(ctx, &r); err != nil {
		return r, err
	}
	if err := s.finishGarbage(ctx, &r); err != nil {
		return r, err
	}
	return r, s.reconcile(ctx, orphanAge, &r)
}

const identitySetting = "clips/identity"

// checkIdentity compares the clips' identity with the one the store knows. Only an empty store takes the clips it is given, and only
// when there are none: a new database beside old clips would find each of them without an entry.
func (s shelf) checkIdentity(ctx context.Context) error {
	known, err := s.store.Setting(ctx, identitySetting)
	if err != nil {
		return err
	}
	identity, err := s.blobs.Identity(ctx)
	if err != nil {
		return err
	}
	if known != "" {
		if known != identity {
			return ErrIdentity
		}
		return nil
	}
	if err := s.store.Clips(ctx, func(string, int64) error { return ErrIdentity }); err != nil {
		return err
	}
	if err := s.blobs.List(ctx, func(BlobInfo) error { return ErrIdentity }); err != nil {
		return err
	}
	return s.store.SetSetting(ctx, identitySetting, identity)
}

// plainSetting is set by a store whose database is of a version that did not seal its clips.
const plainSetting = "clips/plain"

// sealPlain seals clips of an earlier version. Cut off, it goes on where it was: a clip that is sealed does not begin as FLAC does.
func (s shelf) sealPlain(ctx context.Context, r *Repair) error {
	plain, err := s.store.Setting(ctx, plainSetting)
	if err != nil || plain == "" {
		return err
	}
	var ids []string
	if err := s.store.Clips(ctx, func(id string, _ int64) error { ids = append(ids, id); return nil }); err != nil {
		return err
	}
	for _, id := range ids {
		done, err := s.sealOne(ctx, id)
		if err != nil {
			return fmt.Errorf("seal the clips of an earlier version: %w", err)
		}
		if done {
			r.Sealed++
		}
	}
	return s.store.SetSetting(ctx, plainSetting, "")
}

func (s shelf) sealOne(ctx context.Context, id string) (done bool, err error) {
	b, err := s.blobs.Open(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return false, nil // reconcile counts it
	}
	if err != nil {
		return false, err
	}
	clip, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
	if err = errors.Join(err, b.Close()); err != nil || len(clip) < 4 || string(clip[:4]) != "fLaC" {
		return false, err
	}
	key, err := s.store.Key(ctx, id)
	if err != nil {
		return false, err
	}
	data, err := seal(key, clip)
	if err != nil {
		return false, err
	}
	return true, s.blobs.Put(ctx, id, data)
}

// finishGarbage removes the clips of deletions that a crash cut off. One that cannot be removed is no reason not to start.
func (s shelf) finishGarbage(ctx context.Context, r *Repair) error {
	if err := s.store.Flush(ctx); err != nil { // the crash may have come before the deletion's own
		return err
	}
	before, err := s.countGarbage(ctx)
	if err != nil || before == 0 {
		return err
	}
	r.Unfinished = len(s.removeClips(ctx))
	r.Finished = before - r.Unfinished
	return s.store.Flush(ctx)
}

func (s shelf) countGarbage(ctx context.Context) (n int, err error) {
	err = s.eachGarbage(ctx, func(string) { n++ })
	return n, err
}

func (s shelf) eachGarbage(ctx context.Context, fn func(id string)) error {
	for after := ""; ; {
		ids, err := s.store.Garbage(ctx, after, unlinkPart)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			fn(id)
		}
		after = ids[len(ids)-1]
	}
}

// More clips without an entry than this, and more than there are with one, were not left by crashes, which leave one for each microphone.
const orphansOfCrashes = 100

// reconcile compares clips and entries. Clips without an entry are audio that nobody can find or delete, so they go. Where the store and
// the clips belong to this process alone none of them is just being written, as nothing is added before New returns.
// Entries without their clip stay: their text may be all that is left.
func (s shelf) reconcile(ctx context.Context, orphanAge time.Duration, r *Repair) error {
	newest := time.Now().Add(-orphanAge)
	clips := map[string]clipState{}
	err := s.blobs.List(ctx, func(b BlobInfo) error {
		clips[b.ID] = clipOrphan
		if orphanAge > 0 && b.Written.After(newest) {
			clips[b.ID] = clipYoung
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("list the clips: %w", err)
	}
	matched := 0
	err = s.store.Clips(ctx, func(id string, _ int64) error {
		if _, there := clips[id]; !there {
			r.Missing++
			return nil
		}
		clips[id] = clipOfEntry
		matched++
		return nil
	})
	if err != nil {
		return err
	}
	// What a deletion could not remove is its business.
	if err := s.eachGarbage(ctx, func(id string) { delete(clips, id) }); err != nil {
		return err
	}
	var orphans []string
	for id, state := range clips {
		if state == clipOrphan {
			orphans = append(orphans, id)
		}
	}
	if len(orphans) > max(orphansOfCrashes, matched) {
		r.OrphansLeft = len(orphans)
		return nil
	}
	if err := s.blobs.Delete(ctx, orphans); err != nil {
		r.OrphansLeft = len(orphans) // some may be gone; the next start counts again
		return nil
	}
	r.Orphans = len(orphans)
	return nil
}

// clipState is what a clip was found to be.
type clipState byte

const (
	clipOrphan  clipState = iota // it has no entry
	clipYoung                    // it has none yet
	clipOfEntry                  // it has one
)
