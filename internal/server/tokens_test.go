package server_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"earshot/internal/server"
)

func openTokens(t *testing.T, path string) *server.Tokens {
	t.Helper()
	tokens, err := server.OpenTokens(path)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func create(t *testing.T, tokens *server.Tokens, name string, role server.Role) string {
	t.Helper()
	secret, err := tokens.Create(name, role)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestTokens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "tokens.json")
	tokens := openTokens(t, path)
	secret := create(t, tokens, "dashboard", server.Read)
	if !strings.HasPrefix(secret, "earshot_") || len(secret) != len("earshot_")+43 {
		t.Errorf("secret: %s", secret)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	data, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(data), secret[len("earshot_"):]) {
		t.Errorf("the file holds the secret, or cannot be read: %v", err)
	}
	for _, again := range []*server.Tokens{tokens, openTokens(t, path)} {
		who, ok := again.Verify(secret)
		if !ok || who.Name != "dashboard" || who.Role != server.Read {
			t.Errorf("verify: %v %v", who, ok)
		}
		list := again.List()
		if len(list) != 1 || list[0].Name != "dashboard" || list[0].Role != server.Read || list[0].Created.IsZero() {
			t.Errorf("list: %v", list)
		}
	}
	for _, wrong := range []string{"", "earshot_", secret[:len(secret)-1], secret + "A", strings.ToUpper(secret)} {
		if who, ok := tokens.Verify(wrong); ok {
			t.Errorf("%q is %v", wrong, who)
		}
	}
	if err := tokens.Revoke("dashboard"); err != nil {
		t.Fatal(err)
	}
	if _, ok := tokens.Verify(secret); ok || len(tokens.List()) != 0 {
		t.Error("the token outlived its end")
	}
	rest, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".new-*"))
	if err != nil || len(rest) != 0 {
		t.Errorf("left over: %v %v", rest, err)
	}
}

func TestTokenMistakes(t *testing.T) {
	tokens := openTokens(t, filepath.Join(t.TempDir(), "tokens.json"))
	create(t, tokens, "card", server.Admin)
	_, twice := tokens.Create("card", server.Read)
	_, nameless := tokens.Create(" ", server.Read)
	_, long := tokens.Create(strings.Repeat("ä", 101), server.Read)
	_, control := tokens.Create("a\x1b[2J", server.Read)
	_, role := tokens.Create("x", "owner")
	_, session := tokens.Session("x", "")
	for _, tc := range []struct {
		err  error
		want string
	}{
		{twice, `create token "card": there is a token of that name already; choose another name, or revoke it first`},
		{nameless, `create token " ": a token needs a name that says what it is for`},
		{long, `create token "` + strings.Repeat("ä", 101) + `": the name is longer than 100 characters`},
		{control, `create token "a\x1b[2J": the name holds characters that cannot be shown`},
		{role, `create token "x": "owner" is not a role; use read, listen or admin`},
		{session, `create session "x": "" is not a role; use read, listen or admin`},
		{tokens.Revoke("cart"), `revoke token "cart": there is no token of that name`},
	} {
		if tc.err == nil || tc.err.Error() != tc.want {
			t.Errorf("got  %v\nwant %s", tc.err, tc.want)
		}
	}
	if !errors.Is(twice, server.ErrTokenExists) || !errors.Is(tokens.Revoke("cart"), server.ErrUnknownToken) {
		t.Error("the errors cannot be told apart")
	}
}

func TestSessionsAreInMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.json")
	tokens := openTokens(t, path)
	secret, err := tokens.Session("page", server.Admin)
	if err != nil {
		t.Fatal(err)
	}
	if who, ok := tokens.Verify(secret); !ok || who.Role != server.Admin {
		t.Errorf("verify: %v %v", who, ok)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) || len(tokens.List()) != 0 {
		t.Errorf("the session was written: %v", err)
	}
	if _, ok := openTokens(t, path).Verify(secret); ok {
		t.Error("another process knows the session")
	}
	if err := tokens.Revoke("page"); err != nil {
		t.Fatal(err)
	}
	if _, ok := tokens.Verify(secret); ok {
		t.Error("the session outlived its end")
	}
}

func TestTokensOfAnotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.json")
	running, command := openTokens(t, path), openTokens(t, path)
	for i := range 20 {
		name := fmt.Sprint("token ", i)
		secret := create(t, command, name, server.Listen)
		if _, ok := running.Verify(secret); !ok {
			t.Fatalf("token %d is not noticed", i)
		}
		if err := command.Revoke(name); err != nil {
			t.Fatal(err)
		}
		if _, ok := running.Verify(secret); ok {
			t.Fatalf("the end of token %d is not noticed", i)
		}
	}
	secret := create(t, command, "last", server.Read)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, ok := running.Verify(secret); ok {
		t.Error("a token outlived the file")
	}
}

// TestTokensWrittenAtOnce has several writers, none of which may undo what another did.
func TestTokensWrittenAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.json")
	var writers sync.WaitGroup
	for w := range 4 {
		tokens := openTokens(t, path)
		writers.Go(func() {
			for i := range 10 {
				if _, err := tokens.Create(fmt.Sprintf("token %d %d", w, i), server.Read); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	if n := len(openTokens(t, path).List()); n != 40 {
		t.Errorf("%d tokens of 40 are there", n)
	}
}

func TestDamagedTokenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.json")
	sum := strings.Repeat("ab", 32)
	for _, tc := range []struct{ content, want string }{
		{`{`, "unexpected EOF"},
		{`{"version":2,"tokens":[]}`, "version 2 is not known, only 1 is"},
		{`{"version":1,"tokens":[],"x":1}`, `json: unknown field "x"`},
		{`{"version":1,"tokens":[{"name":"a","role":"read","sha256":"abcd"}]}`, "token 1 of the list is damaged"},
		{`{"version":1,"tokens":[{"name":"a","role":"owner","sha256":"` + sum + `"}]}`, "token 1 of the list is damaged"},
		{`{"version":1,"tokens":[{"name":"","role":"read","sha256":"` + sum + `"}]}`, "token 1 of the list is damaged"},
		{strings.Repeat(" ", 1<<20+1), "larger than 1 MiB"},
	} {
		if err := os.WriteFile(path, []byte(tc.content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := server.OpenTokens(path)
		want := "read tokens from " + path + ": " + tc.want + "; repair the file, or remove it and create the tokens again"
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// TestDamagedWhileOpen makes sure that no token is valid by a file that cannot be read, and that all are again afterwards.
func TestDamagedWhileOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens.json")
	tokens := openTokens(t, path)
	secret := create(t, tokens, "card", server.Read)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, good[:20], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := tokens.Verify(secret); ok {
		t.Error("valid by a damaged file")
	}
	if _, err := tokens.Create("other", server.Read); err == nil {
		t.Error("a damaged file was written over")
	}
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ok := tokens.Verify(secret); !ok {
		t.Error("not valid again")
	}
}
