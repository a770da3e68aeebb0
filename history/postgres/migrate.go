package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"earshot/history"
)

//go:embed migrations/*.sql
var migrations embed.FS

// steps are all migrations in their order.
func steps() []string { return []string{"migrations/0001_entries.sql"} }

// migrating is the server's lock that one bridge has while it brings the database up to date, and cleaning while it wipes remnants.
// Any two numbers that nobody else is likely to use.
const (
	migrating = 0x6561727368_01
	cleaning  = 0x6561727368_02
)

// update brings the database up to date, once.
func (s *Store) update(ctx context.Context, c *pgxpool.Conn) error {
	select {
	case <-s.ready:
		return nil
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.turn }()
	select {
	case <-s.ready:
		return nil
	default:
	}
	// Not by the caller's patience: a database that takes longer to be made would never be.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	if err := pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error { return migrate(ctx, tx) }); err != nil {
		return fmt.Errorf("bring the database up to date: %w", reason(err))
	}
	if err := s.lookAtLogs(ctx, c); err != nil {
		return err
	}
	close(s.ready)
	return nil
}

// migrate runs every migration that has not been run, all in one transaction: of several bridges that start at once, one does it.
func migrate(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(migrating)); err != nil {
		return err
	}
	var encoding string
	var there bool
	err := tx.QueryRow(ctx, `SELECT current_setting('server_encoding'), to_regnamespace('`+schema+`') IS NOT NULL`).Scan(&encoding, &there)
	if err != nil {
		return err
	}
	if encoding != "UTF8" {
		return errors.New("its encoding is not UTF8; make another one with that")
	}
	if !there { // asked before, as one who may not make it can be given one
		if _, err := tx.Exec(ctx, `CREATE SCHEMA `+schema); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY)`); err != nil {
		return err
	}
	var newer string
	err = tx.QueryRow(ctx, `SELECT coalesce(min(name), '') FROM migrations WHERE name <> ALL ($1)`, steps()).Scan(&newer)
	if err != nil {
		return err
	}
	if newer != "" {
		return fmt.Errorf("%w (%s)", history.ErrNewer, newer)
	}
	for _, name := range steps() {
		if err := migrateOne(ctx, tx, name); err != nil {
			return fmt.Errorf("%s: %w", name, reason(err))
		}
	}
	// A database that was moved to another server begins to count transactions anew: those from before are not of the future.
	_, err = tx.Exec(ctx, `UPDATE entries SET rev = '3' WHERE rev >= pg_snapshot_xmax(pg_current_snapshot())`)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE dirty SET rev = '3' WHERE rev >= pg_snapshot_xmax(pg_current_snapshot())`)
	return err
}

func migrateOne(ctx context.Context, tx pgx.Tx, name string) error {
	tag, err := tx.Exec(ctx, `INSERT INTO migrations (name) VALUES ($1) ON CONFLICT DO NOTHING`, name)
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	script, err := migrations.ReadFile(name)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, string(script))
	return err
}
