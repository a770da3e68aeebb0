package bridge

import (
	"context"
	"strings"
	"time"

	"earshot/history"
	"earshot/internal/assist"
)

// Agent has commands carried out and gives words a voice; *assist.Client is one.
type Agent interface {
	Respond(ctx context.Context, req assist.IntentRequest) (assist.Reply, error)
	// Speak makes audio of a text and carries nothing out.
	Speak(ctx context.Context, text, pipeline string) (assist.Reply, error)
}

// Voice speaks replies.
type Voice interface {
	// Say plays a reply that has audio. It returns when the reply has been spoken, or when ctx is done and nothing is heard any more.
	Say(ctx context.Context, reply assist.Reply) error
}

// conversationLimit is how long a conversation may be gone on with.
// ref: home-assistant/core homeassistant/helpers/chat_session.py, CONVERSATION_TIMEOUT
const conversationLimit = 5 * time.Minute

// conversation is what the agent last spoke about with this microphone.
type conversation struct {
	id    string
	until time.Time
}

// answer has the words of a recording carried out, and notes in the entry what came of it.
func (s *Satellite) answer(ctx context.Context, o *session, e *history.Entry) {
	if s.privacy(ctx, o, e) {
		s.voice(ctx, o, e)
		return
	}
	if s.deps.Agent == nil || o.by.wantsWords() {
		e.Outcome = history.Understood
		return
	}
	reply, err := s.deps.Agent.Respond(ctx, assist.IntentRequest{
		Text: e.Transcript, Language: e.Language, Pipeline: s.pipeline(o.wake.Model), DeviceIdentifier: s.deps.Device,
		ConversationID: s.conversationID(), NoSpeech: s.deps.Voice == nil,
	})
	if err != nil {
		s.failed(e, err)
		return
	}
	s.change(func() { s.talk = conversation{reply.ConversationID, time.Now().Add(conversationLimit)} })
	e.Outcome = history.NotUnderstood
	if reply.Understood {
		e.Outcome = history.Understood
	}
	e.Reply, e.Intent = reply.Text, reply.Intent
	e.Timings.Reply = time.Since(e.At)
	o.reply, o.asks = reply, reply.Continue
}

func (s *Satellite) conversationID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().After(s.talk.until) {
		return ""
	}
	return s.talk.id
}

// SetPipeline has all commands go to one Assist pipeline, by its id; "" has them go where each wake word is configured to.
func (s *Satellite) SetPipeline(id string) { s.change(func() { s.assistant = id }) }

// pipeline is the one that a person has chosen, or else the one that a wake word is configured with.
func (s *Satellite) pipeline(model string) string {
	s.mu.Lock()
	chosen := s.assistant
	s.mu.Unlock()
	if chosen != "" {
		return chosen
	}
	for _, w := range s.cfg.WakeWords {
		if w.Model == model {
			return w.Pipeline
		}
	}
	return ""
}

// voice makes audio of an answer of our own, where there is somebody to make it. An answer that cannot be heard can still be read.
func (s *Satellite) voice(ctx context.Context, o *session, e *history.Entry) {
	if s.deps.Agent == nil || s.deps.Voice == nil {
		return
	}
	ctx, stop := context.WithTimeout(ctx, answerLimit)
	defer stop()
	reply, err := s.deps.Agent.Speak(ctx, e.Reply, s.pipeline(o.wake.Model))
	if err != nil {
		s.deps.Log.Warn().Err(err).Msg("the answer is not spoken")
		return
	}
	o.reply = reply
}

// speak says the reply of a recording. A wake word ends it. heard is false when it was not said to its end.
func (s *Satellite) speak(ctx context.Context, o *session) (heard bool) {
	if s.deps.Voice == nil || o.reply.AudioURL == "" {
		return true // whoever reads it has it
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s.change(func() {
		s.open[o] = Responding
		o.hush = stop
	})
	err := s.deps.Voice.Say(ctx, o.reply)
	if err != nil && ctx.Err() == nil {
		s.deps.Log.Warn().Err(err).Msg("the reply was not spoken to its end")
	}
	return err == nil && ctx.Err() == nil
}

// ownVoice tells whether a wake word may be our own: a reply is being spoken that has the word in it. It needs mu.
func (s *Satellite) ownVoice(phrase string) bool {
	for o := range s.open {
		if o.hush != nil && strings.Contains(strings.ToLower(o.reply.Text), strings.ToLower(phrase)) {
			return true
		}
	}
	return false
}

// talking tells whether a reply or an announcement is being spoken. It needs mu.
func (s *Satellite) talking() bool {
	for o := range s.open {
		if o.hush != nil {
			return true
		}
	}
	return s.announcing != nil
}

// interrupt ends everything that is being spoken. It needs mu.
func (s *Satellite) interrupt() {
	if s.announcing != nil {
		s.announcing()
	}
	for o := range s.open {
		if o.hush != nil {
			o.hush()
		}
	}
}
