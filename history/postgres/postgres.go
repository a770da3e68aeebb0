// Package postgres keeps the rows of the history in a PostgreSQL database, which several bridges may share.
package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"earshot/history"
)

// Config says where the database is. All but URL may be left out.
type Config struct {
	URL          string        // postgres://user@host/database; may hold the password
	Password     string        // instead of the one in URL
	PasswordFile string        // holds the password, instead of Password
	Timeout      time.Duration // of connecting, and of what is about one entry; 5 s when 0. What goes through many entries gets a minute.
}

// Store is a history.Store in a database. It connects when it is used, and again when the connection was lost.
//
// What a deletion wipes is in shelves, which are small tables with the entries of neighbouring days: Flush writes those anew that something
// was wiped from, so that it costs as much as some days have, and not as much as the history.
type Store struct {
	pool    *pgxpool.Pool
	timeout time.Duration
	id      string             // tells our notices from those of others
	stop    context.CancelFunc // ends what is going on
	closing context.Context
	once    sync.Once

	turn  chan struct{} // held by who brings the database up to date
	ready chan struct{} // closed when it is

	mu      sync.Mutex // guards the two below
	log     logState
	verbose bool // the server logs what it is sent
}

var (
	_ history.Store   = (*Store)(nil)
	_ history.Watcher = (*Store)(nil)
)

const (
	schema         = "earshot"
	defaultTimeout = 5 * time.Second
	patience       = time.Minute // of what goes through many entries
	connections    = 8
)

// Open makes a store. It does not reach for the database: that is done, and the database brought up to date, when it is first used.
func Open(ctx context.Context, c Config) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open history database: %w", err)
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	pc, err := c.parse()
	if err != nil {
		return nil, fmt.Errorf("open history database: %w", err)
	}
	s := &Store{timeout: c.Timeout, id: rand.Text(), turn: make(chan struct{}, 1), ready: make(chan struct{})}
	s.closing, s.stop = context.WithCancel(context.Background())
	if s.pool, err = pgxpool.NewWithConfig(s.closing, pc); err != nil {
		return nil, fmt.Errorf("open history database: %w", reason(err))
	}
	return s, nil
}

// parse is the settings of connections. Its errors show nothing of the password.
func (c Config) parse() (*pgxpool.Config, error) {
	if !strings.HasPrefix(c.URL, "postgres://") && !strings.HasPrefix(c.URL, "postgresql://") {
		return nil, errURL
	}
	pc, err := pgxpool.ParseConfig(c.URL)
	var file *fs.PathError
	if errors.As(err, &file) { // a certificate
		return nil, file
	}
	if err != nil {
		return nil, errURL
	}
	if c.Password != "" {
		pc.ConnConfig.Password = c.Password
	}
	if c.PasswordFile != "" {
		data, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("read the password: %w", err)
		}
		pc.ConnConfig.Password = strings.TrimSpace(string(data))
	}
	pc.ConnConfig.ConnectTimeout = c.Timeout
	pc.MaxConns, pc.MinConns, pc.MinIdleConns = connections, 0, 0
	// A connection that is lost or hangs is found before it is used, so that nothing has to be tried again.
	pc.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return true }
	params := pc.ConnConfig.RuntimeParams
	params["application_name"] = "earshot"
	params["search_path"] = schema
	// The server gives up too, also when this end is gone.
	params["statement_timeout"] = milliseconds(patience)
	params["idle_in_transaction_session_timeout"] = milliseconds(patience)
	params["default_transaction_isolation"] = "read committed"
	params["plan_cache_mode"] = "force_custom_plan" // a plan for any filter is a bad one for most
	return pc, nil
}

var errURL = errors.New("the url is not that of a PostgreSQL database; write it like postgres://earshot@192.168.1.5/earshot")

func milliseconds(d time.Duration) string { return fmt.Sprint(d.Milliseconds()) }

// Close ends what is going on and lets the connections go. It may be called twice.
func (s *Store) Close() error {
	s.once.Do(func() {
		s.stop()
		s.pool.Close()
	})
	return nil
}

// querier asks the database, in a transaction or without.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// with calls fn with a connection. What takes longer than limit is an error.
func (s *Store) with(ctx context.Context, limit time.Duration, fn func(context.Context, *pgxpool.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	err := s.connected(bounded, fn)
	switch {
	case err == nil:
		return nil
	case s.closing.Err() != nil:
		return errClosed
	case !isTimeout(err):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return errSlow
}

// connected waits less for a connection than its use may take: a server that is away is known soon.
func (s *Store) connected(ctx context.Context, fn func(context.Context, *pgxpool.Conn) error) error {
	if s.closing.Err() != nil {
		return errClosed
	}
	soon, cancel := context.WithTimeout(ctx, s.timeout)
	c, err := s.pool.Acquire(soon)
	cancel()
	if err != nil {
		return err
	}
	defer c.Release()
	if err := s.update(ctx, c); err != nil {
		return err
	}
	return fn(ctx, c)
}

// ask calls fn for something that is only read.
func (s *Store) ask(ctx context.Context, limit time.Duration, fn func(context.Context, querier) error) error {
	return s.with(ctx, limit, func(ctx context.Context, c *pgxpool.Conn) error { return fn(ctx, c) })
}

// change calls fn in a transaction that is committed when it returns nil. Of two that wait for each other one begins again.
func (s *Store) change(ctx context.Context, limit time.Duration, fn func(context.Context, pgx.Tx) error) error {
	const tries = 5
	return s.with(ctx, limit, func(ctx context.Context, c *pgxpool.Conn) error {
		for try := 1; ; try++ {
			err := pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error { return fn(ctx, tx) })
			if try == tries || !isConflict(err) {
				return err
			}
		}
	})
}

// Setting returns a remembered value.
func (s *Store) Setting(ctx context.Context, key string) (string, error) {
	var value string
	err := s.ask(ctx, s.timeout, func(ctx context.Context, q querier) error {
		return q.QueryRow(ctx, `SELECT value FROM settings WHERE key = $1`, plain(key)).Scan(&value)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return value, fail("read setting "+key, err)
}

// SetSetting remembers a value, or forgets it.
func (s *Store) SetSetting(ctx context.Context, key, value string) error {
	err := s.change(ctx, s.timeout, func(ctx context.Context, tx pgx.Tx) error {
		if value == "" {
			_, err := tx.Exec(ctx, `DELETE FROM settings WHERE key = $1`, plain(key))
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, plain(key), plain(value))
		return err
	})
	return fail("remember setting "+key, err)
}

// plain is a text without what PostgreSQL's texts cannot hold: bytes that are no UTF-8, and the byte 0.
func plain(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

func plains[T ~string](list []T) []string {
	out := make([]string, len(list))
	for n, v := range list {
		out[n] = plain(string(v))
	}
	return out
}
