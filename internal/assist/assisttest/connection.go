package assisttest

import (
	"encoding/binary"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// connection serves one client.
type connection struct {
	server *Server
	ws     *websocket.Conn
	number int
	lastID int64
	once   sync.Once
	done   chan struct{}
	wg     sync.WaitGroup

	follows map[int64][]string // entities by subscription; guarded by the server's mutex

	writing sync.Mutex

	mu          sync.Mutex // guards what follows
	runs        map[int64]*Session
	lastHandler byte
}

// close ends the connection as Home Assistant does: close code 1000, then the end of the stream.
func (c *connection) close() {
	c.once.Do(func() {
		close(c.done)
		text := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
		_ = c.ws.WriteControl(websocket.CloseMessage, text, time.Now().Add(time.Second)) // it may be gone already
		c.ws.Close()
	})
}

// cut ends it without a word, as a machine does that loses its power and comes back.
func (c *connection) cut() {
	c.once.Do(func() {
		close(c.done)
		c.ws.NetConn().Close()
	})
}

func (c *connection) send(v any) {
	c.writing.Lock()
	defer c.writing.Unlock()
	_ = c.ws.SetWriteDeadline(time.Now().Add(5 * time.Second))
	if err := c.ws.WriteJSON(v); err != nil {
		c.cut()
	}
}

func (c *connection) result(id int64, result any) {
	c.send(map[string]any{"id": id, "type": "result", "success": true, "result": result})
}

func (c *connection) event(id int64, data any) {
	c.send(map[string]any{"id": id, "type": "event", "event": data})
}

func (c *connection) refuse(id int64, code, text string) {
	c.send(map[string]any{"id": id, "type": "result", "success": false, "error": map[string]any{"code": code, "message": text}})
}

// wrong makes the test fail.
func (c *connection) wrong(format string, args ...any) {
	c.server.t.Errorf("assisttest: the client sent "+format, args...)
}

func (c *connection) serve() {
	defer c.wg.Wait()
	defer c.close()
	c.ws.SetReadLimit(4 << 20) // answered with close code 1009
	if !c.letIn() {
		return
	}
	c.server.note(func() { c.server.connections++; c.number = c.server.connections })
	for {
		kind, data, err := c.ws.ReadMessage()
		if err != nil {
			if websocket.IsCloseError(err, websocket.CloseMessageTooBig) || err == websocket.ErrReadLimit {
				c.wrong("a message of more than 4 MiB")
			}
			return
		}
		switch {
		case kind == websocket.BinaryMessage:
			if !c.audio(data) {
				return
			}
		case !c.command(data):
			return
		}
	}
}

// letIn is the dialogue before the first command.
func (c *connection) letIn() bool {
	now := c.server.now()
	if now.WithoutAuth {
		_, _, _ = c.ws.ReadMessage() // until the client or the test ends it
		return false
	}
	c.send(map[string]any{"type": "auth_required", "ha_version": now.Version})
	var auth map[string]string
	if err := c.ws.ReadJSON(&auth); err != nil {
		return false
	}
	now = c.server.now()
	if len(auth) != 2 || auth["type"] != "auth" {
		c.wrong("something else than auth with access_token first")
		c.send(map[string]any{"type": "auth_invalid", "message": "Auth message incorrectly formatted"})
		return false
	}
	if auth["access_token"] != now.Token {
		c.server.note(func() { c.server.refused++ })
		c.send(map[string]any{"type": "auth_invalid", "message": "Invalid access token or password"})
		return false
	}
	c.send(map[string]any{"type": "auth_ok", "ha_version": now.Version})
	return true
}

// audio hands a binary message to its run, and returns false when the connection is to be closed.
func (c *connection) audio(data []byte) bool {
	if len(data) == 0 || len(data)%2 == 0 {
		c.wrong("a binary message of %d bytes", len(data))
		return len(data) > 0
	}
	c.mu.Lock()
	var session *Session
	for _, s := range c.runs {
		if s.handler == data[0] {
			session = s
		}
	}
	c.mu.Unlock()
	if session == nil {
		return true // Home Assistant only logs it
	}
	c.server.note(func() {
		if session.run.EndMarker || !session.begun {
			c.wrong("audio before run-start or after its end")
		}
		session.run.EndMarker = len(data) == 1
		for pcm := data[1:]; len(pcm) > 0; pcm = pcm[2:] {
			session.run.PCM = append(session.run.PCM, int16(binary.LittleEndian.Uint16(pcm)))
		}
	})
	return true
}

type request struct {
	ID           int64          `json:"id"`
	Type         string         `json:"type"`
	Subscription int64          `json:"subscription"`
	Domain       string         `json:"domain"`
	Service      string         `json:"service"`
	Data         map[string]any `json:"service_data"`
	Target       map[string]any `json:"target"`
	Entities     []string       `json:"entity_ids"`
}

// command answers a text message, and returns false when the connection is to be closed.
func (c *connection) command(data []byte) bool {
	var r request
	if err := json.Unmarshal(data, &r); err != nil {
		c.wrong("what is no command: %v", err)
		return false
	}
	if r.ID <= c.lastID {
		c.wrong("id %d after %d", r.ID, c.lastID)
		c.refuse(r.ID, "id_reuse", "Identifier values have to increase.")
		return true
	}
	c.lastID = r.ID
	c.server.note(func() { c.server.commands++ })
	now := c.server.now()
	switch {
	case r.Type == "ping" && (now.Deaf || now.WithoutPings), now.Deaf:
	case r.Type == "ping":
		c.send(map[string]any{"id": r.ID, "type": "pong"})
	case strings.HasPrefix(r.Type, "assist_pipeline/") && !now.AssistLoaded:
		c.refuse(r.ID, "unknown_command", "Unknown command.")
	case r.Type == "assist_pipeline/run":
		c.run(r.ID, data)
	case r.Type == "unsubscribe_events":
		c.unsubscribe(r)
	case r.Type == "subscribe_entities":
		c.follow(r)
	case r.Type == "call_service":
		c.call(r, now)
	default:
		c.answer(r, now)
	}
	return true
}

// answer answers questions.
func (c *connection) answer(r request, now Settings) {
	switch r.Type {
	case "get_config":
		c.result(r.ID, map[string]any{"state": now.State, "time_zone": now.TimeZone, "version": now.Version, "location_name": "Lab"})
	case "assist_pipeline/pipeline/list":
		list := []any{}
		for _, p := range now.Pipelines {
			list = append(list, map[string]any{"id": p.ID, "name": p.Name, "language": p.Language, "conversation_engine": "conversation.home_assistant",
				"stt_engine": orNull(p.STT), "tts_engine": orNull(p.TTS), "prefer_local_intents": true})
		}
		c.result(r.ID, map[string]any{"pipelines": list, "preferred_pipeline": orNull(now.Preferred)})
	case "config/device_registry/list":
		list := []any{}
		for _, d := range now.Devices {
			list = append(list, map[string]any{"id": d.ID, "identifiers": d.Identifiers, "config_entries": []string{d.ConfigEntry},
				"primary_config_entry": d.ConfigEntry, "config_entry_id": d.ConfigEntry, "area_id": nil, "name": d.ID})
		}
		c.result(r.ID, list)
	case "config/auth/list":
		list := []any{}
		for _, a := range now.Accounts {
			groups := []string{"system-users"}
			if a.Admin {
				groups = []string{"system-admin"}
			}
			list = append(list, map[string]any{"id": a.ID, "username": nil, "name": a.Name, "is_owner": a.Owner, "is_active": !a.Inactive,
				"local_only": false, "system_generated": a.Generated, "group_ids": groups, "credentials": []any{}})
		}
		c.result(r.ID, list)
	case "config_entries/get":
		c.result(r.ID, []any{map[string]any{"entry_id": now.MQTTEntry, "domain": "mqtt"}})
	default:
		c.refuse(r.ID, "unknown_command", "Unknown command.")
	}
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (c *connection) call(r request, now Settings) {
	call := Call{r.Domain, r.Service, r.Data, r.Target}
	c.server.note(func() { c.server.calls = append(c.server.calls, call) })
	if now.Called != nil {
		now.Called(call)
	}
	if now.ServiceError != "" {
		c.refuse(r.ID, now.ServiceError, "Refused by the test.")
		return
	}
	c.result(r.ID, map[string]any{"context": map[string]any{"id": "01context", "parent_id": nil, "user_id": nil}, "response": nil})
}

// follow tells the states of entities as they are, and then every change. Those that do not exist are not told.
func (c *connection) follow(r request) {
	c.server.note(func() {
		c.follows[r.ID] = r.Entities
		states := map[string]any{}
		for _, entity := range r.Entities {
			if state, ok := c.server.states[entity]; ok {
				states[entity] = map[string]any{"s": state, "a": map[string]any{}, "c": "01context", "lc": 1.5}
			}
		}
		c.result(r.ID, nil)
		c.event(r.ID, map[string]any{"a": states})
	})
}

func (c *connection) unsubscribe(r request) {
	followed := false
	c.server.note(func() {
		_, followed = c.follows[r.Subscription]
		delete(c.follows, r.Subscription)
	})
	if followed {
		c.result(r.ID, nil)
		return
	}
	c.mu.Lock()
	session := c.runs[r.Subscription]
	c.mu.Unlock()
	if session == nil {
		c.refuse(r.ID, "not_found", "Subscription not found.")
		return
	}
	c.server.note(func() { session.run.Cancelled = true })
	session.cancel()
	c.result(r.ID, nil)
}

// pipelineRun is the command, with every key that Home Assistant takes.
type pipelineRun struct {
	ID             int64    `json:"id"`
	Type           string   `json:"type"`
	StartStage     string   `json:"start_stage"`
	EndStage       string   `json:"end_stage"`
	Pipeline       string   `json:"pipeline"`
	ConversationID *string  `json:"conversation_id"`
	DeviceID       string   `json:"device_id"`
	Timeout        *float64 `json:"timeout"`
	Input          struct {
		SampleRate     int    `json:"sample_rate"`
		NoVAD          bool   `json:"no_vad"`
		WakeWordPhrase string `json:"wake_word_phrase"`
		Text           string `json:"text"`
	} `json:"input"`
}

func (c *connection) run(id int64, data []byte) {
	var p pipelineRun
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		c.wrong("a run with %v", err)
		c.refuse(id, "invalid_format", "extra keys not allowed")
		return
	}
	speech := p.StartStage == "stt"
	if !(speech && p.Input.SampleRate == 16000) && (p.StartStage != "intent" && p.StartStage != "tts" || p.EndStage == "stt") {
		c.wrong("a run from %q to %q at %d Hz", p.StartStage, p.EndStage, p.Input.SampleRate)
		c.refuse(id, "invalid_format", "not a run that this package plays")
		return
	}
	if !c.known(p.Pipeline) {
		c.refuse(id, "pipeline-not-found", "Pipeline not found: id="+p.Pipeline)
		return
	}
	run := &Run{Connection: c.number, StartStage: p.StartStage, EndStage: p.EndStage, Pipeline: p.Pipeline, Text: p.Input.Text,
		DeviceID: p.DeviceID, WakeWordPhrase: p.Input.WakeWordPhrase, NoVAD: p.Input.NoVAD, Timeout: 300}
	if p.ConversationID != nil {
		run.ConversationID = *p.ConversationID
	}
	if p.Timeout != nil {
		run.Timeout = *p.Timeout
	}
	session := c.session(id, run, speech)
	c.wg.Go(func() {
		session.play(c.server.script(run, speech))
		c.mu.Lock()
		delete(c.runs, id)
		c.mu.Unlock()
	})
}

// session makes the session of a run, with a handler for its audio. Handlers are counted per connection.
func (c *connection) session(id int64, run *Run, speech bool) *Session {
	session := &Session{conn: c, id: id, run: run, cancelled: make(chan struct{})}
	c.mu.Lock()
	defer c.mu.Unlock()
	if speech {
		c.lastHandler = max(c.lastHandler+1, 1)
		session.handler = c.lastHandler
	}
	c.runs[id] = session
	return session
}

func (c *connection) known(id string) bool {
	now := c.server.now()
	for _, p := range now.Pipelines {
		if p.ID == id || (id == "" && p.ID == now.Preferred) {
			return true
		}
	}
	return false
}

// script notes a run and takes the script for it.
func (s *Server) script(run *Run, speech bool) Script {
	var script Script
	s.note(func() {
		s.runs = append(s.runs, run)
		scripts, usual := &s.intents, Reply{Speech: "Turned on the light", Success: []string{"light.kitchen_light"}}.Script()
		if speech {
			scripts, usual = &s.speech, Transcript("Turn on the kitchen light.")
		}
		switch {
		case len(*scripts) == 0:
			script = usual
		default:
			script = (*scripts)[0]
			if len(*scripts) > 1 {
				*scripts = (*scripts)[1:]
			}
		}
	})
	return script
}
