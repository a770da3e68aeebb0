package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"earshot/history"
	"earshot/history/table"
)

// Insert adds an entry.
func (s *Store) Insert(ctx context.Context, e history.Entry, key string) error {
	err := s.change(ctx, atOnce, func(t tx) error {
		if e.At.UnixMilli() <= s.passed.At {
			s.passed = passed{} // a deletion that has passed there has to look again
		}
		return insert(t, e, key)
	})
	if exists(err) {
		err = history.ErrExists
	}
	return fail("add to the history database", err)
}

func insert(t tx, e history.Entry, key string) error {
	var garbage bool
	if err := t.one(`SELECT EXISTS (SELECT 1 FROM garbage WHERE id = ?)`, []any{e.ID}, &garbage); err != nil {
		return err
	}
	if garbage {
		return errors.New("its id is one of a deleted entry")
	}
	n, err := revise(t)
	if err != nil {
		return err
	}
	if e.Clip == nil {
		key = ""
	}
	r := sums{entries: 1, duration: e.Duration.Milliseconds()}
	if e.Clip != nil {
		r.stored = e.Clip.Stored
	}
	g := group{e.At.UnixMilli() >> fineShift, e.Satellite, string(e.Outcome), e.WakeWord, e.Kept, table.Parts(e)}
	_, err = t.exec(insertEntry, e.At.UnixMilli(), e.ID, history.Searched(e.Transcript, e.Reply), e.Satellite, string(e.Outcome), e.WakeWord, e.Kept,
		g.parts, r.stored, r.duration, string(e.Label), e.Shared, n, n)
	if err != nil {
		return err
	}
	if _, err := t.exec(insertDetails, detailsOf(n, e, key)...); err != nil {
		return err
	}
	return changes{g: r}.apply(t)
}

const (
	insertEntry = `INSERT INTO entries (at, id, folded, satellite, outcome, wake_word, kept, parts, stored, duration, label, shared, rev, n)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	insertDetails = `INSERT INTO details (n, key, area, zone, score, threshold, transcript, language, reply, intent, error_code, error_message,
		media_type, bytes, sample_rate, peaks, speech_end, transcribed, replied) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
)

// revise begins a new revision, and returns it.
func revise(t tx) (int64, error) {
	var n int64
	err := t.one(`UPDATE revision SET n = n + 1 RETURNING n`, nil, &n)
	return n, err
}

// detailsOf is the values of insertDetails.
func detailsOf(n int64, e history.Entry, key string) []any {
	var clip history.Clip
	if e.Clip != nil {
		clip = *e.Clip
	}
	var problem history.EntryError
	if e.Error != nil {
		problem = *e.Error
	}
	return []any{
		n, key, e.Area, e.Zone, e.Score, e.Threshold, e.Transcript, e.Language, e.Reply, e.Intent, problem.Code, problem.Message,
		clip.MediaType, clip.Bytes, clip.SampleRate, e.Peaks,
		e.Timings.SpeechEnd.Milliseconds(), e.Timings.Transcript.Milliseconds(), e.Timings.Reply.Milliseconds(),
	}
}

// entriesBefore reads a part of the entries of the first schema, those whose ids come after one.
func entriesBefore(t tx, after string) ([]history.Entry, error) {
	var out []history.Entry
	err := t.each(func(row func(...any) error) error {
		e, err := table.Scan(row)
		out = append(out, e)
		return err
	}, `SELECT `+columnsBefore+` FROM entries_before WHERE id > ? ORDER BY id LIMIT 500`, after)
	return out, err
}

// Get returns one entry.
func (s *Store) Get(ctx context.Context, id string) (history.Entry, error) {
	e, err := table.Scan(s.read.QueryRowContext(ctx, `SELECT `+table.Columns+` FROM entries e CROSS JOIN details d ON d.n = e.n WHERE e.id = ?`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return history.Entry{}, fmt.Errorf("entry: %w", history.ErrNotFound)
	}
	return e, fail("read the history database", err)
}

// Key returns the key of an entry's clip.
func (s *Store) Key(ctx context.Context, id string) (string, error) {
	var key string
	err := s.read.QueryRowContext(ctx, `SELECT d.key FROM entries e CROSS JOIN details d ON d.n = e.n WHERE e.id = ?`, id).Scan(&key)
	if errors.Is(err, sql.ErrNoRows) || err == nil && key == "" {
		return "", fmt.Errorf("key of the clip: %w", history.ErrNotFound)
	}
	return key, fail("read the history database", err)
}

// Clips calls fn for every entry whose audio is kept. It reads a part at a time, so that no deletion has to wait for fn.
func (s *Store) Clips(ctx context.Context, fn func(id string, stored int64) error) error {
	const part = 1000
	type clip struct {
		at     int64
		id     string
		stored int64
	}
	last := clip{at: -forever}
	for {
		clips := make([]clip, 0, part)
		rows, err := s.read.QueryContext(ctx, `SELECT at, id, stored FROM entries WHERE parts & 1 AND (at, id) > (?, ?) ORDER BY at, id LIMIT ?`, last.at, last.id, part)
		err = forEach(rows, err, func(scan func(...any) error) error {
			err := scan(&last.at, &last.id, &last.stored)
			clips = append(clips, last)
			return err
		})
		if err != nil {
			return fail("list the history database", err)
		}
		for _, c := range clips {
			if err := fn(c.id, c.stored); err != nil {
				return err
			}
		}
		if len(clips) < part {
			return nil
		}
	}
}
