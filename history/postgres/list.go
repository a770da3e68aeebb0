package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"earshot/history"
	"earshot/history/table"
)

// beyond restricts to one side of a place.
func (c *condition) beyond(p table.Place, newer bool) {
	sign := "<"
	if newer {
		sign = ">"
	}
	if p.Including {
		sign += "="
	}
	c.add("(e.at, e.id) " + sign + " (" + c.arg(p.At) + "::bigint, " + c.arg(p.ID) + "::text)")
}

func order(newer bool) string {
	if newer {
		return " ORDER BY e.at, e.id"
	}
	return " ORDER BY e.at DESC, e.id DESC"
}

// List returns a page.
func (s *Store) List(ctx context.Context, q history.Query) (history.Page, error) {
	var (
		l    lister
		from table.Place
		err  error
	)
	if q.Cursor != "" {
		if from, err = table.ParseCursor(q.Cursor); err != nil {
			return history.Page{}, err
		}
	}
	if l.condition, err = conditionOf(history.Selection{Filter: q.Filter}); err != nil {
		return history.Page{}, fail("list the history database", err)
	}
	var page history.Page
	err = s.ask(ctx, patience, func(ctx context.Context, db querier) error {
		if err := l.condition.seek(ctx, db); err != nil {
			return err
		}
		l.db = db
		var err error
		page, err = table.List(ctx, l, q, from)
		return err
	})
	return page, fail("list the history database", err)
}

// lister finds the entries of one page.
type lister struct {
	db        querier
	condition *condition
}

// Entries returns the nearest to a place.
func (l lister) Entries(ctx context.Context, p table.Place, newer bool, limit int) ([]history.Entry, error) {
	c := l.condition.clone()
	if p.ID != "" {
		c.beyond(p, newer)
	}
	inner := `SELECT * FROM entries e` + c.where() + order(newer) + ` LIMIT ` + c.arg(limit)
	rows, err := l.db.Query(ctx, `SELECT `+table.Columns+` FROM (`+inner+`)`+itsDetails+order(newer), c.args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// Exists tells whether there are entries on one side of a place.
func (l lister) Exists(ctx context.Context, p table.Place, newer bool) (bool, error) {
	c := l.condition.clone()
	c.beyond(p, newer)
	var yes bool
	err := l.db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM entries e`+c.where()+order(newer)+` LIMIT 1)`, c.args...).Scan(&yes)
	return yes, err
}
