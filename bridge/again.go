package bridge

import (
	"context"
	"time"

	"earshot/internal/audio"
)

// maxRounds is how many recordings in a row may begin without a wake word: a television that answers must not be listened to for ever.
const maxRounds = 5

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
	case s.again <- o:
	default: // another reply has asked at the same time
	}
}

// listenAgain begins a recording without a wake word. It is filed under the wake word of the conversation; the reply is not in it.
func (s *Satellite) listenAgain(ctx context.Context, asked *session) {
	if s.session != nil || s.trial.Load() != nil || s.speaking() || s.deps.Microphone.Status().State != audio.Listening {
		return
	}
	s.ring.clear()
	w := Wake{At: s.in.Time, Model: asked.wake.Model}
	if s.session = s.newSession(w, 0); s.session == nil {
		s.deps.Log.Warn().Str("wake_word", w.Model).Msg("the answer is not recorded: too many recordings wait to be finished")
		return
	}
	s.session.round = asked.round + 1
	s.sound(ctx, "listening")
	s.deps.Log.Info().Str("wake_word", w.Model).Msg("listening for an answer")
}

// supersede gives up an answer that a wake word has begun anew: people who do not expect to be listened to say it first.
func (s *Satellite) supersede(ctx context.Context) {
	s.change(func() { s.session.discarded = true })
	s.cancel(ctx)
}
