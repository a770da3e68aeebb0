package bridge

import (
	"context"
	"fmt"
	"time"

	"earshot/internal/assist"
	"earshot/internal/audio"
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
	return s.present(ctx, a, nil)
}

// present plays an announcement, and has the satellite listen after it when somebody asks for that.
func (s *Satellite) present(ctx context.Context, a Announcement, by *asker) (played bool, err error) {
	parent := ctx
	ctx, stop := context.WithTimeout(ctx, announceLimit)
	defer stop()
	interrupted := false // guarded by mu
	var refused Refusal
	s.change(func() {
		if refused = s.cannotPresent(by); refused != "" {
			return
		}
		s.announcing = func() {
			interrupted = true
			stop()
		}
		if by != nil {
			s.asked = question{} // the next yes is not about that any more
		}
	})
	if refused != "" {
		return false, refused
	}
	defer s.change(func() { s.announcing = nil })
	if a.Chime {
		s.chime(ctx)
	}
	if err = s.deps.Voice.Say(ctx, a.Reply); err == nil {
		if by != nil {
			s.invite(ctx, by)
		}
		return true, nil
	}
	s.mu.Lock()
	ended := interrupted
	s.mu.Unlock()
	switch {
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

// cannotPresent is why nothing can be announced, or asked, now; "" when something can. It needs mu.
func (s *Satellite) cannotPresent(by *asker) Refusal {
	switch {
	case s.deps.Voice == nil:
		return "The satellite has nothing to play it on; set reply.speaker or reply.media_player for it."
	case s.announcing != nil:
		return "An announcement is being played already; wait for its end."
	case s.state() != Idle:
		return "The satellite is busy with a command; try again when that is over."
	case s.trial.Load() != nil:
		return "A test of this satellite runs; wait for its end."
	case by == nil:
		return ""
	case s.deps.Transcriber == nil:
		return "Nothing turns speech into text; set home_assistant.url or stt.wyoming."
	default:
		return cannotHear(s.muted, s.deps.Microphone.Status())
	}
}

// cannotHear is why a microphone hears nothing now, "" when it does.
func cannotHear(muted bool, m audio.Status) Refusal {
	switch {
	case muted:
		return "The microphone is muted; open it first."
	case m.State == audio.Lost:
		return Refusal(fmt.Sprintf("The microphone is lost: %s. Try again when it is back.", m.Reason))
	case m.State != audio.Listening:
		return "No sound comes from the microphone now."
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
