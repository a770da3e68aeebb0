package speaker_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"earshot/internal/audio/audiotest"
	"earshot/internal/speaker"
)

// recording is what is heard from a sink, as 16 kHz mono.
type recording struct {
	mu   sync.Mutex
	data []byte // guarded by mu
}

// Write takes a part.
func (r *recording) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.data = append(r.data, p...)
	return len(p), nil
}

func (r *recording) pcm() []int16 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return pcm16(r.data)
}

// more waits until some seconds more have been heard.
func (r *recording) more(t *testing.T, seconds float64) {
	t.Helper()
	want := len(r.pcm()) + int(16000*seconds)
	await(t, 10*time.Second, "the recording goes on", func() bool { return len(r.pcm()) >= want })
}

// startPulse starts a private sound server with a sink, makes this process use it, and records what the sink plays.
func startPulse(t *testing.T) *recording {
	t.Helper()
	p := audiotest.StartPulse(t)
	t.Setenv("PULSE_SERVER", p.Server)
	p.LoadNullSink("kitchen")
	rec := &recording{}
	cmd := exec.Command("parec", "--raw", "--format=s16le", "--rate=16000", "--channels=1", "--latency-msec=20", "--device=kitchen.monitor")
	cmd.Env = p.Env()
	cmd.Stdout = rec
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	rec.more(t, 0.05)
	return rec
}

func TestPulsePlays(t *testing.T) {
	rec := startPulse(t)
	for driver, files := range map[string][]string{"auto": {"stereo44.mp3"}, "pulse": {"chirp.wav"}} {
		s := speaker.New(speaker.Config{Driver: driver, Device: "kitchen", VolumeDB: -6}, zerolog.Nop())
		for _, file := range files {
			data := wav16(chirp(22050, 1), 22050, 1)
			if file != "chirp.wav" {
				var err error
				if data, err = os.ReadFile("testdata/" + file); err != nil {
					t.Fatal(err)
				}
			}
			best := 0.0
			for try := 0; try < 3 && best < 0.95; try++ { // the test's sound server has no real-time priority, so a busy machine leaves gaps
				best = heard(t, s, rec, data)
				t.Logf("%s %s: correlation %.4f", driver, file, best)
			}
			if best < 0.95 {
				t.Errorf("%s: what is heard correlates by %.3f with what was played", file, best)
			}
		}
	}
}

// heard plays a chirp of one second and returns how what is heard correlates with it.
func heard(t *testing.T, s *speaker.Speaker, rec *recording, data []byte) float64 {
	t.Helper()
	before, began := len(rec.pcm()), time.Now()
	if err := s.Play(t.Context(), bytes.NewReader(data), ""); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 950*time.Millisecond || took > 10*time.Second {
		t.Errorf("a second of sound took %v", took)
	}
	rec.more(t, 0.2)
	r, _ := audiotest.Correlate(chirp(16000, 0.95), rec.pcm()[before:])
	return r
}

func TestPulsePlaysSounds(t *testing.T) {
	rec := startPulse(t)
	s := speaker.New(speaker.DefaultConfig(), zerolog.Nop())
	for _, name := range []string{"listening", "done", "error"} {
		before := len(rec.pcm())
		pcm, rate := speaker.Sound(name)
		if err := s.PlayPCM(t.Context(), pcm, rate); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		rec.more(t, 0.2)
		want := make([]int16, len(pcm)/3) // no tone is near 8 kHz
		for i := range want {
			want[i] = pcm[3*i]
		}
		if r, _ := audiotest.Correlate(want, rec.pcm()[before:]); r < 0.95 {
			t.Errorf("%s correlates by %.3f", name, r)
		}
	}
}

// TestPulseCancel wants silence and the end of Play soon after the end of the context.
func TestPulseCancel(t *testing.T) {
	rec := startPulse(t)
	s := speaker.New(speaker.Config{Driver: "pulse"}, zerolog.Nop())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.PlayPCM(ctx, chirp(16000, 4), 16000) }()
	await(t, 5*time.Second, "sound", func() bool { return loud(rec.pcm()) > 8000 })
	at := len(rec.pcm())
	cancel()
	began := time.Now()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if took := time.Since(began); took > 200*time.Millisecond {
		t.Errorf("took %v", took)
	}
	rec.more(t, 0.8)
	if n := loud(rec.pcm()[at:]); n > 16000*2/10 {
		t.Errorf("%d ms of sound after the end", n/16)
	} else {
		t.Logf("%d ms of sound after the end", n/16)
	}
}

// loud is the place after the last sample that is not silent.
func loud(pcm []int16) int {
	for i := len(pcm); i > 0; i-- {
		if v := pcm[i-1]; v > 100 || v < -100 {
			return i
		}
	}
	return 0
}

func TestPulseErrors(t *testing.T) {
	startPulse(t)
	s := speaker.New(speaker.Config{Driver: "pulse", Device: "cellar"}, zerolog.Nop())
	want := "pacat ended: Stream error: No such entity (exit status 1)"
	if err := s.PlayPCM(t.Context(), chirp(16000, 1), 16000); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestAutoWithoutServer plays through ALSA where no sound server answers.
func TestAutoWithoutServer(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PULSE_SERVER", "unix:"+dir+"/none")
	s := speaker.New(speaker.Config{Driver: "auto", Device: "fake:play:" + dir}, zerolog.Nop())
	if err := s.Play(t.Context(), io.NopCloser(bytes.NewReader(wav16(chirp(16000, 0.1), 16000, 1))), ""); err != nil {
		t.Fatal(err)
	}
	if got := len(readFile(dir, "raw")); got != 3200 {
		t.Errorf("%d bytes played", got)
	}
}

// TestNothingInstalled says what to install.
func TestNothingInstalled(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for driver, want := range map[string]string{
		"auto":  "nothing here plays sound: no sound server answers pactl (package pulseaudio-utils), and aplay (package alsa-utils) is not installed",
		"pulse": "pacat is not installed: install the package pulseaudio-utils",
		"alsa":  "aplay is not installed: install the package alsa-utils",
	} {
		s := speaker.New(speaker.Config{Driver: driver}, zerolog.Nop())
		if err := s.PlayPCM(t.Context(), chirp(16000, 0.1), 16000); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}
