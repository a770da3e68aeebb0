package audio_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"earshot/internal/audio"
	"earshot/internal/audio/audiotest"
	"earshot/internal/testkit"
)

// talk is all that our own voices say, so often that it takes at least the given number of seconds (a third of which is speech).
func talk(t testing.TB, seconds int) (pcm []int16) {
	t.Helper()
	files, err := filepath.Glob("../../testdata/audio/*.wav")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for len(pcm) < seconds*audio.SampleRate {
		for _, path := range files {
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			said, err := audio.ReadWAV(f)
			f.Close()
			if err != nil {
				t.Fatal(err)
			}
			pcm = append(pcm, said...)
		}
	}
	return pcm
}

// with is sound with the noise of a microphone and its room, times a factor; both in steps of 16 bits.
func with(pcm []int16, factor, noise float64) []int16 {
	random := rand.New(rand.NewPCG(1, 2))
	out := make([]int16, len(pcm))
	for i, v := range pcm {
		out[i] = int16(max(math.MinInt16, min(math.MaxInt16, math.Round(float64(v)*factor+random.NormFloat64()*noise))))
	}
	return out
}

// hum is music without treble: chords that come and go.
func hum(seconds int) []int16 {
	out := make([]int16, seconds*audio.SampleRate)
	for i := range out {
		at := float64(i) / audio.SampleRate
		loud := math.Pow(math.Sin(math.Pi*at*1.5), 8) * 8000
		for _, hz := range []float64{220, 440, 1320, 2200} {
			out[i] += int16(loud / 4 * math.Sin(2*math.Pi*hz*at))
		}
	}
	return out
}

// pcm16 writes channels of equal length as interleaved s16le.
func pcm16(channels ...[]int16) (raw []byte) {
	for i := range channels[0] {
		for _, ch := range channels {
			raw = binary.LittleEndian.AppendUint16(raw, uint16(ch[i]))
		}
	}
	return raw
}

// found is what was found in sound, and what of it was over again: its code with + or - before it.
func found(t *testing.T, cfg audio.Config, raw []byte, rate, channels int) (list []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sound.wav")
	if err := os.WriteFile(path, audiotest.WAV(raw, rate, channels), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Driver, cfg.Device, cfg.Pace = "file", path, "fast"
	return judged(t, cfg, audio.Ended)
}

// judged listens until a microphone is in a state.
func judged(t *testing.T, cfg audio.Config, until audio.State) (list []string) {
	t.Helper()
	var log bytes.Buffer
	m := audio.NewMicrophone(cfg, zerolog.New(zerolog.SyncWriter(&log)))
	stop := start(t, m)
	awaitState(t, m, until, 2*time.Minute)
	stop()
	if left := m.Status().Findings; len(left) > 0 {
		t.Errorf("a microphone that is not listened to any more has findings: %v", left)
	}
	for dec := json.NewDecoder(&log); ; {
		var line struct{ Level, Finding, Device string }
		if err := dec.Decode(&line); err != nil {
			if err != io.EOF {
				t.Fatal(err)
			}
			return list
		}
		if line.Finding != "" {
			list = append(list, map[string]string{"warn": "+", "info": "-"}[line.Level]+line.Finding)
		}
	}
}

func TestFindings(t *testing.T) {
	said := talk(t, 80)
	wide, thin := with(said, 1, 3), audiotest.LowPass(with(said, 1, 3), 3200)
	telephone := audiotest.LowPass(with(said, 1, 3), 2700)
	silence := make([]int16, 60*audio.SampleRate)
	for _, tt := range []struct {
		name string
		gain float64
		pcm  []int16
		want []string
	}{
		{"speech", 0, slices.Concat(said, wide), nil},
		{"a silent room", 0, with(silence, 1, 3), nil},
		{"digital silence of what is no microphone", 0, silence, nil},
		{"nothing above 4 kHz", 0, thin, []string{"+narrow"}},
		{"a telephone, amplified", 6, with(telephone, 0.5, 0), []string{"+narrow"}},
		{"narrow, then wide", 0, slices.Concat(thin, wide), []string{"+narrow", "-narrow"}},
		{"music without treble, and the noise of a wide microphone", 0, with(hum(60), 1, 8), nil},
		{"a loud room", 0, with(silence, 1, 3000), nil},
		{"clipping", 24, wide, []string{"+clipping"}},
		{"clipping, damped afterwards", -20, with(said, 16, 0), []string{"+clipping"}},
		{"clipping, then not", 0, slices.Concat(with(said, 16, 0), said, said, said, said, said, said, said, said), []string{"+clipping", "-clipping"}},
		{"quiet", -44, slices.Concat(said, said, said, said), []string{"+quiet"}},
		{"quiet, then not", 0, slices.Concat(with(slices.Concat(said, said, said, said), 0.006, 0.4), wide), []string{"+quiet", "-quiet"}},
		{"overdriven before it was digital", -1, with(with(slices.Repeat(said, 2), 100, 0), 0.8, 3), []string{"+loud"}},
		{"offset", 0, offset(wide, 5000), []string{"+offset"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, found(t, audio.Config{GainDB: tt.gain}, pcm16(tt.pcm), audio.SampleRate, 1)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func offset(pcm []int16, by int) []int16 {
	out := make([]int16, len(pcm))
	for i, v := range pcm {
		out[i] = int16(max(math.MinInt16, min(math.MaxInt16, int(v)+by)))
	}
	return out
}

// A device of 8 kHz needs no sound to be known for what it is.
func TestNarrowDevice(t *testing.T) {
	raw := pcm16(make([]int16, 2*8000))
	if diff := cmp.Diff([]string{"+narrow"}, found(t, audio.Config{}, raw, 8000, 1)); diff != "" {
		t.Error(diff)
	}
}

func TestChannelFindings(t *testing.T) {
	said := with(talk(t, 40), 1, 3)
	nothing, hiss := make([]int16, len(said)), with(make([]int16, len(said)), 1, 3)
	for _, tt := range []struct {
		name     string
		channel  int
		channels [][]int16
		want     []string
	}{
		{"both hear", 0, [][]int16{said, with(said, 0.2, 3)}, nil},
		{"zeros", 0, [][]int16{nothing, said}, []string{"+channel"}},
		{"an open input", 2, [][]int16{with(said, 0.5, 1), said, hiss, hiss}, []string{"+channel"}},
		{"the others are silent", 1, [][]int16{nothing, said}, nil},
		{"all are silent", 0, [][]int16{hiss, hiss}, nil},
		{"a reference of what the speaker plays", 0, [][]int16{with(said, 0.03, 3), with(said, 2, 0)}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, found(t, audio.Config{Channel: tt.channel}, pcm16(tt.channels...), audio.SampleRate, len(tt.channels))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A real program stands for the device: one that gives only zeros, one value, and too little for 16 bits.
func TestFlatFindings(t *testing.T) {
	for _, tt := range []struct {
		name, command, format string
		want                  []string
	}{
		{"zeros", "head -c 400000 /dev/zero", "s16le", []string{"+flat"}},
		{"one value", "head -c 400000 /dev/zero | tr '\\0' '\\11'", "s16le", []string{"+flat"}},
		{"16 bits in the lower half of 32", `yes abc | tr 'abc\n' '\1\1\0\0' | head -c 2500000`, "s32le", []string{"+quiet"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := audio.Config{Driver: "command", Device: tt.command, Format: tt.format, Pace: "real"}
			if diff := cmp.Diff(tt.want, judged(t, cfg, audio.Lost)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What was found is not told while the microphone is muted, and is known again at once when it is the same device.
func TestFindingsOutliveMute(t *testing.T) {
	path := filepath.Join(t.TempDir(), "thin.wav")
	thin := audiotest.LowPass(talk(t, 80), 3200)
	if err := os.WriteFile(path, audiotest.WAV(pcm16(thin), audio.SampleRate, 1), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	m := audio.NewMicrophone(audio.Config{Driver: "file", Device: path, Pace: "fast", Loop: true}, zerolog.New(zerolog.SyncWriter(&log)))
	stop := start(t, m)
	found := func(want int) {
		t.Helper()
		if !testkit.Poll(time.Minute, func() bool { return len(m.Status().Findings) == want }) {
			t.Fatalf("%+v, want %d findings", m.Status(), want)
		}
	}
	found(1)
	m.SetMuted(true)
	awaitState(t, m, audio.Muted, 5*time.Second)
	found(0)
	m.SetMuted(false)
	found(1)
	stop()
	if n := bytes.Count(log.Bytes(), []byte("nothing above 4 kHz")); n != 1 {
		t.Errorf("it was logged %d times, not once", n)
	}
}
