package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
)

// logState is what is known of the server's write-ahead log.
type logState int

const (
	logUnknown logState = iota // nothing was asked yet
	logClears                  // each Flush clears it
	logRefused                 // this user may not
	logHeld                    // the server keeps it for somebody
	logLong                    // there is more of it than is overwritten for one deletion
)

// segmentsMax is how many segments of the log are overwritten at once: half a gigabyte.
const segmentsMax = 32

// rights tells whether this user may do what clearing needs: start a segment, force a checkpoint, list the segments.
const rights = `SELECT has_function_privilege('pg_switch_wal()', 'execute') AND has_function_privilege('pg_ls_waldir()', 'execute')
	AND (r.rolsuper OR current_setting('server_version_num')::int >= 150000 AND pg_has_role('pg_checkpoint', 'usage'))
	FROM pg_roles r WHERE r.rolname = current_user`

// verbose tells whether the server writes the values of our statements to its own log, which is for people to read.
// ref: https://www.postgresql.org/docs/15/runtime-config-logging.html
const verbose = `SELECT (current_setting('log_statement') IN ('mod', 'all') OR current_setting('log_min_duration_statement') <> '-1'
		OR current_setting('log_min_duration_sample') <> '-1' OR current_setting('log_transaction_sample_rate') <> '0')
	AND current_setting('log_parameter_max_length') <> '0' OR current_setting('log_parameter_max_length_on_error') <> '0'`

// lookAtLogs finds out what the server writes down, and whether its write-ahead log can be cleared.
func (s *Store) lookAtLogs(ctx context.Context, c *pgxpool.Conn) error {
	var may, verbosely bool
	if err := c.QueryRow(ctx, rights).Scan(&may); err != nil {
		return fmt.Errorf("look for rights: %w", reason(err))
	}
	if err := c.QueryRow(ctx, verbose).Scan(&verbosely); err != nil {
		return fmt.Errorf("look for what is logged: %w", reason(err))
	}
	s.mu.Lock()
	s.verbose = verbosely
	s.mu.Unlock()
	if may {
		s.setLog(logClears)
	} else {
		s.setLog(logRefused)
	}
	return nil
}

func (s *Store) setLog(state logState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = state
}

// clearLog has the server's write-ahead log hold nothing that was written before. A checkpoint makes the segments up to the current one
// superfluous; the server then removes them, or gives them another name to be used again, with what is in them. Those are overwritten by
// switching from one to the next, as that fills each with zeros.
// ref: https://www.postgresql.org/docs/15/wal-configuration.html; wal_recycle
func (s *Store) clearLog(ctx context.Context, c *pgxpool.Conn) error {
	if err := s.lookAtLogs(ctx, c); err != nil || s.logState() == logRefused {
		return err
	}
	var last string
	err := c.QueryRow(ctx, `SELECT pg_walfile_name(pg_switch_wal())`).Scan(&last)
	if err != nil {
		return err
	}
	if _, err := c.Exec(ctx, `CHECKPOINT`); err != nil {
		return err
	}
	var held, ahead int
	err = c.QueryRow(ctx, `SELECT count(*) FILTER (WHERE name <= $1), count(*) FILTER (WHERE name > pg_walfile_name(pg_current_wal_insert_lsn()))
		FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'`, last).Scan(&held, &ahead)
	switch {
	case err != nil:
		return err
	case held > 0:
		s.setLog(logHeld)
	case ahead > segmentsMax:
		s.setLog(logLong)
		ahead = segmentsMax
	}
	for range ahead + 1 { // the rest of the current one too
		// A segment that nothing is in is not left: so a message of no meaning comes first.
		if _, err := c.Exec(ctx, `SELECT pg_logical_emit_message(false, 'earshot', '')`); err != nil {
			return err
		}
		if _, err := c.Exec(ctx, `SELECT pg_switch_wal()`); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) logState() logState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log
}

func (s *Store) isVerbose() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.verbose
}

// Remains tells what Flush does not reach.
func (s *Store) Remains() []string {
	list := []string{
		"The PostgreSQL server's files still show for a while when and by which microphone something was recorded, but no word and no sound of it.",
		"Standby servers of the PostgreSQL server and archives of its write-ahead log, where there are any, hold what they were given until they drop it.",
	}
	switch s.logState() {
	case logClears:
	case logHeld:
		list = append(list, "The PostgreSQL server keeps its write-ahead log for a standby server, an archive or by wal_keep_size; until it drops it, deleted words and keys can be read there.")
	case logLong:
		list = append(list, "The PostgreSQL server's write-ahead log is too long to be overwritten at once; parts of it may hold deleted words and keys until it is used up. Set wal_recycle to off there.")
	default:
		list = append(list, "The PostgreSQL server's write-ahead log holds deleted words and keys until the server has overwritten it. "+
			"Each deletion clears it when Earshot's user is given the roles pg_checkpoint and pg_monitor, and in its database the right to execute pg_switch_wal().")
	}
	if s.isVerbose() {
		list = append(list, "The PostgreSQL server is set to log what Earshot sends it, words and keys too, and its log keeps them. Set log_parameter_max_length and log_parameter_max_length_on_error to 0 there.")
	}
	return list
}
