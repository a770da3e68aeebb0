package sqlite

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"earshot/history"
)

// columns of an entry, in the order of row and scan.
const columns = `id, satellite, area, at, zone, duration, wake_word, score, threshold, outcome, transcript, language, reply, intent,
	error_code, error_message, media_type, bytes, sample_rate, peaks, speech_end, transcribed, replied, kept, label, shared`

const columnCount = 26

// insertEntry takes a row, and the id once more: the one of a deleted entry must not come back.
var insertEntry = `INSERT INTO entries (` + columns + `) SELECT ` + strings.TrimSuffix(strings.Repeat("?,", columnCount), ",") +
	` WHERE NOT EXISTS (SELECT 1 FROM garbage WHERE id = ?)`

// Insert adds an entry.
func (s *Store) Insert(ctx context.Context, e history.Entry) error {
	result, err := s.write.ExecContext(ctx, insertEntry, append(row(e), e.ID)...)
	if err == nil {
		var n int64
		if n, err = result.RowsAffected(); err == nil && n == 0 {
			err = errors.New("its id is one of a deleted entry")
		}
	}
	if err != nil {
		return fmt.Errorf("add to the history database: %w", err)
	}
	return nil
}

// row is an entry as column values.
func row(e history.Entry) []any {
	var clip history.Clip
	if e.Clip != nil {
		clip = *e.Clip
	}
	var problem history.EntryError
	if e.Error != nil {
		problem = *e.Error
	}
	return []any{
		e.ID, e.Satellite, e.Area, e.At.UnixMilli(), e.Zone, e.Duration.Milliseconds(), e.WakeWord, e.Score, e.Threshold,
		string(e.Outcome), e.Transcript, e.Language, e.Reply, e.Intent, problem.Code, problem.Message,
		clip.MediaType, clip.Bytes, clip.SampleRate, e.Peaks,
		e.Timings.SpeechEnd.Milliseconds(), e.Timings.Transcript.Milliseconds(), e.Timings.Reply.Milliseconds(),
		e.Kept, string(e.Label), e.Shared,
	}
}

// scan reads an entry from a row of columns.
func scan(scan func(...any) error) (history.Entry, error) {
	var e history.Entry
	var clip history.Clip
	var problem history.EntryError
	var at, duration, speechEnd, transcribed, replied int64
	err := scan(&e.ID, &e.Satellite, &e.Area, &at, &e.Zone, &duration, &e.WakeWord, &e.Score, &e.Threshold,
		&e.Outcome, &e.Transcript, &e.Language, &e.Reply, &e.Intent, &problem.Code, &problem.Message,
		&clip.MediaType, &clip.Bytes, &clip.SampleRate, &e.Peaks, &speechEnd, &transcribed, &replied, &e.Kept, &e.Label, &e.Shared)
	if err != nil {
		return history.Entry{}, err
	}
	e.At = time.UnixMilli(at).UTC()
	e.Duration = milliseconds(duration)
	e.Timings = history.Timings{SpeechEnd: milliseconds(speechEnd), Transcript: milliseconds(transcribed), Reply: milliseconds(replied)}
	if clip.MediaType != "" {
		e.Clip = &clip
	}
	if problem != (history.EntryError{}) {
		e.Error = &problem
	}
	return e, nil
}

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// Get returns one entry.
func (s *Store) Get(ctx context.Context, id string) (history.Entry, error) {
	e, err := scan(s.read.QueryRowContext(ctx, `SELECT `+columns+` FROM entries WHERE id = ?`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return history.Entry{}, fmt.Errorf("entry: %w", history.ErrNotFound)
	}
	if err != nil {
		return history.Entry{}, fmt.Errorf("read the history database: %w", err)
	}
	return e, nil
}

// List returns a page.
func (s *Store) List(ctx context.Context, q history.Query) (history.Page, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = history.DefaultLimit
	}
	limit = min(limit, history.MaxLimit)
	where, args, err := filter(q)
	if err != nil {
		return history.Page{}, err
	}
	rows, err := s.read.QueryContext(ctx, `SELECT `+columns+` FROM entries WHERE `+where+` ORDER BY at DESC, id DESC LIMIT ?`, append(args, limit+1)...)
	if err != nil {
		return history.Page{}, fmt.Errorf("list the history database: %w", err)
	}
	defer rows.Close()
	page := history.Page{Entries: []history.Entry{}}
	for rows.Next() {
		e, err := scan(rows.Scan)
		if err != nil {
			return history.Page{}, fmt.Errorf("list the history database: %w", err)
		}
		if len(page.Entries) == limit {
			page.NextCursor = cursor(page.Entries[limit-1])
			return page, nil
		}
		page.Entries = append(page.Entries, e)
	}
	if err := rows.Err(); err != nil {
		return history.Page{}, fmt.Errorf("list the history database: %w", err)
	}
	return page, nil
}

// filter is a query as a condition.
func filter(q history.Query) (where string, args []any, err error) {
	c := &condition{}
	c.between(q.From, q.To)
	c.equal("satellite", q.Satellite)
	c.equal("outcome", string(q.Outcome))
	c.equal("wake_word", q.WakeWord)
	c.equal("label", string(q.Label))
	if q.Kept != nil {
		c.add("kept = ?", *q.Kept)
	}
	if q.Text != "" {
		text := fold(q.Text)
		c.add("(says(transcript, ?) OR says(reply, ?))", text, text)
	}
	if q.Cursor != "" {
		at, id, err := parseCursor(q.Cursor)
		if err != nil {
			return "", nil, err
		}
		c.add("(at, id) < (?, ?)", at, id)
	}
	return c.String(), c.args, nil
}

// selection is a deletion's selection as a condition.
func selection(sel history.Selection) (where string, args []any) {
	c := &condition{}
	if sel.IDs != nil {
		c.add("id IN (SELECT value FROM json_each(?))", jsonList(sel.IDs))
		return c.String(), c.args
	}
	c.between(sel.From, sel.To)
	if len(sel.Satellites) > 0 {
		c.add("satellite IN (SELECT value FROM json_each(?))", jsonList(sel.Satellites))
	}
	return c.String(), c.args
}

// condition builds a WHERE clause; values only ever go in as arguments.
type condition struct {
	parts []string
	args  []any
}

func (c *condition) add(part string, args ...any) {
	c.parts = append(c.parts, part)
	c.args = append(c.args, args...)
}

func (c *condition) equal(column, value string) {
	if value != "" {
		c.add(column+" = ?", value)
	}
}

func (c *condition) between(from, to time.Time) {
	if !from.IsZero() {
		c.add("at >= ?", ceilMilli(from))
	}
	if !to.IsZero() {
		c.add("at < ?", ceilMilli(to))
	}
}

// ceilMilli rounds a bound up: entries are at whole milliseconds, so that At < bound and At < ceil(bound) are the same.
func ceilMilli(t time.Time) int64 {
	ms := t.UnixMilli()
	if t.Nanosecond()%int(time.Millisecond) != 0 {
		ms++
	}
	return ms
}

// String is the condition, true for every row when nothing was added.
func (c *condition) String() string {
	return strings.Join(append([]string{"1"}, c.parts...), " AND ")
}

// jsonList is a list as one argument, so that its length is not bounded by the number of arguments there may be.
func jsonList(list []string) string {
	if list == nil {
		list = []string{}
	}
	data, _ := json.Marshal(list) // strings always can be
	return string(data)
}

// cursor names the entry after which the next page begins.
func cursor(e history.Entry) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(e.At.UnixMilli(), 10) + " " + e.ID))
}

func parseCursor(c string) (at int64, id string, err error) {
	data, err := base64.RawURLEncoding.DecodeString(c)
	ms, id, ok := strings.Cut(string(data), " ")
	if err == nil && ok {
		at, err = strconv.ParseInt(ms, 10, 64)
	}
	if err != nil || !ok || len(id) != 26 {
		return 0, "", history.ErrBadCursor
	}
	return at, id, nil
}

// Totals counts what is kept.
func (s *Store) Totals(ctx context.Context, satellite string) (history.Totals, error) {
	c := &condition{}
	c.equal("satellite", satellite)
	var t history.Totals
	var ms, newest int64
	err := s.read.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(bytes), 0), coalesce(sum(duration), 0), coalesce(max(at), -1) FROM entries WHERE `+c.String(), c.args...).
		Scan(&t.Entries, &t.ClipBytes, &ms, &newest)
	if err != nil {
		return history.Totals{}, fmt.Errorf("count the history database: %w", err)
	}
	t.Duration = milliseconds(ms)
	if t.Entries > 0 {
		t.Newest = time.UnixMilli(newest).UTC()
	}
	return t, nil
}
