package speaker_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"earshot/internal/speaker"
)

// fake makes a speaker with the fake aplay, and the folder with what it notes.
func fake(t *testing.T, mode string) (*speaker.Speaker, string) {
	t.Helper()
	dir := t.TempDir()
	return speaker.New(speaker.Config{Driver: "alsa", Device: "fake:" + mode + ":" + dir}, zerolog.Nop()), dir
}

func TestPlayALSA(t *testing.T) {
	t.Parallel()
	s, dir := fake(t, "play")
	pcm := chirp(22050, 0.4)
	if err := s.Play(t.Context(), bytes.NewReader(wav16(pcm, 22050, 2)), "audio/x-wav"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(pcm, pcm16([]byte(readFile(dir, "raw")))); diff != "" {
		t.Error("the player got something else")
	}
	want := []string{"--quiet", "--file-type=raw", "--format=S16_LE", "--rate=22050", "--channels=2", "--buffer-time=200000", "--period-time=50000", "--device=fake:play:" + dir}
	if diff := cmp.Diff(want, strings.Fields(readFile(dir, "args"))); diff != "" {
		t.Error(diff)
	}
}

// TestPlayWaits wants one sound after the other, in whole.
func TestPlayWaits(t *testing.T) {
	t.Parallel()
	s, dir := fake(t, "play")
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := s.PlayPCM(t.Context(), chirp(16000, 1), 16000); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := readFile(dir, "log"); got != strings.Repeat("start\nend\n", 3) {
		t.Errorf("log %q", got)
	}
	if got := len(readFile(dir, "raw")); got != 3*2*16000 {
		t.Errorf("%d bytes played", got)
	}
}

// TestPlaying follows a sound that comes slowly, and its tail.
func TestPlaying(t *testing.T) {
	t.Parallel()
	s, _ := fake(t, "play")
	if s.Playing() {
		t.Error("playing before any sound")
	}
	r, w := io.Pipe()
	done := make(chan error)
	go func() { done <- s.Play(t.Context(), r, "") }()
	wav := wav16(chirp(8000, 1), 8000, 1)
	if _, err := w.Write(wav[:20]); err != nil {
		t.Fatal(err)
	}
	if s.Playing() {
		t.Error("playing before the first sample")
	}
	if _, err := w.Write(wav[20:]); err != nil {
		t.Fatal(err)
	}
	await(t, 2*time.Second, "playing", s.Playing)
	w.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	ended := time.Now()
	if !s.Playing() {
		t.Error("no tail")
	}
	await(t, 2*time.Second, "quiet", func() bool { return !s.Playing() })
	if tail := time.Since(ended); tail < 250*time.Millisecond || tail > 600*time.Millisecond {
		t.Errorf("tail of %v", tail)
	}
}

func TestPlayNone(t *testing.T) {
	t.Parallel()
	s := speaker.New(speaker.Config{Driver: "none"}, zerolog.Nop())
	r, w := io.Pipe()
	if err := errors.Join(s.Play(t.Context(), r, ""), s.PlayPCM(t.Context(), make([]int16, 100), 16000)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte{1}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the reader is left open: %v", err)
	}
	if s.Playing() {
		t.Error("playing")
	}
}

func TestPlayErrors(t *testing.T) {
	t.Parallel()
	long := chirp(48000, 10)
	for mode, want := range map[string]string{
		"fail":  "aplay ended: main:830: audio open error: No such file or directory (exit status 1)",
		"short": "aplay ended (exit status 0)",
		"deaf":  "play through aplay: it takes no more sound",
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s, _ := fake(t, mode)
			if mode == "deaf" {
				s.SetStuck(time.Second)
			}
			if err := s.PlayPCM(t.Context(), long, 48000); err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
	t.Run("rate", func(t *testing.T) {
		s, _ := fake(t, "play")
		want := "play samples: 0 Hz is not a rate that can be played; 4000 to 192000 are"
		if err := s.PlayPCM(t.Context(), long, 0); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	})
}

// TestPlayBroken plays what there is of a reply that is cut off, and tells.
func TestPlayBroken(t *testing.T) {
	t.Parallel()
	s, dir := fake(t, "play")
	r, w := io.Pipe()
	go func() {
		_, _ = w.Write(wav16(chirp(8000, 0.5), 8000, 1)[:4000])
		w.CloseWithError(errors.New("line cut"))
	}()
	if err := s.Play(t.Context(), r, ""); err == nil || err.Error() != "read sound: line cut" {
		t.Error(err)
	}
	if got := len(readFile(dir, "raw")); got < 3900 {
		t.Errorf("%d bytes played", got)
	}
}

// TestPlayerDies wants an error although no more of the reply comes.
func TestPlayerDies(t *testing.T) {
	t.Parallel()
	s, _ := fake(t, "fail")
	r, w := io.Pipe()
	defer w.Close()
	go w.Write(wav16(chirp(8000, 0.5), 8000, 1)) // as much as is taken
	if err := s.Play(t.Context(), r, ""); err == nil || !strings.HasPrefix(err.Error(), "aplay ended: main:830") {
		t.Error(err)
	}
}

// TestCancelKills ends a player that does not want to end, with what it started, while the reply stalls.
func TestCancelKills(t *testing.T) {
	t.Parallel()
	s, dir := fake(t, "stubborn")
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	defer w.Close()
	done := make(chan error)
	go func() { done <- s.Play(ctx, r, "") }()
	if _, err := w.Write(wav16(chirp(8000, 0.5), 8000, 1)); err != nil {
		t.Fatal(err)
	}
	await(t, 5*time.Second, "the player runs", func() bool { return readFile(dir, "self") != "" })
	cancel()
	began := time.Now()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if took := time.Since(began); took > 200*time.Millisecond {
		t.Errorf("took %v", took)
	}
	for _, file := range []string{"self", "child"} {
		pid, err := strconv.Atoi(strings.TrimSpace(readFile(dir, file)))
		if err != nil {
			t.Fatal(err)
		}
		await(t, 2*time.Second, file+" has ended", func() bool { return !runs(pid) })
	}
}

// runs tells whether a process is there and not just waits to be forgotten.
func runs(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// TestCancelEarly ends the wait for a reply and for another sound.
func TestCancelEarly(t *testing.T) {
	t.Parallel()
	s, dir := fake(t, "play")
	first, stopFirst := context.WithCancel(t.Context())
	second, stopSecond := context.WithCancel(t.Context())
	r, w := io.Pipe()
	defer w.Close()
	done := make(chan error)
	go func() { done <- s.Play(first, r, "") }()
	if _, err := w.Write([]byte("RIFF")); err != nil { // it has its turn
		t.Fatal(err)
	}
	waiting := make(chan error)
	go func() { waiting <- s.PlayPCM(second, chirp(16000, 1), 16000) }()
	stopSecond()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	stopFirst()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := s.PlayPCM(second, chirp(16000, 1), 16000); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if got := readFile(dir, "log"); got != "" {
		t.Errorf("played: %q", got)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	if p := speaker.DefaultConfig().Validate(); len(p) > 0 {
		t.Error(p)
	}
	for _, c := range []struct {
		cfg  speaker.Config
		want map[string]string
	}{
		{speaker.Config{Driver: "jack", Device: "a\x00b", VolumeDB: 21}, map[string]string{
			"driver":    `"jack" is not a driver; use auto, pulse, alsa or none`,
			"device":    "contains a zero byte",
			"volume_db": "21 is not a volume; use -60 to 20 dB",
		}},
		{speaker.Config{Driver: "none", Device: "x", VolumeDB: math.NaN()}, map[string]string{
			"device":    "is of no use with driver none; leave it out",
			"volume_db": "NaN is not a volume; use -60 to 20 dB",
		}},
	} {
		if diff := cmp.Diff(c.want, c.cfg.Validate()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestSound(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"listening", "done", "error"} {
		pcm, rate := speaker.Sound(name)
		peak, sum := 0, 0
		for i, v := range pcm {
			peak = max(peak, int(v), -int(v))
			sum += int(v)
			if i > 0 && math.Abs(float64(v)-float64(pcm[i-1])) > 500 {
				t.Errorf("%s clicks at sample %d", name, i)
			}
		}
		if len(pcm) < rate/10 || len(pcm) >= rate*4/10 || peak != 3276 || rate != 48000 {
			t.Errorf("%s: %d samples of %d Hz, peak %d", name, len(pcm), rate, peak)
		}
		if first, last := pcm[0], pcm[len(pcm)-1]; first != 0 || last < -5 || last > 5 || math.Abs(float64(sum)/float64(len(pcm))) > 20 {
			t.Errorf("%s: from %d to %d, mean %d", name, first, last, sum/len(pcm))
		}
	}
	if pcm, _ := speaker.Sound("nothing"); len(pcm) > 0 {
		t.Error("a sound without a name")
	}
}
