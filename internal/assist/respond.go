package assist

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// IntentRequest is a sentence to be carried out.
type IntentRequest struct {
	Text             string
	Pipeline         string // id or name, empty for the preferred one
	ConversationID   string // of the last Reply, to go on with that conversation; may be empty
	DeviceIdentifier string // of the MQTT device, which stands for a room; may be empty
	Language         string // not used by Home Assistant: the pipeline has one
	NoSpeech         bool   // no audio is made of the reply

	verbatim bool // the text is not a command but what is to be said
}

// Reply is what Home Assistant did and says.
type Reply struct {
	Text           string // what it says, which may be nothing
	ConversationID string
	AudioURL       string // absolute, needs no token; empty when there is no voice
	MediaType      string // of AudioURL, such as audio/mpeg
	MediaID        string // the same audio for a media player of Home Assistant, see PlayReply
	Intent         string // short: the kind of response and what it was about, such as "action_done light"
	Understood     bool   // false: ErrorCode and Text say why
	ErrorCode      string // no_intent_match, no_valid_targets, failed_to_handle…; with Understood: why there is no voice
	Continue       bool   // Home Assistant asked something back
}

// Waits for a conversation whose last turn is still going on.
var busyWaits = [...]time.Duration{300 * time.Millisecond, 700 * time.Millisecond, 1500 * time.Millisecond}

// Respond has a sentence carried out and returns the reply. A sentence that Home Assistant does not understand is a Reply
// and no error. When the connection breaks while it may already act, the error is ErrInterrupted and nothing is repeated.
func (c *Client) Respond(ctx context.Context, req IntentRequest) (Reply, error) {
	reply, err := c.converse(ctx, req)
	if isCode(err, CodeIntentUnauthorized) && req.ConversationID != "" {
		req.ConversationID = "" // somebody else's, or one of another token
		reply, err = c.converse(ctx, req)
	}
	for _, wait := range busyWaits {
		if !isCode(err, CodeIntentBusy) {
			break
		}
		if err = sleep(ctx, wait); err == nil {
			reply, err = c.converse(ctx, req)
		}
	}
	if err != nil {
		return Reply{}, fmt.Errorf("carry out the command: %w", err)
	}
	reply.AudioURL = c.absolute(reply.AudioURL)
	return reply, nil
}

// Speak makes audio of a text with the voice of a pipeline. Nothing is carried out, and no agent sees the text.
// A pipeline without a voice gives a reply without audio.
func (c *Client) Speak(ctx context.Context, text, pipeline string) (Reply, error) {
	reply, err := c.converse(ctx, IntentRequest{Text: text, Pipeline: pipeline, verbatim: true})
	if err != nil {
		return Reply{}, fmt.Errorf("make speech: %w", err)
	}
	reply.AudioURL = c.absolute(reply.AudioURL)
	return reply, nil
}

func (c *Client) converse(ctx context.Context, req IntentRequest) (reply Reply, err error) {
	err = c.try(ctx, func(conn *connection, _ int) (err error) {
		reply, err = c.respond(ctx, conn, req)
		return err
	})
	return reply, err
}

// respond is one run from intent on, or of the voice alone.
func (c *Client) respond(ctx context.Context, conn *connection, req IntentRequest) (Reply, error) {
	command, err := c.intentCommand(ctx, conn, req)
	if err != nil {
		return Reply{}, err
	}
	said := Reply{Text: req.Text, Understood: true}
	if req.verbatim && command["end_stage"] != stageTTS {
		return said, nil
	}
	w, err := c.watch(ctx, conn, command)
	if err != nil {
		return Reply{}, err
	}
	if req.verbatim {
		w.reply, w.done = said, true
	}
	over := false
	defer func() { w.finish(over) }()
	for !over {
		select {
		case m, ok := <-w.call.messages:
			over, err = w.message(m, ok, c.cfg.ReplyWait)
		case <-w.limit.C:
			err = w.timeout(ctx)
		case <-conn.done:
			var m message
			if m, err = conn.leftover(w.call); err == nil {
				over, err = w.message(m, true, c.cfg.ReplyWait)
			}
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			return w.broken(err)
		}
	}
	return w.reply, nil
}

// broken says what an error means for a command of which a part may have been done.
func (w *watcher) broken(err error) (Reply, error) {
	var run *RunError
	switch {
	case w.done && errors.Is(err, errLost):
		w.reply.ErrorCode = CodeConnectionLost
		return w.reply, nil
	case w.done && errors.As(err, &run):
		w.reply.ErrorCode = run.Code
		return w.reply, nil
	case w.acting && errors.Is(err, errLost):
		return Reply{}, ErrInterrupted
	}
	return Reply{}, err
}

// intentCommand is the command for such a run.
func (c *Client) intentCommand(ctx context.Context, conn *connection, req IntentRequest) (map[string]any, error) {
	list, err := conn.pipelines(ctx, c.cfg.StartWait)
	if err != nil {
		return nil, err
	}
	pipeline, err := choose(list, req.Pipeline)
	if err != nil {
		return nil, err
	}
	from, until := stageIntent, stageTTS
	if req.verbatim {
		from = stageTTS
	}
	if req.NoSpeech || pipeline.TextToSpeech == "" {
		until = stageIntent
	}
	command := map[string]any{
		"type":        "assist_pipeline/run",
		"start_stage": from,
		"end_stage":   until,
		"input":       map[string]any{"text": req.Text},
		"pipeline":    pipeline.ID,
		// Ours is shorter, so that a late error needs no luck to be seen.
		"timeout": (c.cfg.ReplyWait + 5*time.Second).Seconds(),
	}
	if req.ConversationID != "" {
		command["conversation_id"] = req.ConversationID
	}
	return command, c.addDevice(ctx, conn, command, req.DeviceIdentifier)
}
