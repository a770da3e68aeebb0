package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"earshot/history"
	"earshot/history/table"
)

// Stretches of time that totals are kept of: of level 0 by milliseconds >> fineShift, and of level 1 by stretches of level 0 >> coarseShift.
// A range of a year is then 30 rows of level 0 and a dozen of level 1 for each sort of entry, and what is left over at its ends is
// counted entry by entry.
const (
	fineShift   = 26
	coarseShift = 5
)

// group is a row of totals of level 0, of which one entry is a part.
type group struct {
	stretch                      int64
	satellite, outcome, wakeWord string
	kept                         bool
	parts                        int64
}

// sums is what a group adds up.
type sums struct{ entries, stored, duration int64 }

// changes are differences to totals.
type changes map[group]sums

func (c changes) add(g group, s sums) {
	old := c[g]
	c[g] = sums{old.entries + s.entries, old.stored + s.stored, old.duration + s.duration}
}

// move takes sums from one group and gives them to another.
func (c changes) move(from, to group, s sums) {
	c.add(from, sums{-s.entries, -s.stored, -s.duration})
	c.add(to, s)
}

// apply changes both levels. Rows that reach zero go, as they name what was there.
func (c changes) apply(t tx) error {
	coarse := changes{}
	for g, s := range c {
		g.stretch >>= coarseShift
		coarse.add(g, s)
	}
	for level, groups := range []changes{c, coarse} {
		for g, s := range groups {
			if s == (sums{}) {
				continue
			}
			row := []any{level, g.stretch, g.satellite, g.outcome, g.wakeWord, g.kept, g.parts}
			if _, err := t.exec(addTotals, append(row, s.entries, s.stored, s.duration)...); err != nil {
				return err
			}
			if s.entries >= 0 {
				continue
			}
			if _, err := t.exec(dropTotals, row...); err != nil {
				return err
			}
		}
	}
	return nil
}

const (
	addTotals = `INSERT INTO totals (level, stretch, satellite, outcome, wake_word, kept, parts, entries, stored, duration)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET entries = entries + excluded.entries, stored = stored + excluded.stored, duration = duration + excluded.duration`
	dropTotals = `DELETE FROM totals WHERE level = ? AND stretch = ? AND satellite = ? AND outcome = ? AND wake_word = ? AND kept = ? AND parts = ?
		AND entries = 0`
)

// counted is a query whose rows add up to what a condition covers. Its columns are satellite, outcome, kept, parts, entries, stored,
// duration, and the times between which these entries lie.
func counted(c *condition) (query string, args []any) {
	const columns = `SELECT satellite, outcome, kept, parts, `
	var arms []string
	entries := func(from, to int64) {
		where, values := c.between(from, to)
		arms = append(arms, columns+`1 AS entries, stored, duration, at AS oldest, at AS newest FROM `+c.source()+` WHERE `+where)
		args = append(args, values...)
	}
	totals := func(level int, from, to int64) {
		if from >= to {
			return
		}
		shift := strconv.Itoa(fineShift + level*coarseShift)
		where := strings.Join(append([]string{`level = ?`, `stretch >= ?`, `stretch < ?`}, c.where.list...), ` AND `)
		arms = append(arms, columns+`entries, stored, duration, stretch << `+shift+` AS oldest, (stretch + 1 << `+shift+`) - 1 AS newest FROM totals WHERE `+where)
		args = append(append(args, level, from, to), c.where.args...)
	}
	fine, fineEnd := up(c.from, fineShift), c.to>>fineShift
	if !c.sums || fine >= fineEnd {
		entries(c.from, c.to)
		return strings.Join(arms, ` UNION ALL `), args
	}
	if c.from < fine<<fineShift {
		entries(c.from, fine<<fineShift)
	}
	coarse, coarseEnd := up(fine, coarseShift), fineEnd>>coarseShift
	if coarse >= coarseEnd {
		totals(0, fine, fineEnd)
	} else {
		totals(0, fine, coarse<<coarseShift)
		totals(1, coarse, coarseEnd)
		totals(0, coarseEnd<<coarseShift, fineEnd)
	}
	if fineEnd<<fineShift < c.to {
		entries(fineEnd<<fineShift, c.to)
	}
	return strings.Join(arms, ` UNION ALL `), args
}

// up divides and rounds up.
func up(n int64, shift int) int64 { return -(-n >> shift) }

const summed = `coalesce(sum(entries), 0), coalesce(sum(entries * (parts & 1)), 0), coalesce(sum(entries * (parts >> 1 & 1)), 0),
	coalesce(sum(stored), 0), coalesce(sum(duration), 0)`

// Totals counts what a selection covers.
func (s *Store) Totals(ctx context.Context, sel history.Selection) (history.Totals, error) {
	c, err := conditionOf(sel)
	if err != nil {
		return history.Totals{}, fail("count the history database", err)
	}
	tx, err := s.read.BeginTx(ctx, nil)
	if err != nil {
		return history.Totals{}, fail("count the history database", err)
	}
	defer func() { _ = tx.Rollback() }()
	t, err := totalsOf(ctx, tx, c)
	return t, fail("count the history database", err)
}

func totalsOf(ctx context.Context, tx *sql.Tx, c *condition) (history.Totals, error) {
	var t history.Totals
	var rev int64
	if err := tx.QueryRowContext(ctx, `SELECT n FROM revision`).Scan(&rev); err != nil {
		return t, err
	}
	t.Mark = strconv.FormatInt(rev, 10)
	var oldest, newest int64 = forever, -forever
	query, args := counted(c)
	rows, err := tx.QueryContext(ctx, `SELECT kept, min(oldest), max(newest), `+summed+` FROM (`+query+`) GROUP BY kept`, args...)
	err = forEach(rows, err, func(scan func(...any) error) error {
		var kept bool
		var first, last int64
		sum, err := scanSum(scan, &kept, &first, &last)
		if err != nil {
			return err
		}
		if kept {
			t.Kept = sum
		}
		t.Sum = add(t.Sum, sum)
		oldest, newest = min(oldest, first), max(newest, last)
		return nil
	})
	if err != nil || t.Entries == 0 {
		return t, err
	}
	if t.Oldest, err = end(ctx, tx, c, max(oldest, c.from), false); err != nil {
		return t, err
	}
	t.Newest, err = end(ctx, tx, c, min(newest, c.to-1), true)
	return t, err
}

// scanSum scans some columns, and those of summed.
func scanSum(scan func(...any) error, before ...any) (history.Sum, error) {
	var sum history.Sum
	var duration int64
	err := scan(slices.Concat(before, []any{&sum.Entries, &sum.Clips, &sum.Texts, &sum.Stored, &duration})...)
	sum.Duration = table.Milliseconds(duration)
	return sum, err
}

func add(a, b history.Sum) history.Sum {
	return history.Sum{
		Entries: a.Entries + b.Entries, Clips: a.Clips + b.Clips, Texts: a.Texts + b.Texts, Stored: a.Stored + b.Stored, Duration: a.Duration + b.Duration,
	}
}

// end finds the time of the oldest or newest entry of a condition; near is a time that none is beyond.
func end(ctx context.Context, tx *sql.Tx, c *condition, near int64, newest bool) (time.Time, error) {
	from, to, way := near, c.to, ``
	sign := `>=`
	if newest {
		from, to, way, sign = c.from, near+1, ` DESC`, `<=`
	}
	if c.sums { // near may be the end of a long stretch: a shorter one is looked for in it
		where := strings.Join(append([]string{`level = 0`, `stretch ` + sign + ` ?`}, c.where.list...), ` AND `)
		var stretch int64
		err := tx.QueryRowContext(ctx, `SELECT stretch FROM totals WHERE `+where+` ORDER BY stretch`+way+` LIMIT 1`,
			append([]any{near >> fineShift}, c.where.args...)...).Scan(&stretch)
		switch {
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			return time.Time{}, err
		case err == nil && newest:
			to = min(to, (stretch+1)<<fineShift)
		case err == nil:
			from = max(from, stretch<<fineShift)
		}
	}
	where, args := c.between(from, to)
	var at int64
	err := tx.QueryRowContext(ctx, `SELECT at FROM `+c.source()+` WHERE `+where+` ORDER BY at`+way+` LIMIT 1`, args...).Scan(&at)
	return time.UnixMilli(at).UTC(), err
}

// Stats counts what a filter covers for each satellite and outcome.
func (s *Store) Stats(ctx context.Context, f history.Filter) ([]history.Stat, error) {
	c, err := conditionOf(history.Selection{Filter: f})
	if err != nil {
		return nil, fail("count the history database", err)
	}
	query, args := counted(c)
	rows, err := s.read.QueryContext(ctx, `SELECT satellite, outcome, `+summed+` FROM (`+query+`) GROUP BY 1, 2 ORDER BY 1, 2`, args...)
	var out []history.Stat
	err = forEach(rows, err, func(scan func(...any) error) error {
		var st history.Stat
		var err error
		st.Sum, err = scanSum(scan, &st.Satellite, &st.Outcome)
		out = append(out, st)
		return err
	})
	return out, fail("count the history database", err)
}
