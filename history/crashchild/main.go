// Command crashchild works on a history without end, and kills itself at a step that it is told: the tests look at what is left.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"earshot/history"
	"earshot/history/files"
	"earshot/history/postgres"
	"earshot/history/s3"
	"earshot/history/sqlite"
)

// usage: crashchild DIR STEP RUN [POSTGRES-URL S3-ENDPOINT S3-ACCESS-KEY S3-SECRET-KEY S3-BUCKET]
func main() {
	fmt.Println("error", work(context.Background(), os.Args[1:]))
	os.Exit(1)
}

// work ends only by an error, or by SIGKILL.
func work(ctx context.Context, args []string) error {
	if len(args) != 3 && len(args) != 8 {
		return errors.New("wrong usage")
	}
	step, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	p, err := open(ctx, args[0], args[3:])
	if err != nil {
		return err
	}
	if step > 0 { // 0: the parent kills, at a moment of its own
		k := &killer{left: step}
		p.Store, p.Blobs = killStore{p.Store, k}, killBlobs{p.Blobs, k}
	}
	cfg := history.DefaultConfig()
	cfg.Dir, cfg.TimeZone = args[0], "Europe/Berlin"
	h, err := history.New(ctx, cfg, p)
	if err != nil {
		return err
	}
	w := &worker{h: h, run: args[2], random: rand.New(rand.NewPCG(rand.Uint64(), 1))}
	fmt.Println("ready")
	for n := 0; ; n++ {
		if err := w.round(ctx, n); err != nil {
			return err
		}
	}
}

func open(ctx context.Context, dir string, shared []string) (p history.Parts, err error) {
	p.Log = zerolog.Nop()
	if len(shared) == 0 {
		if p.Store, err = sqlite.Open(ctx, filepath.Join(dir, history.DatabaseFile)); err != nil {
			return p, err
		}
		p.Blobs, err = files.Open(filepath.Join(dir, history.ClipsDir))
		return p, err
	}
	if p.Store, err = postgres.Open(ctx, postgres.Config{URL: shared[0]}); err != nil {
		return p, err
	}
	p.Blobs, err = s3.Open(ctx, s3.Config{Endpoint: shared[1], AccessKey: shared[2], SecretKey: shared[3], Bucket: shared[4]})
	return p, err
}

// worker says before and after each thing what it does: to a marker when it is added, to an id from then on.
type worker struct {
	h      *history.History
	run    string
	random *rand.Rand
}

// round adds an entry, and then does one of the things that are done to entries.
func (w *worker) round(ctx context.Context, n int) error {
	marker := fmt.Sprintf("marker-%s-%d-", w.run, n)
	fmt.Println("add", marker)
	at := time.Now()
	e, err := w.h.Add(ctx, history.Recording{
		Entry: history.Entry{
			Satellite: "kitchen", At: at, WakeWord: "okay_nabu", Outcome: history.Understood, Transcript: marker + strings.Repeat("x", w.random.IntN(3000)), Reply: "Done: " + marker,
		},
		PCM: sound(1600 * (1 + w.random.IntN(5))),
	})
	if err != nil {
		return err
	}
	fmt.Println("added", marker, e.ID)
	page, err := w.h.List(ctx, history.Query{})
	if err != nil || len(page.Entries) < 8 {
		return err
	}
	return w.change(ctx, page.Entries[w.random.IntN(4):])
}

func (w *worker) change(ctx context.Context, doomed []history.Entry) error {
	one := history.Selection{IDs: []string{doomed[0].ID}}
	switch w.random.IntN(12) {
	case 0:
		return w.do("audio", doomed[:1], func() error { return w.delete(ctx, history.Selection{IDs: one.IDs, What: history.WhatAudio}) })
	case 1:
		return w.do("text", doomed[:1], func() error { return w.delete(ctx, history.Selection{IDs: one.IDs, What: history.WhatText}) })
	case 2:
		_, err := w.h.Export(ctx, "test", history.Filter{}, io.Discard)
		return err
	case 3:
		label := history.LabelCorrect
		_, err := w.h.Change(ctx, "test", one, history.Update{Label: &label})
		return err
	case 4:
		return w.retain(ctx)
	case 5:
		return w.do("delete", doomed, func() error { return w.previewed(ctx, older(doomed)) })
	case 6:
		return w.do("delete", doomed, func() error { return w.delete(ctx, older(doomed)) })
	default:
		return w.do("delete", doomed[:1], func() error { return w.delete(ctx, one) })
	}
}

// older selects what is as old as the newest of some entries, or older.
func older(doomed []history.Entry) history.Selection {
	return history.Selection{Filter: history.Filter{To: doomed[0].At.Add(time.Millisecond)}}
}

// do says what is about to be done to some entries, and that it is done.
func (w *worker) do(what string, entries []history.Entry, act func() error) error {
	for _, e := range entries {
		fmt.Println(what, e.ID)
	}
	if err := act(); err != nil {
		return err
	}
	for _, e := range entries {
		fmt.Println(what+"-done", e.ID)
	}
	return nil
}

func (w *worker) delete(ctx context.Context, s history.Selection) error {
	r, err := w.h.Delete(ctx, "test", s)
	if err == nil && r.FailedCount > 0 {
		err = fmt.Errorf("%d failed", r.FailedCount)
	}
	return err
}

func (w *worker) previewed(ctx context.Context, s history.Selection) error {
	p, err := w.h.Preview(ctx, s)
	if err != nil {
		return err
	}
	_, err = w.h.DeletePreviewed(ctx, "test", p.Token)
	return err
}

// retain lets retention leave five entries.
func (w *worker) retain(ctx context.Context) error {
	page, err := w.h.List(ctx, history.Query{})
	if err != nil {
		return err
	}
	if err := w.h.SetLimits(ctx, history.Limits{MaxEntries: 5}); err != nil {
		return err
	}
	return w.do("delete", page.Entries[min(5, len(page.Entries)):], func() error { _, err := w.h.Retain(ctx); return err })
}

// sound is something that is neither silence nor noise.
func sound(n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16((i*i)%977*20 - 9000)
	}
	return pcm
}

// killer ends the process by SIGKILL before or after one of the steps that change something.
type killer struct{ left int }

func (k *killer) step(do func() error) error {
	for _, part := range []func() error{func() error { return nil }, do} {
		if k.left--; k.left == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// killStore and killBlobs put a killer before a store and its clips.
type (
	killStore struct {
		history.Store
		k *killer
	}
	killBlobs struct {
		history.Blobs
		k *killer
	}
)

// Insert is a step.
func (s killStore) Insert(ctx context.Context, e history.Entry, key string) error {
	return s.k.step(func() error { return s.Store.Insert(ctx, e, key) })
}

// Update is a step.
func (s killStore) Update(ctx context.Context, sel history.Selection, u history.Update) (n int, err error) {
	err = s.k.step(func() error { n, err = s.Store.Update(ctx, sel, u); return err })
	return n, err
}

// Trash is a step.
func (s killStore) Trash(ctx context.Context, sel history.Selection, limit int) (got []history.TrashedEntry, err error) {
	err = s.k.step(func() error { got, err = s.Store.Trash(ctx, sel, limit); return err })
	return got, err
}

// Flush is a step.
func (s killStore) Flush(ctx context.Context) error {
	return s.k.step(func() error { return s.Store.Flush(ctx) })
}

// Drop is a step.
func (s killStore) Drop(ctx context.Context, ids []string) error {
	return s.k.step(func() error { return s.Store.Drop(ctx, ids) })
}

// AddAccess is a step.
func (s killStore) AddAccess(ctx context.Context, a history.Access) error {
	return s.k.step(func() error { return s.Store.AddAccess(ctx, a) })
}

// Put is a step.
func (b killBlobs) Put(ctx context.Context, id string, data []byte) error {
	return b.k.step(func() error { return b.Blobs.Put(ctx, id, data) })
}

// Delete is a step.
func (b killBlobs) Delete(ctx context.Context, ids []string) error {
	return b.k.step(func() error { return b.Blobs.Delete(ctx, ids) })
}
