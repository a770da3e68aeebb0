package history

import (
	"context"
	"errors"
	"io"
	"time"
)

// Store keeps the rows of the history. Implementations are proven by historytest.
//
// Deleting takes four steps, so that a crash at any point leaves nothing behind that the next start cannot finish: Trash turns rows into
// garbage rows and wipes their text and keys, a part at a time, so that nobody has to wait for a large deletion; Flush makes sure that nothing of
// them can be read any more; the caller removes the clips; Drop forgets the garbage rows.
type Store interface {
	// Insert adds an entry with the key of its clip, "" when it has none. Its id must be new: one that is there is an ErrExists, one whose clip
	// still waits to be removed is refused.
	Insert(ctx context.Context, e Entry, key string) error
	// Get returns one entry, or ErrNotFound.
	Get(ctx context.Context, id string) (Entry, error)
	// Key returns the key of an entry's clip; ErrNotFound when the entry is not there or has no audio.
	Key(ctx context.Context, id string) (string, error)
	// List returns a page, newest first; entries of one millisecond are ordered by id.
	// A cursor that is not one of the store's own is an ErrBadCursor.
	List(ctx context.Context, q Query) (Page, error)
	// Totals counts what a selection covers. Its IncludeKept does not matter: kept ones are in Sum, and by themselves in Kept.
	// Counting by time, satellite, outcome and wake word has to be quick also for a million entries.
	Totals(ctx context.Context, s Selection) (Totals, error)
	// Stats counts what a filter covers for each satellite and outcome, ordered by these.
	Stats(ctx context.Context, f Filter) ([]Stat, error)
	// Update changes the selected entries (kept ones too, whatever IncludeKept says) and returns how many there were.
	Update(ctx context.Context, s Selection, u Update) (int, error)

	// Trash wipes the oldest limit of the selected entries in one transaction and returns them, oldest first; fewer than limit: there were no more.
	// Entries that have nothing of s.What are not selected. With WhatAudio the row stays, without clip, peaks and key, and its clip is garbage;
	// with WhatText it stays without transcript, reply, intent and the error's message.
	Trash(ctx context.Context, s Selection, limit int) ([]TrashedEntry, error)
	// Flush returns when nothing that was wiped before can be read from the store's files any more, except for what Remains names.
	Flush(ctx context.Context) error
	// Remains tells in sentences for people what of a deleted entry a store cannot reach, or can only later. Nil when there is nothing.
	Remains() []string
	// Garbage lists at most limit ids after a given one whose clips still wait to be removed, in their order; after is "" at first.
	Garbage(ctx context.Context, after string, limit int) ([]string, error)
	// Drop forgets garbage rows. Unknown ids are ignored. The next Flush wipes what they were.
	Drop(ctx context.Context, ids []string) error

	// Clips calls fn with the id of every entry whose audio is kept, and the bytes of its stored clip, in no particular order. fn must not use the store.
	Clips(ctx context.Context, fn func(id string, stored int64) error) error
	// AddAccess adds a line to the access log. An id that is there is an ErrExists.
	AddAccess(ctx context.Context, a Access) error
	// Access returns one line, or ErrNotFound.
	Access(ctx context.Context, id string) (Access, error)
	// Accesses lists the access log, newest first by id, from before a given id ("" for the newest).
	Accesses(ctx context.Context, before string, limit int) ([]Access, error)
	// DropAccesses forgets the lines whose time is before an instant.
	DropAccesses(ctx context.Context, before time.Time) error
	// Setting returns a remembered value, or "" when there is none.
	Setting(ctx context.Context, key string) (string, error)
	// SetSetting remembers a value; "" forgets it.
	SetSetting(ctx context.Context, key, value string) error
	// Check looks for damage in the whole store. An error says what is wrong.
	Check(ctx context.Context) error
	// Close releases the store. It may be called twice.
	Close() error
}

// Watcher is a Store that several bridges share.
type Watcher interface {
	// Watch calls fn with every change that another process makes, until ctx ends. Changes are told by id only (Entries is nil). It keeps itself
	// connected; when changes may have been missed, it calls fn with a Change whose Action is Reset.
	Watch(ctx context.Context, fn func(Change)) error
}

// TrashedEntry is what a receipt has to know of a wiped entry.
type TrashedEntry struct {
	ID       string
	HasClip  bool          // its clip has to be removed
	Stored   int64         // bytes of its clip as stored; 0 without one
	Duration time.Duration // of its audio
}

// Errors of stores.
var (
	ErrBadCursor = errors.New("the cursor is not one that a page before gave") // see Query.Cursor
	ErrExists    = errors.New("it is there already")
	// ErrDamaged is in the errors of Store.Check and of opening a store whose database cannot be read any more.
	ErrDamaged = errors.New("the history database is damaged")
	// ErrOlder is in the errors of opening a copy that has to be brought up to date first.
	ErrOlder = errors.New("an earlier version of Earshot has made it")
	// ErrNewer is in the errors of opening a store that a later version of this program has brought up to date. Nothing of it has been changed.
	ErrNewer = errors.New("a newer version of Earshot has changed the history database, and this one cannot read it; install the newer version " +
		"again, or restore a backup that was made before the update; nothing was touched")
)

// Blobs keeps the clips of the history, named by entry id. Implementations are proven by historytest.
// An id that is not a ULID in its canonical form names nothing. What is stored is sealed already.
type Blobs interface {
	// Put stores a clip so that it survives a power cut once Put has returned, and is never seen half. One of that id is replaced.
	Put(ctx context.Context, id string, data []byte) error
	// Open returns a clip, or ErrNotFound. It can be read until it is closed or deleted, also after ctx has ended.
	Open(ctx context.Context, id string) (Blob, error)
	// Delete removes clips so that they stay removed after a power cut. Missing ones are not an error.
	Delete(ctx context.Context, ids []string) error
	// List calls fn for every clip that is stored, in no particular order.
	List(ctx context.Context, fn func(BlobInfo) error) error
	// Identity tells this set of clips from every other, for as long as it exists.
	Identity(ctx context.Context) (string, error)
	// Close releases the blobs. It may be called twice.
	Close() error
}

// Blob is a stored clip, read in any order.
type Blob interface {
	io.ReaderAt
	io.Closer
	Size() int64 // bytes
}

// BlobInfo describes one stored clip.
type BlobInfo struct {
	ID      string
	Bytes   int64
	Written time.Time
}
