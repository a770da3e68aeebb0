package postgres

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"earshot/history"
)

// condition is a selection as SQL on entries e; values only ever go in as arguments.
type condition struct {
	clauses  []string
	args     []any
	text     []byte // folded, until seek has turned it into a clause
	from, to int64  // bounds of time in milliseconds; the whole of it where there are none
}

// arg is the name of a new argument.
func (c *condition) arg(v any) string {
	c.args = append(c.args, v)
	return "$" + strconv.Itoa(len(c.args))
}

func (c *condition) add(clause string) { c.clauses = append(c.clauses, clause) }

// clone is the same condition, to go on from.
func (c *condition) clone() *condition {
	return &condition{slices.Clone(c.clauses), slices.Clone(c.args), c.text, c.from, c.to}
}

func (c *condition) where() string {
	if len(c.clauses) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.clauses, " AND ")
}

// in restricts a column to some values, if there are any.
func in[T ~string](c *condition, column string, values []T) {
	if len(values) > 0 {
		c.add(column + " = ANY (" + c.arg(plains(values)) + "::text[])")
	}
}

// flag restricts a column that is true or false. The value stands in the text, so that the server sees that an index is of such rows.
func (c *condition) flag(column string, is *bool) {
	switch {
	case is == nil:
	case *is:
		c.add(column)
	default:
		c.add("NOT " + column)
	}
}

// conditionOf turns a selection into SQL. Whether kept ones are included is not part of it.
func conditionOf(sel history.Selection) (*condition, error) {
	c := &condition{from: math.MinInt64, to: math.MaxInt64}
	if !sel.From.IsZero() {
		c.from = ceilMilli(sel.From)
		c.add("e.at >= " + c.arg(c.from))
	}
	if !sel.To.IsZero() {
		c.to = ceilMilli(sel.To)
		c.add("e.at < " + c.arg(c.to))
	}
	in(c, "e.satellite", sel.Satellites)
	in(c, "e.outcome", sel.Outcomes)
	in(c, "e.wake_word", sel.WakeWords)
	if in(c, "e.label", sel.Labels); len(sel.Labels) > 0 && !slices.Contains(sel.Labels, history.LabelNone) {
		c.add("e.label <> ''")
	}
	c.flag("e.kept", sel.Kept)
	c.flag("e.shared", sel.Shared)
	switch sel.What {
	case history.WhatAudio:
		c.add("e.parts & 1 <> 0")
	case history.WhatText:
		c.add("e.parts & 4 <> 0")
	}
	if sel.IDs != nil {
		c.add("e.id = ANY (" + c.arg(plains(sel.IDs)) + "::text[])")
	}
	if sel.Text != "" {
		c.text = []byte(history.Fold(plain(sel.Text)))
	}
	return c, c.asOf(sel.AsOf)
}

// asOf leaves out what a moment has not seen. Transactions do not end in the order of their numbers, so the moment says which ones had.
func (c *condition) asOf(mark string) error {
	if mark == "" {
		return nil
	}
	if !isSnapshot(mark) {
		return errors.New("as of: the mark is not one that totals gave")
	}
	c.add("pg_visible_in_snapshot(e.rev, " + c.arg(mark) + "::text::pg_snapshot)")
	return nil
}

// isSnapshot tells whether a text has the form of a pg_snapshot.
// ref: https://www.postgresql.org/docs/15/functions-info.html, table 9.80
func isSnapshot(mark string) bool {
	list := strings.Split(mark, ":")
	if len(list) != 3 {
		return false
	}
	ids := list[:2]
	if list[2] != "" {
		ids = append(ids, strings.Split(list[2], ",")...)
	}
	for _, id := range ids {
		if n, err := strconv.ParseUint(id, 10, 63); err != nil || n == 0 {
			return false
		}
	}
	return true
}

// ceilMilli rounds a bound up: entries are at whole milliseconds, so that At < bound and At < ceil(bound) are the same.
func ceilMilli(t time.Time) int64 {
	n := t.UnixMilli()
	if t.Nanosecond()%int(time.Millisecond) != 0 {
		n++
	}
	return n
}
