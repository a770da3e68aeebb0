package bridge

import (
	"context"

	"earshot/internal/audio"
)

// Frame lets a test hand a satellite one frame without a microphone.
func (s *Satellite) Frame(f *audio.Frame) { s.frame(context.Background(), f) }
