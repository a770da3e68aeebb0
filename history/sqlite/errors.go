package sqlite

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"earshot/history"
)

var errClosed = errors.New("the history database is closed")

// fail says what was being done. An error that means damage is a history.ErrDamaged too. Nil stays nil.
func fail(doing string, err error) error {
	if err == nil {
		return nil
	}
	if code := code(err) & 0xff; (code == lib.SQLITE_CORRUPT || code == lib.SQLITE_NOTADB) && !errors.Is(err, history.ErrDamaged) {
		return fmt.Errorf("%s: %w: %w", doing, history.ErrDamaged, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// code is SQLite's extended result code, 0 where the error is none of SQLite's.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// exists tells whether a row was refused because its key is there.
func exists(err error) bool {
	c := code(err)
	return c == lib.SQLITE_CONSTRAINT_PRIMARYKEY || c == lib.SQLITE_CONSTRAINT_UNIQUE
}
