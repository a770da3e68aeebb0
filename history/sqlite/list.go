package sqlite

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"

	"earshot/history"
)

// place is a place in the order of time: an entry's, which need not be there any more.
type place struct {
	at        int64
	id        string
	including bool   // what begins here begins with this entry
	selection string // of the deletion that has come so far, for Store.place
}

func placeOf(e history.Entry) place { return place{at: e.At.UnixMilli(), id: e.ID} }

// cursor names the place for others.
func (p place) cursor() string {
	text := strconv.FormatInt(p.at, 10) + " " + p.id
	if p.including {
		text = "=" + text
	}
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

func parseCursor(c string) (place, error) {
	data, err := base64.RawURLEncoding.Strict().DecodeString(c)
	text, including := strings.CutPrefix(string(data), "=")
	ms, id, ok := strings.Cut(text, " ")
	if err == nil && ok {
		p := place{id: id, including: including}
		if p.at, err = strconv.ParseInt(ms, 10, 64); err == nil && len(id) == 26 {
			return p, nil
		}
	}
	return place{}, history.ErrBadCursor
}

// back is the same place for what lies on its other side.
func (p place) back() place {
	p.including = !p.including
	return p
}

// List returns a page.
func (s *Store) List(ctx context.Context, q history.Query) (history.Page, error) {
	if q.Limit <= 0 {
		q.Limit = history.DefaultLimit
	}
	q.Limit = min(q.Limit, history.MaxLimit)
	l := lister{newer: q.Newer}
	var err error
	if q.Cursor != "" {
		if l.place, err = parseCursor(q.Cursor); err != nil {
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
	page, err := l.page(ctx, q)
	return page, fail("list the history database", err)
}

// lister makes one page.
type lister struct {
	tx        *sql.Tx
	condition *condition
	place     place // where the page begins, if there is an id
	newer     bool
}

func (l lister) page(ctx context.Context, q history.Query) (history.Page, error) {
	entries, err := l.entries(ctx, q.Limit+1)
	if err != nil {
		return history.Page{}, err
	}
	more := len(entries) > q.Limit
	entries = entries[:min(q.Limit, len(entries))]
	if l.newer {
		slices.Reverse(entries)
	}
	page := history.Page{Entries: entries}
	first, last := l.place.back(), l.place.back()
	if n := len(entries); n > 0 {
		first, last = placeOf(entries[0]), placeOf(entries[n-1])
	}
	newer, older, err := q.Sides(more, func() (bool, error) {
		if l.newer {
			return l.exists(ctx, last, false)
		}
		return l.exists(ctx, first, true)
	})
	if newer {
		page.PrevCursor = first.cursor()
	}
	if older {
		page.NextCursor = last.cursor()
	}
	return page, err
}

// beyond is the condition on one side of a place. The range of time ends there too, as SQLite finds its way by that one.
func (c *condition) beyond(p place, newer bool) (where string, args []any) {
	from, to, sign := c.from, min(c.to, p.at+1), "<"
	if newer {
		from, to, sign = max(c.from, p.at), c.to, ">"
	}
	if p.including {
		sign += "="
	}
	where, args = c.between(from, to)
	return where + " AND (at, id) " + sign + " (?, ?)", append(args, p.at, p.id)
}

func order(newer bool) string {
	if newer {
		return " ORDER BY at, id LIMIT ?"
	}
	return " ORDER BY at DESC, id DESC LIMIT ?"
}

// entries returns the nearest to the place.
func (l lister) entries(ctx context.Context, limit int) ([]history.Entry, error) {
	where, args := l.condition.all()
	if l.place.id != "" {
		where, args = l.condition.beyond(l.place, l.newer)
	}
	inner := `SELECT * FROM ` + l.condition.source() + ` WHERE ` + where + order(l.newer)
	rows, err := l.tx.QueryContext(ctx, `SELECT `+columns+` FROM (`+inner+`) e CROSS JOIN details d ON d.n = e.n`, append(args, limit)...)
	out := []history.Entry{}
	err = forEach(rows, err, func(row func(...any) error) error {
		e, err := scan(row)
		out = append(out, e)
		return err
	})
	return out, err
}

// exists tells whether there are entries on one side of a place.
func (l lister) exists(ctx context.Context, p place, newer bool) (bool, error) {
	where, args := l.condition.beyond(p, newer)
	var n int
	err := l.tx.QueryRowContext(ctx, `SELECT 1 FROM `+l.condition.source()+` WHERE `+where+order(newer), append(args, 1)...).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
