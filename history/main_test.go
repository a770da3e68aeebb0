package history_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"earshot/history"
	"earshot/history/files"
	"earshot/history/sqlite"
)

// house is a history in a folder, with the parts it is made of.
type house struct {
	*history.History
	dir   string
	store history.Store
	blobs history.Blobs

	configure func(*history.Config) // may be nil
	log       io.Writer             // may be nil
}

// openHouse opens the parts in a folder as the program does.
func openHouse(ctx context.Context, dir string) (*house, error) {
	h := &house{dir: dir}
	store, err := sqlite.Open(ctx, filepath.Join(dir, "history.db"))
	if err != nil {
		return nil, err
	}
	h.store = store
	blobs, err := files.Open(filepath.Join(dir, "clips"))
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	h.blobs = blobs
	return h, nil
}

// begin makes the history of the parts.
func (h *house) begin(ctx context.Context) error {
	cfg := history.DefaultConfig()
	cfg.Dir, cfg.TimeZone = h.dir, "Europe/Berlin"
	if h.configure != nil {
		h.configure(&cfg)
	}
	var err error
	h.History, err = history.New(ctx, cfg, history.Parts{Store: h.store, Blobs: h.blobs, Log: zerolog.New(cmp.Or[io.Writer](h.log, io.Discard))})
	return err
}

func (h *house) close() { _ = errors.Join(h.blobs.Close(), h.store.Close()) }

// newHouse opens a history that works; change may put something before its parts.
func newHouse(t *testing.T, dir string, change ...func(*house)) *house {
	t.Helper()
	h, err := openHouse(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.close)
	for _, c := range change {
		c(h)
	}
	if err := h.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h
}

// reopen closes a history and opens it again, as a restart does.
func (h *house) reopen(t *testing.T) *house {
	t.Helper()
	h.close()
	return newHouse(t, h.dir)
}

var day = time.Date(2026, 11, 24, 18, 0, 0, 0, time.UTC)

// said is a recording of n tenths of a second.
func said(text string, at time.Time, n int) history.Recording {
	return history.Recording{
		Entry: history.Entry{
			Satellite: "kitchen", Area: "Kitchen", At: at, Duration: time.Duration(n) * 100 * time.Millisecond, WakeWord: "okay_nabu",
			Score: 0.97, Threshold: 0.85, Outcome: history.Understood, Transcript: text, Language: "en", Reply: "Done: " + text,
		},
		PCM: sound(n * 1600),
	}
}

// sound is something that is neither silence nor noise.
func sound(n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16((i*i)%977*20 - 9000)
	}
	return pcm
}

func (h *house) add(t *testing.T, r history.Recording) history.Entry {
	t.Helper()
	e, err := h.Add(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (h *house) list(t *testing.T) []history.Entry {
	t.Helper()
	page, err := h.List(t.Context(), history.Query{Limit: history.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	return page.Entries
}

// clips lists what the blobs hold.
func (h *house) clips(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	if err := h.blobs.List(t.Context(), func(b history.BlobInfo) error { out[b.ID] = true; return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

func (h *house) garbage(t *testing.T) []string {
	t.Helper()
	ids, err := h.store.Garbage(t.Context(), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// traces names the files of a folder that hold a text.
func traces(t *testing.T, dir, text string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), text) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// faulty fails on demand.
type faulty struct {
	insert, put, flush, check error
	unlink                    map[string]error
	inserted                  func() // called when a row has just been written
}

var errDisk = errors.New("no space left on device")

// storeOf and blobsOf put a faulty part before the real one.
type (
	storeOf struct {
		history.Store
		f *faulty
	}
	blobsOf struct {
		history.Blobs
		f *faulty
	}
)

func (f *faulty) wrap(h *house) {
	h.store, h.blobs = storeOf{h.store, f}, blobsOf{h.blobs, f}
}

func (s storeOf) Insert(ctx context.Context, e history.Entry, key string) error {
	if s.f.insert != nil {
		return s.f.insert
	}
	err := s.Store.Insert(ctx, e, key)
	if s.f.inserted != nil {
		s.f.inserted()
	}
	return err
}

func (s storeOf) Flush(ctx context.Context) error {
	return errors.Join(s.Store.Flush(ctx), s.f.flush)
}

func (s storeOf) Check(ctx context.Context) error {
	if s.f.check != nil {
		return s.f.check
	}
	return s.Store.Check(ctx)
}

func (b blobsOf) Put(ctx context.Context, id string, data []byte) error {
	if b.f.put != nil {
		return b.f.put
	}
	return b.Blobs.Put(ctx, id, data)
}

func (b blobsOf) Delete(ctx context.Context, ids []string) error {
	var failed error
	for _, id := range ids {
		if err := b.f.unlink[id]; err != nil {
			failed = errors.Join(failed, err)
		} else {
			failed = errors.Join(failed, b.Blobs.Delete(ctx, []string{id}))
		}
	}
	return failed
}

// play reads an entry's clip to its end.
func (h *house) play(ctx context.Context, id string) ([]int16, error) {
	r, _, err := h.OpenClip(ctx, id)
	if err != nil {
		return nil, err
	}
	pcm, err := history.DecodeFLAC(io.Reader(r))
	return pcm, errors.Join(err, r.Close())
}

// entries selects by id, as a page does.
func entries(ids ...string) history.Selection { return history.Selection{IDs: ids} }

// span selects by time.
func span(from, to time.Time) history.Selection {
	return history.Selection{Filter: history.Filter{From: from, To: to}}
}

// of selects what a microphone has heard.
func of(satellites ...string) history.Selection {
	return history.Selection{Filter: history.Filter{Satellites: satellites}}
}
