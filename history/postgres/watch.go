package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"earshot/history"
	"earshot/internal/backoff"
)

const (
	channel = "earshot_history"
	// A notice is shorter than 8000 bytes, and an id is 26.
	// ref: https://www.postgresql.org/docs/15/sql-notify.html
	noticeIDs  = 250
	noticesMax = 8 // of one change; when there would be more, others look anew
)

// notice is what bridges tell each other.
type notice struct {
	From   string   `json:"from"` // instance
	Action string   `json:"action"`
	IDs    []string `json:"ids,omitempty"`
}

// notify tells others of a change when its transaction is committed.
func (s *Store) notify(ctx context.Context, tx pgx.Tx, action string, ids []string) error {
	notices := []notice{}
	for some := range slices.Chunk(ids, noticeIDs) {
		notices = append(notices, notice{s.id, action, some})
	}
	if len(notices) > noticesMax {
		notices = []notice{{From: s.id, Action: history.Reset}}
	}
	for _, n := range notices {
		data, err := json.Marshal(n)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `SELECT pg_notify($1, $2)`, channel, string(data)); err != nil {
			return err
		}
	}
	return nil
}

// The waits between attempts to connect for notices, and how often a silent connection is asked whether it is still there.
const (
	soonest = 200 * time.Millisecond
	latest  = 10 * time.Second
	silence = 15 * time.Second
)

// Watch calls fn with every change that another store makes, until ctx ends or the store is closed.
func (s *Store) Watch(ctx context.Context, fn func(history.Change)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	wait := backoff.Backoff{Min: soonest, Max: latest}
	missed := false // something may have been, as there was no connection for a while
	for ctx.Err() == nil {
		_ = s.listen(ctx, func() {
			if wait.Reset(); missed {
				fn(history.Change{Action: history.Reset})
			}
		}, fn)
		missed = true // why it ended is of no use to anybody: it is tried again
		pause := time.NewTimer(wait.Next())
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
		}
	}
	return nil
}

// listen passes notices on until the connection is lost. began is called when nothing can be missed any more.
func (s *Store) listen(ctx context.Context, began func(), fn func(history.Change)) error {
	soon, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(soon, s.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if _, err := conn.Exec(soon, `LISTEN `+channel); err != nil {
		return err
	}
	began()
	for {
		n, err := s.next(ctx, conn)
		if err != nil {
			return err
		}
		if n.Action != "" && n.From != s.id {
			fn(history.Change{Action: n.Action, IDs: n.IDs})
		}
	}
}

// next waits for a notice. When there is none for a while, it makes sure that there could be one, and returns an empty one.
func (s *Store) next(ctx context.Context, conn *pgx.Conn) (notice, error) {
	waiting, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	got, err := conn.WaitForNotification(waiting)
	switch {
	case err == nil:
		return parseNotice(got.Payload), nil
	case ctx.Err() != nil || !pgconn.Timeout(err) && !errors.Is(err, context.DeadlineExceeded):
		return notice{}, err
	}
	soon, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	return notice{}, conn.Ping(soon)
}

// parseNotice reads a notice. Anybody who may use the database can send one: what makes no sense says to look anew.
func parseNotice(payload string) notice {
	var n notice
	if err := json.Unmarshal([]byte(payload), &n); err != nil {
		return notice{Action: history.Reset}
	}
	switch n.Action {
	case history.Added, history.Updated, history.Deleted:
		if len(n.IDs) > 0 {
			return n
		}
	}
	return notice{From: n.From, Action: history.Reset}
}
