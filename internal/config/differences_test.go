package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"earshot/internal/config"
)

// TestDifferences names keys as they are written in the file, also those of inlined sections, and takes an empty list for none.
func TestDifferences(t *testing.T) {
	parse := func(yaml string) config.Config {
		cfg, err := config.Parse("c.yaml", []byte("satellites: [{id: a, wake_words: [alexa]}]\n"+yaml))
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	a := parse("server: {allowed_hosts: []}\n")
	if got := config.Differences(a, parse("")); len(got) > 0 {
		t.Errorf("of the same: %v", got)
	}
	b := parse(`
mqtt: {username: u, password: x, url: "mqtt://a"}
history: {retention: {understood: 90d, max_entries: 5, at: "04:00"}, postgres: {password: y}}
server: {allowed_hosts: [b]}
privacy: {sentences: {en: {sentences: {mute: ["be quiet"]}}}}
`)
	want := []string{
		"mqtt.url", "mqtt.username", "mqtt.password", "privacy.sentences", "history.retention.understood", "history.retention.max_entries", "history.retention.at",
		"history.postgres.password", "server.allowed_hosts",
	}
	if diff := cmp.Diff(want, config.Differences(a, b)); diff != "" {
		t.Error(diff)
	}
	b.Satellites = nil
	if got := config.Differences(b, b); len(got) > 0 {
		t.Errorf("satellites are among them: %v", got)
	}
}

// TestLocate finds the lines of mistakes that are not the file's own.
func TestLocate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte("log: {level: info}\nsatellites:\n  - id: a\n    wake_words:\n      - alexa\n      - secret_word\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := &config.Error{File: "c.yaml", Problems: []config.Problem{{Key: "satellites[0].wake_words[1]", Message: "is not there: secret_word"}}}
	wrong.Locate(path)
	if got, want := wrong.Error(), "c.yaml:6: satellites[0].wake_words[1]: is not there: secret_word"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if diff := cmp.Diff([]string{"c.yaml:6 (satellites[0].wake_words[1])"}, wrong.Places()); diff != "" {
		t.Error(diff)
	}
	wrong.Locate(path + ".gone")
	_, err := config.Parse("c.yaml", []byte("satellites: [\n"))
	if !errors.As(err, &wrong) || !cmp.Equal(wrong.Places(), []string{"c.yaml:1"}) {
		t.Errorf("of a syntax error: %v", wrong.Places())
	}
}
