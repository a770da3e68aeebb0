package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

// The error codes of the services, which are Home Assistant's, and the last two our own.
const (
	codeIDReuse          = "id_reuse"          // the id is not larger than those before it
	codeInvalidFormat    = "invalid_format"    // a field is missing, unknown, or not what it has to be; the message begins with its name
	codeNotAllowed       = "not_allowed"       // it cannot be done now; the message says why
	codeNotFound         = "not_found"         // there is no such entry, satellite, wake word, preview or subscription
	codeUnauthorized     = "unauthorized"      // the role is not enough
	codeUnknownCommand   = "unknown_command"   // there is no command of that type
	codeUnknownError     = "unknown_error"     // something went wrong in the bridge; its log says what
	codeDeleteIncomplete = "delete_incomplete" // part of a deletion could not be done; error.receipt says what was
	codeBusy             = "busy"              // too many commands at a time; nothing was done
)

// commandError is an error as a client sees it.
type commandError struct {
	Code    string           `json:"code"`
	Message string           `json:"message"`
	Receipt *deletionReceipt `json:"receipt,omitempty"` // what was deleted all the same; with delete_incomplete only
}

// Error returns the sentence for people.
func (e *commandError) Error() string { return e.Message }

func invalidFormat(message string) error {
	return &commandError{Code: codeInvalidFormat, Message: message}
}

// message is what a client sent: an object with an id, a type, and the fields of that type.
type message struct {
	id     int64 // 0 when there is none that can be used
	kind   string
	person string // for whom a program sends it; "" for itself
	fields map[string]json.RawMessage
}

// errNotMessage is about data to which no answer is possible.
var errNotMessage = errors.New("not a JSON object")

// maxID keeps ids exact in clients whose numbers are floating point.
// ref: RFC 8259, section 6
const maxID = 1<<53 - 1

// decodeMessage takes a message apart. After an errNotMessage the connection is of no use; after a commandError it is.
func decodeMessage(data []byte) (message, error) {
	fields, err := decodeObject(data)
	if err != nil {
		return message{}, err
	}
	m := message{fields: fields}
	id, hasID := fields["id"]
	m.id, err = strconv.ParseInt(string(id), 10, 64)
	if !hasID || err != nil || m.id < 1 || m.id > maxID {
		m.id = 0
		return m, invalidFormat("id: a whole number from 1 on is needed")
	}
	kind, hasKind := fields["type"]
	if !hasKind || json.Unmarshal(kind, &m.kind) != nil || m.kind == "" {
		return m, invalidFormat("type: the name of a command is needed")
	}
	if sent, there := fields[behalfKey]; there {
		if m.person, err = decodePerson(sent); err != nil {
			return m, err
		}
	}
	delete(fields, "id")
	delete(fields, "type")
	delete(fields, behalfKey)
	return m, nil
}

// decodeObject reads exactly one JSON object without decoding its values.
// A key that is there twice is refused: readers that take the first and readers that take the last would disagree.
func decodeObject(data []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(data) {
		return nil, errNotMessage
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return nil, errNotMessage
	}
	fields := map[string]json.RawMessage{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, errNotMessage
		}
		name, ok := key.(string)
		if _, twice := fields[name]; !ok || twice {
			return nil, errNotMessage
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, errNotMessage
		}
		fields[name] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, errNotMessage
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotMessage
	}
	return fields, nil
}

// The messages of the server. ref: Home Assistant's WebSocket API

type authMessage struct {
	Type     string `json:"type"`
	Version  string `json:"earshot_version,omitempty"`
	Name     string `json:"name,omitempty"`
	Role     Role   `json:"role,omitempty"`
	TimeZone string `json:"time_zone,omitempty"` // the household's
	Message  string `json:"message,omitempty"`
}

type resultMessage struct {
	ID      *int64        `json:"id"` // null when the message had none
	Type    string        `json:"type"`
	Success bool          `json:"success"`
	Result  any           `json:"result,omitempty"`
	Error   *commandError `json:"error,omitempty"`
}

type eventMessage struct {
	ID    int64  `json:"id"`
	Type  string `json:"type"`
	Event any    `json:"event"`
}

type pongMessage struct {
	ID   int64  `json:"id"`
	Type string `json:"type"`
}

// encodeResult answers a command; id 0 stands for a message without a usable one.
func encodeResult(id int64, result any, failure *commandError) ([]byte, error) {
	m := resultMessage{Type: "result", Success: failure == nil, Result: result, Error: failure}
	if id > 0 {
		m.ID = &id
	}
	if failure == nil && result == nil {
		m.Result = json.RawMessage("null")
	}
	return json.Marshal(m)
}
