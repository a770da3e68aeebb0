package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"earshot/history"
)

var (
	errClosed = errors.New("the history database is closed")
	errSlow   = errors.New("the PostgreSQL server did not answer in time")
	errLost   = errors.New("the connection to the PostgreSQL server was lost")
)

// The server's codes that something is done about here.
// ref: https://www.postgresql.org/docs/15/errcodes-appendix.html
const (
	uniqueViolation     = "23505"
	serializationFailed = "40001"
	deadlock            = "40P01"
	insufficientRight   = "42501"
	lockNotAvailable    = "55P03"
	dataCorrupted       = "XX001"
	indexCorrupted      = "XX002"
)

// ways says what to do about answers that a person can do something about.
var ways = map[string]string{
	"28P01":           "the PostgreSQL server refused the password; check url and password_file",
	"28000":           "the PostgreSQL server does not let this user in from here; check url, and pg_hba.conf there",
	"3D000":           "the database is not there; make it first, with the encoding UTF8",
	insufficientRight: "the PostgreSQL server does not allow it; make this user the owner of the database",
	"53100":           "the PostgreSQL server has no room left",
	"53300":           "the PostgreSQL server has no connection left; raise its max_connections",
	"57014":           "the PostgreSQL server did not get ready in time",
	"57P01":           "the PostgreSQL server is shutting down",
	"57P03":           "the PostgreSQL server is starting up",
	"25006":           "the PostgreSQL server is a standby server, which cannot be written to; check url",
	lockNotAvailable:  "another session on the PostgreSQL server, such as a backup of the database, is in the way",
}

// fail says what was being done. Nil stays nil.
func fail(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, reason(err))
}

// reason is an error without what it must not show: the driver's quote addresses with users, and the server's what was written.
func reason(err error) error {
	var answer *pgconn.PgError
	var network *net.OpError
	var lookup *net.DNSError
	switch {
	case errors.As(err, &answer):
		return answered(answer)
	case errors.Is(err, pgx.ErrNoRows):
		return history.ErrNotFound
	case errors.As(err, &lookup):
		return fmt.Errorf("find the PostgreSQL server %q: %s", lookup.Name, lookup.Err)
	case errors.As(err, &network) && network.Op == "dial":
		return fmt.Errorf("reach the PostgreSQL server: %w", network)
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return errLost
	case isDriver(err):
		return errLost
	}
	return err
}

// isDriver tells whether an error is of the driver about its connection.
func isDriver(err error) bool {
	var connect *pgconn.ConnectError
	var other interface{ SafeToRetry() bool }
	return errors.As(err, &connect) || errors.As(err, &other)
}

func answered(e *pgconn.PgError) error {
	if way, ok := ways[e.Code]; ok {
		return errors.New(way)
	}
	if e.Code == dataCorrupted || e.Code == indexCorrupted {
		return fmt.Errorf("%w: the PostgreSQL server answered %s", history.ErrDamaged, e.Code)
	}
	return fmt.Errorf("the PostgreSQL server answered %s", e.Code)
}

// is tells whether an error is one of these answers of the server.
func is(err error, codes ...string) bool {
	var answer *pgconn.PgError
	if !errors.As(err, &answer) {
		return false
	}
	return slices.Contains(codes, answer.Code)
}

// isConflict tells whether two transactions were in each other's way, of which this one has given in.
func isConflict(err error) bool { return is(err, deadlock, serializationFailed) }

// isTimeout tells whether something was given up.
func isTimeout(err error) bool {
	return pgconn.Timeout(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
