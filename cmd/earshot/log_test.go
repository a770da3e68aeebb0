package main

import (
	"strings"
	"testing"

	"earshot/internal/config"
)

// TestLogLevelChanges has more logged, and less, by loggers that were made before; secrets never.
func TestLogLevelChanges(t *testing.T) {
	var out strings.Builder
	log, level := newLogger(config.Log{Level: "info", Format: "json"}, &out, "hush")
	part := log.With().Str("component", "part").Logger()
	for _, step := range []struct{ level, want string }{{"info", "info"}, {"debug", "debug info"}, {"error", ""}, {"info", "info"}} {
		level.set(step.level)
		out.Reset()
		part.Debug().Msg("debug hush")
		part.Info().Msg("info hush")
		var got []string
		for _, word := range []string{"debug", "info"} {
			if strings.Contains(out.String(), `"message":"`+word+` ***"`) {
				got = append(got, word)
			}
		}
		if strings.Join(got, " ") != step.want || strings.Contains(out.String(), "hush") {
			t.Errorf("at %s: %s", step.level, &out)
		}
	}
}
