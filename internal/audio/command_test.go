package audio_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"earshot/internal/audio"
	"earshot/internal/testkit"
)

func commandMicrophone(line string) *audio.Microphone {
	cfg := audio.DefaultConfig()
	cfg.Driver, cfg.Device = "command", line
	return audio.NewMicrophone(cfg, zerolog.Nop())
}

// TestCommand has a shell start another program: both are gone when the microphone is muted.
func TestCommand(t *testing.T) {
	t.Parallel()
	mark := "earshot" + strconv.Itoa(os.Getpid())
	m := commandMicrophone(fmt.Sprintf("yes %s | cat; true", mark))
	r := m.Subscribe("test", 100)
	defer start(t, m)()
	hear(t, r, 1600)
	if n := processes(t, mark); n < 2 {
		t.Errorf("%d programs run, want the shell and yes", n)
	}
	if s := m.Status(); s.State != audio.Listening || s.Device != "command yes" {
		t.Errorf("%+v", s)
	}
	m.SetMuted(true)
	awaitState(t, m, audio.Muted, 5*time.Second)
	testkit.Within(t, 2*time.Second, "no program runs while muted", func() bool { return processes(t, mark) == 0 })
}

func TestCommandEnds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ line, want string }{
		{"echo first >&2; echo 'rtsp://me:secret@camera/1: no route' >&2; exit 3", "Command echo ended: rtsp://***@camera/1: no route (exit status 3)."},
		{"exit 0", "Command exit ended (exit status 0)."},
		{"/no/such/program --password=x", "Command program ended: /bin/sh: 1: /no/such/program: not found (exit status 127)."},
		{"printf 'a\\033[1mb\\001\\rc\\ta\\n' >&2", "Command printf ended: c a (exit status 0)."},
		{"exec >&-; exec sleep 60", "Command exec ended (signal: terminated)."},
		{"trap '' TERM; yes | head -c 9999; sleep 60", "No sound came from the microphone for 1s."},
	} {
		t.Run(tt.line, func(t *testing.T) {
			t.Parallel()
			m := commandMicrophone(tt.line)
			defer start(t, m)()
			awaitReason(t, m, tt.want, 5*time.Second)
		})
	}
}

func TestCommandIsTriedAgain(t *testing.T) {
	t.Parallel()
	flag := t.TempDir() + "/there"
	m := commandMicrophone(fmt.Sprintf("cat %s && exec yes", flag))
	defer start(t, m)()
	awaitState(t, m, audio.Lost, 5*time.Second)
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	awaitState(t, m, audio.Listening, 20*time.Second)
}
