package main

import (
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"earshot/internal/config"
)

// newLogger writes text for people and JSON for programs; secrets never get through. What is less important than the threshold's level does not, either.
func newLogger(cfg config.Log, w io.Writer, secrets ...string) (zerolog.Logger, *threshold) {
	text := cfg.Format == "text" || (cfg.Format == "auto" && isTerminal(w))
	colour := isTerminal(w)
	w = newRedactor(w, secrets)
	if text {
		w = zerolog.ConsoleWriter{Out: w, NoColor: !colour, TimeFormat: time.TimeOnly}
	}
	t := &threshold{Writer: w}
	t.set(cfg.Level)
	return zerolog.New(t).With().Timestamp().Logger(), t
}

// threshold lets through what is of some level or above, which may change while others write.
type threshold struct {
	io.Writer
	level atomic.Int32
}

// set takes one of the levels of the configuration.
func (t *threshold) set(name string) {
	level, err := zerolog.ParseLevel(name)
	if err != nil {
		level = zerolog.InfoLevel
	}
	t.level.Store(int32(level))
}

// WriteLevel is for zerolog.
func (t *threshold) WriteLevel(level zerolog.Level, p []byte) (int, error) {
	if int32(level) < t.level.Load() {
		return len(p), nil
	}
	return t.Write(p)
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
