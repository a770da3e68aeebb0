package assist

import (
	"errors"
	"fmt"
	"strings"
)

// Why a command was not carried out. The errors of this package wrap one of these, a *RunError, or the context's error.
// None of them repeats what was said, or the token.
var (
	ErrAway            = errors.New("no connection to Home Assistant")
	ErrRefused         = errors.New("the access token is refused by Home Assistant: make a new long-lived one in Home Assistant, at the bottom of your profile, under Security")
	ErrUnknownPipeline = errors.New("there is no Assist pipeline")
	ErrInterrupted     = errors.New("the connection to Home Assistant was lost while it carried out the command, which may or may not have been done")
	ErrTooLarge        = errors.New("the message is larger than Home Assistant takes")
)

// errLost is for commands that may be begun again.
var errLost = errors.New("the connection to Home Assistant was lost")

// Codes of RunError that callers may want to tell apart, in Home Assistant's words except for the last three.
// ref: homeassistant/components/assist_pipeline/error.py and pipeline.py
const (
	CodeTimeout            = "timeout"
	CodeDuplicate          = "duplicate_wake_up_detected"
	CodeNoText             = "stt-no-text-recognized"
	CodeSTTMissing         = "stt-provider-missing"
	CodeSTTFailed          = "stt-stream-failed"
	CodeIntentUnauthorized = "intent-unauthorized"
	CodeIntentBusy         = "intent-busy"
	CodeRunEnded           = "run-ended"       // the run was over and had given no result
	CodeSTTUnreachable     = "stt-unreachable" // of a speech-to-text server that is used without Home Assistant
	CodeConnectionLost     = "connection-lost" // in a Reply: after the command was carried out, before the spoken reply was there

	codeUnknownCommand = "unknown_command"
)

// sentences are for people who get to see a code.
var sentences = map[string]string{
	CodeTimeout:                         "there was no answer in time: is speech-to-text or the conversation agent hanging, or too slow?",
	CodeDuplicate:                       "another microphone heard the same wake word first",
	CodeNoText:                          "no words were recognised",
	CodeSTTMissing:                      "the pipeline has no speech-to-text: choose one in Home Assistant, under Settings, Voice assistants",
	"stt-provider-unsupported-metadata": "the pipeline's speech-to-text does not know the pipeline's language, or 16 kHz audio",
	CodeSTTFailed:                       "speech-to-text failed: Home Assistant's log may say why",
	CodeSTTUnreachable:                  "the speech-to-text server cannot be reached: is it running, and is the address right?",
	"pipeline-not-found":                "the pipeline is gone: choose another one, or make it again in Home Assistant",
	"intent-not-supported":              "the pipeline's conversation agent is gone: choose one in Home Assistant, under Settings, Voice assistants",
	"intent-failed":                     "the conversation agent failed: Home Assistant's log may say why",
	CodeIntentUnauthorized:              "the conversation belongs to another user",
	CodeIntentBusy:                      "the conversation is still busy with the last command",
	"tts-not-supported":                 "the pipeline's text-to-speech is gone, or does not know the pipeline's language or voice",
	CodeRunEnded:                        "Home Assistant ended the run without a result",
	"unauthorized":                      "the user of the access token may not do this",
	"not_found":                         "Home Assistant does not know this",
	codeUnknownCommand:                  "Home Assistant does not know this command: is Assist set up there?",
}

// RunError is Home Assistant's refusal or failure.
type RunError struct {
	Code    string // see the constants
	Message string // Home Assistant's own words: they may repeat what was asked, so they are not for logs
}

// Error returns a sentence for the code, and the code. Message is not in it.
func (e *RunError) Error() string { return fmt.Sprintf("%s (%s)", e.Explanation(), e.Code) }

// Explanation returns a sentence of ours for the code.
func (e *RunError) Explanation() string {
	if sentence, known := sentences[e.Code]; known {
		return sentence
	}
	return "Home Assistant answered with an error"
}

func isCode(err error, code string) bool {
	var e *RunError
	return errors.As(err, &e) && e.Code == code
}

// newRunError keeps what came from outside short, and the code in one line.
func newRunError(code, message string) *RunError {
	code = strings.Map(func(r rune) rune {
		if r < '!' || r > '~' {
			return '?'
		}
		return r
	}, cut(code, 60))
	if code == "" {
		code = "unknown_error"
	}
	return &RunError{Code: code, Message: cut(message, 500)}
}

// cut returns at most n bytes of s, without half a letter at the end.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
