package table_test

import (
	"errors"
	"testing"

	"earshot/history"
	"earshot/history/table"
)

// FuzzCursor has cursors that are read come out as they went in.
func FuzzCursor(f *testing.F) {
	f.Add(table.Place{At: 1, ID: "01M87BWH00000000000000002K"}.Cursor())
	f.Add(table.Place{At: -1, ID: "01M87BWH00000000000000002K", Including: true}.Cursor())
	f.Add("x")
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := table.ParseCursor(cursor)
		if err != nil {
			if !errors.Is(err, history.ErrBadCursor) {
				t.Error(err)
			}
			return
		}
		if again, err := table.ParseCursor(p.Cursor()); err != nil || again != p {
			t.Errorf("%+v comes back as %+v (%v)", p, again, err)
		}
	})
}
