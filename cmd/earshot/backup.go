package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"earshot/history"
	"earshot/history/files"
	"earshot/history/sqlite"
	"earshot/internal/config"
	"earshot/internal/durable"
)

// The names in a backup, beside those of a data folder.
const (
	manifestFile = "backup.json"
	savedConfig  = "config.yaml"
	savedModels  = "models"
	backupForm   = 1
)

// manifest describes a backup.
type manifest struct {
	Form    int       `json:"form"`
	Version string    `json:"version"` // of the program
	Made    time.Time `json:"made"`
	Entries int64     `json:"entries"`
	Clips   int       `json:"clips"`
}

var errShared = errors.New("the history is in PostgreSQL and S3, which have tools of their own for this; docs/backup.md says which")

// backupCommand copies all that an installation would have to be made anew from, also while its bridge runs.
func backupCommand(ctx context.Context, t terminal, args []string) error {
	f := flags("backup")
	file := f.String("config", "", "configuration file")
	force := f.Bool("force", false, "bring a backup that is there up to date")
	words, err := parseAround(f, args)
	if err != nil {
		return err
	}
	if len(words) != 1 {
		return usageError{"name the folder that the backup is to be in"}
	}
	cfg, err := loadConfig(*file)
	if err != nil {
		return err
	}
	if cfg.History.Postgres.URL != "" {
		return errShared
	}
	b := backup{dir: words[0], cfg: cfg, file: *file}
	closeBackup, err := b.open(*force)
	if err != nil {
		return err
	}
	defer closeBackup()
	if err := b.make(ctx); err != nil {
		return fmt.Errorf("back up to %s: %w", b.dir, err)
	}
	fmt.Fprintf(t.out, "%s: %d recordings, %d clips (%d new, %s); %d clips that are deleted went from it\n",
		b.dir, b.Entries, b.Clips, b.copied.New, megabytes(b.copied.Bytes), b.pruned)
	if n := len(b.copied.Missing); n > 0 {
		fmt.Fprintf(t.out, "note: the clips of %d recordings are not there any more; their texts are in the backup\n", n)
	}
	fmt.Fprintln(t.out, "note: it can be listened to by whoever has it: keep it as private as the history. What you delete from now on stays in it until you\n"+
		"back up to the same folder again.")
	return nil
}

// backup is one that is being made.
type backup struct {
	manifest
	dir    string
	cfg    config.Config
	file   string // of the configuration, "" without one
	copied files.Copied
	pruned int
}

// open makes the folder, or takes one that is a backup, and keeps other backups away from it.
func (b *backup) open(force bool) (closeBackup func(), err error) {
	entries, err := os.ReadDir(b.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("back up: %w", err)
	}
	// A kill may have come before there was more than the draft of its description.
	entries = slices.DeleteFunc(entries, func(d fs.DirEntry) bool { return d.Name() == manifestFile+".new" })
	_, mark := os.Stat(filepath.Join(b.dir, manifestFile))
	switch {
	case len(entries) == 0:
	case mark != nil:
		return nil, fmt.Errorf("back up: %s holds something else; name an empty folder, or one that is not there yet", b.dir)
	case !force:
		return nil, fmt.Errorf("back up: there is a backup in %s; --force brings it up to date, and takes out of it what was deleted since", b.dir)
	}
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return nil, fmt.Errorf("back up: %w", err)
	}
	if mark != nil { // so that one that is cut off can be gone on with
		if err := b.describe(); err != nil {
			return nil, fmt.Errorf("back up: %w", err)
		}
	}
	lock, err := history.Lock(filepath.Join(b.dir, "lock"))
	if errors.Is(err, history.ErrLocked) {
		return nil, fmt.Errorf("back up: %w", err)
	}
	if err != nil { // not every file system of other machines has locks
		return func() {}, nil
	}
	return func() { _ = lock.Close() }, nil
}

// snapshots is how often the database is copied at most, until no clip of the copy was deleted meanwhile.
const snapshots = 5

// make copies the database as it is at one moment and the clips that belong to it, and then has the copy take the place of the one before. Cut off
// anywhere, it leaves the backup that was there, or one without a database, which nobody can take for a whole one.
func (b *backup) make(ctx context.Context) error {
	database, clips := filepath.Join(b.dir, history.DatabaseFile), filepath.Join(b.dir, history.ClipsDir)
	draft := database + ".new"
	var ids []string
	for n, missing := 0, []string(nil); n < snapshots; n++ {
		if err := os.Remove(draft); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		b.Made = time.Now().UTC().Truncate(time.Millisecond)
		if err := sqlite.Snapshot(ctx, filepath.Join(b.cfg.History.Dir, history.DatabaseFile), draft); err != nil {
			return errors.Join(err, os.Remove(draft))
		}
		var err error
		if ids, err = b.count(ctx, draft); err != nil {
			return err
		}
		more, err := files.Copy(ctx, filepath.Join(b.cfg.History.Dir, history.ClipsDir), clips, ids)
		if err != nil {
			return err
		}
		more.New, more.Bytes = more.New+b.copied.New, more.Bytes+b.copied.Bytes
		b.copied = more
		if len(more.Missing) == 0 || slices.Equal(more.Missing, missing) { // the same ones again: they are not there
			break
		}
		missing = more.Missing
	}
	b.Clips = len(ids) - len(b.copied.Missing)
	if err := os.Rename(draft, database); err != nil {
		return err
	}
	var err error
	if b.pruned, err = files.Prune(ctx, clips, ids); err != nil {
		return err
	}
	if err := b.copyRest(); err != nil {
		return err
	}
	return b.describe()
}

// count looks at a copy of the database, and returns the ids of the entries with clips, in their order.
func (b *backup) count(ctx context.Context, database string) (ids []string, err error) {
	store, err := sqlite.OpenCopy(ctx, database)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	totals, err := store.Totals(ctx, history.Selection{})
	if err != nil {
		return nil, err
	}
	b.Entries = totals.Entries
	err = store.Clips(ctx, func(id string, _ int64) error { ids = append(ids, id); return nil })
	slices.Sort(ids)
	return ids, err
}

// copyRest copies what is not in the history: tokens, which are stored as hashes, wake words of the household's own, and the configuration.
func (b *backup) copyRest() error {
	own := filepath.Join(b.dir, savedModels, ownFolder)
	if err := os.RemoveAll(own); err != nil {
		return err
	}
	if err := copyFolder(filepath.Join(b.cfg.Models.Dir, ownFolder), own); err != nil {
		return err
	}
	copies := map[string]string{filepath.Join(b.cfg.History.Dir, tokensFile): filepath.Join(b.dir, tokensFile)}
	if b.file != "" {
		copies[b.file] = filepath.Join(b.dir, savedConfig)
	}
	for from, to := range copies {
		if err := copyFile(from, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (b *backup) describe() error {
	b.Form, b.Version = backupForm, version
	data, err := json.MarshalIndent(b.manifest, "", "  ")
	if err != nil {
		return err
	}
	return replaceWith(filepath.Join(b.dir, manifestFile), bytes.NewReader(append(data, '\n')))
}

// copyFolder copies the files of a folder that may not be there, and of those in it.
func copyFolder(from, to string) error {
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			return err
		}
		return copyFile(path, target)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// copyFile makes a copy that only its owner can read, which takes the place of one that is there when it is whole and on the disk.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	return replaceWith(to, in)
}

// replaceWith writes beside the file first. Unlike durable.Replace it does so always under the same name, so that what a kill leaves of a large file is
// overwritten by the next try, and takes a disk that cannot sync a folder, as some on the network.
func replaceWith(to string, from io.Reader) error {
	draft := to + ".new"
	f, err := os.OpenFile(draft, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(draft, to)
	}
	if err != nil {
		return errors.Join(err, os.Remove(draft))
	}
	_ = durable.Sync(filepath.Dir(to))
	return nil
}
