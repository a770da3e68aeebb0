// Package table has what the databases of a history have in common: pages and their cursors, and how an entry lies in columns.
package table

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"earshot/history"
)

// Place is a place in the order of time: an entry's, which need not be there any more.
type Place struct {
	At        int64  // milliseconds since 1970
	ID        string // "" stands for where the order begins
	Including bool   // what begins here begins with this entry
}

// PlaceOf is where an entry is.
func PlaceOf(e history.Entry) Place { return Place{At: e.At.UnixMilli(), ID: e.ID} }

// Cursor names the place for others.
func (p Place) Cursor() string {
	text := strconv.FormatInt(p.At, 10) + " " + p.ID
	if p.Including {
		text = "=" + text
	}
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

// ParseCursor reads what Cursor has written; of anything else it says history.ErrBadCursor.
func ParseCursor(cursor string) (Place, error) {
	data, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	text, including := strings.CutPrefix(string(data), "=")
	at, id, ok := strings.Cut(text, " ")
	if err == nil && ok {
		p := Place{ID: id, Including: including}
		if p.At, err = strconv.ParseInt(at, 10, 64); err == nil && len(id) == 26 && plain(id) {
			return p, nil
		}
	}
	return Place{}, history.ErrBadCursor
}

// plain tells whether an id is one that every database takes.
func plain(id string) bool {
	return !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' })
}

// back is the same place for what lies on its other side.
func (p Place) back() Place {
	p.Including = !p.Including
	return p
}

// Lister finds the entries that a page is about.
type Lister interface {
	// Entries returns up to limit of the nearest to a place, on one side of it, the nearest first.
	Entries(ctx context.Context, p Place, newer bool, limit int) ([]history.Entry, error)
	// Exists tells whether there is any on one side of a place.
	Exists(ctx context.Context, p Place, newer bool) (bool, error)
}

// List makes the page that is asked for; from is where its cursor points to.
func List(ctx context.Context, l Lister, q history.Query, from Place) (history.Page, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = history.DefaultLimit
	}
	limit = min(limit, history.MaxLimit)
	entries, err := l.Entries(ctx, from, q.Newer, limit+1)
	if err != nil {
		return history.Page{}, err
	}
	more := len(entries) > limit
	entries = entries[:min(limit, len(entries))]
	if q.Newer {
		slices.Reverse(entries)
	}
	page := history.Page{Entries: entries}
	first, last := from.back(), from.back()
	if n := len(entries); n > 0 {
		first, last = PlaceOf(entries[0]), PlaceOf(entries[n-1])
	}
	newer, older := more, more
	behind := false
	if q.Cursor != "" { // there is nothing behind where the list begins
		nearest := first
		if q.Newer {
			nearest = last
		}
		if behind, err = l.Exists(ctx, nearest, !q.Newer); err != nil {
			return history.Page{}, err
		}
	}
	if q.Newer {
		older = behind
	} else {
		newer = behind
	}
	if newer {
		page.PrevCursor = first.Cursor()
	}
	if older {
		page.NextCursor = last.Cursor()
	}
	return page, nil
}
