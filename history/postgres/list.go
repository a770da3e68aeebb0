package postgres

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"earshot/history"
)

// place is a place in the order of time: an entry's, which need not be there any more.
type place struct {
	at        int64
	id        string
	including bool // what begins here begins with this entry
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
	at, id, ok := strings.Cut(text, " ")
	if err == nil && ok {
		p := place{id: id, including: including}
		if p.at, err = strconv.ParseInt(at, 10, 64); err == nil && len(id) == 26 && plain(id) == id {
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

// beyond restricts to one side of a place.
func (c *condition) beyond(p place, newer bool) {
	sign := "<"
	if newer {
		sign = ">"
	}
	if p.including {
		sign += "="
	}
	c.add("(e.at, e.id) " + sign + " (" + c.arg(p.at) + "::bigint, " + c.arg(p.id) + "::text)")
}

func order(newer bool) string {
	if newer {
		return " ORDER BY e.at, e.id"
	}
	return " ORDER BY e.at DESC, e.id DESC"
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
		return history.Page{}, fail("list the history database", err)
	}
	var page history.Page
	err = s.ask(ctx, patience, func(ctx context.Context, db querier) error {
		if err := l.condition.seek(ctx, db); err != nil {
			return err
		}
		l.db = db
		var err error
		page, err = l.page(ctx, q)
		return err
	})
	return page, fail("list the history database", err)
}

// lister makes one page.
type lister struct {
	db        querier
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

// entries returns the nearest to the place.
func (l lister) entries(ctx context.Context, limit int) ([]history.Entry, error) {
	c := l.condition.clone()
	if l.place.id != "" {
		c.beyond(l.place, l.newer)
	}
	inner := `SELECT * FROM entries e` + c.where() + order(l.newer) + ` LIMIT ` + c.arg(limit)
	rows, err := l.db.Query(ctx, `SELECT `+columns+` FROM (`+inner+`)`+itsDetails+order(l.newer), c.args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// exists tells whether there are entries on one side of a place.
func (l lister) exists(ctx context.Context, p place, newer bool) (bool, error) {
	c := l.condition.clone()
	c.beyond(p, newer)
	var yes bool
	err := l.db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM entries e`+c.where()+order(newer)+` LIMIT 1)`, c.args...).Scan(&yes)
	return yes, err
}
