package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"earshot/history"
	"earshot/history/files"
	"earshot/history/sqlite"
	"earshot/internal/config"
)

// restoreCommand brings back what is in a backup: all of it where there is no history, and only what is missing and was not deleted where there is one.
func restoreCommand(ctx context.Context, t terminal, args []string) error {
	f := flags("restore")
	file := f.String("config", "", "configuration file")
	merge := f.Bool("merge", false, "put what is missing back into the history that is there")
	words, err := parseAround(f, args)
	if err != nil {
		return err
	}
	if len(words) != 1 {
		return usageError{"name the folder of the backup"}
	}
	cfg, err := loadConfig(*file)
	if err != nil {
		return err
	}
	r := restoration{terminal: t, dir: words[0], cfg: cfg}
	if err := r.run(ctx, *merge); err != nil {
		return fmt.Errorf("restore %s: %w", r.dir, err)
	}
	return nil
}

// restoration is a backup on its way back.
type restoration struct {
	manifest
	terminal
	dir string
	cfg config.Config
}

func (r *restoration) run(ctx context.Context, merge bool) error {
	if r.cfg.History.Postgres.URL != "" {
		return errShared
	}
	if err := r.read(); err != nil {
		return err
	}
	running, err := isRunning(r.cfg.History)
	if running {
		return errors.New("a bridge runs on this history; end it first")
	}
	if err != nil {
		return err
	}
	there, err := r.isThere()
	switch {
	case err != nil:
		return err
	case there && !merge:
		return fmt.Errorf("there is a history in %s; --merge puts back what is missing from it and was not deleted, or move it away first", r.cfg.History.Dir)
	case there:
		err = r.merge(ctx)
	default:
		err = r.bringBack(ctx)
	}
	return err
}

// read reads what the backup says of itself.
func (r *restoration) read() error {
	data, err := os.ReadFile(filepath.Join(r.dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("it is no backup: `earshot backup` makes them")
	}
	if err == nil {
		err = json.Unmarshal(data, &r.manifest)
	}
	if err == nil && r.Form != backupForm {
		err = errors.New("a newer version of Earshot has made it; install that one")
	}
	if err == nil {
		if _, err = os.Stat(filepath.Join(r.dir, history.DatabaseFile)); errors.Is(err, fs.ErrNotExist) {
			err = errors.New("it was not finished; make it again")
		}
	}
	return err
}

// isThere tells whether there is a history already.
func (r *restoration) isThere() (bool, error) {
	_, err := os.Stat(filepath.Join(r.cfg.History.Dir, history.DatabaseFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// bringBack copies the backup to where no history is. The database comes last: cut off before, there is none, and the same command goes on.
func (r *restoration) bringBack(ctx context.Context) error {
	origin := filepath.Join(r.dir, history.DatabaseFile)
	ids, err := r.clips(ctx, origin)
	if err != nil {
		return err
	}
	dir := r.cfg.History.Dir
	if _, err := files.Copy(ctx, filepath.Join(r.dir, history.ClipsDir), filepath.Join(dir, history.ClipsDir), ids); err != nil {
		return err
	}
	if err := r.bringRest(); err != nil {
		return err
	}
	if err := copyFile(origin, filepath.Join(dir, history.DatabaseFile)); err != nil {
		return err
	}
	if err := r.verify(ctx); err != nil {
		return err
	}
	fmt.Fprintf(r.out, "note: what was deleted after %s is back, if it was in the backup: nothing here knows of it. Look through the history before you use it.\n",
		r.Made.Local().Format(time.DateTime))
	if _, err := os.Stat(filepath.Join(r.dir, savedConfig)); err == nil {
		fmt.Fprintf(r.out, "note: the configuration was left as it is; the saved one is %s\n", filepath.Join(r.dir, savedConfig))
	}
	return nil
}

// clips are the ids of the entries with clips. A backup of an earlier version cannot be asked, so that all of its clips are taken: the start
// removes those of no entry.
func (r *restoration) clips(ctx context.Context, database string) (ids []string, err error) {
	b := backup{}
	ids, err = b.count(ctx, database)
	if !errors.Is(err, history.ErrOlder) {
		return ids, err
	}
	return files.IDs(ctx, filepath.Join(r.dir, history.ClipsDir))
}

// bringRest copies tokens and own wake words, unless there are some.
func (r *restoration) bringRest() error {
	tokens := filepath.Join(r.cfg.History.Dir, tokensFile)
	if _, err := os.Stat(tokens); errors.Is(err, fs.ErrNotExist) {
		if err := copyFile(filepath.Join(r.dir, tokensFile), tokens); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	own := filepath.Join(r.cfg.Models.Dir, ownFolder)
	if _, err := os.Stat(own); errors.Is(err, fs.ErrNotExist) {
		return copyFolder(filepath.Join(r.dir, savedModels, ownFolder), own)
	}
	return nil
}

// merge puts what is missing into the history that is there. Tokens and own wake words stay as they are: what is not there was taken away.
func (r *restoration) merge(ctx context.Context) error {
	store, err := sqlite.OpenCopy(ctx, filepath.Join(r.dir, history.DatabaseFile))
	if err != nil {
		return err
	}
	defer store.Close()
	hist, closeHistory, err := openHistory(ctx, r.cfg.History, zerolog.Nop())
	if err != nil {
		return err
	}
	clips := filepath.Join(r.dir, history.ClipsDir)
	done, err := hist.Restore(ctx, history.Saved{Store: store, Made: r.Made, Clip: func(id string) ([]byte, error) { return files.Read(clips, id) }})
	closeHistory()
	if err != nil {
		return err
	}
	fmt.Fprintf(r.out, "%d recordings are back, and the sound of %d more; %d were there, %d were deleted since and stay so\n", done.Entries, done.Clips, done.There, done.Deleted)
	if done.Untold > 0 {
		fmt.Fprintf(r.out, "note: %d deletions after %s were of single recordings, or by their words; which is not known, so what they took is back\n",
			done.Untold, r.Made.Local().Format(time.DateTime))
	}
	return r.verify(ctx)
}

// verify looks at everything that is there now.
func (r *restoration) verify(ctx context.Context) error {
	hist, closeHistory, err := openHistory(ctx, r.cfg.History, zerolog.Nop())
	if err != nil {
		return err
	}
	defer closeHistory()
	v, err := hist.Verify(ctx, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(r.out, "%d recordings, %d clips that can be played, %d problems\n", v.Entries, v.Clips, len(v.Problems))
	if len(v.Problems) > 0 {
		return errors.New("not everything is whole; `earshot history verify` names what is not")
	}
	return nil
}
