package bridge

import (
	"context"
	"fmt"
	"time"

	"earshot/internal/assist"
)

// announceLimit bounds an announcement; the sound of one is no longer.
const announceLimit = 10 * time.Minute

// Announcement is a sound for the people in the room.
type Announcement struct {
	Reply assist.Reply // AudioURL and MediaID say where the sound is, as of a reply
	Chime bool         // a feedback sound comes first, where the speaker is this machine's
}

// Announce plays an announcement as replies are played, and returns when it has been played. A wake word ends it, and then played is false,
// as at the end of ctx, which is an error. The satellite is Responding meanwhile. What keeps it from being played now is a Refusal.
func (s *Satellite) Announce(ctx context.Context, a Announcement) (played bool, err error) {
	parent := ctx
	ctx, stop := context.WithTimeout(ctx, announceLimit)
	defer stop()
	interrupted := false // guarded by mu
	var refused Refusal
	s.change(func() {
		if refused = s.cannotAnnounce(); refused == "" {
			s.announcing = func() {
				interrupted = true
				stop()
			}
		}
	})
	if refused != "" {
		return false, refused
	}
	defer s.change(func() { s.announcing = nil })
	if a.Chime {
		s.chime(ctx)
	}
	err = s.deps.Voice.Say(ctx, a.Reply)
	s.mu.Lock()
	ended := interrupted
	s.mu.Unlock()
	switch {
	case err == nil:
		return true, nil
	case parent.Err() != nil:
		return false, parent.Err()
	case ended:
		return false, nil
	case ctx.Err() != nil:
		return false, Refusal(fmt.Sprintf("The announcement was stopped, as it took longer than %v.", announceLimit))
	default:
		return false, Refusal(fmt.Sprintf("The announcement was not played to its end: %v.", err))
	}
}

// cannotAnnounce is why nothing can be announced now, "" when something can. It needs mu.
func (s *Satellite) cannotAnnounce() Refusal {
	switch {
	case s.deps.Voice == nil:
		return "The satellite has nothing to play it on; set reply.speaker or reply.media_player for it."
	case s.announcing != nil:
		return "An announcement is being played already; wait for its end."
	case s.state() != Idle:
		return "The satellite is busy with a command; try again when that is over."
	case s.trial.Load() != nil:
		return "A test of this satellite runs; wait for its end."
	default:
		return ""
	}
}

// speaking tells whether an announcement is being played.
func (s *Satellite) speaking() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.announcing != nil
}

// chime plays the sound that comes before an announcement, where the voice can.
func (s *Satellite) chime(ctx context.Context) {
	sounds, ok := s.deps.Voice.(Sounds)
	if !ok {
		return
	}
	s.sounding.Add(1)
	defer s.sounding.Add(-1)
	if err := sounds.Sound(ctx, "listening"); err != nil && ctx.Err() == nil {
		s.deps.Log.Warn().Err(err).Msg("the sound before an announcement was not played")
	}
}
