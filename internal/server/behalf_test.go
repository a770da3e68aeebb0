package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"earshot/internal/server"
)

// TestOnBehalfOf names the person before the program in the access log, for who may say so, and nothing that could look like something else.
func TestOnBehalfOf(t *testing.T) {
	b := startBridge(t)
	c := b.dial(server.Admin)
	e := b.add(tone(1, 440), nil)
	anna := map[string]any{"on_behalf_of": "Anna"}
	link := c.must("clips/sign", map[string]any{"entry_id": e.ID, "on_behalf_of": "Zoë O'Neil (2)"})["url"].(string)
	if resp, _ := b.get(link); resp.StatusCode != http.StatusOK {
		t.Fatalf("the clip: %s", resp.Status)
	}
	c.must("settings/update", map[string]any{"save": "text", "on_behalf_of": "Anna"})
	c.must("history/delete_range", map[string]any{"period": "all", "confirm": true, "on_behalf_of": strings.Repeat("ä", 64)})
	c.must("history/delete_range", map[string]any{"period": "all", "confirm": true})
	var got []string
	for _, line := range c.must("access_log/list", anna)["lines"].([]any) {
		l := line.(map[string]any)
		got = append(got, l["action"].(string)+" by "+l["who"].(string))
	}
	want := []string{
		"deleted by test admin", "deleted by " + strings.Repeat("ä", 64) + ", by test admin", "changed by Anna, by test admin",
		"played by Zoë O'Neil (2), by test admin",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	secret, err := b.tokens.Create("Home Assistant (paired 2026-01-02 10:00, 2)", server.Admin)
	if err != nil {
		t.Fatal(err)
	}
	paired := b.open()
	paired.signIn(secret)
	paired.must("history/delete_range", map[string]any{"period": "all", "confirm": true, "on_behalf_of": "Anna"})
	paired.must("history/delete_range", map[string]any{"period": "all", "confirm": true})
	for i, want := range []string{"Home Assistant (paired 2026-01-02 10:00, 2)", "Anna, by Home Assistant"} {
		if got := c.must("access_log/list", nil)["lines"].([]any)[i].(map[string]any)["who"]; got != want {
			t.Errorf("who: %q, want %q", got, want)
		}
	}

	const form = "invalid_format: on_behalf_of: a name of 1 to 64 characters is needed, without control characters and spaces around it"
	for name, tc := range map[string]struct {
		sent any
		want string
	}{
		"empty":     {"", form},
		"long":      {strings.Repeat("x", 65), form},
		"lines":     {"a\nb", form},
		"turned":    {"a\u202eb", form},
		"separator": {"a\u2028b", form},
		"spaces":    {" a", form},
		"number":    {7, "invalid_format: on_behalf_of: a string is needed"},
		"list":      {[]any{"a"}, "invalid_format: on_behalf_of: a string is needed"},
	} {
		if got := c.fails("satellites/list", map[string]any{"on_behalf_of": tc.sent}); got != tc.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	const refused = "unauthorized: on_behalf_of is taken from connections that have signed in with a token of the role admin."
	for _, role := range []server.Role{server.Read, server.Listen} {
		if got := b.dial(role).fails("satellites/list", anna); got != refused {
			t.Errorf("%s: %s", role, got)
		}
	}
	if secret, err = b.tokens.Create("page", server.Admin); err != nil {
		t.Fatal(err)
	}
	person := b.browser()
	person.byToken(secret)
	page := person.socket()
	if got := page.read()["type"]; got != "auth_ok" {
		t.Fatal(got)
	}
	if got := page.fails("satellites/list", anna); got != refused {
		t.Errorf("a person on the page: %s", got)
	}
}
