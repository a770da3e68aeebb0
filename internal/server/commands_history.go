package server

import (
	"context"
	"fmt"
	"strings"
	"time"

	"earshot/history"
)

// span is the range of time of a command: a period by name, or from and to.
type span struct {
	period   *string
	from, to *time.Time
}

func declareSpan(f *fields) span {
	return span{
		period: f.text("period", strings.Join(history.Periods(), ", ")+"; the last with an age, as in older_than: 90d"),
		from:   f.instant("from", "from this time on, instead of period"),
		to:     f.instant("to", "until before this time, instead of period"),
	}
}

// given tells whether any of the three fields was sent.
func (sp span) given() bool { return *sp.period != "" || !sp.from.IsZero() || !sp.to.IsZero() }

// bounds is the range, half-open; a zero time leaves a side open.
func (sp span) bounds(now time.Time, cal history.Calendar) (from, to time.Time, err error) {
	if *sp.period == "" {
		if !sp.from.IsZero() && !sp.to.IsZero() && !sp.from.Before(*sp.to) {
			return from, to, invalidFormat("to: must be after from")
		}
		return *sp.from, *sp.to, nil
	}
	if !sp.from.IsZero() || !sp.to.IsZero() {
		return from, to, invalidFormat("period: goes without from and to")
	}
	from, to, err = cal.Period(*sp.period, now)
	if err != nil {
		return from, to, invalidFormat("period: " + strings.TrimPrefix(err.Error(), "period "))
	}
	return from, to, nil
}

// listResult is a part of the history, and the boundaries that were used.
type listResult struct {
	Entries    []entryJSON `json:"entries"`
	NextCursor *string     `json:"next_cursor"` // null on the last page
	PrevCursor *string     `json:"prev_cursor"` // null on the newest page
	From       *string     `json:"from"`
	To         *string     `json:"to"`
}

func (s *Server) listHistory(f *fields) action {
	filter := declareFilter(f)
	limit := f.number("limit", 1, history.MaxLimit, fmt.Sprintf("entries of a page; %d when it is left out", history.DefaultLimit))
	cursor := f.text("cursor", "next_cursor of the page before, for older entries")
	newer := f.text("newer", "prev_cursor of another page, for newer entries; instead of cursor")
	return func(ctx context.Context, _ call) (any, error) {
		q := history.Query{Limit: int(*limit), Cursor: *cursor}
		if *newer != "" {
			if *cursor != "" {
				return nil, invalidFormat("newer: goes without cursor")
			}
			q.Cursor, q.Newer = *newer, true
		}
		var err error
		if q.Filter, err = filter.filter(time.Now(), s.deps.History.Calendar()); err != nil {
			return nil, err
		}
		page, err := s.deps.History.List(ctx, q)
		if err != nil {
			return nil, err
		}
		result := listResult{Entries: make([]entryJSON, len(page.Entries)), From: boundary(q.From, s.zone()), To: boundary(q.To, s.zone())}
		for i, e := range page.Entries {
			result.Entries[i] = s.entryJSON(e)
		}
		result.NextCursor, result.PrevCursor = orNull(page.NextCursor), orNull(page.PrevCursor)
		return result, nil
	}
}

// orNull is a text as a client sees it: null when it is empty.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func outcomeNames() []string {
	var names []string
	for _, o := range history.Outcomes() {
		names = append(names, string(o))
	}
	return names
}

func (s *Server) getEntry(f *fields) action {
	id := f.text("entry_id", "id of the entry")
	f.require("entry_id")
	return func(ctx context.Context, _ call) (any, error) {
		e, err := s.deps.History.Get(ctx, *id)
		if err != nil {
			return nil, err
		}
		return s.entryJSON(e), nil
	}
}

// sumJSON counts entries.
type sumJSON struct {
	Entries int64   `json:"entries"`
	Clips   int64   `json:"clips"` // entries with audio
	Texts   int64   `json:"texts"` // entries with a transcript or a reply
	Bytes   int64   `json:"bytes"` // of the clips, as they are stored
	Seconds float64 `json:"seconds"`
}

func newSum(s history.Sum) sumJSON {
	return sumJSON{s.Entries, s.Clips, s.Texts, s.Stored, s.Duration.Seconds()}
}

// statsResult counts what a filter covers.
type statsResult struct {
	sumJSON
	Kept   sumJSON    `json:"kept"`
	Oldest *string    `json:"oldest"`
	Newest *string    `json:"newest"`
	From   *string    `json:"from"`
	To     *string    `json:"to"`
	By     []statJSON `json:"by"` // ordered by satellite, then outcome
}

type statJSON struct {
	Satellite string          `json:"satellite"`
	Outcome   history.Outcome `json:"outcome"`
	sumJSON
}

func (s *Server) statHistory(f *fields) action {
	fields := declareFilter(f)
	return func(ctx context.Context, _ call) (any, error) {
		filter, err := fields.filter(time.Now(), s.deps.History.Calendar())
		if err != nil {
			return nil, err
		}
		t, err := s.deps.History.Totals(ctx, filter)
		if err != nil {
			return nil, err
		}
		stats, err := s.deps.History.Stats(ctx, filter)
		if err != nil {
			return nil, err
		}
		zone := s.zone()
		result := statsResult{
			sumJSON: newSum(t.Sum), Kept: newSum(t.Kept), Oldest: boundary(t.Oldest, zone), Newest: boundary(t.Newest, zone),
			From: boundary(filter.From, zone), To: boundary(filter.To, zone), By: []statJSON{},
		}
		for _, st := range stats {
			result.By = append(result.By, statJSON{st.Satellite, st.Outcome, newSum(st.Sum)})
		}
		return result, nil
	}
}

// updateResult tells how many entries were changed.
type updateResult struct {
	Updated int `json:"updated"`
}

func (s *Server) updateEntries(f *fields) action {
	which := declareMatch(f)
	kept := f.flag("kept", "true: no deletion takes them, unless it says include_kept")
	label := f.choice("label", []string{string(history.LabelCorrect), string(history.LabelMistake), noLabel}, "whether the wake word was really said")
	shared := f.flag("shared", "whether they help to improve the wake words; a label does that too, when the household helps at all")
	return func(ctx context.Context, by call) (any, error) {
		selection, err := which.selection(time.Now(), s.deps.History.Calendar())
		if err != nil {
			return nil, err
		}
		u := history.Update{Kept: *kept, Shared: *shared}
		if *label != "" {
			l := history.Label(*label)
			if *label == noLabel {
				l = history.LabelNone
			}
			u.Label = &l
		}
		if u == (history.Update{}) {
			return nil, invalidFormat("kept: say kept, label or shared")
		}
		n, err := s.deps.History.Change(ctx, by.who.Name, selection, u)
		if err != nil {
			return nil, err
		}
		return updateResult{n}, nil
	}
}

// noLabel takes a label away.
const noLabel = "none"
