package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"earshot/history"
)

// previewResult says what a deletion would do.
type previewResult struct {
	Token      string  `json:"token,omitempty"` // for history/delete
	Count      int64   `json:"count"`
	Kept       int64   `json:"kept"`
	InProgress int     `json:"in_progress"`
	Seconds    float64 `json:"seconds"`
	Bytes      int64   `json:"bytes"`
	From       *string `json:"from"`
	To         *string `json:"to"`
	Oldest     *string `json:"oldest"`
	Newest     *string `json:"newest"`
	Statement  string  `json:"statement"` // for people, before they say yes
}

func (s *Server) newPreview(p history.Preview) previewResult {
	zone := s.zone()
	return previewResult{
		Token: p.Token, Count: p.Count, Kept: p.Kept, InProgress: p.InProgress, Seconds: p.Duration.Seconds(), Bytes: p.Stored,
		From: boundary(p.From, zone), To: boundary(p.To, zone), Oldest: boundary(p.Oldest, zone), Newest: boundary(p.Newest, zone),
		Statement: p.Statement,
	}
}

func (s *Server) previewDelete(f *fields) action {
	selector := declareSelector(f)
	return func(ctx context.Context, _ call) (any, error) {
		selection, err := s.selection(selector)
		if err != nil {
			return nil, err
		}
		p, err := s.deps.History.Preview(ctx, selection)
		if err != nil {
			return nil, err
		}
		return s.newPreview(p), nil
	}
}

// selection is what was sent, which has to say something: nobody may delete everything by leaving something out.
func (s *Server) selection(selector selectorFields) (history.Selection, error) {
	if !selector.given() {
		return history.Selection{}, invalidFormat("period: say which, or from and to, or another filter; nothing was deleted")
	}
	selection, err := selector.selection(time.Now(), s.deps.History.Calendar())
	var known *commandError
	if errors.As(err, &known) {
		err = invalidFormat(known.Message + "; nothing was deleted")
	}
	return selection, err
}

func (s *Server) deleteEntries(f *fields) action {
	token := f.text("token", "token of history/delete_preview")
	ids := f.texts("ids", "ids of the entries, instead of token")
	includeKept := f.flag("include_kept", "delete kept entries too; only with ids")
	return func(ctx context.Context, by call) (any, error) {
		switch {
		case (*token == "") == (*ids == nil):
			return nil, invalidFormat("token: send either token or ids")
		case *token != "" && *includeKept != nil:
			return nil, invalidFormat("include_kept: goes with ids; a token has it from its preview")
		case *token != "":
			return s.delete(ctx, by, func(ctx context.Context) (history.Receipt, error) {
				return s.deps.History.DeletePreviewed(ctx, by.who.Name, *token)
			})
		case len(*ids) == 0:
			return nil, invalidFormat("ids: at least one is needed")
		}
		return s.deleteSelection(ctx, by, history.Selection{IDs: *ids, IncludeKept: isTrue(*includeKept)})
	}
}

func (s *Server) deleteRange(f *fields) action {
	f.unattended = true
	selector := declareSelector(f)
	confirm := f.flag("confirm", "must be true: the recordings cannot be brought back")
	dryRun := f.flag("dry_run", "true: only count, as history/delete_preview does; needs no confirm")
	return func(ctx context.Context, by call) (any, error) {
		if !isTrue(*confirm) && !isTrue(*dryRun) {
			return nil, invalidFormat("confirm: must be true, as the recordings cannot be brought back; nothing was deleted")
		}
		selection, err := s.selection(selector)
		if err != nil {
			return nil, err
		}
		if isTrue(*dryRun) {
			p, err := s.deps.History.Preview(ctx, selection)
			if err != nil {
				return nil, err
			}
			if by.countsOnly {
				p.Token = ""
			}
			return s.newPreview(p), nil
		}
		return s.deleteSelection(ctx, by, selection)
	}
}

func isTrue(b *bool) bool { return b != nil && *b }

// deletionReceipt says what a deletion did.
type deletionReceipt struct {
	Receipt             string                 `json:"receipt"` // its id in the access log
	What                history.What           `json:"what"`
	Deleted             int                    `json:"deleted"`
	KeptSkipped         int                    `json:"kept_skipped"`
	InProgressDiscarded int                    `json:"in_progress_discarded"`
	Failed              []history.FailedDelete `json:"failed,omitzero"` // the first hundred
	FailedCount         int                    `json:"failed_count"`
	Bytes               int64                  `json:"bytes"`
	Seconds             float64                `json:"seconds"`
	From                *string                `json:"from"`
	To                  *string                `json:"to"`
	Remains             []string               `json:"remains"` // what the bridge cannot reach, in plain words
}

func newReceipt(done history.Receipt, zone *time.Location) deletionReceipt {
	receipt := deletionReceipt{
		Receipt: done.ID, What: done.What,
		Deleted: done.Deleted, KeptSkipped: done.KeptSkipped, InProgressDiscarded: done.InProgressDiscarded,
		Failed: done.Failed, FailedCount: done.FailedCount,
		Bytes: done.Stored, Seconds: done.Duration.Seconds(), From: boundary(done.From, zone), To: boundary(done.To, zone), Remains: done.Remains,
	}
	if receipt.Failed == nil {
		receipt.Failed = []history.FailedDelete{}
	}
	if receipt.Remains == nil {
		receipt.Remains = []string{}
	}
	return receipt
}

func (s *Server) deleteSelection(ctx context.Context, by call, selection history.Selection) (any, error) {
	return s.delete(ctx, by, func(ctx context.Context) (history.Receipt, error) {
		return s.deps.History.Delete(ctx, by.who.Name, selection)
	})
}

// delete carries a deletion out to its end, also when the client is gone or the bridge is stopping. One of which a part could not be
// done is an error, and the receipt goes with it.
func (s *Server) delete(ctx context.Context, by call, carryOut func(context.Context) (history.Receipt, error)) (any, error) {
	done, err := carryOut(context.WithoutCancel(ctx))
	if err != nil && done.Deleted == 0 {
		return nil, err
	}
	receipt := newReceipt(done, s.zone())
	why := firstFailure(done)
	if by.countsOnly {
		receipt.Failed, why = nil, ""
	}
	s.deps.Log.Info().Str("by", by.who.Name).Int("deleted", done.Deleted).Int("kept", done.KeptSkipped).Int("failed", done.FailedCount).
		Msg("recordings deleted")
	incomplete := &commandError{Code: codeDeleteIncomplete, Receipt: &receipt}
	switch {
	case err != nil:
		s.deps.Log.Error().Err(err).Msg("a deletion ended early")
		incomplete.Message = fmt.Sprintf("Deleted: %d, and then it went wrong; the log of the bridge says why.", done.Deleted)
	case done.FailedCount > 0:
		incomplete.Message = fmt.Sprintf("Deleted: %d, not deleted: %d%s.", done.Deleted, done.FailedCount, why)
	default:
		return receipt, nil
	}
	return nil, incomplete
}

// firstFailure says what went wrong with the first one, where that is known.
func firstFailure(r history.Receipt) string {
	if len(r.Failed) == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s: %s)", shorten(r.Failed[0].ID), r.Failed[0].Why)
}
