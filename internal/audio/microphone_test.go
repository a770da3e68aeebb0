package audio_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"earshot/internal/audio"
)

// device is a microphone that gives 10 ms of one value at a time, in real time.
type device struct {
	mu     sync.Mutex
	value  int16
	err    error // given instead of sound
	hang   bool
	closed chan struct{}
	opens  []time.Time
	closes int
}

func (d *device) open() (io.ReadCloser, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opens = append(d.opens, time.Now())
	d.closed = make(chan struct{})
	return &handle{d: d, closed: d.closed}, nil
}

// change alters the device.
func (d *device) change(f func(*device)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(d)
}

// handle is the opened device.
type handle struct {
	d      *device
	closed chan struct{}
	once   sync.Once
}

func (h *handle) Read(p []byte) (int, error) {
	t := time.NewTimer(10 * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
	case <-h.closed:
		return 0, os.ErrClosed
	}
	h.d.mu.Lock()
	value, err, hang := h.d.value, h.d.err, h.d.hang
	h.d.mu.Unlock()
	if hang {
		<-h.closed
		return 0, os.ErrClosed
	}
	if err != nil {
		return 0, err
	}
	n := min(len(p), 2*audio.FrameSamples)
	for i := 0; i < n; i += 2 {
		binary.LittleEndian.PutUint16(p[i:], uint16(value))
	}
	return n, nil
}

func (h *handle) Close() error {
	h.once.Do(func() {
		close(h.closed)
		h.d.change(func(d *device) { d.closes++ })
	})
	return nil
}

// start runs a microphone and returns what ends it and waits for it.
func start(t *testing.T, m *audio.Microphone) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	var once sync.Once
	return func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
}

// after lets time pass in a bubble, and everything in it come to rest.
func after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// wantState checks state and reason.
func wantState(t *testing.T, m *audio.Microphone, state audio.State, reason string) {
	t.Helper()
	if s := m.Status(); s.State != state || s.Reason != reason {
		t.Errorf("state %s (%s), want %s (%s)", s.State, s.Reason, state, reason)
	}
}

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries []time.Time
		m := audio.NewFakeMicrophone(&audio.Fake{Open: func() (io.ReadCloser, error) {
			tries = append(tries, time.Now())
			return nil, errors.New("there is no source \"kitchen\"")
		}})
		stop := start(t, m)
		after(3 * time.Minute)
		wantState(t, m, audio.Lost, "There is no source \"kitchen\".")
		stop()
		var got []time.Duration
		for i := 1; i < len(tries); i++ {
			got = append(got, tries[i].Sub(tries[i-1]))
		}
		want := []time.Duration{1, 2, 4, 8, 16, 30, 30, 30}
		if len(got) < len(want) {
			t.Fatalf("only %d tries in three minutes", len(tries))
		}
		even := true
		for i, w := range want {
			w *= time.Second
			even = even && got[i] == w
			if got[i] > w || got[i] < w*4/5 {
				t.Errorf("wait %d: %v, want %v or up to a fifth less", i, got[i], w)
			}
		}
		if even {
			t.Error("the waits have no jitter")
		}
	})
}

func TestWatchdogAndRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &device{value: 1000}
		m := audio.NewFakeMicrophone(&audio.Fake{Open: d.open, Live: true})
		r := m.Subscribe("test", 1000)
		changes, unwatch := m.Watch()
		defer unwatch()
		defer start(t, m)()
		after(5 * time.Second)
		<-changes
		wantState(t, m, audio.Listening, "")
		heard := len(r.C())
		d.change(func(d *device) { d.hang = true })
		after(1100 * time.Millisecond)
		<-changes
		wantState(t, m, audio.Lost, "No sound came from the microphone for 1s.")
		if d.closes != 1 {
			t.Errorf("the hanging device was closed %d times", d.closes)
		}
		d.change(func(d *device) { d.hang = false })
		after(1100 * time.Millisecond)
		<-changes
		wantState(t, m, audio.Listening, "")
		for i := range heard + 2 {
			f := <-r.C()
			if f.Sample != int64(i)*audio.FrameSamples {
				t.Fatalf("frame %d starts at sample %d", i, f.Sample)
			}
			if restart := i == 0 || i == heard; f.Restart != restart {
				t.Errorf("frame %d of %d: Restart is %t", i, heard, f.Restart)
			}
		}
	})
}

func TestDeviceThatNeverStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &device{hang: true}
		m := audio.NewFakeMicrophone(&audio.Fake{Open: d.open, Live: true})
		defer start(t, m)()
		after(2900 * time.Millisecond)
		wantState(t, m, audio.Opening, "")
		after(200 * time.Millisecond)
		wantState(t, m, audio.Lost, "No sound came from the microphone for 3s.")
	})
}

// TestBackoffIsResetByWork has a device fail each minute: every time it is tried again after a second.
func TestBackoffIsResetByWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &device{value: 1000}
		m := audio.NewFakeMicrophone(&audio.Fake{Open: d.open, Live: true})
		defer start(t, m)()
		for range 5 {
			after(time.Minute)
			d.change(func(d *device) { d.err = errors.New("unplugged") })
			after(50 * time.Millisecond)
			wantState(t, m, audio.Lost, "Unplugged.")
			d.change(func(d *device) { d.err = nil })
			after(1100 * time.Millisecond)
			wantState(t, m, audio.Listening, "")
		}
	})
}

func TestDigitalSilence(t *testing.T) {
	const reason = "Only digital silence for 30s: muted in hardware or in the sound server, or the wrong channel?"
	synctest.Test(t, func(t *testing.T) {
		d := &device{}
		m := audio.NewFakeMicrophone(&audio.Fake{Open: d.open, Live: true})
		defer start(t, m)()
		after(29 * time.Second)
		wantState(t, m, audio.Listening, "")
		after(2 * time.Minute)
		wantState(t, m, audio.Lost, reason)
		if s := m.Status(); len(d.opens) != 1 || time.Since(s.LastFrame) > time.Second {
			t.Errorf("the silent device was opened %d times, and gave a frame %v ago", len(d.opens), time.Since(s.LastFrame))
		}
		d.change(func(d *device) { d.value = 1 })
		after(30 * time.Millisecond)
		wantState(t, m, audio.Listening, "")
	})
	synctest.Test(t, func(t *testing.T) {
		d := &device{}
		m := audio.NewFakeMicrophone(&audio.Fake{Open: d.open})
		defer start(t, m)()
		after(2 * time.Minute)
		wantState(t, m, audio.Listening, "") // what another program plays may well be silent
	})
}

func TestMute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &device{value: 1000}
		m := audio.NewFakeMicrophone(&audio.Fake{Open: d.open, Live: true})
		r := m.Subscribe("test", 10000)
		m.SetMuted(true)
		defer start(t, m)()
		after(time.Minute)
		wantState(t, m, audio.Muted, "")
		if len(d.opens) != 0 || len(r.C()) != 0 {
			t.Errorf("a microphone that was muted from the start was opened %d times and gave %d frames", len(d.opens), len(r.C()))
		}
		for i := range 3 {
			m.SetMuted(false)
			m.SetMuted(false)
			after(time.Second)
			wantState(t, m, audio.Listening, "")
			if len(d.opens) != i+1 {
				t.Errorf("opened %d times after %d unmutes", len(d.opens), i+1)
			}
			m.SetMuted(true)
			before := len(r.C())
			after(time.Minute)
			wantState(t, m, audio.Muted, "")
			if n := len(r.C()) - before; n != 0 || d.closes != i+1 || m.Status().LevelDBFS != -120 {
				t.Errorf("while muted: %d frames, closed %d times, level %v", n, d.closes, m.Status().LevelDBFS)
			}
		}
	})
}

func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &device{value: 1000}
		m := audio.NewFakeMicrophone(&audio.Fake{Open: d.open, Live: true})
		slow, quick := m.Subscribe("slow", 5), m.Subscribe("quick", 1000)
		stop := start(t, m)
		after(2005 * time.Millisecond)
		if len(slow.C()) != 5 || slow.Dropped() != 195 || quick.Dropped() != 0 || len(quick.C()) != 200 || m.Status().Dropped != 195 || m.Status().Frames != 200 {
			t.Errorf("slow: %d and %d dropped; quick: %d and %d dropped; in all %d of %d", len(slow.C()), slow.Dropped(), len(quick.C()), quick.Dropped(), m.Status().Dropped, m.Status().Frames)
		}
		var got []bool
		for range 5 {
			got = append(got, (<-slow.C()).Restart)
		}
		after(20 * time.Millisecond)
		for range 2 {
			got = append(got, (<-slow.C()).Restart)
		}
		if diff := cmp.Diff([]bool{true, false, false, false, false, true, false}, got); diff != "" {
			t.Errorf("Restart: (-want +got)\n%s", diff)
		}
		slow.Close()
		slow.Close()
		if _, open := <-slow.C(); open {
			t.Error("a closed reader's queue is open")
		}
		stop()
		for range quick.C() { // ends, because Run has closed it
		}
		if _, open := <-m.Subscribe("late", 1).C(); open {
			t.Error("a reader that came after the end has an open queue")
		}
	})
}

func TestGapsOfTheDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &device{value: 1000}
		var gap atomic.Int64 // nanoseconds
		m := audio.NewFakeMicrophone(&audio.Fake{Open: d.open, Live: true, Gaps: func() time.Duration { return time.Duration(gap.Swap(0)) }})
		r := m.Subscribe("test", 1000)
		defer start(t, m)()
		after(105 * time.Millisecond)
		gap.Store(int64(95 * time.Millisecond))
		after(100 * time.Millisecond)
		for i := range 20 {
			if f := <-r.C(); f.Restart != (i == 0 || i == 10) {
				t.Errorf("frame %d: Restart is %t", i, f.Restart)
			}
		}
		if n := m.Status().Dropped; n != 10 {
			t.Errorf("95 ms lost by the device count as %d frames", n)
		}
	})
}

func TestFrameTimesAndLevel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &device{value: 16384}
		m := audio.NewFakeMicrophone(&audio.Fake{Open: d.open, Live: true})
		r := m.Subscribe("test", 1000)
		began := time.Now()
		defer start(t, m)()
		after(time.Second)
		for i := range 50 {
			if got, want := (<-r.C()).Time.Sub(began), time.Duration(i+1)*10*time.Millisecond; got != want {
				t.Errorf("frame %d was captured at %v, want %v", i, got, want)
			}
		}
		if got := m.Status().LevelDBFS; math.Abs(got+6.02) > 0.01 {
			t.Errorf("half of full scale is %.2f dBFS, want -6.02", got)
		}
	})
}

func TestWrongConfigurationEndsRun(t *testing.T) {
	m := audio.NewMicrophone(audio.Config{Driver: "tape", Pace: "slow"}, zerolog.Nop())
	err := m.Run(t.Context())
	want := `open microphone: driver: "tape" is not a driver; use auto, pulse, alsa, command or file; pace: "slow" is not a pace; use real or fast`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// unpaced gives sound as fast as it is taken, until it is closed.
type unpaced struct {
	endless
	mu     sync.Mutex
	closed bool
}

func (u *unpaced) Read(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return 0, os.ErrClosed
	}
	return u.endless.Read(p)
}

func (u *unpaced) Close() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	return nil
}

// TestFramesAllocateNothing counts allocations of the whole process while many frames go to two readers, one of them too slow.
func TestFramesAllocateNothing(t *testing.T) {
	m := audio.NewFakeMicrophone(&audio.Fake{Open: func() (io.ReadCloser, error) {
		return &unpaced{endless: endless{raw: f32(tone(440, 16000, 16000, 0.5))}}, nil
	}})
	r := m.Subscribe("quick", 100)
	m.Subscribe("slow", 1)
	defer start(t, m)()
	take := func(n int) {
		for range n {
			<-r.C()
		}
	}
	take(100)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	take(20000)
	runtime.ReadMemStats(&after)
	if n := after.Mallocs - before.Mallocs; n > 200 {
		t.Errorf("%d allocations in 20000 frames", n)
	}
}

// TestSetGain makes a microphone louder while it is heard.
func TestSetGain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "even.wav")
	header := "RIFF\x24\x7d\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\x3e\x00\x00\x00\x7d\x00\x00\x02\x00\x10\x00data\x00\x7d\x00\x00"
	if err := os.WriteFile(path, []byte(header+strings.Repeat("\x10\x27", 16000)), 0o600); err != nil { // a second of 10000
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		cfg := fileConfig(path, "real")
		cfg.GainDB = -20
		m := audio.NewMicrophone(cfg, zerolog.Nop())
		r := m.Subscribe("test", 1)
		defer start(t, m)()
		if f := <-r.C(); f.PCM[0] != 1000 || m.Gain() != -20 {
			t.Errorf("at %v dB the sound is %d, want 1000", m.Gain(), f.PCM[0])
		}
		if err := m.SetGain(0); err != nil {
			t.Error(err)
		}
		for range 20 { // what was read already comes first
			<-r.C()
		}
		if f := <-r.C(); f.PCM[0] != 10000 || m.Gain() != 0 {
			t.Errorf("at %v dB the sound is %d, want 10000", m.Gain(), f.PCM[0])
		}
		if err := m.SetGain(61); err == nil || err.Error() != "set gain: 61 is not a gain; use -60 to 60 dB" {
			t.Errorf("61 dB: %v", err)
		}
	})
}
