package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"earshot/bridge"
	"earshot/bridge/spoken"
	"earshot/internal/assist"
	"earshot/internal/config"
	"earshot/internal/speaker"
	"earshot/internal/wyoming"
)

// assistant is what turns speech into text and text into deeds, as far as the household has it.
type assistant struct {
	transcriber bridge.Transcriber // nil: commands are only recorded
	agent       bridge.Agent       // nil: words are only written down
	home        *assist.Client     // nil without Home Assistant
	phrases     *spoken.Phrases    // nil without a transcriber, and when they are switched off
}

// newAssistant prefers Home Assistant; a speech-to-text server alone gives words.
func newAssistant(cfg config.Config, log zerolog.Logger) (assistant, error) {
	var a assistant
	var err error
	switch {
	case cfg.HomeAssistant.URL != "":
		home := assist.Config{URL: cfg.HomeAssistant.URL, Token: cfg.HomeAssistant.Token, CommandWait: time.Duration(cfg.HomeAssistant.CommandWait) * time.Second}
		if home.CommandWait == 0 {
			home.CommandWait = -1 // not at all; 0 would be the client's own choice
		}
		if a.home, err = assist.New(home, log.With().Str("component", "assist").Logger()); err != nil {
			return a, err
		}
		a.transcriber, a.agent = a.home, a.home
	case cfg.STT.Wyoming != "":
		client, err := wyoming.New(cfg.STT.Wyoming, log.With().Str("component", "stt").Logger())
		if err != nil {
			return a, err
		}
		a.transcriber = wordsOnly{client}
	default:
		return a, nil
	}
	a.phrases, err = phrases(cfg, true)
	return a, err
}

// phrases are the spoken privacy commands; nil where nobody turns speech into text, or they are switched off.
func phrases(cfg config.Config, transcribed bool) (*spoken.Phrases, error) {
	if !transcribed || !cfg.Privacy.Voice {
		return nil, nil
	}
	p, err := spoken.Load(cfg.Privacy.Sentences)
	if err != nil {
		return nil, fmt.Errorf("load the spoken privacy commands: %w", err)
	}
	return p, nil
}

// awayPatience is how long Home Assistant may be away, as it is for a restart, before that is a problem.
const awayPatience = time.Minute

// problem is what keeps commands from being carried out, "" when nothing does.
func (a assistant) problem() string {
	if a.home == nil {
		return ""
	}
	s := a.home.Status()
	if s.State != assist.Refused && time.Since(s.Since) < awayPatience {
		return ""
	}
	return s.Problem
}

// wordsOnly lets a Wyoming server turn speech into text. It knows no pipelines, rooms or wake words.
type wordsOnly struct{ *wyoming.Client }

// Transcribe returns the words of an utterance.
func (w wordsOnly) Transcribe(ctx context.Context, req assist.SpeechRequest, frames <-chan []int16) (assist.Transcript, error) {
	text, err := w.Client.Transcribe(ctx, req.Language, frames)
	switch {
	case errors.Is(err, wyoming.ErrUnreachable):
		err = &assist.RunError{Code: assist.CodeSTTUnreachable}
	case errors.Is(err, wyoming.ErrNoAnswer):
		err = &assist.RunError{Code: assist.CodeTimeout}
	}
	return assist.Transcript{Text: text, Language: req.Language}, err
}

// boxVoice speaks replies, and plays feedback sounds, on this machine.
type boxVoice struct {
	*speaker.Speaker
	home *assist.Client // whose replies they are; nil for none
}

// Say plays the reply to its end.
func (v boxVoice) Say(ctx context.Context, reply assist.Reply) error {
	body, mediaType, err := speaker.Fetch(ctx, reply.AudioURL, v.home.TokenFor(reply.AudioURL))
	if err != nil {
		return err
	}
	return v.Play(ctx, body, mediaType)
}

// Sound plays a feedback sound to its end.
func (v boxVoice) Sound(ctx context.Context, name string) error {
	pcm, rate := speaker.Sound(name)
	return v.PlayPCM(ctx, pcm, rate)
}

// householdVoice lets a media player of the household speak the replies.
type householdVoice struct {
	home   *assist.Client
	player string
}

// Say has the media player play the reply to its end, and stops it when ctx ends before that.
func (v householdVoice) Say(ctx context.Context, reply assist.Reply) error {
	return v.home.PlayReply(ctx, v.player, reply)
}
