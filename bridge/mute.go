package bridge

import (
	"context"
	"fmt"
)

// The values of the mute switch's setting.
const (
	muteOn  = "on"
	muteOff = "off"
)

// muteKey is the setting that remembers the mute switch.
func (s *Satellite) muteKey() string { return "mute/" + s.cfg.ID }

// SetMuted closes the microphone's device or opens it again. A recording that is being made ends as cancelled. The switch is remembered across
// restarts; an error means only that this could not be done.
func (s *Satellite) SetMuted(ctx context.Context, muted bool) error {
	s.change(func() {
		s.switched = true
		s.mute(muted)
	})
	// Muting never waits for the disk. Whoever writes last writes what is true then.
	s.remembering.Lock()
	defer s.remembering.Unlock()
	value := muteOff
	if s.Status().Muted {
		value = muteOn
	}
	if err := s.deps.Settings.SetSetting(ctx, s.muteKey(), value); err != nil {
		return fmt.Errorf("remember the mute switch of satellite %q: %w", s.cfg.ID, err)
	}
	return nil
}

// mute needs mu.
func (s *Satellite) mute(muted bool) {
	s.muted = muted
	s.deps.Microphone.SetMuted(muted)
	if muted {
		select {
		case s.hush <- struct{}{}:
		default: // a signal waits already
		}
	}
}

// restoreMute sets the switch as it was before the restart. When that is not known, the microphone stays closed: nobody may be heard against
// their will because of a broken disk.
func (s *Satellite) restoreMute(ctx context.Context) {
	value, err := s.deps.Settings.Setting(ctx, s.muteKey())
	if err != nil {
		s.deps.Log.Error().Err(err).Msg("mute switch not readable: muted")
	}
	s.change(func() {
		if s.switched {
			return
		}
		s.mute(value == muteOn || err != nil)
		if err != nil {
			s.problem = "Whether the microphone was muted could not be read, so it is muted now."
		}
	})
}
