package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// The bounds of a request.
const (
	maxRequest     = 16 << 10 // bytes
	maxRequestName = 64       // characters
)

// Do carries out a command that came without a connection, as over MQTT, and returns the answer to send back. The access log names by.
//
// The message is a JSON object of the command's fields, and of "request", a short text that the answer repeats. What carries messages
// may also keep them: only commands that declare themselves unattended are taken, without the fields that hold words of recordings,
// and the answer holds counts and times only. An answer that has the key "error" means that the command was refused or went wrong.
func (s *Server) Do(ctx context.Context, by, command string, message []byte) (answer []byte) {
	request, sent, err := decodeRequest(message)
	var result any
	if err == nil {
		result, err = s.unattended(ctx, by, command, sent)
	}
	if err != nil {
		return s.refusal(request, s.explain(err))
	}
	return s.requestAnswer(request, result)
}

// Busy answers a message that is not carried out, as too many others are waiting.
func (s *Server) Busy(message []byte) (answer []byte) {
	request, _, err := decodeRequest(message)
	if err != nil {
		return s.refusal(request, s.explain(err))
	}
	return s.refusal(request, &commandError{Code: codeBusy, Message: "Too many requests are waiting; nothing was done. Try again later."})
}

func (s *Server) unattended(ctx context.Context, by, command string, sent map[string]json.RawMessage) (any, error) {
	cmd, known := s.commands[command]
	if !known {
		return nil, &commandError{Code: codeUnknownCommand, Message: "Unknown command."}
	}
	var f fields
	run := cmd.declare(&f)
	if !f.unattended {
		return nil, &commandError{Code: codeUnauthorized, Message: "This command is taken over the WebSocket only."}
	}
	for _, fl := range f.list {
		if _, there := sent[fl.Name]; there && fl.spoken {
			return nil, invalidFormat(fl.Name + ": is taken over the WebSocket only, as what was said must not be kept on the way; nothing was done")
		}
	}
	f.list = slices.DeleteFunc(f.list, func(fl *field) bool { return fl.spoken })
	if err := f.decode(command, sent); err != nil {
		return nil, err
	}
	return run(ctx, call{who: Identity{Name: by, Role: Admin}, countsOnly: true})
}

// decodeRequest takes a message apart; request is good also with an error, when it could be read.
func decodeRequest(data []byte) (request string, sent map[string]json.RawMessage, err error) {
	if len(data) > maxRequest {
		return "", nil, invalidFormat(fmt.Sprintf("The message is too long: at most %d KiB are taken; nothing was done.", maxRequest>>10))
	}
	sent, err = decodeObject(data)
	if err != nil {
		return "", nil, invalidFormat(`The message has to be one JSON object without a key twice, such as {"period": "today", "confirm": true}; nothing was done.`)
	}
	raw, there := sent["request"]
	delete(sent, "request")
	if !there {
		return "", sent, nil
	}
	var f fields
	name := f.text("request", "")
	if err := f.decode("", map[string]json.RawMessage{"request": raw}); err != nil {
		return "", nil, err
	}
	if utf8.RuneCountInString(*name) > maxRequestName {
		return "", nil, invalidFormat(fmt.Sprintf("request: at most %d characters are taken", maxRequestName))
	}
	return *name, sent, nil
}

// requestAnswer is a result with the request's name among its keys.
func (s *Server) requestAnswer(request string, result any) []byte {
	keys := map[string]json.RawMessage{}
	data, err := json.Marshal(result)
	if err == nil {
		err = json.Unmarshal(data, &keys)
	}
	if err == nil && request != "" {
		keys["request"], err = json.Marshal(request)
	}
	if err == nil {
		data, err = json.Marshal(keys)
	}
	if err != nil {
		return s.refusal(request, s.explain(fmt.Errorf("encode the answer to a request: %w", err)))
	}
	return data
}

// refusal is an error with the request's name.
func (s *Server) refusal(request string, failure *commandError) []byte {
	data, err := json.Marshal(struct {
		Request string        `json:"request,omitempty"`
		Error   *commandError `json:"error"`
	}{request, failure})
	if err != nil {
		s.deps.Log.Error().Err(errors.Join(err, failure)).Msg("encode the answer to a request")
	}
	return data
}
