package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"earshot/history"
	"earshot/history/table"
)

// A shelf has the details of entries of twelve days, and those of a year later and before.
const (
	shelfShift = 30
	shelves    = 32
)

func shelfOf(at time.Time) int16 { return int16(at.UnixMilli() >> shelfShift & (shelves - 1)) }

// itsDetails joins the details of each entry by way of its shelf's index.
const itsDetails = ` e CROSS JOIN LATERAL (SELECT * FROM details WHERE shelf = e.shelf AND id = e.id OFFSET 0) d`

// Insert adds an entry.
func (s *Store) Insert(ctx context.Context, e history.Entry, key string) error {
	err := s.change(ctx, s.timeout, func(ctx context.Context, tx pgx.Tx) error { return s.insert(ctx, tx, e, key) })
	if is(err, uniqueViolation) {
		err = history.ErrExists
	}
	return fail("add to the history database", err)
}

var errGarbage = errors.New("its id is one of a deleted entry")

// insert looks for garbage after the id is taken: a deletion of the same id that is just being made has ended then, and has left it to be seen.
// The details come last: no word of what is refused gets to the server's files.
func (s *Store) insert(ctx context.Context, tx pgx.Tx, e history.Entry, key string) error {
	var stored int64
	if e.Clip != nil {
		stored = e.Clip.Stored
	}
	_, err := tx.Exec(ctx, insertEntry, plain(e.ID), e.At.UnixMilli(), plain(e.Satellite), plain(string(e.Outcome)), plain(e.WakeWord), plain(string(e.Label)),
		stored, e.Duration.Milliseconds(), shelfOf(e.At), table.Parts(e), e.Kept, e.Shared)
	if err != nil {
		return err
	}
	var garbage bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM garbage WHERE id = $1)`, plain(e.ID)).Scan(&garbage); err != nil {
		return err
	}
	if garbage {
		return errGarbage
	}
	if _, err := tx.Exec(ctx, insertDetails, detailsOf(e, key)...); err != nil {
		return err
	}
	return s.notify(ctx, tx, history.Added, []string{e.ID})
}

const (
	insertEntry = `INSERT INTO entries (id, at, satellite, outcome, wake_word, label, stored, duration, shelf, parts, kept, shared, rev)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, pg_current_xact_id())`
	insertDetails = `INSERT INTO details (folded, shelf, id, key, area, zone, score, threshold, transcript, language, reply, intent, error_code,
		error_message, media_type, bytes, sample_rate, peaks, speech_end, transcribed, replied)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`
)

// detailsOf is the values of insertDetails.
func detailsOf(e history.Entry, key string) []any {
	var clip history.Clip
	if e.Clip != nil {
		clip = *e.Clip
	} else {
		key = ""
	}
	var problem history.EntryError
	if e.Error != nil {
		problem = *e.Error
	}
	return []any{
		history.Searched(plain(e.Transcript), plain(e.Reply)), shelfOf(e.At), plain(e.ID), plain(key), plain(e.Area), plain(e.Zone), e.Score, e.Threshold,
		plain(e.Transcript), plain(e.Language), plain(e.Reply), plain(e.Intent), plain(problem.Code), plain(problem.Message),
		plain(clip.MediaType), clip.Bytes, clip.SampleRate, e.Peaks,
		e.Timings.SpeechEnd.Milliseconds(), e.Timings.Transcript.Milliseconds(), e.Timings.Reply.Milliseconds(),
	}
}

func scan(row pgx.CollectableRow) (history.Entry, error) { return table.Scan(row.Scan) }

// Get returns one entry.
func (s *Store) Get(ctx context.Context, id string) (history.Entry, error) {
	var e history.Entry
	err := s.ask(ctx, s.timeout, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, `SELECT `+table.Columns+` FROM entries`+itsDetails+` WHERE e.id = $1`, plain(id))
		if err != nil {
			return err
		}
		e, err = pgx.CollectExactlyOneRow(rows, scan)
		return err
	})
	return e, fail("read an entry", err)
}

// Key returns the key of an entry's clip.
func (s *Store) Key(ctx context.Context, id string) (string, error) {
	var key string
	err := s.ask(ctx, s.timeout, func(ctx context.Context, q querier) error {
		return q.QueryRow(ctx, `SELECT d.key FROM entries`+itsDetails+` WHERE e.id = $1`, plain(id)).Scan(&key)
	})
	if err == nil && key == "" {
		err = history.ErrNotFound
	}
	return key, fail("read the key of a clip", err)
}

// Clips calls fn for every entry whose audio is kept. It reads a part at a time, so that no wiping has to wait for fn.
func (s *Store) Clips(ctx context.Context, fn func(id string, stored int64) error) error {
	const part = 5000
	type clip struct {
		ID     string
		Stored int64
	}
	for last := ""; ; {
		var clips []clip
		err := s.ask(ctx, patience, func(ctx context.Context, q querier) error {
			rows, err := q.Query(ctx, `SELECT id, stored FROM entries WHERE parts & 1 <> 0 AND id > $1 ORDER BY id LIMIT $2`, last, part)
			if err != nil {
				return err
			}
			clips, err = pgx.CollectRows(rows, pgx.RowToStructByPos[clip])
			return err
		})
		if err != nil {
			return fail("list the history database", err)
		}
		for _, c := range clips {
			if err := fn(c.ID, c.Stored); err != nil {
				return err
			}
			last = c.ID
		}
		if len(clips) < part {
			return nil
		}
	}
}
