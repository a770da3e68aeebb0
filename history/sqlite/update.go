package sqlite

import (
	"context"
	"strings"

	"earshot/history"
)

// Update changes the selected entries.
func (s *Store) Update(ctx context.Context, sel history.Selection, u history.Update) (int, error) {
	c, err := conditionOf(sel)
	if err != nil {
		return 0, fail("change the history database", err)
	}
	var n int64
	err = s.change(ctx, atOnce, func(t tx) error {
		s.passed = passed{} // what a deletion has passed may belong to it now
		var err error
		n, err = update(t, c, u)
		return err
	})
	return int(n), fail("change the history database", err)
}

func update(t tx, c *condition, u history.Update) (int64, error) {
	where, args := c.all()
	moved := changes{}
	if u.Kept != nil {
		if err := c.countKept(t, *u.Kept, moved); err != nil {
			return 0, err
		}
	}
	rev, err := revise(t)
	if err != nil {
		return 0, err
	}
	var set clauses
	set.add("rev = ?", rev)
	if u.Kept != nil {
		set.add("kept = ?", *u.Kept)
	}
	if u.Label != nil {
		set.add("label = ?", string(*u.Label))
	}
	if u.Shared != nil {
		set.add("shared = ?", *u.Shared)
	}
	n, err := t.exec(`UPDATE `+c.source()+` SET `+strings.Join(set.list, `, `)+` WHERE `+where, append(set.args, args...)...)
	if err != nil {
		return 0, err
	}
	return n, moved.apply(t)
}

// countKept notes how totals change when the entries of a condition are kept, or are not any more.
func (c *condition) countKept(t tx, kept bool, moved changes) error {
	where, args := c.all()
	return t.each(func(scan func(...any) error) error {
		var from group
		var s sums
		if err := scan(&from.stretch, &from.satellite, &from.outcome, &from.wakeWord, &from.kept, &from.parts, &s.entries, &s.stored, &s.duration); err != nil {
			return err
		}
		to := from
		to.kept = kept
		moved.move(from, to, s)
		return nil
	}, `SELECT at >> 26, satellite, outcome, wake_word, kept, parts, count(*), sum(stored), sum(duration) FROM `+c.source()+` WHERE `+where+
		` AND kept <> ? GROUP BY 1, 2, 3, 4, 5, 6`, append(args, kept)...)
}
