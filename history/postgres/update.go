package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"earshot/history"
)

// Update changes the selected entries.
func (s *Store) Update(ctx context.Context, sel history.Selection, u history.Update) (int, error) {
	c, err := conditionOf(sel)
	if err != nil {
		return 0, fail("change the history database", err)
	}
	var ids []string
	err = s.change(ctx, patience, func(ctx context.Context, tx pgx.Tx) error {
		var err error
		if ids, err = update(ctx, tx, c.clone(), u); err != nil {
			return err
		}
		return s.notify(ctx, tx, history.Updated, ids)
	})
	if err != nil {
		return 0, fail("change the history database", err)
	}
	return len(ids), nil
}

// update locks the entries in the order of all who do, so that two of them do not wait for each other.
func update(ctx context.Context, tx pgx.Tx, c *condition, u history.Update) ([]string, error) {
	if err := c.seek(ctx, tx); err != nil {
		return nil, err
	}
	these := `SELECT e.id FROM entries e` + c.where() + order(true) + ` FOR UPDATE`
	set := []string{"rev = pg_current_xact_id()"}
	if u.Kept != nil {
		set = append(set, "kept = "+c.arg(*u.Kept))
	}
	if u.Label != nil {
		set = append(set, "label = "+c.arg(plain(string(*u.Label))))
	}
	if u.Shared != nil {
		set = append(set, "shared = "+c.arg(*u.Shared))
	}
	rows, err := tx.Query(ctx, `WITH these AS MATERIALIZED (`+these+`) UPDATE entries u SET `+strings.Join(set, ", ")+
		` FROM these WHERE u.id = these.id RETURNING u.id`, c.args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
