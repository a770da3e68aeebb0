package assist

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Types of messages that Home Assistant sends.
const (
	typeAuthRequired = "auth_required"
	typeAuthOK       = "auth_ok"
	typeAuthInvalid  = "auth_invalid"
	typeResult       = "result"
	typeEvent        = "event"
	typePong         = "pong"
)

// message is the envelope of everything that Home Assistant sends.
type message struct {
	ID      int64           `json:"id"`
	Type    string          `json:"type"`
	Success bool            `json:"success"`
	Result  json.RawMessage `json:"result"`
	Error   *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
	Event     json.RawMessage `json:"event"`
	HAVersion string          `json:"ha_version"`
}

// decode reads a frame, which holds one message or, when several were put together, an array of them.
func decode(frame []byte) ([]message, error) {
	var several []message
	if trimmed := bytes.TrimLeft(frame, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '[' {
		if err := json.Unmarshal(frame, &several); err != nil {
			return nil, undecodable(err)
		}
		return several, nil
	}
	var one message
	if err := json.Unmarshal(frame, &one); err != nil {
		return nil, undecodable(err)
	}
	return append(several, one), nil
}

// undecodable names the place and not the text, which may be private.
func undecodable(err error) error {
	return fmt.Errorf("decode a message of Home Assistant: %T", err)
}

// failure is the error of a result, nil when it was a success.
func (m *message) failure() error {
	switch {
	case m.Type != typeResult || m.Success:
		return nil
	case m.Error == nil:
		return newRunError("", "")
	}
	return newRunError(m.Error.Code, m.Error.Message)
}

// isProgress tells that the message is one of the many that a talkative agent sends while it works, and that nobody needs.
func (m *message) isProgress() bool {
	var e runEvent
	return m.Type == typeEvent && json.Unmarshal(m.Event, &e) == nil && e.Type == "intent-progress"
}
