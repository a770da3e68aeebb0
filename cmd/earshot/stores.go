package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"earshot/history"
	"earshot/history/files"
	"earshot/history/postgres"
	"earshot/history/s3"
	"earshot/history/sqlite"
	"earshot/internal/durable"
)

// opened is what a history is made of, while it is being opened.
type opened struct {
	history.Parts
	close []io.Closer
}

// Close closes what was opened, the last one first.
func (o *opened) Close() {
	for i := len(o.close) - 1; i >= 0; i-- {
		_ = o.close[i].Close()
	}
}

// openHistory opens database and clips, and finishes what a crash left behind.
func openHistory(ctx context.Context, cfg history.Config, log zerolog.Logger) (*history.History, func(), error) {
	o := &opened{Parts: history.Parts{Log: log}}
	if err := o.open(ctx, cfg); err != nil {
		o.Close()
		return nil, nil, err
	}
	hist, err := history.New(ctx, cfg, o.Parts)
	if err != nil {
		o.Close()
		return nil, nil, err
	}
	return hist, o.Close, nil
}

func (o *opened) open(ctx context.Context, cfg history.Config) error {
	if err := durable.MakeFolder(cfg.Dir); err != nil {
		return fmt.Errorf("open history: %w", err)
	}
	var err error
	if cfg.Postgres.URL == "" {
		o.Store, o.Blobs, err = o.openEmbedded(ctx, cfg.Dir)
		o.SetAside = history.SetAsideFolders(cfg.Dir)
		return err
	}
	if o.SpoolStore, o.SpoolBlobs, err = o.openEmbedded(ctx, filepath.Join(cfg.Dir, history.SpoolDir)); err != nil {
		return err
	}
	o.SetAside = history.SetAsideFolders(filepath.Join(cfg.Dir, history.SpoolDir))
	return o.openShared(ctx, cfg)
}

// openEmbedded opens the database and the clips of a folder. A database that is damaged is set aside, and a new one begun: the satellites go on,
// and Problem says so.
func (o *opened) openEmbedded(ctx context.Context, dir string) (history.Store, history.Blobs, error) {
	store, err := openDatabase(ctx, dir)
	if errors.Is(err, history.ErrDamaged) {
		folder, aside := history.SetAside(dir, time.Now())
		if aside != nil {
			return nil, nil, errors.Join(err, aside)
		}
		o.Log.Error().Err(err).Str("folder", folder).Msg("the history database is damaged: it was set aside, nothing of it was deleted, and a new history is begun")
		store, err = openDatabase(ctx, dir)
	}
	if err != nil {
		return nil, nil, err
	}
	o.close = append(o.close, store)
	blobs, err := files.Open(filepath.Join(dir, history.ClipsDir))
	if err != nil {
		return nil, nil, err
	}
	o.close = append(o.close, blobs)
	return store, blobs, nil
}

// openDatabase opens the database of a folder, unless an earlier run has found it to be damaged.
func openDatabase(ctx context.Context, dir string) (*sqlite.Store, error) {
	if history.Damaged(dir) {
		return nil, history.ErrDamaged
	}
	return sqlite.Open(ctx, filepath.Join(dir, history.DatabaseFile))
}

// openShared opens what several bridges share. It is not reached here: both connect when they are used, so that a bridge starts without them.
func (o *opened) openShared(ctx context.Context, cfg history.Config) error {
	store, err := postgres.Open(ctx, postgres.Config{URL: cfg.Postgres.URL, Password: cfg.Postgres.Password})
	if err != nil {
		return err
	}
	o.Store = store
	o.close = append(o.close, store)
	c := cfg.S3
	blobs, err := s3.Open(ctx, s3.Config{
		Endpoint: c.Endpoint, Bucket: c.Bucket, Prefix: c.Prefix, Region: c.Region, AccessKey: c.AccessKey, SecretKey: c.SecretKey,
	})
	if err != nil {
		return err
	}
	o.Blobs = blobs
	o.close = append(o.close, blobs)
	return nil
}
