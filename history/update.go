package history

import (
	"context"
	"fmt"
	"time"
)

// Change updates entries: kept, label, and whether they are in the improvement set, into which a label puts them when the household
// helps to improve its wake words. It returns how many there were.
func (h *History) Change(ctx context.Context, by string, s Selection, u Update) (int, error) {
	improve, err := h.Improve(ctx)
	if err != nil {
		return 0, err
	}
	if u.Shared != nil && *u.Shared && !improve {
		return 0, ErrNotImproving
	}
	if u.Label != nil && *u.Label != LabelNone && u.Shared == nil && improve {
		yes := true
		u.Shared = &yes
	}
	n, err := h.change(ctx, s, u)
	if err == nil && n > 0 {
		err = h.Note(ctx, Access{Who: by, Action: AccessChanged, Entries: int64(n)})
	}
	return n, err
}

// change updates and tells of it. One entry is told whole, many by their ids.
func (h *History) change(ctx context.Context, s Selection, u Update) (int, error) {
	h.changing.Lock()
	defer h.changing.Unlock()
	n, err := h.main.store.Update(ctx, s, u)
	if err != nil || n == 0 {
		return n, err
	}
	if len(s.IDs) != 1 {
		h.publish(Change{Action: Reset})
		return n, nil
	}
	e, err := h.main.store.Get(ctx, s.IDs[0])
	if err == nil {
		h.publish(Change{Action: Updated, Entries: []Entry{e}})
	}
	return n, nil
}

// Note adds a line to the access log; its id and time are filled in.
func (h *History) Note(ctx context.Context, a Access) error {
	var err error
	a.At = time.Now().UTC().Truncate(time.Millisecond)
	if a.ID, err = h.newID(a.At); err != nil {
		return fmt.Errorf("write into the access log: %w", err)
	}
	return h.main.store.AddAccess(ctx, a)
}

// Accesses lists the access log, newest first, from before a given id ("" for the newest).
func (h *History) Accesses(ctx context.Context, before string, limit int) ([]Access, error) {
	return h.main.store.Accesses(ctx, before, limit)
}
