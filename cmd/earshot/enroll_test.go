package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"earshot/detector/ownword"
)

// TestEnroll makes a word from three of our own recordings, and refuses to do so twice.
func TestEnroll(t *testing.T) {
	models := os.Getenv("EARSHOT_MODELS")
	if models == "" {
		models = filepath.Join("..", "..", "models")
	}
	wav := func(name string) string { return filepath.Join("..", "..", "detector", "testdata", "wav", name+".wav") }
	out := filepath.Join(t.TempDir(), "alexa.json")
	args := []string{"enroll", "Alexa", "--models", models, "--out", out, "--from", wav("alexa"), wav("alexa"), wav("alexa")}
	var text, wrong strings.Builder
	if code := run(t.Context(), args, terminal{nil, &text, &wrong}); code != exitOK {
		t.Fatalf("exit %d: %s", code, wrong.String())
	}
	if !strings.Contains(text.String(), "3 recordings") || !strings.Contains(text.String(), "false accepts") {
		t.Errorf("it says %q", text.String())
	}
	w, err := ownword.Load(out)
	if err != nil {
		t.Fatal(err)
	}
	if w.Phrase != "Alexa" || w.Made.IsZero() {
		t.Errorf("the word is %q, made at %v", w.Phrase, w.Made)
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"is there already", args},
		{"say which word", []string{"enroll"}},
		{"slash", []string{"enroll", "../x", "--from", wav("alexa")}},
		{"after --from", []string{"enroll", "Alexa"}},
		{"it takes 3", []string{"enroll", "Alexa", "--models", models, "--out", out + "2", "--from", wav("alexa")}},
		{"no_such.wav", []string{"enroll", "Alexa", "--models", models, "--out", out + "3", "--from", wav("no_such")}},
	} {
		wrong.Reset()
		if code := run(t.Context(), c.args, terminal{nil, &text, &wrong}); code == exitOK || !strings.Contains(wrong.String(), c.want) {
			t.Errorf("%v: exit %d, %q; want something with %q", c.args, code, wrong.String(), c.want)
		}
	}
}
