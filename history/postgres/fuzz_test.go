package postgres

import (
	"errors"
	"testing"

	"earshot/history"
)

// FuzzNotice reads what anybody may have sent.
func FuzzNotice(f *testing.F) {
	f.Add(`{"from":"x","action":"deleted","ids":["01"]}`)
	f.Add(`{"action":"added"}`)
	f.Add(`[`)
	f.Fuzz(func(t *testing.T, payload string) {
		n := parseNotice(payload)
		if (n.Action == history.Reset) != (len(n.IDs) == 0) {
			t.Errorf("%q is %s of %d ids", payload, n.Action, len(n.IDs))
		}
	})
}

// FuzzCursor has cursors that are read come out as they went in.
func FuzzCursor(f *testing.F) {
	f.Add(place{at: 1, id: "01M87BWH00000000000000002K"}.cursor())
	f.Add(place{at: -1, id: "01M87BWH00000000000000002K", including: true}.cursor())
	f.Add("x")
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := parseCursor(cursor)
		if err != nil {
			if !errors.Is(err, history.ErrBadCursor) {
				t.Error(err)
			}
			return
		}
		if again, err := parseCursor(p.cursor()); err != nil || again != p {
			t.Errorf("%+v comes back as %+v (%v)", p, again, err)
		}
	})
}
