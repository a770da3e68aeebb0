package sqlite

import (
	"context"
	"embed"
	"fmt"

	"filippo.io/age"

	"earshot/history"
)

//go:embed migrations/*.sql
var migrations embed.FS

// steps are all migrations in their order: a script, and what only Go can do after it.
func steps() []struct {
	name string
	then func(tx) error
} {
	return []struct {
		name string
		then func(tx) error
	}{
		{"migrations/0001_entries.sql", nil},
		{"migrations/0002_parts.sql", moveEntries},
	}
}

// scrubbed is the user_version of a database whose every page was scrubbed once.
const scrubbed = 1

// refuseNewer returns history.ErrNewer for a database with a migration that is not known here.
func (s *Store) refuseNewer(ctx context.Context) error {
	var begun bool
	err := s.read.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE name = 'migrations'`).Scan(&begun)
	if err != nil || !begun {
		return err
	}
	rows, err := s.read.QueryContext(ctx, `SELECT name FROM migrations`)
	return forEach(rows, err, func(scan func(...any) error) error {
		var name string
		if err := scan(&name); err != nil {
			return err
		}
		for _, step := range steps() {
			if step.name == name {
				return nil
			}
		}
		s.foreign = true
		return fmt.Errorf("%w (%s)", history.ErrNewer, name)
	})
}

// migrate runs every migration that has not been run, each in a transaction of its own.
func (s *Store) migrate(ctx context.Context) error {
	err := s.change(ctx, atOnce, func(t tx) error {
		return t.once(`CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY) STRICT`)
	})
	if err != nil {
		return err
	}
	for _, step := range steps() {
		if err := s.change(ctx, atOnce, func(t tx) error { return migrateOne(t, step.name, step.then) }); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	var version int
	if err := s.read.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil || version >= scrubbed {
		return err
	}
	s.lost = true
	if err := s.empty(ctx, journalPatience); err != nil {
		return err
	}
	return s.change(ctx, atOnce, func(t tx) error { return t.once(fmt.Sprint(`PRAGMA user_version = `, scrubbed)) })
}

func migrateOne(t tx, name string, then func(tx) error) error {
	var n int
	if err := t.one(`SELECT count(*) FROM migrations WHERE name = ?`, []any{name}, &n); err != nil || n > 0 {
		return err
	}
	script, err := migrations.ReadFile(name)
	if err != nil {
		return err
	}
	if err := t.once(string(script)); err != nil {
		return err
	}
	if then != nil {
		if err := then(t); err != nil {
			return err
		}
	}
	_, err = t.exec(`INSERT INTO migrations (name) VALUES (?)`, name)
	return err
}

// columnsBefore are those of entries_before, in the order of scan.
const columnsBefore = `id, satellite, area, at, zone, duration, wake_word, score, threshold, outcome, transcript, language, reply, intent,
	error_code, error_message, media_type, bytes, bytes, sample_rate, peaks, speech_end, transcribed, replied, kept, label, shared`

// moveEntries brings the rows of the first schema over. Their clips lie open, until package history seals them with the keys made here.
func moveEntries(t tx) error {
	clips := false
	for last := ""; ; {
		part, err := entriesBefore(t, last)
		if err != nil {
			return err
		}
		for _, e := range part {
			key := ""
			if e.Clip != nil {
				id, err := age.GenerateX25519Identity()
				if err != nil {
					return fmt.Errorf("make a key: %w", err)
				}
				key, clips = id.String(), true
			}
			if err := insert(t, e, key); err != nil {
				return err
			}
			last = e.ID
		}
		if len(part) == 0 {
			break
		}
	}
	if clips {
		if _, err := t.exec(`INSERT OR REPLACE INTO settings (key, value) VALUES ('clips/plain', 'yes')`); err != nil {
			return err
		}
	}
	return t.once(`DROP TABLE entries_before`)
}
