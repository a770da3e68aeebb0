package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"modernc.org/sqlite"
)

// connector opens connections that know the function says(text, folded), which SQLite's own LIKE cannot stand for: that one ignores
// letter case only from A to Z, and takes % and _ for more than they are.
type connector struct {
	driver *sqlite.Driver
	name   string
}

func newConnector(name string) (connector, error) {
	d := &sqlite.Driver{}
	err := d.RegisterFunction("says", &sqlite.FunctionImpl{
		NArgs: 2, Deterministic: true, Scalar: says,
		VolatileArgs: true, // says keeps nothing of its arguments
	})
	return connector{d, name}, err
}

// Connect opens a connection.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return c.driver.Open(c.name)
}

// Driver is the driver of the connections.
func (c connector) Driver() driver.Driver { return c.driver }

// says tells whether a text contains another one that is folded already.
func says(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	text, ok := args[0].(string)
	folded, okToo := args[1].(string)
	if !ok || !okToo {
		return nil, errors.New("says takes two texts")
	}
	return strings.Contains(fold(text), folded), nil
}

// fold maps letters that differ only in case to one of them, in every script.
// ref: Unicode Standard, section 5.18, simple case folding
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			if 'a' <= r && r <= 'z' {
				r -= 'a' - 'A'
			}
			return r
		}
		first := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			first = min(first, other)
		}
		return first
	}, s)
}
