package historytest

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/history"
)

// access makes a line of the access log, n minutes after base.
func access(n int) history.Access {
	at := base.Add(time.Duration(n) * time.Minute)
	return history.Access{
		ID: id(at, uint64(n)), At: at, Who: "voice kitchen", Action: history.AccessDeleted, Entries: int64(n), Stored: int64(n) << 40,
		Details: json.RawMessage(`{"b":[1,"ü"],"a":{"c":null}}`),
	}
}

func accesses(t *testing.T, s history.Store, before string, limit int) []history.Access {
	t.Helper()
	got, err := s.Accesses(t.Context(), before, limit)
	if err != nil {
		t.Fatalf("access log: %v", err)
	}
	return append([]history.Access{}, got...)
}

func testAccess(t *testing.T, s history.Store) {
	bare := history.Access{ID: id(base, 1), At: base, Action: history.AccessPlayed}
	lines := []history.Access{access(3), access(2), access(1), bare}
	for _, n := range []int{2, 0, 3, 1} {
		if err := s.AddAccess(t.Context(), lines[n]); err != nil {
			t.Fatal(err)
		}
	}
	again := access(2)
	again.Who = "somebody else"
	if err := s.AddAccess(t.Context(), again); !errors.Is(err, history.ErrExists) {
		t.Errorf("an id that is there: %v, want ErrExists", err)
	}
	for _, want := range lines {
		got, err := s.Access(t.Context(), want.ID)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("access (-want +got):\n%s%v", diff, err)
		}
	}
	if _, err := s.Access(t.Context(), "unknown"); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("an unknown one: %v, want ErrNotFound", err)
	}
	for _, c := range []struct {
		before string
		limit  int
		want   []history.Access
	}{
		{"", 10, lines}, {"", 2, lines[:2]}, {lines[1].ID, 1, lines[2:3]}, {lines[1].ID, 10, lines[2:]}, {bare.ID, 10, lines[4:]},
	} {
		if diff := cmp.Diff(c.want, accesses(t, s, c.before, c.limit)); diff != "" {
			t.Errorf("%d from before %q (-want +got):\n%s", c.limit, c.before, diff)
		}
	}
	if err := s.DropAccesses(t.Context(), access(2).At); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(lines[:2], accesses(t, s, "", 10)); diff != "" {
		t.Errorf("after dropping (-want +got):\n%s", diff)
	}
}

func testSettings(t *testing.T, s history.Store) {
	ctx := t.Context()
	for _, c := range [][2]string{{"a", "1"}, {"b", "2"}, {"a", "3"}, {"b", ""}, {"b", ""}, {"save/kitchen", "audio+text"}, {"Ä", "ö 'x'"}} {
		if err := s.SetSetting(ctx, c[0], c[1]); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Setting(ctx, c[0]); err != nil || got != c[1] {
			t.Errorf("setting %s: %q, %v, want %q", c[0], got, err, c[1])
		}
	}
	if got, err := s.Setting(ctx, "a"); err != nil || got != "3" {
		t.Errorf("setting a: %q, %v, want 3", got, err)
	}
}
