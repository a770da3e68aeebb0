package history

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Verified is what looking at everything has found.
type Verified struct {
	Entries  int64
	Clips    int64 // that can be unsealed and decoded to their end
	Stored   int64 // bytes of all clips as they are stored
	Garbage  int   // clips of deleted entries that wait to be removed
	Orphans  int   // clips without an entry
	Problems []VerifyProblem
}

// VerifyProblem is one thing that is wrong. ID is the entry's, "" when it is about the whole.
type VerifyProblem struct {
	ID   string `json:"id"`
	What string `json:"what"`
}

// Verify looks at every row, clip and key. Nothing is changed. progress, which may be nil, is called now and then with how many of all entries
// are done. What is added or deleted meanwhile may show as a clip without an entry.
func (h *History) Verify(ctx context.Context, progress func(done, all int64)) (Verified, error) {
	v := Verified{Problems: []VerifyProblem{}}
	if err := h.main.store.Check(ctx); errors.Is(err, ErrDamaged) {
		v.Problems = append(v.Problems, VerifyProblem{"", "the history database is damaged"})
	} else if err != nil {
		return v, fmt.Errorf("verify: %w", err)
	}
	all, err := h.main.store.Totals(ctx, Selection{})
	if err != nil {
		return v, fmt.Errorf("verify: %w", err)
	}
	err = h.each(ctx, Filter{}, func(e Entry) error {
		h.verifyEntry(ctx, e, &v)
		if progress != nil && v.Entries%100 == 0 {
			progress(v.Entries, all.Entries)
		}
		return ctx.Err()
	})
	if err == nil {
		err = h.verifyClips(ctx, &v)
	}
	if err != nil {
		return v, fmt.Errorf("verify: %w", err)
	}
	return v, nil
}

func (h *History) verifyEntry(ctx context.Context, e Entry, v *Verified) {
	v.Entries++
	if e.Clip == nil {
		if _, err := h.main.store.Key(ctx, e.ID); err == nil {
			v.Problems = append(v.Problems, VerifyProblem{e.ID, "it has a key and no audio"})
		}
		return
	}
	what := ""
	size, err := h.verifyClip(ctx, e.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		if _, err := h.main.store.Get(ctx, e.ID); errors.Is(err, ErrNotFound) {
			return // deleted since
		}
		what = "its clip is missing"
	case err != nil:
		what = "its clip cannot be read"
	case size != e.Clip.Bytes:
		what = fmt.Sprintf("its clip has %d bytes and not %d", size, e.Clip.Bytes)
	}
	if what != "" {
		v.Problems = append(v.Problems, VerifyProblem{e.ID, what})
		return
	}
	v.Clips++
}

// verifyClip reads a clip to its end: its seal shows every bit that is not as it was.
func (h *History) verifyClip(ctx context.Context, id string) (int64, error) {
	clip, err := h.main.open(ctx, id)
	if err != nil {
		return 0, err
	}
	size, err := io.Copy(io.Discard, clip)
	return size, errors.Join(err, clip.Close())
}

// verifyClips looks for clips that no entry owns.
func (h *History) verifyClips(ctx context.Context, v *Verified) error {
	clips := map[string]bool{}
	err := h.main.blobs.List(ctx, func(b BlobInfo) error {
		clips[b.ID] = true
		v.Stored += b.Bytes
		return nil
	})
	if err == nil {
		err = h.main.store.Clips(ctx, func(id string, _ int64) error { delete(clips, id); return nil })
	}
	if err == nil {
		err = h.main.eachGarbage(ctx, func(id string) { v.Garbage++; delete(clips, id) })
	}
	v.Orphans = len(clips)
	if v.Orphans > 0 {
		v.Problems = append(v.Problems, VerifyProblem{"", fmt.Sprintf("%d clips belong to no entry; the next start removes them", v.Orphans)})
	}
	return err
}
