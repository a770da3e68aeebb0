package history

import (
	"slices"
	"time"
)

// Filter says which entries are meant. A list means any of its values; what is empty or nil does not restrict.
type Filter struct {
	From, To   time.Time // of the wake instant, half-open: From <= At < To; a zero value leaves that side open
	Satellites []string
	Outcomes   []Outcome
	WakeWords  []string // ids of models
	Labels     []Label
	Text       string // found anywhere in transcript or reply, letter case ignored
	Kept       *bool
	Shared     *bool
}

// Query asks for a page of entries.
type Query struct {
	Filter
	Limit  int    // entries of a page; 0 means DefaultLimit, more than MaxLimit means MaxLimit
	Cursor string // NextCursor or PrevCursor of another page; empty for the newest
	Newer  bool   // the page of newer entries than the cursor's, for a PrevCursor; without a cursor that of the oldest ones
}

// Limits of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 500
)

// Page is a part of the history, newest first also when it was asked for by Newer.
type Page struct {
	Entries    []Entry
	NextCursor string // for older entries; empty when there are none
	PrevCursor string // for newer entries, with Newer; empty when there are none
}

// What says which part of the entries a deletion is about.
type What string

// The parts. The empty What is WhatAll.
const (
	WhatAll   What = "all"
	WhatAudio What = "audio" // the clip goes, the text stays
	WhatText  What = "text"  // the text goes, the clip stays
)

// Valid tells whether w is one of the three, or empty.
func (w What) Valid() bool { return w == "" || w == WhatAll || w == WhatAudio || w == WhatText }

// Selection names the entries that something is done to: those of IDs (nil does not restrict) that the filter covers.
type Selection struct {
	Filter
	IDs         []string
	What        What
	IncludeKept bool
	AsOf        string // Totals.Mark: entries that were added or changed since then do not belong to it; empty does not restrict
}

// CoversSatellite tells whether a deletion is about all that a satellite has recorded in a range: recordings that are not stored yet belong to it then.
func (s Selection) CoversSatellite(id string) bool {
	whole := s.IDs == nil && s.Text == "" && s.Kept == nil && s.Shared == nil && len(s.Outcomes) == 0 && len(s.WakeWords) == 0 && len(s.Labels) == 0
	return whole && (len(s.Satellites) == 0 || slices.Contains(s.Satellites, id))
}

// Sum is a number of entries and what they hold.
type Sum struct {
	Entries  int64
	Clips    int64         // entries with audio
	Texts    int64         // entries with a transcript or a reply
	Stored   int64         // bytes of the clips as they are stored
	Duration time.Duration // of all entries
}

// Totals counts what a selection covers.
type Totals struct {
	Sum
	Kept           Sum       // the part of Sum that is kept
	Oldest, Newest time.Time // zero when there is none
	Mark           string    // this moment, for Selection.AsOf
}

// Stat counts the entries of one satellite with one outcome.
type Stat struct {
	Satellite string
	Outcome   Outcome
	Sum
}

// Update changes entries; what is nil stays.
type Update struct {
	Kept   *bool
	Label  *Label
	Shared *bool
}

// matches tells whether the filter covers an entry; its text is not looked at.
func (f Filter) matches(e Entry) bool {
	return !e.At.Before(f.From) && (f.To.IsZero() || e.At.Before(f.To)) &&
		oneOf(f.Satellites, e.Satellite) && oneOf(f.Outcomes, e.Outcome) && oneOf(f.WakeWords, e.WakeWord) && oneOf(f.Labels, e.Label) &&
		(f.Kept == nil || *f.Kept == e.Kept) && (f.Shared == nil || *f.Shared == e.Shared)
}

func oneOf[T comparable](list []T, v T) bool { return len(list) == 0 || slices.Contains(list, v) }
