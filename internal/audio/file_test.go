package audio_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"earshot/internal/audio"
)

func fileConfig(path, pace string) audio.Config {
	cfg := audio.DefaultConfig()
	cfg.Driver, cfg.Device, cfg.Pace = "file", path, pace
	return cfg
}

// readWAV reads a WAV file, filled up to whole frames.
func readWAV(t *testing.T, path string) []int16 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pcm, err := audio.ReadWAV(f)
	if err != nil {
		t.Fatal(err)
	}
	for len(pcm)%audio.FrameSamples != 0 {
		pcm = append(pcm, 0)
	}
	return pcm
}

const nabu = "../../detector/testdata/wav/okay_nabu.wav"

func TestFileInRealTime(t *testing.T) {
	want := readWAV(t, nabu)
	synctest.Test(t, func(t *testing.T) {
		m := audio.NewMicrophone(fileConfig(nabu, "real"), zerolog.Nop())
		r := m.Subscribe("test", 1)
		began := time.Now()
		defer start(t, m)()
		var got []int16
		for len(got) < len(want) {
			f := <-r.C()
			got = append(got, f.PCM[:]...)
			late := time.Since(began) - time.Duration(len(got))*time.Second/audio.SampleRate
			if late < -10*time.Millisecond || late > 0 {
				t.Fatalf("the frame that ends at sample %d comes %v late", len(got), late)
			}
		}
		synctest.Wait()
		wantState(t, m, audio.Ended, "")
		if !cmp.Equal(want, got) || r.Dropped() != 0 {
			t.Errorf("got %d samples that are not those of the file; %d frames dropped", len(got), r.Dropped())
		}
		m.SetMuted(true)
		synctest.Wait()
		wantState(t, m, audio.Muted, "")
		m.SetMuted(false)
		if f := <-r.C(); !f.Restart || f.Sample != int64(len(want)) {
			t.Errorf("unmuted: sample %d, restart %t", f.Sample, f.Restart)
		}
	})
}

// TestFastFileWaitsForReaders has a reader with a queue of one frame, and one that goes away.
func TestFastFileWaitsForReaders(t *testing.T) {
	want := readWAV(t, nabu)
	m := audio.NewMicrophone(fileConfig(nabu, "fast"), zerolog.Nop())
	r, lazy := m.Subscribe("test", 1), m.Subscribe("lazy", 1)
	defer start(t, m)()
	var got []int16
	for len(got) < len(want) {
		f := <-r.C()
		got = append(got, f.PCM[:]...)
		if len(got) == audio.FrameSamples {
			lazy.Close()
		}
	}
	if !cmp.Equal(want, got) || r.Dropped() != 0 {
		t.Errorf("got %d samples that are not those of the file; %d frames dropped", len(got), r.Dropped())
	}
	awaitState(t, m, audio.Ended, time.Second)
}

// TestFastFileLetsGo ends and mutes a microphone that waits for a reader.
func TestFastFileLetsGo(t *testing.T) {
	m := audio.NewMicrophone(fileConfig(nabu, "fast"), zerolog.Nop())
	r := m.Subscribe("test", 1)
	stop := start(t, m)
	awaitState(t, m, audio.Listening, time.Second)
	m.SetMuted(true)
	awaitState(t, m, audio.Muted, time.Second)
	m.SetMuted(false)
	awaitState(t, m, audio.Listening, time.Second)
	stop()
	for range r.C() { // what was in the queue, and its end
	}
}

func TestFileLoops(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loop.wav")
	pcm := []byte{1, 0, 2, 0, 3, 0}
	if err := os.WriteFile(path, riff(fmtChunk(1, 1, 16000, 16), chunk("data", pcm)), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := fileConfig(path, "fast")
	cfg.Loop = true
	m := audio.NewMicrophone(cfg, zerolog.Nop())
	r := m.Subscribe("test", 4)
	defer start(t, m)()
	for i := range 3 {
		f := <-r.C()
		for j, v := range f.PCM {
			if want := int16((i*audio.FrameSamples+j)%3 + 1); v != want {
				t.Fatalf("frame %d, sample %d is %d, want %d", i, j, v, want)
			}
		}
	}
}

func TestFileProblems(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.wav")
	if err := os.WriteFile(empty, riff(fmtChunk(1, 1, 16000, 16), chunk("data", nil)), 0o600); err != nil {
		t.Fatal(err)
	}
	none := filepath.Join(dir, "none.wav")
	for _, tt := range []struct {
		path, want string
		loop       bool
	}{
		{none, "Open WAV file: open " + none + ": no such file or directory.", false},
		{empty, `Play "empty.wav" again: there is no sound in it.`, true},
		{"file_test.go", `Open WAV file "file_test.go": this is not a WAV file.`, false},
	} {
		cfg := fileConfig(tt.path, "fast")
		cfg.Loop = tt.loop
		m := audio.NewMicrophone(cfg, zerolog.Nop())
		stop := start(t, m)
		awaitState(t, m, audio.Lost, time.Second)
		wantState(t, m, audio.Lost, tt.want)
		stop()
	}
}

// awaitState waits for a state and fails the test when it does not come in time.
func awaitState(t *testing.T, m *audio.Microphone, want audio.State, within time.Duration) {
	t.Helper()
	changes, stop := m.Watch()
	defer stop()
	deadline := time.After(within)
	for m.Status().State != want {
		select {
		case <-changes:
		case <-deadline:
			t.Fatalf("after %v: %+v, want state %s", within, m.Status(), want)
		}
	}
}
