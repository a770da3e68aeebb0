package sqlite

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"earshot/history"
)

// forever is before (negated) and after all times there can be, in milliseconds, and a bound of stretches of both levels.
const forever = 1 << 62

// condition is a selection as SQL; values only ever go in as arguments.
type condition struct {
	from, to int64 // milliseconds, from <= at < to
	sums     bool  // all of it can be told from totals
	where    clauses
	entries  clauses // what only entries can tell, besides the time
	index    string  // how to find the entries quickly, where it is not by their time
}

// clauses are conditions that must hold together.
type clauses struct {
	list []string
	args []any
}

func (p *clauses) add(part string, args ...any) {
	p.list = append(p.list, part)
	p.args = append(p.args, args...)
}

// in restricts a column to some values, if there are any.
func in[T ~string](p *clauses, column string, values []T) {
	if len(values) > 0 {
		p.add(column+" IN (SELECT value FROM json_each(?))", list(values))
	}
}

// list is values as one argument for json_each, so that their number is not bounded by that of arguments.
func list[T any](values []T) string {
	data, _ := json.Marshal(values) // texts and numbers always can be
	return string(data)
}

// conditionOf turns a selection into SQL. Whether kept ones are included is not part of it.
func conditionOf(sel history.Selection) (*condition, error) {
	c := &condition{from: -forever, to: forever}
	if !sel.From.IsZero() {
		c.from = ceilMilli(sel.From)
	}
	if !sel.To.IsZero() {
		c.to = ceilMilli(sel.To)
	}
	in(&c.where, "satellite", sel.Satellites)
	in(&c.where, "outcome", sel.Outcomes)
	in(&c.where, "wake_word", sel.WakeWords)
	switch sel.What {
	case history.WhatAudio:
		c.where.add("parts & 1")
	case history.WhatText:
		c.where.add("parts & 4")
	}
	if sel.Kept != nil {
		c.flag("kept", *sel.Kept, &c.where)
	}
	return c, c.restrict(sel)
}

// restrict adds what totals do not know.
func (c *condition) restrict(sel history.Selection) error {
	if sel.Shared != nil {
		c.flag("shared", *sel.Shared, &c.entries)
	}
	if in(&c.entries, "label", sel.Labels); len(sel.Labels) > 0 && !slices.Contains(sel.Labels, history.LabelNone) {
		c.entries.add("label <> ''")
		c.index = "entries_label"
	}
	if sel.Text != "" {
		c.entries.add("instr(folded, ?) > 0", []byte(history.Fold(sel.Text)))
	}
	if sel.IDs != nil {
		c.entries.add("id IN (SELECT value FROM json_each(?))", list(sel.IDs))
		c.index = "entries_id"
	}
	if sel.AsOf != "" {
		rev, err := strconv.ParseUint(sel.AsOf, 10, 63)
		if err != nil {
			return errors.New("as of: the mark is not one that totals gave")
		}
		c.entries.add("rev <= ?", int64(rev))
	}
	c.sums = len(c.entries.list) == 0
	return nil
}

// flag restricts a column that is 0 or 1. The value stands in the text, so that SQLite sees that an index is of such rows.
func (c *condition) flag(column string, is bool, into *clauses) {
	if is {
		into.add(column + " = 1")
		c.index = "entries_" + column
		return
	}
	into.add(column + " = 0")
}

// source is the table of the entries, with the index to go by.
func (c *condition) source() string {
	if c.index == "" {
		return "entries"
	}
	return "entries INDEXED BY " + c.index
}

// all is the whole condition on entries.
func (c *condition) all() (where string, args []any) {
	return c.between(c.from, c.to)
}

// between is the whole condition on entries with another range of time.
func (c *condition) between(from, to int64) (where string, args []any) {
	list := slices.Concat([]string{"at >= ?", "at < ?"}, c.where.list, c.entries.list)
	return strings.Join(list, " AND "), slices.Concat([]any{from, to}, c.where.args, c.entries.args)
}

// ceilMilli rounds a bound up: entries are at whole milliseconds, so that At < bound and At < ceil(bound) are the same.
func ceilMilli(t time.Time) int64 {
	ms := t.UnixMilli()
	if t.Nanosecond()%int(time.Millisecond) != 0 {
		ms++
	}
	return ms
}
