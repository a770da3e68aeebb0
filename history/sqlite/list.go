package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"earshot/history"
	"earshot/history/table"
)

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
		return history.Page{}, err
	}
	// One moment for both questions.
	if l.tx, err = s.read.BeginTx(ctx, nil); err != nil {
		return history.Page{}, fail("list the history database", err)
	}
	defer func() { _ = l.tx.Rollback() }()
	page, err := table.List(ctx, l, q, from)
	return page, fail("list the history database", err)
}

// lister finds the entries of one page.
type lister struct {
	tx        *sql.Tx
	condition *condition
}

// beyond is the condition on one side of a place. The range of time ends there too, as SQLite finds its way by that one.
func (c *condition) beyond(p table.Place, newer bool) (where string, args []any) {
	from, to, sign := c.from, min(c.to, p.At+1), "<"
	if newer {
		from, to, sign = max(c.from, p.At), c.to, ">"
	}
	if p.Including {
		sign += "="
	}
	where, args = c.between(from, to)
	return where + " AND (at, id) " + sign + " (?, ?)", append(args, p.At, p.ID)
}

func order(newer bool) string {
	if newer {
		return " ORDER BY at, id LIMIT ?"
	}
	return " ORDER BY at DESC, id DESC LIMIT ?"
}

// Entries returns the nearest to a place.
func (l lister) Entries(ctx context.Context, p table.Place, newer bool, limit int) ([]history.Entry, error) {
	where, args := l.condition.all()
	if p.ID != "" {
		where, args = l.condition.beyond(p, newer)
	}
	inner := `SELECT * FROM ` + l.condition.source() + ` WHERE ` + where + order(newer)
	rows, err := l.tx.QueryContext(ctx, `SELECT `+table.Columns+` FROM (`+inner+`) e CROSS JOIN details d ON d.n = e.n`, append(args, limit)...)
	out := []history.Entry{}
	err = forEach(rows, err, func(row func(...any) error) error {
		e, err := table.Scan(row)
		out = append(out, e)
		return err
	})
	return out, err
}

// Exists tells whether there are entries on one side of a place.
func (l lister) Exists(ctx context.Context, p table.Place, newer bool) (bool, error) {
	where, args := l.condition.beyond(p, newer)
	var n int
	err := l.tx.QueryRowContext(ctx, `SELECT 1 FROM `+l.condition.source()+` WHERE `+where+order(newer), append(args, 1)...).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
