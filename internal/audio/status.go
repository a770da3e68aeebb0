package audio

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// State is what a microphone is doing.
type State string

// The states of a microphone.
const (
	Opening   State = "opening"   // no sound yet
	Listening State = "listening" // frames come
	Muted     State = "muted"     // the device is closed because somebody wants it so
	Lost      State = "lost"      // the device is gone, or gives only digital silence; it is tried again
	Ended     State = "ended"     // a file has been played to its end
)

// Status is what is known about a microphone at one time.
type Status struct {
	State     State
	Device    string    // name of the device, for people; "" before it was opened
	Reason    string    // a sentence for people that says why it is lost; "" otherwise
	Since     time.Time // when State was entered
	LastFrame time.Time // zero before the first frame
	Frames    uint64    // frames of 10 ms given to readers, since Run began
	Dropped   uint64    // frames of 10 ms that the device lost, or a reader was too slow for
	LevelDBFS float64   // RMS over 100 ms in dB of full scale: a full-scale square wave is 0; silence and no sound are -120
	Channels  []float64 // of a device with several channels, the level of each over 20 ms, before amplification; nil otherwise
	Findings  []Finding // what is wrong with its sound, in the order of FindingCodes
}

// board keeps a microphone's status and tells watchers about changes.
type board struct {
	mu       sync.Mutex
	state    State
	device   string
	reason   string
	since    time.Time
	watchers []chan struct{}
	findings []Finding // replaced, never changed

	channels atomic.Int32               // how many of powers there are
	powers   [maxChannels]atomic.Uint64 // bits of a float64

	lastFrame atomic.Int64 // Unix nanoseconds; 0 before the first frame
	frames    atomic.Uint64
	dropped   atomic.Uint64
	level     atomic.Uint64 // bits of a float64
}

// set enters a state and tells whether anything changed.
func (b *board) set(state State, reason string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if state != Listening {
		b.level.Store(math.Float64bits(silenceDBFS))
	}
	if b.state == state && b.reason == reason {
		return false
	}
	if b.state != state {
		b.since = time.Now()
	}
	b.state, b.reason = state, reason
	for _, w := range b.watchers {
		select {
		case w <- struct{}{}:
		default: // one is waiting already
		}
	}
	return true
}

func (b *board) setDevice(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.device = name
}

func (b *board) setFindings(list []Finding) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.findings = list
}

func (b *board) setChannels(powers []float64) {
	for ch, p := range powers {
		b.powers[ch].Store(math.Float64bits(p))
	}
	b.channels.Store(int32(len(powers)))
}

// forgetSound is for a device that is not listened to any more.
func (b *board) forgetSound() {
	b.channels.Store(0)
	b.setFindings(nil)
}

func (b *board) status() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Status{
		State: b.state, Device: b.device, Reason: b.reason, Since: b.since,
		Frames: b.frames.Load(), Dropped: b.dropped.Load(), LevelDBFS: math.Float64frombits(b.level.Load()),
	}
	s.Findings = b.findings
	for ch := range b.channels.Load() {
		s.Channels = append(s.Channels, decibels(math.Float64frombits(b.powers[ch].Load())))
	}
	if ns := b.lastFrame.Load(); ns != 0 {
		s.LastFrame = time.Unix(0, ns)
	}
	return s
}

func (b *board) watch() (<-chan struct{}, func()) {
	w := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watchers = append(b.watchers, w)
	return w, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.watchers = slices.DeleteFunc(b.watchers, func(o chan struct{}) bool { return o == w })
	}
}

// silenceDBFS is the level of digital silence, and of no sound at all.
const silenceDBFS = -120.0

// meterFrames is how many frames one measurement of the level covers.
const meterFrames = 10

// meter measures loudness.
type meter struct {
	sum    float64 // of squares
	frames int
}

// add takes a frame; each 100 ms it gives a new level.
func (m *meter) add(pcm *[FrameSamples]int16) (dbfs float64, ready bool) {
	var sum int64
	for _, v := range pcm {
		sum += int64(v) * int64(v)
	}
	m.sum += float64(sum)
	if m.frames++; m.frames < meterFrames {
		return 0, false
	}
	mean := m.sum / (meterFrames * FrameSamples)
	*m = meter{}
	return max(silenceDBFS, 10*math.Log10(mean/(1<<30))), true
}
