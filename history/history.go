package history

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
)

// Errors of History and its stores.
var (
	ErrNotSaved  = errors.New("saving is off")                                 // the household wants nothing stored
	ErrBadCursor = errors.New("the cursor is not one that a page before gave") // see Query.Cursor
	ErrIdentity  = errors.New("the recordings do not belong to this database, nothing was touched; see that their disk is mounted and " +
		"that both folders are the right ones, or move both away to begin anew")
)

// History is the household's voice history: policy first, then clip and row in the order that survives a crash.
type History struct {
	store Store
	blobs Blobs
	cfg   Config
	loc   *time.Location

	repair Repair

	deleting sync.Mutex // one deletion at a time: each finishes what the one before could not
	changing sync.Mutex // held from a change until it is told, so that nobody hears of a deletion before the addition

	mu            sync.Mutex // guards what follows
	saves         map[string]Save
	ids           io.Reader // monotonic, so that entries of one millisecond keep their order
	subscriptions map[*Subscription]struct{}
}

// New makes a history of a store and its clips. It finishes the deletions that a crash cut off, and removes clips that never got a row:
// Repair tells what it found. When the clips are not the ones that belong to the store it touches nothing and returns ErrIdentity.
func New(ctx context.Context, cfg Config, store Store, blobs Blobs) (*History, error) {
	loc, err := cfg.location()
	if err != nil {
		return nil, fmt.Errorf("open history: %w", err)
	}
	h := &History{
		store: store, blobs: blobs, cfg: cfg, loc: loc,
		saves:         map[string]Save{},
		ids:           ulid.Monotonic(rand.Reader, math.MaxUint32),
		subscriptions: map[*Subscription]struct{}{},
	}
	for _, step := range []func(context.Context) error{h.checkIdentity, h.finishGarbage, h.reconcile} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("open history: %w", err)
		}
	}
	return h, nil
}

// Location is the household's time zone: it decides where a day begins.
func (h *History) Location() *time.Location { return h.loc }

// Add stores a finished recording as the household wants it, and returns the entry. Nothing is written when saving is off (ErrNotSaved).
// The clip is on the disk before its row is, so that no row ever names a clip that is not there.
func (h *History) Add(ctx context.Context, r Recording) (Entry, error) {
	e := r.Entry
	save, err := h.Save(ctx, e.Satellite)
	if err != nil {
		return Entry{}, err
	}
	if save == SaveNothing {
		return Entry{}, ErrNotSaved
	}
	e.At = e.At.UTC().Truncate(time.Millisecond)
	e.Duration = e.Duration.Truncate(time.Millisecond)
	for _, d := range []*time.Duration{&e.Timings.SpeechEnd, &e.Timings.Transcript, &e.Timings.Reply} {
		*d = d.Truncate(time.Millisecond)
	}
	if e.Zone == "" {
		e.Zone = h.loc.String()
	}
	e.Clip, e.Peaks = nil, nil
	if e.ID, err = h.newID(e.At); err != nil {
		return Entry{}, fmt.Errorf("add to the history: %w", err)
	}
	if save == SaveAll && len(r.PCM) > 0 {
		if err := h.putClip(ctx, &e, r.PCM); err != nil {
			return Entry{}, fmt.Errorf("add to the history: %w", err)
		}
	}
	// Cut off here, nobody would know whether the row is there.
	if err := h.insert(context.WithoutCancel(ctx), e); err != nil {
		return Entry{}, fmt.Errorf("add to the history: %w", err)
	}
	return e, nil
}

// insert adds the row and tells of it. Without a row the clip goes again, where it is certain that there is none:
// the next start would remove it, but until then it would be audio that nobody can find.
func (h *History) insert(ctx context.Context, e Entry) error {
	h.changing.Lock()
	defer h.changing.Unlock()
	err := h.store.Insert(ctx, e)
	if err == nil {
		h.publish(Change{Action: Added, Entries: []Entry{e}})
		return nil
	}
	if _, there := h.store.Get(ctx, e.ID); e.Clip != nil && errors.Is(there, ErrNotFound) {
		err = errors.Join(err, h.blobs.Delete(ctx, []string{e.ID}))
	}
	return err
}

// putClip stores the audio and describes it in the entry.
func (h *History) putClip(ctx context.Context, e *Entry, pcm []int16) error {
	data, err := EncodeFLAC(pcm)
	if err != nil {
		return err
	}
	if err := h.blobs.Put(ctx, e.ID, data); err != nil {
		return err
	}
	e.Clip = &Clip{MediaType: clipType, Bytes: int64(len(data)), SampleRate: clipRate}
	e.Peaks = Peaks(pcm)
	return nil
}

func (h *History) newID(at time.Time) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	id, err := ulid.New(ulid.Timestamp(at), h.ids)
	return id.String(), err
}

// Get returns one entry, or ErrNotFound.
func (h *History) Get(ctx context.Context, id string) (Entry, error) { return h.store.Get(ctx, id) }

// List returns a page, newest first.
func (h *History) List(ctx context.Context, q Query) (Page, error) { return h.store.List(ctx, q) }

// Totals counts what is kept of one satellite, or of all when satellite is empty.
func (h *History) Totals(ctx context.Context, satellite string) (Totals, error) {
	return h.store.Totals(ctx, satellite)
}

// OpenClip returns an entry's audio; ErrNotFound when the entry is not there or has none.
func (h *History) OpenClip(ctx context.Context, id string) (io.ReadSeekCloser, Clip, error) {
	e, err := h.store.Get(ctx, id)
	if err != nil {
		return nil, Clip{}, err
	}
	if e.Clip == nil {
		return nil, Clip{}, fmt.Errorf("clip: %w", ErrNotFound)
	}
	r, err := h.blobs.Open(ctx, id)
	if err != nil {
		return nil, Clip{}, err
	}
	return r, *e.Clip, nil
}

// Setting returns a value that was remembered with SetSetting, or "".
func (h *History) Setting(ctx context.Context, key string) (string, error) {
	return h.store.Setting(ctx, key)
}

// SetSetting remembers a value across restarts.
func (h *History) SetSetting(ctx context.Context, key, value string) error {
	return h.store.SetSetting(ctx, key, value)
}

func saveKey(satellite string) string { return "save/" + satellite }

// Save tells what is stored of a satellite's recordings.
func (h *History) Save(ctx context.Context, satellite string) (Save, error) {
	h.mu.Lock()
	save, known := h.saves[satellite]
	h.mu.Unlock()
	if known {
		return save, nil
	}
	value, err := h.store.Setting(ctx, saveKey(satellite))
	if err != nil {
		return "", err
	}
	if save = Save(value); !save.Valid() {
		save = h.cfg.Save
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if changed, known := h.saves[satellite]; known {
		return changed, nil // while the store was asked
	}
	h.saves[satellite] = save
	return save, nil
}

// SetSave changes what is stored of a satellite's recordings from now on, and remembers it. What is stored already stays.
func (h *History) SetSave(ctx context.Context, satellite string, save Save) error {
	if !save.Valid() {
		return fmt.Errorf("change what is saved: %q is not known; use audio+text, text or nothing", save)
	}
	if err := h.store.SetSetting(ctx, saveKey(satellite), string(save)); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.saves[satellite] = save
	return nil
}

// DefaultSave is what is stored of a satellite for which nothing was switched.
func (h *History) DefaultSave() Save { return h.cfg.Save }
