package history

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/rs/zerolog"
)

// Errors of History.
var (
	ErrNotSaved = errors.New("saving is off") // the household wants nothing stored
	ErrIdentity = errors.New("the recordings do not belong to this database, nothing was touched; see that their disk is mounted and " +
		"that both folders are the right ones, or move both away to begin anew")
)

// Parts is what a history is made of.
type Parts struct {
	Store Store
	Blobs Blobs
	// SpoolStore and SpoolBlobs, when they are there, keep recordings while Store or Blobs cannot be reached. They belong to this process alone.
	SpoolStore Store
	SpoolBlobs Blobs
	SetAside   []string // folders with a damaged history that was set aside; see SetAside
	Log        zerolog.Logger
}

// History is the household's voice history: policy first, then clip and row in the order that survives a crash.
type History struct {
	main   shelf
	spool  *shelf // nil without one
	cfg    Config
	cal    Calendar
	log    zerolog.Logger
	shared bool // other bridges use the main shelf too
	aside  []string
	repair Repair

	deleting sync.Mutex // one deletion at a time: each finishes what the one before could not
	changing sync.Mutex // held from a change until it is told, so that nobody hears of a deletion before the addition
	previews previews
	woken    chan struct{} // a value waits when something was stored, or limits have changed
	retimed  chan struct{} // a value waits when the daily run has another time
	defaults atomic.Pointer[defaults]

	mu            sync.Mutex      // guards what follows
	saves         map[string]Save // "" for a satellite for which nothing was switched
	ids           io.Reader       // monotonic, so that entries of one millisecond keep their order
	subscriptions map[*Subscription]struct{}
	live          Live
	away          bool   // the main shelf could not be reached when it was last tried
	damage        string // what Check has found, in a sentence; "" when nothing
}

// Live is what a history does not see: recordings that are not stored yet, and what others keep of stored ones.
type Live interface {
	// Covered counts the recordings in progress that a deletion would drop, and Discard drops them.
	Covered(s Selection) int
	Discard(s Selection) int
	// Remains tells in sentences for people what of a deleted recording cannot be reached.
	Remains() []string
}

// New makes a history of its parts. It finishes the deletions that a crash cut off, and removes clips that never got a row:
// Repair tells what it found. When the clips are not the ones that belong to the store it touches nothing and returns ErrIdentity.
func New(ctx context.Context, cfg Config, p Parts) (*History, error) {
	loc, err := cfg.location()
	if err != nil {
		return nil, fmt.Errorf("open history: %w", err)
	}
	start, _ := weekday(cfg.WeekStart) // validated by Config.Validate; Sunday otherwise
	_, shared := p.Store.(Watcher)
	h := &History{
		main: shelf{p.Store, p.Blobs}, cfg: cfg, cal: Calendar{loc, start}, log: p.Log, shared: shared, aside: p.SetAside,
		previews:      previews{frozen: map[string]frozen{}},
		woken:         make(chan struct{}, 1),
		retimed:       make(chan struct{}, 1),
		saves:         map[string]Save{},
		ids:           ulid.Monotonic(rand.Reader, math.MaxUint32),
		subscriptions: map[*Subscription]struct{}{},
	}
	h.defaults.Store(&defaults{cfg.Save, cfg.Retention})
	if p.SpoolStore != nil {
		h.spool = &shelf{p.SpoolStore, p.SpoolBlobs}
	}
	if err := h.start(ctx); err != nil {
		return nil, fmt.Errorf("open history: %w", err)
	}
	return h, nil
}

// start brings every shelf in order. With a spool the main one may be out of reach: Run does it when it is back.
func (h *History) start(ctx context.Context) error {
	r, err := h.main.mend(ctx, h.orphanAge())
	switch {
	case err == nil:
		h.repair = r
	case h.spool == nil || errors.Is(err, ErrIdentity):
		return err
	default:
		h.away = true
		h.log.Warn().Err(err).Msg("the history cannot be reached; recordings are kept on this machine until it can")
	}
	if h.spool == nil {
		return nil
	}
	_, err = h.spool.mend(ctx, 0)
	return err
}

// sharedOrphanAge is how old a clip without an entry has to be before it is nobody's, where other bridges may just be adding.
const sharedOrphanAge = time.Hour

func (h *History) orphanAge() time.Duration {
	if h.shared {
		return sharedOrphanAge
	}
	return 0
}

// Attach lets deletions reach what is not stored yet.
func (h *History) Attach(l Live) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.live = l
}

// Calendar is how the household reckons its days.
func (h *History) Calendar() Calendar { return h.cal }

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
		e.Zone = h.cal.Zone.String()
	}
	e.Clip, e.Peaks = nil, nil
	if e.ID, err = h.newID(e.At); err != nil {
		return Entry{}, fmt.Errorf("add to the history: %w", err)
	}
	var item item
	if save == SaveAll && len(r.PCM) > 0 {
		item, err = sealed(e, r.PCM)
	} else {
		item.entry = e
	}
	if err == nil {
		err = h.put(ctx, item)
	}
	if err != nil {
		return Entry{}, fmt.Errorf("add to the history: %w", err)
	}
	h.wake()
	return item.entry, nil
}

// sealed describes the audio in the entry and seals it.
func sealed(e Entry, pcm []int16) (item, error) {
	clip, err := EncodeFLAC(pcm)
	if err != nil {
		return item{}, err
	}
	key, err := newKey()
	if err != nil {
		return item{}, err
	}
	data, err := seal(key, clip)
	if err != nil {
		return item{}, err
	}
	e.Clip = &Clip{MediaType: clipType, Bytes: int64(len(clip)), Stored: int64(len(data)), SampleRate: clipRate}
	e.Peaks = Peaks(pcm)
	return item{e, key, data}, nil
}

// put stores on the main shelf, or on the spool while that is out of reach, and tells of it.
func (h *History) put(ctx context.Context, it item) error {
	h.changing.Lock()
	defer h.changing.Unlock()
	err := h.putMain(ctx, it)
	if err != nil && h.spool != nil {
		err = h.spool.put(ctx, it)
	}
	if err == nil {
		h.publish(Change{Action: Added, Entries: []Entry{it.entry}})
	}
	return err
}

// mainPatience is how long the main shelf may take for one recording, where there is a spool beside it.
const mainPatience = 3 * time.Second

var errAway = errors.New("the history cannot be reached")

func (h *History) putMain(ctx context.Context, it item) error {
	if h.spool == nil {
		return h.main.put(ctx, it)
	}
	if h.isAway() {
		return errAway // what waits in the spool goes first
	}
	ctx, cancel := context.WithTimeout(ctx, mainPatience)
	defer cancel()
	err := h.main.put(ctx, it)
	if err != nil {
		h.setAway(true)
		h.log.Warn().Err(err).Msg("the history cannot be reached; recordings are kept on this machine until it can")
	}
	return err
}

func (h *History) isAway() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.away
}

func (h *History) setAway(away bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.away = away
}

func (h *History) newID(at time.Time) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	id, err := ulid.New(ulid.Timestamp(at), h.ids)
	return id.String(), err
}

// wake has Run look whether a limit was passed.
func (h *History) wake() {
	select {
	case h.woken <- struct{}{}:
	default:
	}
}

// Get returns one entry, or ErrNotFound.
func (h *History) Get(ctx context.Context, id string) (Entry, error) {
	return h.main.store.Get(ctx, id)
}

// List returns a page, newest first.
func (h *History) List(ctx context.Context, q Query) (Page, error) { return h.main.store.List(ctx, q) }

// Totals counts what a filter covers.
func (h *History) Totals(ctx context.Context, f Filter) (Totals, error) {
	return h.main.store.Totals(ctx, Selection{Filter: f})
}

// Stats counts what a filter covers for each satellite and outcome.
func (h *History) Stats(ctx context.Context, f Filter) ([]Stat, error) {
	return h.main.store.Stats(ctx, f)
}

// OpenClip returns an entry's audio as it was before it was sealed; ErrNotFound when the entry is not there or has none.
// Only the parts that are read are decrypted.
func (h *History) OpenClip(ctx context.Context, id string) (io.ReadSeekCloser, Clip, error) {
	e, err := h.main.store.Get(ctx, id)
	if err != nil {
		return nil, Clip{}, err
	}
	if e.Clip == nil {
		return nil, Clip{}, fmt.Errorf("clip: %w", ErrNotFound)
	}
	r, err := h.main.open(ctx, id)
	if err != nil {
		return nil, Clip{}, err
	}
	return r, *e.Clip, nil
}

// Setting returns a value that was remembered with SetSetting, or "".
func (h *History) Setting(ctx context.Context, key string) (string, error) {
	return h.local().Setting(ctx, key)
}

// SetSetting remembers a value across restarts; "" forgets it. It is remembered on this machine also where the history is shared.
func (h *History) SetSetting(ctx context.Context, key, value string) error {
	return h.local().SetSetting(ctx, key, value)
}

// local is the store of this machine.
func (h *History) local() Store {
	if h.spool != nil {
		return h.spool.store
	}
	return h.main.store
}

// Damaged tells whether damage was found in the database since the start.
func (h *History) Damaged() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.damage != ""
}

// Problem is what is wrong with the history as a whole, in a sentence for people; "" when nothing is.
func (h *History) Problem() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.damage != "":
		return h.damage
	case h.away:
		return "The shared history cannot be reached. Recordings are kept on this machine until it can."
	case len(h.aside) > 0:
		return fmt.Sprintf("A damaged history was set aside in %s, and a new one was begun. Move that folder away when you have seen to it.", h.aside[0])
	}
	return ""
}
