package postgres

import (
	"context"
	"fmt"

	"earshot/history"
)

// Check reads everything, so that the server finds pages that are damaged, and looks whether the tables belong together.
func (s *Store) Check(ctx context.Context) error {
	var bare, lost, read int64
	err := s.ask(ctx, patience, func(ctx context.Context, q querier) error {
		// Every byte of the details is needed for the sum.
		return q.QueryRow(ctx, `SELECT count(*) FILTER (WHERE d.id IS NULL), count(*) FILTER (WHERE e.id IS NULL), coalesce(sum(d.read), 0)::bigint
			FROM entries e FULL JOIN (SELECT shelf, id, octet_length(d::text) AS read FROM details d) d ON d.id = e.id AND d.shelf = e.shelf`).Scan(&bare, &lost, &read)
	})
	if err == nil && bare+lost > 0 {
		err = fmt.Errorf("%w: %d entries are without their details, %d details without their entry", history.ErrDamaged, bare, lost)
	}
	return fail("check the history database", err)
}
