// Package speaker plays replies and feedback sounds on this machine, through the player program of PulseAudio or of ALSA.
package speaker

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// Speaker plays one sound at a time. Its methods may be called from several goroutines.
type Speaker struct {
	cfg   Config
	log   zerolog.Logger
	stuck time.Duration // how long a player may take no sound
	slot  chan struct{} // holds a value while somebody plays
	used  string        // the program that played last; guarded by slot

	mu    sync.Mutex
	on    bool      // a player runs; guarded by mu
	until time.Time // the end of the tail of the last sound; guarded by mu
}

// New makes a speaker of a valid configuration. Nothing is opened before the first sound, so a sound server may come and go.
func New(cfg Config, log zerolog.Logger) *Speaker {
	return &Speaker{cfg: cfg, log: log, stuck: stuck, slot: make(chan struct{}, 1)}
}

// Play plays a WAV (PCM of 8 to 32 bits or float) or an MP3 of one or two channels, and returns when its last sample has been played.
// What r holds is found by looking at it; mediaType, which may be "", decides only where that gives no answer.
//
// The end of ctx stops the sound at once, and Play returns the context's error. While another sound is played, Play waits for its end:
// who wants to interrupt a sound ends the context of that one. When r is an io.Closer it is closed before Play returns, and as soon as ctx ends,
// so that a Read that waits for the network returns; a reader without Close that blocks keeps Play from returning, but not the sound from stopping.
//
// With driver none nothing is read or played. Sounds longer than ten minutes, and what is not sound, are errors.
func (s *Speaker) Play(ctx context.Context, r io.Reader, mediaType string) error {
	in := &input{r: r}
	defer in.close()
	if s.cfg.Driver == driverNone {
		return nil
	}
	release, err := s.take(ctx)
	if err != nil {
		return err
	}
	defer release()
	stop := context.AfterFunc(ctx, in.close)
	defer stop()
	snd, err := decode(in, mediaType)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	return s.play(ctx, snd)
}

// PlayPCM plays samples of one channel and returns when the last one has been played; rate is in Hz. All that Play says of ctx and of waiting holds.
func (s *Speaker) PlayPCM(ctx context.Context, pcm []int16, rate int) error {
	if err := checkRate(rate); err != nil {
		return fmt.Errorf("play samples: %w", err)
	}
	if s.cfg.Driver == driverNone || len(pcm) == 0 {
		return nil
	}
	release, err := s.take(ctx)
	if err != nil {
		return err
	}
	defer release()
	raw := make([]byte, 0, 2*len(pcm))
	for _, v := range pcm {
		raw = binary.LittleEndian.AppendUint16(raw, uint16(v))
	}
	in := &input{r: bytes.NewReader(raw)}
	return s.play(ctx, &sound{in: in, pcm: in, encoding: s16le, rate: rate, channels: 1})
}

// tail is how long after the end of a sound the room and the microphone's buffers may still hold some of it.
const tail = 300 * time.Millisecond

// Playing tells whether a sound is being played or ended less than 300 ms ago, so that the machine can ignore its own voice.
func (s *Speaker) Playing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.on || time.Now().Before(s.until)
}

func (s *Speaker) setPlaying(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on = on
	if !on {
		s.until = time.Now().Add(tail)
	}
}

// take waits until nobody plays.
func (s *Speaker) take(ctx context.Context) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case s.slot <- struct{}{}:
		return func() { <-s.slot }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// play feeds a sound to a player; the caller holds the slot.
func (s *Speaker) play(ctx context.Context, snd *sound) error {
	name, args, err := s.choose(ctx, snd)
	if err != nil {
		return err
	}
	if name != s.used {
		s.used = name
		s.log.Info().Str("player", name).Str("device", s.cfg.Device).Msg("sound is played")
	}
	p, err := startPlayer(ctx, snd.in.close, name, args)
	if err != nil {
		return err
	}
	p.stuck = s.stuck
	s.setPlaying(true)
	defer s.setPlaying(false)
	if err := p.play(snd, s.cfg.gain()); ctx.Err() == nil {
		return err
	}
	return ctx.Err()
}
