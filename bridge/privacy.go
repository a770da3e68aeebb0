package bridge

import (
	"context"
	"time"

	"earshot/bridge/spoken"
	"earshot/history"
)

// Archive is the household's history as spoken privacy commands change it.
type Archive interface {
	List(ctx context.Context, q history.Query) (history.Page, error)
	// Delete deletes, and drops what is just being recorded where the selection covers it.
	Delete(ctx context.Context, by string, s history.Selection) (history.Receipt, error)
	// SetSaveRecordings turns storing off for a satellite, or on again.
	SetSaveRecordings(ctx context.Context, satellite string, on bool) error
}

// Privacy lets people delete what was recorded, and stop recording, by voice. It needs no agent, and works while Home Assistant's is down.
type Privacy struct {
	Phrases  *spoken.Phrases
	Archive  Archive
	Calendar history.Calendar // decides where a day begins
}

// confirmLimit is how long a yes counts after the question.
const confirmLimit = 30 * time.Second

// privacyIntent is the intent of a privacy command's entry.
const privacyIntent = "privacy"

// question waits for a yes.
type question struct {
	about spoken.Command
	until time.Time
}

// privacy carries out the words of a recording when they are a privacy command, or the answer to one that asked back.
func (s *Satellite) privacy(ctx context.Context, o *session, e *history.Entry) (done bool) {
	p := s.deps.Privacy
	if p == nil {
		return false
	}
	asked, open := s.takeQuestion()
	command, ok := p.Phrases.Match(e.Transcript, e.Language)
	switch {
	case ok && command.Kind == spoken.DeleteEverything:
		s.change(func() { s.asked = question{command, time.Now().Add(confirmLimit)} })
		o.asks = true
		e.Reply = p.Phrases.Say(e.Language, spoken.Answer{Reply: spoken.Confirm})
		if command.Everywhere {
			e.Reply = p.Phrases.Say(e.Language, spoken.Answer{Reply: spoken.ConfirmEverywhere})
		}
	case ok:
		e.Reply = p.Phrases.Say(e.Language, s.obey(ctx, command, o))
	case open && p.Phrases.IsYes(e.Transcript, e.Language):
		e.Reply = p.Phrases.Say(e.Language, s.deletePeriod(ctx, o, "all", asked.about.Everywhere))
	case open:
		e.Reply = p.Phrases.Say(e.Language, spoken.Answer{Reply: spoken.NothingDeleted})
		if !p.Phrases.IsNo(e.Transcript, e.Language) {
			return false // the question is off, and this is something else
		}
	default:
		return false
	}
	e.Outcome, e.Intent = history.Understood, privacyIntent
	return true
}

// takeQuestion returns the question that waits for a yes; it waits for the next words only.
func (s *Satellite) takeQuestion() (q question, open bool) {
	s.change(func() { q, s.asked = s.asked, question{} })
	return q, time.Now().Before(q.until)
}

// obey carries out a command that needs no yes.
func (s *Satellite) obey(ctx context.Context, command spoken.Command, o *session) spoken.Answer {
	s.deps.Log.Info().Str("command", string(command.Kind)).Msg("privacy command")
	switch command.Kind {
	case spoken.DeleteJustSaid, spoken.NotForYou:
		return s.deleteLast(ctx, o)
	case spoken.DeletePeriod:
		return s.deletePeriod(ctx, o, command.Period, command.Everywhere)
	case spoken.StopRecording:
		return s.answerSwitch(s.deps.Privacy.Archive.SetSaveRecordings(ctx, s.cfg.ID, false), spoken.RecordingOff)
	case spoken.StartRecording:
		return s.answerSwitch(s.deps.Privacy.Archive.SetSaveRecordings(ctx, s.cfg.ID, true), spoken.RecordingOn)
	case spoken.Mute:
		return s.answerSwitch(s.SetMuted(ctx, true), spoken.Muted)
	default:
		return spoken.Answer{Reply: spoken.Failed}
	}
}

func (s *Satellite) answerSwitch(err error, done spoken.Reply) spoken.Answer {
	if err != nil {
		s.deps.Log.Error().Err(err).Msg("a spoken switch failed")
		return spoken.Answer{Reply: spoken.Failed}
	}
	return spoken.Answer{Reply: done}
}

// deleteLast deletes this microphone's previous command, which may not be stored yet, and the command itself, which never is.
func (s *Satellite) deleteLast(ctx context.Context, o *session) spoken.Answer {
	var previous *session
	s.change(func() {
		o.discarded = true
		previous = s.unstored(o)
	})
	newest := history.Filter{Satellites: []string{s.cfg.ID}, Outcomes: history.CommandOutcomes()}
	page, err := s.deps.Privacy.Archive.List(ctx, history.Query{Filter: newest, Limit: 1})
	if err != nil {
		s.deps.Log.Error().Err(err).Msg("a spoken deletion failed")
		return spoken.Answer{Reply: spoken.Failed}
	}
	which := history.Selection{IDs: []string{}}
	for _, e := range page.Entries {
		which.IDs = append(which.IDs, e.ID)
		if previous != nil && !previous.wake.At.Truncate(time.Millisecond).After(e.At) {
			previous = nil // that one is newer, or the same
		}
	}
	if previous != nil { // by its instant, as it gets an id only when it is stored
		at := previous.wake.At.Truncate(time.Millisecond)
		which = history.Selection{Filter: history.Filter{Satellites: []string{s.cfg.ID}, From: at, To: at.Add(time.Millisecond)}}
	}
	return s.deleted(s.deps.Privacy.Archive.Delete(ctx, s.voiceName(), which))
}

// unstored is the newest recording before another one that is still on its way into the history, nil when there is none. It needs mu.
func (s *Satellite) unstored(before *session) (newest *session) {
	for o := range s.open {
		select {
		case <-o.stored:
			continue
		default:
		}
		if !o.miss && !o.discarded && o.wake.At.Before(before.wake.At) && (newest == nil || o.wake.At.After(newest.wake.At)) {
			newest = o
		}
	}
	return newest
}

// deletePeriod deletes what this microphone, or every one, recorded in a period. A command that is itself of it is not stored, and not counted.
func (s *Satellite) deletePeriod(ctx context.Context, o *session, period string, everywhere bool) spoken.Answer {
	from, to, err := s.deps.Privacy.Calendar.Period(period, time.Now())
	if err != nil {
		s.deps.Log.Error().Err(err).Msg("a spoken deletion failed")
		return spoken.Answer{Reply: spoken.Failed}
	}
	which := history.Selection{Filter: history.Filter{From: from, To: to}}
	if !everywhere {
		which.Satellites = []string{s.cfg.ID}
	}
	s.change(func() { o.discarded = o.discarded || o.within(from, to) })
	return s.deleted(s.deps.Privacy.Archive.Delete(ctx, s.voiceName(), which))
}

// voiceName is who deletes by voice, in the access log.
func (s *Satellite) voiceName() string { return "voice, " + s.cfg.Name }

// deleted words a receipt.
func (s *Satellite) deleted(r history.Receipt, err error) spoken.Answer {
	count := r.Deleted + r.InProgressDiscarded
	switch {
	case err != nil:
		s.deps.Log.Error().Err(err).Msg("a spoken deletion failed")
		return spoken.Answer{Reply: spoken.Failed}
	case r.FailedCount > 0:
		return spoken.Answer{Reply: spoken.Incomplete, Count: count, Kept: r.KeptSkipped}
	default:
		return spoken.Answer{Reply: spoken.Deleted, Count: count, Kept: r.KeptSkipped}
	}
}
