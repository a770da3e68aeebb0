package bridge

import (
	"context"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"earshot/history"
	"earshot/internal/assist"
)

// failed notes in the entry why the assistant did nothing. The program's end is a cancelled command.
func (s *Satellite) failed(e *history.Entry, err error) {
	if errors.Is(err, errGivenUp) || errors.Is(err, context.Canceled) {
		e.Outcome = history.Cancelled
		return
	}
	e.Outcome = history.Failed
	e.Error = explain(err)
	s.deps.Log.Warn().Str("code", e.Error.Code).Str("wake_word", e.WakeWord).Str("problem", e.Error.Message).Msg("the command failed")
}

// explain gives an error a word for programs, Home Assistant's own where it has one, and a sentence for people. What a server says in
// its own words is in neither: it may repeat what was said.
func explain(err error) *history.EntryError {
	var run *assist.RunError
	switch {
	case errors.As(err, &run):
		return &history.EntryError{Code: run.Code, Message: sentence(run.Explanation())}
	case errors.Is(err, assist.ErrAway):
		return &history.EntryError{Code: "home-assistant-away", Message: "Home Assistant could not be reached in time, so nothing was done."}
	case errors.Is(err, assist.ErrRefused):
		return &history.EntryError{Code: "auth_invalid", Message: sentence(assist.ErrRefused.Error())}
	case errors.Is(err, assist.ErrUnknownPipeline):
		text := err.Error() // names those that there are
		text = text[strings.Index(text, assist.ErrUnknownPipeline.Error()):]
		return &history.EntryError{Code: "pipeline-not-found", Message: sentence(text)}
	case errors.Is(err, assist.ErrInterrupted):
		return &history.EntryError{Code: assist.CodeConnectionLost, Message: sentence(assist.ErrInterrupted.Error())}
	case errors.Is(err, errNoAnswer):
		return &history.EntryError{Code: assist.CodeSTTFailed, Message: sentence(errNoAnswer.Error())}
	default:
		return &history.EntryError{Code: assist.CodeSTTFailed, Message: "Speech-to-text failed, or could not be reached: is it running?"}
	}
}

// sentence begins with a capital and ends with a full stop, or a question mark.
func sentence(text string) string {
	if last := text[len(text)-1]; last != '?' && last != '.' {
		text += "."
	}
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}
