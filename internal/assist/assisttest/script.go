package assisttest

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// Script is what is done with one run, step by step. One that does not begin with Refuse begins with the result.
type Script []Step

// Step is one thing that is done in a run; an error ends it.
type Step func(*Session) error

// Errors with which a step ends a run.
var (
	ErrOver      = errors.New("the run is over")
	ErrCancelled = errors.New("the run was cancelled")
	ErrLost      = errors.New("the connection is gone")
)

// Session is a run as its script sees it.
type Session struct {
	conn      *connection
	id        int64
	run       *Run
	handler   byte
	begun     bool // run-start is out; guarded by the server's mutex
	answered  bool // the result is out; used by the script only
	once      sync.Once
	cancelled chan struct{}
}

func (s *Session) cancel() { s.once.Do(func() { close(s.cancelled) }) }

// Event sends an event of the run.
func (s *Session) Event(kind string, data any) {
	s.conn.send(map[string]any{"id": s.id, "type": "event", "event": map[string]any{
		"type": kind, "data": data, "timestamp": time.Now().UTC().Format(time.RFC3339Nano)}})
}

// play does the steps. A cancelled run still gets its end, as in Home Assistant.
func (s *Session) play(script Script) {
	var err error
	for i := 0; i < len(script) && err == nil; i++ {
		err = script[i](s)
	}
	s.conn.server.note(func() { s.run.Lost = errors.Is(err, ErrLost) })
	if errors.Is(err, ErrCancelled) {
		s.Event("run-end", nil)
	}
}

// await waits until the condition, which is called with the server's mutex held, is true.
func (s *Session) await(condition func() bool) error {
	server := s.conn.server
	for {
		server.mu.Lock()
		met, changed := condition(), server.changed
		server.mu.Unlock()
		if met {
			return nil
		}
		select {
		case <-changed:
		case <-s.cancelled:
			return ErrCancelled
		case <-s.conn.done:
			return ErrLost
		}
	}
}

// Event is a step that sends an event. The result comes before the first one.
func Event(kind string, data any) Step {
	return func(s *Session) error {
		if !s.answered {
			s.answered = true
			s.conn.result(s.id, nil)
		}
		s.Event(kind, data)
		return nil
	}
}

// Start is the step that begins every run: the result and run-start.
func Start() Step {
	return func(s *Session) error {
		now := s.conn.server.now()
		id := s.run.ConversationID
		if id == "" {
			id = fmt.Sprintf("conversation-%d", s.id)
		}
		data := map[string]any{"pipeline": now.Preferred, "language": "en", "conversation_id": id,
			"runner_data": map[string]any{"stt_binary_handler_id": nil, "timeout": s.run.Timeout}}
		if s.handler != 0 {
			data["runner_data"].(map[string]any)["stt_binary_handler_id"] = s.handler
		}
		if s.run.EndStage == "tts" {
			data["tts_output"] = speechOutput(now, s.id)
		}
		s.conn.server.note(func() { s.begun = true })
		return Event("run-start", data)(s)
	}
}

// Hear is the step that begins speech-to-text.
func Hear() Step {
	return Event("stt-start", map[string]any{"engine": "stt.fake", "metadata": map[string]any{"language": "en", "format": "wav",
		"codec": "pcm", "bit_rate": 16, "sample_rate": 16000, "channel": 1}})
}

// AwaitAudio is a step that waits until as many samples have come.
func AwaitAudio(samples int) Step {
	return func(s *Session) error { return s.await(func() bool { return len(s.run.PCM) >= samples }) }
}

// AwaitEnd is a step that waits for the end of the audio.
func AwaitEnd() Step {
	return func(s *Session) error { return s.await(func() bool { return s.run.EndMarker }) }
}

// Await is a step that waits until the channel is closed.
func Await(c <-chan struct{}) Step {
	return func(s *Session) error {
		select {
		case <-c:
			return nil
		case <-s.cancelled:
			return ErrCancelled
		case <-s.conn.done:
			return ErrLost
		}
	}
}

// Stall is a step that waits for ever: until the run is cancelled or the connection ends.
func Stall() Step { return Await(nil) }

// Do is a step that calls a function of the test.
func Do(f func()) Step {
	return func(*Session) error { f(); return nil }
}

// Disconnect is a step that closes the connection as Home Assistant does when it stops.
func Disconnect() Step {
	return func(s *Session) error { s.conn.close(); return ErrLost }
}

// Cut is a step that ends the connection without a close frame.
func Cut() Step {
	return func(s *Session) error { s.conn.cut(); return ErrLost }
}

// Refuse is a step that answers the command with an error instead of beginning a run.
func Refuse(code string) Step {
	return func(s *Session) error {
		s.conn.refuse(s.id, code, "Refused by the test.")
		return ErrOver
	}
}

// Fail is a step that sends an error event.
func Fail(code string) Step {
	return Event("error", map[string]any{"code": code, "message": "Failed by the test: " + code})
}

// End is a step that sends run-end.
func End() Step { return Event("run-end", nil) }

// Heard is a step that sends a transcript.
func Heard(text string) Step {
	return Event("stt-end", map[string]any{"stt_output": map[string]any{"text": text}})
}

// Transcript is a run of the stt stage that hears a text after the end of the audio.
func Transcript(text string) Script {
	return Script{Start(), Hear(), AwaitEnd(), Heard(text), End()}
}

// NoText is a run of the stt stage that hears nothing.
func NoText() Script {
	return Script{Start(), Hear(), AwaitEnd(), Fail("stt-no-text-recognized"), End()}
}

// STTFails is a run whose speech-to-text fails after the end of the audio.
func STTFails() Script {
	return Script{Start(), Hear(), AwaitEnd(), Fail("stt-stream-failed"), End()}
}

// Duplicate is a run that another microphone was faster for.
func Duplicate() Script {
	return Script{Start(), Fail("duplicate_wake_up_detected"), End()}
}

// Timeout is a run that takes longer than its timeout: its end comes before the error.
func Timeout() Script {
	return Script{Start(), Hear(), AwaitEnd(), End(), Fail("timeout")}
}

// Stalled is a run whose speech-to-text never answers.
func Stalled() Script { return Script{Start(), Hear(), Stall()} }

// Refused is a command that is answered with an error.
func Refused(code string) Script { return Script{Refuse(code)} }

// Reply is what the agent does with a sentence.
type Reply struct {
	Speech         string
	ErrorCode      string   // response of type error, such as no_intent_match
	Success        []string // ids of entities
	ConversationID string   // empty: that of the run
	Continue       bool
}

// Act is a step that begins the agent's work.
func Act() Step {
	return func(s *Session) error {
		return Event("intent-start", map[string]any{"engine": "conversation.home_assistant", "language": "en", "intent_input": s.run.Text,
			"conversation_id": s.run.ConversationID, "device_id": orNull(s.run.DeviceID), "satellite_id": nil, "prefer_local_intents": true})(s)
	}
}

// Done is a step that ends the agent's work.
func (r Reply) Done() Step {
	return func(s *Session) error {
		data, kind := map[string]any{}, "action_done"
		if r.ErrorCode != "" {
			data["code"], kind = r.ErrorCode, "error"
		} else {
			success := []any{}
			for _, id := range r.Success {
				success = append(success, map[string]any{"name": id, "type": "entity", "id": id})
			}
			data["success"], data["failed"] = success, []any{}
		}
		id := r.ConversationID
		if id == "" {
			id = s.run.ConversationID
		}
		if id == "" {
			id = fmt.Sprintf("conversation-%d", s.id)
		}
		speech := map[string]any{"plain": map[string]any{"speech": r.Speech, "extra_data": nil}}
		return Event("intent-end", map[string]any{"processed_locally": true, "intent_output": map[string]any{
			"response":        map[string]any{"speech": speech, "card": map[string]any{}, "language": "en", "response_type": kind, "data": data},
			"conversation_id": id, "continue_conversation": r.Continue}})(s)
	}
}

// Spoken is a step that makes audio of the reply, unless the run ends before that.
func (r Reply) Spoken() Step {
	return func(s *Session) error {
		if s.run.EndStage != "tts" || r.Speech == "" {
			return nil
		}
		_ = Event("tts-start", map[string]any{"engine": "tts.fake", "language": "en", "voice": nil, "tts_input": r.Speech, "acknowledge_override": false})(s)
		return Event("tts-end", map[string]any{"tts_output": speechOutput(s.conn.server.now(), s.id)})(s)
	}
}

// Script is a whole run from intent on.
func (r Reply) Script() Script {
	return Script{Start(), Act(), r.Done(), r.Spoken(), End()}
}

func speechOutput(now Settings, id int64) map[string]any {
	token := fmt.Sprintf("fake-%d.wav", id)
	return map[string]any{"media_id": "media-source://tts/-stream-/" + token, "token": token, "url": "/api/tts_proxy/" + token,
		"mime_type": now.AudioType, "stream_response": false}
}
