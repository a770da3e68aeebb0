package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	lockPatience = 500 * time.Millisecond // how long we wait for the readers of a shelf, and others behind us, before we let those go first
	flushPause   = 20 * time.Millisecond  // between two looks
	othersMost   = 10 * time.Second       // how long other sessions may be in the way altogether
)

var (
	errSnapshot = errors.New("a transaction of another session on the PostgreSQL server is in the way, which may still read what was deleted")
	errLocked   = errors.New(ways[lockNotAvailable])
)

// Flush writes every shelf anew that something was wiped from, and clears the server's write-ahead log where this user may: deleted rows stay in
// the files of a table, and in its log, also after VACUUM. One bridge does it at a time, for all of them.
func (s *Store) Flush(ctx context.Context) error {
	return fail("wipe what was deleted from the history database", s.clean(ctx, nil))
}

// Compact does as Flush, and writes the tables anew too that have when and where something was recorded, and how it ended. Everybody has to wait
// while it does, for some seconds where there are a million entries.
func (s *Store) Compact(ctx context.Context) error {
	return fail("compact the history database", s.clean(ctx, []string{"entries", "garbage", "accesses"}))
}

// clean writes dirty shelves and other tables anew. What is dirty is forgotten last: a crash has the next one do it again.
func (s *Store) clean(ctx context.Context, tables []string) error {
	return s.with(ctx, patience, func(ctx context.Context, c *pgxpool.Conn) (err error) {
		if len(tables) == 0 {
			if remnants, err := findRemnants(ctx, c); err != nil || len(remnants.shelves) == 0 {
				return err
			}
		}
		release, err := lock(ctx, c)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, release()) }()
		remnants, err := findRemnants(ctx, c)
		if err != nil || len(remnants.shelves) == 0 && len(tables) == 0 {
			return err
		}
		for _, shelf := range remnants.shelves {
			tables = append(tables, fmt.Sprint("details_", shelf))
		}
		if err := remnants.unseen(ctx, c); err != nil {
			return err
		}
		for _, table := range tables {
			if err := rewrite(ctx, c, table); err != nil {
				return err
			}
		}
		if err := s.clearLog(ctx, c); err != nil {
			return err
		}
		_, err = c.Exec(ctx, `DELETE FROM dirty WHERE n = ANY ($1)`, remnants.seen)
		return err
	})
}

// lock waits until no other bridge is cleaning. It asks again and again: who waits in the server can see what was deleted before.
func lock(ctx context.Context, c *pgxpool.Conn) (release func() error, err error) {
	err = poll(ctx, patience, errLocked, func() (ours bool, err error) {
		err = c.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, int64(cleaning)).Scan(&ours)
		return ours, err
	})
	return func() error {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), defaultTimeout)
		defer cancel()
		if _, err := c.Exec(closing, `SELECT pg_advisory_unlock($1), set_config('lock_timeout', '0', false)`, int64(cleaning)); err != nil {
			return c.Conn().Close(closing) // with it the lock goes
		}
		return nil
	}, err
}

// remnants is what was wiped and can still be read from the server's files.
type remnants struct {
	seen    []int64 // rows of dirty
	shelves []int16
	last    string // transaction that wiped last
}

func findRemnants(ctx context.Context, q querier) (remnants, error) {
	r := remnants{last: "3"}
	rows, err := q.Query(ctx, `SELECT array_agg(n), shelf, max(rev::text::numeric)::text FROM dirty GROUP BY shelf ORDER BY shelf`)
	if err != nil {
		return r, err
	}
	defer rows.Close()
	for rows.Next() {
		var seen []int64
		var shelf int16
		var last string
		if err := rows.Scan(&seen, &shelf, &last); err != nil {
			return r, err
		}
		r.seen, r.shelves = append(r.seen, seen...), append(r.shelves, shelf)
		if later(last, r.last) {
			r.last = last
		}
	}
	return r, rows.Err()
}

func later(a, b string) bool {
	x, _ := strconv.ParseUint(a, 10, 64)
	y, _ := strconv.ParseUint(b, 10, 64)
	return x > y
}

// unseen waits until nobody can see what was wiped. Writing a table anew would keep it for them.
func (r remnants) unseen(ctx context.Context, q querier) error {
	const oldest = `SELECT EXISTS (SELECT FROM (
		SELECT backend_xmin AS x FROM pg_stat_activity WHERE datname = current_database() OR datname IS NULL UNION ALL
		SELECT backend_xid FROM pg_stat_activity WHERE datname = current_database() UNION ALL
		SELECT xmin FROM pg_replication_slots UNION ALL
		SELECT transaction FROM pg_prepared_xacts WHERE database = current_database()
	) held WHERE age(x) >= age($1::text::xid8::xid))`
	return poll(ctx, othersMost, errSnapshot, func() (bool, error) {
		var held bool
		err := q.QueryRow(ctx, oldest, r.last).Scan(&held)
		return !held, err
	})
}

// rewrite writes a table anew with what is left in it.
func rewrite(ctx context.Context, c *pgxpool.Conn, table string) error {
	name := pgx.Identifier{schema, table}.Sanitize()
	if _, err := c.Exec(ctx, `SELECT set_config('lock_timeout', $1, false)`, milliseconds(lockPatience)); err != nil {
		return err
	}
	return poll(ctx, othersMost, errLocked, func() (bool, error) {
		_, err := c.Exec(ctx, `VACUUM (FULL, ANALYZE FALSE) `+name)
		if is(err, lockNotAvailable) {
			return false, nil
		}
		return err == nil, err
	})
}

// poll looks until something is done, or returns late.
func poll(ctx context.Context, patience time.Duration, late error, done func() (bool, error)) error {
	tick := time.NewTicker(flushPause)
	defer tick.Stop()
	for end := time.Now().Add(patience); ; {
		if ok, err := done(); ok || err != nil {
			return err
		}
		if time.Now().After(end) {
			return late
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
