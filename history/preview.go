package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// ErrPreview is returned for a token that no preview gave, or that was given too long ago.
var ErrPreview = errors.New("this preview is not valid any more; ask for a new one, nothing was deleted")

// Preview says what a deletion would do.
type Preview struct {
	Token          string // for DeletePreviewed
	Count          int64
	Kept           int64 // spared because they are kept
	InProgress     int   // recordings that are being made just now, and would not be stored
	Duration       time.Duration
	Stored         int64 // bytes of the clips
	From, To       time.Time
	Oldest, Newest time.Time // of what is covered; zero when there is nothing
	Statement      string    // for people, before they say yes
}

const (
	previewLife  = 10 * time.Minute
	previewsOpen = 100 // the oldest is forgotten for one more
)

// previews are the ones that have been shown and not been asked for yet.
type previews struct {
	mu     sync.Mutex
	frozen map[string]frozen
}

// frozen is what was shown: the entries of a selection as of a moment, which takes no room however many they are.
type frozen struct {
	Selection
	shown      time.Time
	inProgress bool
}

// Preview counts what a deletion would do. What is added or changed from then on is not part of it, so that what was shown is what goes.
func (h *History) Preview(ctx context.Context, s Selection) (Preview, error) {
	if !s.What.Valid() {
		return Preview{}, fmt.Errorf("preview: %q is not a part of a recording; use all, audio or text", string(s.What))
	}
	shown := time.Now()
	t, err := h.main.store.Totals(ctx, s)
	if err != nil {
		return Preview{}, err
	}
	token, err := h.newID(time.Now())
	if err != nil {
		return Preview{}, fmt.Errorf("preview: %w", err)
	}
	p := Preview{Token: token, From: s.From, To: s.To, Oldest: t.Oldest, Newest: t.Newest}
	going := t.Sum
	if !s.IncludeKept {
		going = Sum{t.Entries - t.Kept.Entries, t.Clips - t.Kept.Clips, t.Texts - t.Kept.Texts, t.Stored - t.Kept.Stored, t.Duration - t.Kept.Duration}
		p.Kept = part(t.Kept, s.What)
	}
	p.Count, p.Stored, p.Duration = part(going, s.What), going.Stored, going.Duration
	if s.What == WhatText {
		p.Stored, p.Duration = 0, 0
	}
	if live := h.attached(); live != nil && (s.What == WhatAll || s.What == "") {
		p.InProgress = live.Covered(s)
	}
	p.Statement = statement(p, s, h.cal.Zone)
	s.AsOf = t.Mark
	h.previews.add(token, frozen{s, shown, p.InProgress > 0})
	return p, nil
}

// part is how many entries have what a deletion is about.
func part(s Sum, what What) int64 {
	switch what {
	case WhatAudio:
		return s.Clips
	case WhatText:
		return s.Texts
	default:
		return s.Entries
	}
}

func (p *previews) add(token string, f frozen) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	oldest := ""
	for t, other := range p.frozen {
		if now.Sub(other.shown) > previewLife {
			delete(p.frozen, t)
		} else if oldest == "" || t < oldest {
			oldest = t
		}
	}
	if len(p.frozen) >= previewsOpen {
		delete(p.frozen, oldest)
	}
	p.frozen[token] = f
}

func (p *previews) get(token string) (frozen, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, ok := p.frozen[token]
	return f, ok && time.Since(f.shown) <= previewLife
}

// DeletePreviewed deletes what a preview has shown. A second time it deletes nothing and returns the same receipt.
func (h *History) DeletePreviewed(ctx context.Context, by, token string) (Receipt, error) {
	h.deleting.Lock()
	defer h.deleting.Unlock()
	before, err := h.main.store.Access(ctx, token)
	if err == nil {
		var d deletion
		if err := json.Unmarshal(before.Details, &d); err != nil || before.Action != AccessDeleted {
			return Receipt{}, ErrPreview
		}
		d.Receipt.Failed = []FailedDelete{}
		return d.Receipt, nil
	}
	if !errors.Is(err, ErrNotFound) {
		return Receipt{}, err
	}
	f, ok := h.previews.get(token)
	if !ok {
		return Receipt{}, ErrPreview
	}
	return h.delete(ctx, request{token, by, f.Selection, f.shown, f.inProgress})
}

// statement says before a deletion what it means.
func statement(p Preview, s Selection, zone *time.Location) string {
	var b strings.Builder
	b.WriteString(recordings(p.Count))
	switch s.What {
	case WhatAudio:
		b.WriteString(" without audio from then on, the text stays")
	case WhatText:
		b.WriteString(" without text from then on, the audio stays")
	}
	if p.Duration > 0 {
		fmt.Fprintf(&b, " (%s)", p.Duration.Round(time.Second))
	}
	if !p.Oldest.IsZero() {
		const form = "2 Jan 2006 15:04"
		fmt.Fprintf(&b, ", from %s to %s", p.Oldest.In(zone).Format(form), p.Newest.In(zone).Format(form))
	}
	if len(s.Satellites) > 0 {
		fmt.Fprintf(&b, ", of %s", strings.Join(s.Satellites, ", "))
	}
	if s.What == WhatAll || s.What == "" {
		b.WriteString(", will be deleted")
	}
	b.WriteString(". This cannot be undone.")
	if p.InProgress > 0 {
		fmt.Fprintf(&b, " What is being recorded just now (%d) will not be stored.", p.InProgress)
	}
	if p.Kept > 0 {
		fmt.Fprintf(&b, " %s more will stay, marked as kept.", recordings(p.Kept))
	}
	if p.Count > 0 && s.What != WhatText {
		b.WriteString(" What goes will no longer help to tune your wake words.")
	}
	return b.String()
}

func recordings(n int64) string {
	if n == 1 {
		return "1 recording"
	}
	return fmt.Sprintf("%d recordings", n)
}
