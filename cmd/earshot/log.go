package main

import (
	"io"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"earshot/internal/config"
)

// newLogger writes text for people and JSON for programs; secrets never get through.
func newLogger(cfg config.Log, w io.Writer, secrets ...string) zerolog.Logger {
	text := cfg.Format == "text" || (cfg.Format == "auto" && isTerminal(w))
	colour := isTerminal(w)
	w = newRedactor(w, secrets)
	if text {
		w = zerolog.ConsoleWriter{Out: w, NoColor: !colour, TimeFormat: time.TimeOnly}
	}
	level, err := zerolog.ParseLevel(cfg.Level)
	if err != nil {
		level = zerolog.InfoLevel
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger()
}

// redactor replaces secrets in everything that is written through it.
type redactor struct {
	w       io.Writer
	replace *strings.Replacer
}

func newRedactor(w io.Writer, secrets []string) io.Writer {
	var pairs []string
	for _, s := range secrets {
		if s != "" {
			pairs = append(pairs, s, "***")
		}
	}
	if len(pairs) == 0 {
		return w
	}
	return redactor{w, strings.NewReplacer(pairs...)}
}

// Write reports the length it was given, as io.Writer asks.
func (r redactor) Write(p []byte) (int, error) {
	if _, err := r.replace.WriteString(r.w, string(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}
