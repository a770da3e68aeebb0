package assist

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// lateWait is how long an error may come after the end of a run that had no result: a run that
// took too long ends first and says why afterwards.
const lateWait = 300 * time.Millisecond

// Stages of a run.
const (
	stageSTT    = "stt"
	stageIntent = "intent"
	stageTTS    = "tts"
)

// maxText bounds what is kept of a transcript or a reply, in bytes.
const maxText = 16 << 10

// progress is what the events of one run have told so far.
type progress struct {
	until string // last stage of the run

	started bool
	handler byte   // for audio
	spoken  string // language of the run or of its speech-to-text
	text    string // transcript
	heard   bool   // text is there
	acting  bool   // the agent has begun
	reply   Reply
	done    bool // the agent has finished, reply is there
	ended   bool // run-end came
}

type runEvent struct {
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// take looks at one message of the run. over means that nothing more is awaited; what comes later is noise.
func (p *progress) take(m message) (over bool, err error) {
	if err := m.failure(); err != nil {
		return true, err
	}
	if m.Type != typeEvent {
		return false, nil
	}
	var e runEvent
	if err := json.Unmarshal(m.Event, &e); err != nil {
		return true, undecodable(err)
	}
	switch e.Type {
	case "run-start":
		return p.takeStart(e.Data)
	case "stt-start":
		return p.takeSTTStart(e.Data)
	case "stt-end":
		return p.takeTranscript(e.Data)
	case "intent-start":
		p.acting = true
	case "intent-end":
		return p.takeReply(e.Data)
	case "tts-end":
		return p.takeAudio(e.Data)
	case "error":
		return p.takeError(e.Data)
	case "run-end":
		p.ended = true
		return p.complete(), nil
	}
	return false, nil
}

// complete tells whether the run gave what it was begun for; its end alone does not.
func (p *progress) complete() bool {
	if p.until == stageSTT {
		return p.heard
	}
	return p.done
}

func (p *progress) takeStart(data json.RawMessage) (over bool, err error) {
	var start struct {
		Language       string `json:"language"`
		ConversationID string `json:"conversation_id"`
		RunnerData     struct {
			Handler *byte `json:"stt_binary_handler_id"`
		} `json:"runner_data"`
	}
	if err := json.Unmarshal(data, &start); err != nil {
		return true, undecodable(err)
	}
	if h := start.RunnerData.Handler; h != nil {
		p.handler = *h
	}
	if p.until == stageSTT && p.handler == 0 {
		return true, newRunError(CodeRunEnded, "no handler for audio")
	}
	p.started, p.spoken = true, cut(start.Language, 40)
	p.reply.ConversationID = cut(start.ConversationID, 200)
	return false, nil
}

func (p *progress) takeSTTStart(data json.RawMessage) (over bool, err error) {
	var start struct {
		Metadata struct {
			Language string `json:"language"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(data, &start); err != nil {
		return true, undecodable(err)
	}
	if start.Metadata.Language != "" {
		p.spoken = cut(start.Metadata.Language, 40)
	}
	return false, nil
}

func (p *progress) takeTranscript(data json.RawMessage) (over bool, err error) {
	var end struct {
		Output *struct {
			Text string `json:"text"`
		} `json:"stt_output"`
	}
	if err := json.Unmarshal(data, &end); err != nil {
		return true, undecodable(err)
	}
	if end.Output == nil {
		return true, newRunError(CodeRunEnded, "stt-end without a transcript")
	}
	p.text, p.heard = strings.TrimSpace(cut(end.Output.Text, maxText)), true
	return p.until == stageSTT, nil
}

type intentEnd struct {
	Output struct {
		Response struct {
			Speech struct {
				Plain struct {
					Speech string `json:"speech"`
				} `json:"plain"`
			} `json:"speech"`
			Type string `json:"response_type"`
			Data struct {
				Code    string `json:"code"`
				Success []struct {
					ID string `json:"id"`
				} `json:"success"`
			} `json:"data"`
		} `json:"response"`
		ConversationID string `json:"conversation_id"`
		Continue       bool   `json:"continue_conversation"`
	} `json:"intent_output"`
}

func (p *progress) takeReply(data json.RawMessage) (over bool, err error) {
	var end intentEnd
	if err := json.Unmarshal(data, &end); err != nil {
		return true, undecodable(err)
	}
	response := end.Output.Response
	p.done = true
	p.reply.Text = strings.TrimSpace(cut(response.Speech.Plain.Speech, maxText))
	p.reply.Understood = response.Type != "error"
	p.reply.Continue = end.Output.Continue
	p.reply.ErrorCode = cut(response.Data.Code, 60)
	if id := cut(end.Output.ConversationID, 200); id != "" {
		p.reply.ConversationID = id
	}
	var ids []string
	for _, s := range response.Data.Success {
		ids = append(ids, s.ID)
	}
	p.reply.Intent = strings.TrimSpace(cut(response.Type, 40) + " " + domains(ids))
	return p.until == stageIntent, nil
}

// domains names the kinds of up to three entities, such as "light,switch".
func domains(ids []string) string {
	var kinds []string
	for _, id := range ids {
		kind, _, entity := strings.Cut(id, ".")
		if entity && len(kinds) < 3 && !slices.Contains(kinds, kind) {
			kinds = append(kinds, cut(kind, 40))
		}
	}
	return strings.Join(kinds, ",")
}

func (p *progress) takeAudio(data json.RawMessage) (over bool, err error) {
	var end struct {
		Output struct {
			URL      string `json:"url"`
			MimeType string `json:"mime_type"`
			MediaID  string `json:"media_id"`
		} `json:"tts_output"`
	}
	if err := json.Unmarshal(data, &end); err != nil {
		return true, undecodable(err)
	}
	p.reply.AudioURL, p.reply.MediaType = cut(end.Output.URL, 2000), cut(end.Output.MimeType, 100)
	p.reply.MediaID = p.reply.AudioURL
	// Other ids contain the text of the reply, and Home Assistant keeps the data of service calls in its database.
	if strings.HasPrefix(end.Output.MediaID, "media-source://tts/-stream-/") {
		p.reply.MediaID = cut(end.Output.MediaID, 2000)
	}
	return p.done, nil
}

func (p *progress) takeError(data json.RawMessage) (over bool, err error) {
	var failure struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(data, &failure); err != nil {
		return true, undecodable(err)
	}
	e := newRunError(failure.Code, failure.Message)
	switch {
	case p.done: // what was asked for has been done, only the voice is missing
		p.reply.ErrorCode = e.Code
		return true, nil
	case p.until == stageSTT && e.Code == CodeNoText:
		p.text, p.heard = "", true
		return true, nil
	}
	return true, e
}

// watcher follows one run: its messages, its time limit and its end.
type watcher struct {
	progress
	conn      *connection
	call      *call
	startWait time.Duration
	limit     *time.Timer
}

// watch begins a run. Its owner must call finish.
func (c *Client) watch(ctx context.Context, conn *connection, command map[string]any) (*watcher, error) {
	k, err := conn.start(ctx, command)
	if err != nil {
		return nil, err
	}
	return &watcher{
		progress:  progress{until: command["end_stage"].(string)},
		conn:      conn,
		call:      k,
		startWait: c.cfg.StartWait,
		limit:     time.NewTimer(c.cfg.StartWait),
	}, nil
}

// finish forgets the run; one that has not come to its end in Home Assistant is stopped there.
func (w *watcher) finish(over bool) {
	w.limit.Stop()
	w.conn.drop(w.call, !over)
}

// message handles what came for the run.
func (w *watcher) message(m message, ok bool, started time.Duration) (over bool, err error) {
	if m, err = received(m, ok); err != nil {
		return true, err
	}
	before := w.progress
	over, err = w.take(m)
	switch {
	case over:
	case w.ended:
		w.limit.Reset(lateWait)
	case w.started && !before.started:
		w.limit.Reset(started)
	}
	return over, err
}

// timeout says what it means that the limit was reached.
func (w *watcher) timeout(ctx context.Context) error {
	switch {
	case w.ended:
		return newRunError(CodeRunEnded, "")
	case !w.started:
		// Perhaps nobody is there any more.
		if err := w.conn.ask(ctx, w.startWait, map[string]any{"type": "ping"}, nil); err != nil {
			return err
		}
	}
	return newRunError(CodeTimeout, "")
}
