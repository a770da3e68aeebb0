package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"earshot/history"
	"earshot/history/table"
)

// summed are the columns of a Sum.
const summed = `count(*) AS entries, count(*) FILTER (WHERE e.parts & 1 <> 0) AS clips, count(*) FILTER (WHERE e.parts & 2 <> 0) AS texts,
	coalesce(sum(e.stored), 0)::bigint AS stored, coalesce(sum(e.duration), 0)::bigint AS duration`

// Totals counts what a selection covers. Its mark is the very moment that was counted.
func (s *Store) Totals(ctx context.Context, sel history.Selection) (history.Totals, error) {
	c, err := conditionOf(sel)
	if err != nil {
		return history.Totals{}, fail("count the history database", err)
	}
	var t history.Totals
	err = s.ask(ctx, patience, func(ctx context.Context, q querier) error {
		if err := c.seek(ctx, q); err != nil {
			return err
		}
		rows, err := q.Query(ctx, `SELECT m.mark, t.* FROM (SELECT pg_current_snapshot()::text AS mark) m LEFT JOIN
			(SELECT e.kept, min(e.at) AS oldest, max(e.at) AS newest, `+summed+` FROM entries e`+c.where()+` GROUP BY e.kept) t ON true`, c.args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := scanTotals(rows, &t); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	return t, fail("count the history database", err)
}

// scanTotals adds those that are kept, or those that are not. There is one row without any when there is nothing to add.
func scanTotals(rows pgx.Rows, t *history.Totals) error {
	var kept *bool
	var oldest, newest, entries, clips, texts, stored, duration *int64
	if err := rows.Scan(&t.Mark, &kept, &oldest, &newest, &entries, &clips, &texts, &stored, &duration); err != nil || kept == nil {
		return err
	}
	sum := history.Sum{Entries: *entries, Clips: *clips, Texts: *texts, Stored: *stored, Duration: table.Milliseconds(*duration)}
	if *kept {
		t.Kept = sum
	}
	t.Sum = history.Sum{
		Entries: t.Entries + sum.Entries, Clips: t.Clips + sum.Clips, Texts: t.Texts + sum.Texts,
		Stored: t.Stored + sum.Stored, Duration: t.Duration + sum.Duration,
	}
	first, last := time.UnixMilli(*oldest).UTC(), time.UnixMilli(*newest).UTC()
	if t.Oldest.IsZero() || first.Before(t.Oldest) {
		t.Oldest = first
	}
	if t.Newest.IsZero() || last.After(t.Newest) {
		t.Newest = last
	}
	return nil
}

// Stats counts what a filter covers for each satellite and outcome.
func (s *Store) Stats(ctx context.Context, f history.Filter) ([]history.Stat, error) {
	c, err := conditionOf(history.Selection{Filter: f})
	if err != nil {
		return nil, fail("count the history database", err)
	}
	var out []history.Stat
	err = s.ask(ctx, patience, func(ctx context.Context, q querier) error {
		if err := c.seek(ctx, q); err != nil {
			return err
		}
		rows, err := q.Query(ctx, `SELECT e.satellite, e.outcome, `+summed+` FROM entries e`+c.where()+` GROUP BY 1, 2 ORDER BY 1, 2`, c.args...)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (history.Stat, error) {
			var st history.Stat
			var duration int64
			err := row.Scan(&st.Satellite, &st.Outcome, &st.Entries, &st.Clips, &st.Texts, &st.Stored, &duration)
			st.Duration = table.Milliseconds(duration)
			return st, err
		})
		return err
	})
	return out, fail("count the history database", err)
}
