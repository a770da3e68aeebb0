package history

import (
	"context"
	"io"
	"slices"
	"time"
)

// Query selects entries for a list.
//
// From and To bound the wake instant, half-open: From <= At < To. A zero value leaves that side open.
// Empty strings do not restrict.
type Query struct {
	From, To  time.Time
	Satellite string
	Outcome   Outcome
	WakeWord  string
	Text      string // found anywhere in transcript or reply, letter case ignored
	Label     Label
	Kept      *bool

	Limit  int    // entries of a page; 0 means DefaultLimit, more than MaxLimit means MaxLimit
	Cursor string // NextCursor of the page before; empty for the newest
}

// Limits of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 500
)

// Page is a part of the history, newest first.
type Page struct {
	Entries    []Entry
	NextCursor string // empty on the last page
}

// Selection names the entries a deletion is about: by id, or by range when IDs is nil.
type Selection struct {
	IDs         []string
	From, To    time.Time // half-open; a zero value leaves that side open
	Satellites  []string  // any of them; empty means all
	IncludeKept bool
}

// CoversSatellite tells whether a selection by range is about a satellite.
func (s Selection) CoversSatellite(id string) bool {
	return s.IDs == nil && (len(s.Satellites) == 0 || slices.Contains(s.Satellites, id))
}

// Totals counts what is kept.
type Totals struct {
	Entries   int64
	ClipBytes int64
	Duration  time.Duration
	Newest    time.Time // zero when there is none
}

// Store keeps the rows of the history. Implementations are proven by historytest.
//
// Deleting takes three steps, so that a crash at any point leaves nothing behind that the next start cannot finish:
// Trash turns rows into garbage rows and wipes their text, the caller removes the clips, Drop forgets the garbage rows.
type Store interface {
	// Insert adds an entry. Its id must be new: one that is there, or whose clip still waits to be removed, is refused.
	Insert(ctx context.Context, e Entry) error
	// Get returns one entry, or ErrNotFound.
	Get(ctx context.Context, id string) (Entry, error)
	// List returns a page, newest first; entries of one millisecond are ordered by id.
	// A cursor that is not one of the store's own is an ErrBadCursor.
	List(ctx context.Context, q Query) (Page, error)
	// Totals counts the entries of one satellite, or of all when satellite is empty.
	Totals(ctx context.Context, satellite string) (Totals, error)
	// Trash wipes the selected entries in one transaction and returns them as they were counted:
	// nothing of their text can be read from the store's files once it has returned without an error.
	// With an error they may be wiped all the same, and are returned then.
	Trash(ctx context.Context, s Selection) (Trashed, error)
	// Clips calls fn with the id of every entry whose audio is kept, in no particular order. fn must not use the store.
	Clips(ctx context.Context, fn func(id string) error) error
	// Garbage lists the ids whose clips still wait to be removed, oldest first.
	Garbage(ctx context.Context) ([]string, error)
	// Drop forgets garbage rows. Unknown ids are ignored.
	Drop(ctx context.Context, ids []string) error
	// Setting returns a remembered value, or "" when there is none.
	Setting(ctx context.Context, key string) (string, error)
	// SetSetting remembers a value.
	SetSetting(ctx context.Context, key, value string) error
	// Close releases the store. It may be called twice.
	Close() error
}

// Trashed is what Store.Trash wiped.
type Trashed struct {
	Entries     []TrashedEntry // oldest first
	KeptSkipped int            // entries that were spared because they are kept
}

// TrashedEntry is what a receipt has to know of a wiped entry.
type TrashedEntry struct {
	ID       string
	Bytes    int64         // of its clip
	Duration time.Duration // of its audio
}

// Blobs keeps the clips of the history, named by entry id. Implementations are proven by historytest.
// An id that is not a ULID in its canonical form names nothing.
type Blobs interface {
	// Put stores a clip so that it survives a power cut once Put has returned, and is never seen half.
	Put(ctx context.Context, id string, data []byte) error
	// Open returns a clip, or ErrNotFound.
	Open(ctx context.Context, id string) (io.ReadSeekCloser, error)
	// Delete removes clips so that they stay removed after a power cut. Missing ones are not an error.
	Delete(ctx context.Context, ids []string) error
	// List calls fn for every clip that is stored, in no particular order.
	List(ctx context.Context, fn func(BlobInfo) error) error
	// Identity tells this set of clips from every other, for as long as it exists.
	Identity() string
	// Close releases the blobs. It may be called twice.
	Close() error
}

// BlobInfo describes one stored clip.
type BlobInfo struct {
	ID      string
	Bytes   int64
	Written time.Time
}
