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
func (sp span) bounds(now time.Time, loc *time.Location) (from, to time.Time, err error) {
	if *sp.period == "" {
		if !sp.from.IsZero() && !sp.to.IsZero() && !sp.from.Before(*sp.to) {
			return from, to, invalidFormat("to: must be after from")
		}
		return *sp.from, *sp.to, nil
	}
	if !sp.from.IsZero() || !sp.to.IsZero() {
		return from, to, invalidFormat("period: goes without from and to")
	}
	from, to, err = history.ParsePeriod(*sp.period, now, loc)
	if err != nil {
		return from, to, invalidFormat("period: " + strings.TrimPrefix(err.Error(), "period "))
	}
	return from, to, nil
}

// listResult is a part of the history, and the boundaries that were used.
type listResult struct {
	Entries    []entryJSON `json:"entries"`
	NextCursor *string     `json:"next_cursor"` // null on the last page
	From       *string     `json:"from"`
	To         *string     `json:"to"`
}

func (s *Server) listHistory(f *fields) action {
	sp := declareSpan(f)
	satellite := f.text("satellite", "only of this satellite")
	outcome := f.choice("outcome", outcomeNames(), "only with this outcome")
	wakeWord := f.text("wake_word", "only after this wake word, by the id of its model")
	text := f.text("text", "only with this text in transcript or reply, letter case ignored")
	label := f.choice("label", []string{string(history.LabelCorrect), string(history.LabelMistake)}, "only with this label")
	kept := f.flag("kept", "only those that are kept, or only those that are not")
	limit := f.number("limit", 1, history.MaxLimit, fmt.Sprintf("entries of a page; %d when it is left out", history.DefaultLimit))
	cursor := f.text("cursor", "next_cursor of the page before")
	return func(ctx context.Context, _ call) (any, error) {
		loc := s.deps.History.Location()
		from, to, err := sp.bounds(time.Now(), loc)
		if err != nil {
			return nil, err
		}
		page, err := s.deps.History.List(ctx, history.Query{
			From: from, To: to, Satellite: *satellite, Outcome: history.Outcome(*outcome), WakeWord: *wakeWord,
			Text: *text, Label: history.Label(*label), Kept: *kept, Limit: int(*limit), Cursor: *cursor,
		})
		if err != nil {
			return nil, err
		}
		result := listResult{Entries: make([]entryJSON, len(page.Entries)), From: boundary(from, loc), To: boundary(to, loc)}
		for i, e := range page.Entries {
			result.Entries[i] = s.entryJSON(e)
		}
		if page.NextCursor != "" {
			result.NextCursor = &page.NextCursor
		}
		return result, nil
	}
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

func (s *Server) deleteEntries(f *fields) action {
	ids := f.texts("ids", "ids of the entries")
	includeKept := f.flag("include_kept", "delete kept entries too")
	f.require("ids")
	return func(ctx context.Context, by call) (any, error) {
		if len(*ids) == 0 {
			return nil, invalidFormat("ids: at least one is needed")
		}
		return s.delete(ctx, by, history.Selection{IDs: *ids, IncludeKept: isTrue(*includeKept)})
	}
}

func (s *Server) deleteRange(f *fields) action {
	sp := declareSpan(f)
	satellite := f.text("satellite", "only of this satellite")
	satellites := f.texts("satellites", "only of these satellites")
	includeKept := f.flag("include_kept", "delete kept entries too")
	confirm := f.flag("confirm", "must be true: the recordings cannot be brought back")
	return func(ctx context.Context, by call) (any, error) {
		if !isTrue(*confirm) {
			return nil, invalidFormat("confirm: must be true, as the recordings cannot be brought back; nothing was deleted")
		}
		if !sp.given() {
			return nil, invalidFormat("period: say which, or from and to; nothing was deleted")
		}
		if *satellites != nil && len(*satellites) == 0 {
			return nil, invalidFormat("satellites: at least one is needed, or leave it out for all; nothing was deleted")
		}
		from, to, err := sp.bounds(time.Now(), s.deps.History.Location())
		if err != nil {
			return nil, err
		}
		selection := history.Selection{From: from, To: to, Satellites: *satellites, IncludeKept: isTrue(*includeKept)}
		if *satellite != "" {
			selection.Satellites = append(selection.Satellites, *satellite)
		}
		return s.delete(ctx, by, selection)
	}
}

func isTrue(b *bool) bool { return b != nil && *b }

// deletionReceipt says what a deletion did.
type deletionReceipt struct {
	Deleted             int                    `json:"deleted"`
	KeptSkipped         int                    `json:"kept_skipped"`
	InProgressDiscarded int                    `json:"in_progress_discarded"`
	Failed              []history.FailedDelete `json:"failed"`
	Bytes               int64                  `json:"bytes"`
	Seconds             float64                `json:"seconds"`
	From                *string                `json:"from"`
	To                  *string                `json:"to"`
	Remains             []string               `json:"remains"` // what the bridge cannot reach, in plain words
}

func newReceipt(done history.Receipt, loc *time.Location) deletionReceipt {
	receipt := deletionReceipt{
		Deleted: done.Deleted, KeptSkipped: done.KeptSkipped, InProgressDiscarded: done.InProgressDiscarded, Failed: done.Failed,
		Bytes: done.Bytes, Seconds: done.Duration.Seconds(), From: boundary(done.From, loc), To: boundary(done.To, loc), Remains: done.Remains,
	}
	if receipt.Failed == nil {
		receipt.Failed = []history.FailedDelete{}
	}
	if receipt.Remains == nil {
		receipt.Remains = []string{}
	}
	return receipt
}

// delete carries a deletion out to its end, also when the client is gone or the bridge is stopping. One of which a part could not be
// done is an error, and the receipt goes with it.
func (s *Server) delete(ctx context.Context, by call, selection history.Selection) (any, error) {
	done, err := s.deps.History.Delete(context.WithoutCancel(ctx), selection)
	if err != nil && done.Deleted == 0 {
		return nil, err
	}
	receipt := newReceipt(done, s.deps.History.Location())
	s.deps.Log.Info().Str("by", by.who.Name).Int("deleted", done.Deleted).Int("kept", done.KeptSkipped).Int("failed", len(done.Failed)).
		Msg("recordings deleted")
	incomplete := &commandError{Code: codeDeleteIncomplete, Receipt: &receipt}
	switch {
	case err != nil:
		s.deps.Log.Error().Err(err).Msg("a deletion ended early")
		incomplete.Message = fmt.Sprintf("Deleted: %d, and then it went wrong; the log of the bridge says why.", done.Deleted)
	case len(done.Failed) > 0:
		first := done.Failed[0]
		incomplete.Message = fmt.Sprintf("Deleted: %d, not deleted: %d (%s: %s).", done.Deleted, len(done.Failed), shorten(first.ID), first.Why)
	default:
		return receipt, nil
	}
	return nil, incomplete
}
