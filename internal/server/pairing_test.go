package server_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/internal/server"
)

// program is a client that is no browser: it sends no Origin.
func (b *bridge) program(path, body string) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url("auth/"+path), strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	return b.browser().send(req)
}

// pairingCode is the one that the log shows last.
func (b *bridge) pairingCode() string {
	b.t.Helper()
	found := regexp.MustCompile(`"level":"warn","code":"(\d{8})","name":"Home Assistant","remote":"127.0.0.1:\d+","message":"pairing code, `).FindAllStringSubmatch(b.log.String(), -1)
	if found == nil {
		b.t.Fatalf("the log holds no code: %s", b.log)
	}
	return found[len(found)-1][1]
}

// TestPair gives a program a token for a code that an admin sees.
func TestPair(t *testing.T) {
	b := startBridge(t, func(_ *server.Config, d *server.Deps) { d.BridgeID = "house" })
	admin := b.dial(server.Admin)
	admin.must("pairing/subscribe", nil)
	if got := b.program("pair/request", `{"name":" Home Assistant "}`); got.status != http.StatusNoContent || got.body != "" {
		t.Fatalf("%+v", got)
	}
	code := b.pairingCode()
	shown := admin.event()
	expires, err := time.Parse(time.RFC3339, shown["expires"].(string))
	if left := time.Until(expires); shown["name"] != "Home Assistant" || shown["code"] != code || err != nil || left <= 0 || left > 5*time.Minute {
		t.Errorf("shown: %v", shown)
	}
	late := b.dial(server.Admin)
	late.must("pairing/subscribe", nil)
	if diff := cmp.Diff(shown, late.event()); diff != "" {
		t.Errorf("to who comes later: %s", diff)
	}
	body := `{"code":"` + code + `","name":"Home Assistant"}`
	got := b.program("pair", body)
	var paired map[string]string
	if err := json.Unmarshal([]byte(got.body), &paired); err != nil || got.status != http.StatusOK || got.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%+v", got)
	}
	secret := paired["access_token"]
	if diff := cmp.Diff(map[string]string{"access_token": secret, "bridge_id": "house", "version": "test", "name": "Earshot"}, paired); diff != "" {
		t.Error(diff)
	}
	over := map[string]any{"name": "", "code": "", "expires": ""}
	for _, c := range []*client{admin, late} {
		if diff := cmp.Diff(over, c.event()); diff != "" {
			t.Errorf("when it is over: %s", diff)
		}
	}
	if got := b.program("pair", body).error(t); !strings.HasPrefix(got, "403 ") {
		t.Errorf("the same code again: %s", got)
	}
	ws := b.open()
	ws.signIn(secret)
	ws.must("satellites/mute", map[string]any{"satellite": "kitchen", "muted": true})
	tokens := b.tokens.List()
	if len(tokens) != 1 || tokens[0].Role != server.Admin || !regexp.MustCompile(`^Home Assistant \(paired \d{4}-\d\d-\d\d \d\d:\d\d\)$`).MatchString(tokens[0].Name) {
		t.Fatalf("tokens: %v", tokens)
	}
	if err := b.tokens.Revoke(tokens[0].Name); err != nil {
		t.Fatal(err)
	}
	if _, text := ws.closed(); text != "the token was revoked" {
		t.Errorf("after that: %s", text)
	}
	if log := b.log.String(); strings.Contains(log, secret) || strings.Count(log, code) != 1 || !strings.Contains(log, `"token":"Home Assistant (paired `) {
		t.Errorf("the log: %s", log)
	}
}

// TestPairTwice: each pairing has a token of its own, whatever the programs call themselves, and a code of the one kind is not good for the other.
func TestPairTwice(t *testing.T) {
	b := startBridge(t)
	long := strings.Repeat("ö", 60)
	for range 3 {
		b.program("pair/request", `{"name":"Home Assistant"}`)
		code := b.pairingCode()
		if got := b.browser().post("code", `{"code":"`+code+`"}`).error(t); !strings.HasPrefix(got, "403 ") {
			t.Fatalf("to sign in: %s", got)
		}
		if got := b.program("pair", `{"code":"`+code+`","name":"`+long+`"}`); got.status != http.StatusOK {
			t.Fatalf("%+v", got)
		}
	}
	names := map[string]bool{}
	for _, token := range b.tokens.List() {
		names[token.Name] = strings.HasPrefix(token.Name, long+" (paired ")
	}
	if len(names) != 3 {
		t.Errorf("tokens: %v", names)
	}
}
