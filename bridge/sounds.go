package bridge

import (
	"context"
	"time"
)

// Sounds plays feedback sounds on this machine.
type Sounds interface {
	// Sound plays "listening", "done" or "error", and returns when its last sample has been played.
	Sound(ctx context.Context, name string) error
}

// soundTail is how long a sound may still be in the room, and on its way through the microphone, after its last sample was played.
const soundTail = 150 * time.Millisecond

// sound plays a feedback sound without waiting for it. While it is in the air the microphone's audio counts as silence, so that it
// never gets into a recording.
func (s *Satellite) sound(ctx context.Context, name string) {
	if s.deps.Sounds == nil {
		return
	}
	s.sounding.Add(1)
	s.finishing.Go(func() {
		defer s.sounding.Add(-1)
		if err := s.deps.Sounds.Sound(ctx, name); err != nil && ctx.Err() == nil {
			s.deps.Log.Warn().Err(err).Str("sound", name).Msg("not played")
		}
		select {
		case <-ctx.Done():
		case <-time.After(soundTail):
		}
	})
}
