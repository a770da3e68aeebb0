package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"
)

// Receipt answers a deletion.
type Receipt struct {
	ID      string // of the line in the access log
	What    What
	Deleted int
	// KeptSkipped counts what was spared because it is kept.
	KeptSkipped int
	// InProgressDiscarded counts recordings that were just being made and are not stored.
	InProgressDiscarded int
	Stored              int64          // bytes of the clips that went
	Duration            time.Duration  // of the audio that went
	From, To            time.Time      // the bounds used; zero where there was none
	Failed              []FailedDelete // at most failedListed of them
	FailedCount         int
	Remains             []string // what cannot be reached from here, in plain words
}

// FailedDelete is an entry that could not be deleted, and why.
type FailedDelete struct {
	ID  string `json:"id"`
	Why string `json:"why"`
}

const (
	trashPart    = 500 // entries wiped in one transaction: additions get their turn between two
	unlinkPart   = 1000
	toldParts    = 4 // of a deletion with more of them, the ids are not told
	failedListed = 100
)

// Delete deletes what a selection covers, also recordings that are being made just now. When it returns, the text and the keys are in none of
// the files, and the clips are unlinked; a clip that could not be removed is in Failed, cannot be played any more, and is tried again by every
// later deletion and by the next start. With an error a part may be deleted all the same: the receipt says how much. by is who asked.
func (h *History) Delete(ctx context.Context, by string, s Selection) (Receipt, error) {
	h.deleting.Lock()
	defer h.deleting.Unlock()
	id, err := h.newID(time.Now())
	if err != nil {
		return Receipt{}, fmt.Errorf("delete: %w", err)
	}
	return h.delete(ctx, request{id: id, by: by, Selection: s})
}

// request is a deletion on its way.
type request struct {
	id string // of the receipt
	by string
	Selection
	shown      time.Time // when its preview was made; zero without one
	inProgress bool      // the preview has counted recordings in progress
}

// parts are what a request is about: of recordings in progress, and of stored ones.
func (q request) parts() (live Selection, stored []Selection) {
	live, stored = q.Selection, []Selection{q.Selection}
	if q.shown.IsZero() {
		return live, stored
	}
	if live.To.IsZero() || q.shown.Before(live.To) {
		live.To = q.shown
	}
	if q.inProgress { // they may have been stored since
		late := live
		late.AsOf = ""
		if from := q.shown.Add(-inProgressAge); late.From.Before(from) {
			late.From = from
		}
		stored = append(stored, late)
	}
	return live, stored
}

// inProgressAge is longer than a recording can be in progress.
const inProgressAge = 90 * time.Second

// delete carries a deletion out and writes it down. It needs deleting.
func (h *History) delete(ctx context.Context, q request) (Receipt, error) {
	if !q.What.Valid() {
		return Receipt{}, fmt.Errorf("delete: %q is not a part of a recording; use all, audio or text", string(q.What))
	}
	r := Receipt{ID: q.id, What: q.What, From: q.From, To: q.To, Failed: []FailedDelete{}}
	if r.What == "" {
		r.What = WhatAll
	}
	began := time.Now()
	live := h.attached()
	making, stored := q.parts()
	if live != nil && r.What == WhatAll {
		r.InProgressDiscarded = live.Discard(making)
	}
	var err error
	shelves, done, looked := []shelf{h.main}, []explained(nil), true
	erase := func(s shelf, sel Selection) {
		what, failed := s.erase(ctx, h, sel, &r)
		done, err = append(done, what), errors.Join(err, failed)
		looked = looked && what.clips != nil
	}
	for _, s := range stored {
		erase(h.main, s)
	}
	if h.spool != nil && q.AsOf == "" { // nothing of the spool was in a preview
		shelves = append(shelves, *h.spool)
		erase(*h.spool, q.Selection)
	}
	if looked { // else the error says all there is to say
		explain(context.WithoutCancel(ctx), q.IDs, shelves, done, &r)
	}
	r.Remains = h.remains(live)
	if r.Deleted+r.InProgressDiscarded+r.FailedCount > 0 || q.by != retentionName {
		err = errors.Join(err, h.writeDown(context.WithoutCancel(ctx), began, q, r))
	}
	return r, err
}

func (h *History) attached() Live {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.live
}

// remains is what no deletion reaches.
func (h *History) remains(live Live) []string {
	list := []string{"A backup made before the deletion still holds what it held then."}
	list = append(list, h.main.store.Remains()...)
	for _, folder := range h.aside {
		list = append(list, fmt.Sprintf("The damaged history in %s was set aside and may still hold recordings: delete that folder when you do not need it.", folder))
	}
	if live != nil {
		list = append(list, live.Remains()...)
	}
	return list
}

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

// writeDown adds a deletion to the access log, with its receipt. The log names no entry. Its time is when the deletion began: what was said
// since then is not covered by it.
func (h *History) writeDown(ctx context.Context, began time.Time, q request, r Receipt) error {
	r.Failed = nil
	details, err := json.Marshal(deletion{kindOf(q.Selection), r})
	if err != nil {
		return fmt.Errorf("write the deletion down: %w", err)
	}
	return h.main.store.AddAccess(ctx, Access{
		ID: q.id, At: began.UTC().Truncate(time.Millisecond), Who: q.by, Action: AccessDeleted,
		Entries: int64(r.Deleted + r.InProgressDiscarded), Stored: r.Stored, Details: details,
	})
}

// deletion is what the access log keeps of one.
type deletion struct {
	Kind    kind
	Receipt Receipt
}

// kind says what sort of selection it was, without words and ids of entries.
type kind struct {
	From, To    time.Time
	Satellites  []string  `json:",omitempty"`
	Outcomes    []Outcome `json:",omitempty"`
	WakeWords   []string  `json:",omitempty"`
	Labels      []Label   `json:",omitempty"`
	ByText      bool      `json:",omitempty"`
	ByID        int       `json:",omitempty"`
	IncludeKept bool      `json:",omitempty"`
}

func kindOf(s Selection) kind {
	return kind{s.From, s.To, s.Satellites, s.Outcomes, s.WakeWords, s.Labels, s.Text != "", len(s.IDs), s.IncludeKept}
}
