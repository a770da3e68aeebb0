package audio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"earshot/internal/backoff"
)

// Microphone listens to one device for many readers. A device that is lost is a state, not an error: it is tried again until it is back, and no other device ever takes its place.
type Microphone struct {
	cfg     Config
	log     zerolog.Logger
	driver  func() driver
	board   board
	readers atomic.Pointer[[]*Reader]
	muted   atomic.Bool   // changed with mu held
	gain    atomic.Uint64 // bits of a float64, dB

	mu     sync.Mutex
	change context.CancelFunc // ends the present session when the mute switch is turned; nil outside Run
	over   bool               // Run has ended
}

// NewMicrophone prepares a microphone; Run opens it.
func NewMicrophone(cfg Config, log zerolog.Logger) *Microphone {
	return newMicrophone(cfg, log, func() driver { return newDriver(cfg, log) })
}

func newMicrophone(cfg Config, log zerolog.Logger, d func() driver) *Microphone {
	m := &Microphone{cfg: cfg, log: log, driver: d}
	m.readers.Store(new([]*Reader))
	m.gain.Store(math.Float64bits(cfg.GainDB))
	m.board.set(Opening, "")
	return m
}

// Run listens until ctx ends, and returns nil then, when everything it started has ended. It may be called once. Its only error is a configuration that Validate refuses.
func (m *Microphone) Run(ctx context.Context) error {
	defer m.endReaders()
	if problems := m.cfg.Validate(); len(problems) > 0 {
		var list []string
		for _, key := range slices.Sorted(maps.Keys(problems)) {
			list = append(list, key+": "+problems[key])
		}
		return fmt.Errorf("open microphone: %s", strings.Join(list, "; "))
	}
	d := m.driver()
	defer d.close()
	c := &capture{mic: m}
	retry := backoff.Backoff{Min: firstWait, Max: longWait}
	for ctx.Err() == nil {
		session, end := m.begin(ctx)
		m.runOnce(session, d, c, &retry)
		end()
	}
	return nil
}

// runOnce does one thing until it is over: stay muted, listen until the device is lost and wait for the next try, or stay at the end of a file.
func (m *Microphone) runOnce(ctx context.Context, d driver, c *capture, retry *backoff.Backoff) {
	if m.muted.Load() {
		m.enter(Muted, nil)
		retry.Reset()
		<-ctx.Done()
		return
	}
	if m.board.status().State != Lost {
		m.enter(Opening, nil)
	}
	heard, err := m.listen(ctx, d, c)
	switch {
	case ctx.Err() != nil:
	case errors.Is(err, io.EOF):
		m.enter(Ended, nil)
		<-ctx.Done()
	default:
		m.enter(Lost, err)
		if heard >= goodRun {
			retry.Reset()
		}
		d.wait(ctx, retry.Next())
	}
}

// listen opens the device and publishes its sound until it is lost or ctx ends; heard is how long it worked.
func (m *Microphone) listen(ctx context.Context, d driver, c *capture) (heard time.Duration, err error) {
	src, err := d.open(ctx)
	if err != nil {
		return 0, err
	}
	m.board.setDevice(src.name)
	// Closing is what ends a Read that waits.
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		src.Close()
	})
	defer func() {
		src.Close()
		if !stop() {
			<-closed
		}
	}()
	return c.run(ctx, src)
}

// begin makes the context of a session, which ends with ctx or when the mute switch is turned.
func (m *Microphone) begin(ctx context.Context) (context.Context, context.CancelFunc) {
	session, end := context.WithCancel(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.change = end
	return session, end
}

// SetMuted closes the device, or opens it again; a file begins anew. It does not wait: no new frame is given to readers from its return on,
// and the state becomes Muted when the device is really closed.
func (m *Microphone) SetMuted(muted bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.muted.Swap(muted) != muted && m.change != nil {
		m.change()
	}
}

// SetGain changes the amplification, in dB, from the next sound on. Its error says what is allowed.
func (m *Microphone) SetGain(db float64) error {
	if problem := (Config{Driver: driverAuto, Pace: paceReal, GainDB: db}).Validate()["gain_db"]; problem != "" {
		return errors.New("set gain: " + problem)
	}
	m.gain.Store(math.Float64bits(db))
	return nil
}

// Gain tells the amplification in dB.
func (m *Microphone) Gain() float64 { return math.Float64frombits(m.gain.Load()) }

// Status tells how the microphone is. It is cheap, and safe at any time.
func (m *Microphone) Status() Status { return m.board.status() }

// Watch gives a channel in which a value waits whenever Status's State or Reason may have changed, until stop is called.
func (m *Microphone) Watch() (changes <-chan struct{}, stop func()) { return m.board.watch() }

// enter changes the state and logs it; err says why the microphone is lost.
func (m *Microphone) enter(state State, err error) {
	reason := ""
	if err != nil {
		reason = sentence(err)
	}
	if !m.board.set(state, reason) {
		return
	}
	if state == Lost {
		m.log.Warn().Str("device", m.board.status().Device).Str("reason", reason).Msg("microphone lost")
		return
	}
	m.log.Info().Str("device", m.board.status().Device).Str("state", string(state)).Msg("microphone")
}

// Waiting times between tries.
const (
	firstWait = time.Second
	longWait  = 30 * time.Second
	goodRun   = 10 * time.Second // a device that worked for so long is tried again at once
)
