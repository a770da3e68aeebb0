package postgres

import (
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
