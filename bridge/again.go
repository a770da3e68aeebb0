package bridge

import (
	"context"
	"time"

	"earshot/internal/audio"
)

// maxRounds is how many recordings in a row may begin without a wake word: a television that answers must not be listened to for ever.
const maxRounds = 5

// invitation has the satellite listen without a wake word.
type invitation struct {
	model string // wake word of the conversation; "" when there was none
	round int    // how many recordings since then will have begun so
	by    *asker // nil: a reply of our own has asked
}

// askAgain has the satellite listen to the answer to a reply, once the last of the reply has left the room.
func (s *Satellite) askAgain(ctx context.Context, o *session) {
	if o.cancelled || o.round >= maxRounds {
		return
	}
	if o.reply.AudioURL != "" {
		select {
		case <-ctx.Done():
			return
		case <-time.After(soundTail):
		}
	}
	select {
	case s.again <- invitation{model: o.wake.Model, round: o.round + 1}:
	default: // another reply has asked at the same time
	}
}

// listenAgain begins a recording without a wake word. It is filed under the wake word of the conversation; the reply is not in it.
func (s *Satellite) listenAgain(ctx context.Context, i invitation) {
	defer i.by.taken()
	busy := s.session != nil || s.trial.Load() != nil || i.by == nil && s.speaking()
	if busy || i.by.left() || s.deps.Microphone.Status().State != audio.Listening {
		i.by.tell(Said{Played: true})
		return
	}
	s.ring.clear()
	w := Wake{At: s.in.Time, Model: i.model}
	if s.session = s.newSession(w, 0); s.session == nil {
		s.deps.Log.Warn().Str("wake_word", w.Model).Msg("the answer is not recorded: too many recordings wait to be finished")
		i.by.tell(Said{Played: true})
		return
	}
	s.session.round, s.session.by = i.round, i.by
	if i.by != nil && i.by.conversation != "" {
		s.change(func() { s.talk = conversation{i.by.conversation, time.Now().Add(conversationLimit)} })
	}
	s.sound(ctx, "listening")
	s.deps.Log.Info().Str("wake_word", w.Model).Msg("listening for an answer")
}

// supersede gives up an answer that a wake word has begun anew: people who do not expect to be listened to say it first. Who waits for
// the answer waits for the new one.
func (s *Satellite) supersede(ctx context.Context) (waits *asker) {
	waits, s.session.by = s.session.by, nil
	s.change(func() { s.session.discarded = true })
	s.cancel(ctx)
	return waits
}
