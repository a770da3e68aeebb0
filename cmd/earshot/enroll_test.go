package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"earshot/detector/ownword"
	"earshot/internal/testkit"
)

// TestEnroll makes a word from three of our own recordings, and refuses to do so twice.
func TestEnroll(t *testing.T) {
	wav := func(name string) string { return filepath.Join("..", "..", "detector", "testdata", "wav", name+".wav") }
	models := t.TempDir()
	network := filepath.Join("openwakeword", "embedding_model.tflite")
	if err := os.Mkdir(filepath.Join(models, "openwakeword"), 0o700); err != nil {
		t.Fatal(err)
	}
	from, err := filepath.Abs(testkit.Model(t, filepath.Join("..", ".."), network))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(from, filepath.Join(models, network)); err != nil {
		t.Fatal(err)
	}
	args := []string{"enroll", "Alexa", "--models", models, "--from", wav("alexa"), wav("alexa"), wav("alexa")}
	var text, wrong strings.Builder
	if code := run(t.Context(), args, terminal{nil, &text, &wrong}); code != exitOK {
		t.Fatalf("exit %d: %s", code, wrong.String())
	}
	if !strings.Contains(text.String(), "3 recordings") || !strings.Contains(text.String(), "{model: alexa, engine: own}") {
		t.Errorf("it says %q", text.String())
	}
	w, err := ownword.Load(filepath.Join(models, "own", "alexa.json"))
	if err != nil {
		t.Fatal(err)
	}
	if w.Phrase != "Alexa" || w.Made.IsZero() {
		t.Errorf("the word is %q, made at %v", w.Phrase, w.Made)
	}
	text.Reset()
	if code := run(t.Context(), []string{"detect", "--engine", "own", "--models", models, wav("alexa"), wav("okay_nabu")}, terminal{nil, &text, &wrong}); code != exitOK ||
		strings.Count(text.String(), "\n") != 1 || !strings.Contains(text.String(), "alexa.wav") {
		t.Errorf("it hears %q", text.String())
	}
	text.Reset()
	if code := run(t.Context(), []string{"models", "list", "--models", models}, terminal{nil, &text, &wrong}); code != exitOK || !strings.Contains(text.String(), "alexa  own     Alexa") {
		t.Errorf("listed: %q", text.String())
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"already", args},
		{"say which word", []string{"enroll"}},
		{"letters of text", []string{"enroll", "\t", "--models", models, "--from", wav("alexa")}},
		{"after --from", []string{"enroll", "Alexa", "--from"}},
		{"needs quotes", []string{"enroll", "Hey", "Robot"}},
		{"from 3 to 64", []string{"enroll", "Alexa", "--samples", "2"}},
		{"takes 3", []string{"enroll", "Alexa", "--replace", "--models", models, "--from", wav("alexa")}},
		{"nobody speaks", []string{"enroll", "Alexa", "--replace", "--models", models, "--from", wav("silence")}},
		{"no_such.wav", []string{"enroll", "Alexa", "--replace", "--models", models, "--from", wav("no_such")}},
		{"make models", []string{"enroll", "Alexa", "--models", t.TempDir(), "--from", wav("alexa")}},
	} {
		wrong.Reset()
		if code := run(t.Context(), c.args, terminal{nil, &text, &wrong}); code == exitOK || !strings.Contains(wrong.String(), c.want) {
			t.Errorf("%v: exit %d, %q; want something with %q", c.args, code, wrong.String(), c.want)
		}
	}
	if again, err := ownword.Load(filepath.Join(models, "own", "alexa.json")); err != nil || *again != *w {
		t.Error("what failed has changed the word", err)
	}
}

func TestWordID(t *testing.T) {
	for phrase, want := range map[string]string{"Computer!": "computer", " Hey, Robot 2 ": "hey_robot_2", "../x": "x", "Höre": "hore", "Компьютер": "own_word"} {
		if got := wordID(phrase); got != want {
			t.Errorf("%q is %q, want %q", phrase, got, want)
		}
	}
}
