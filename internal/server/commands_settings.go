package server

import (
	"context"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"earshot/history"
)

// settingsResult is what the household wants to be saved, and for how long.
type settingsResult struct {
	Improve           bool                `json:"improve"` // marked recordings are kept as examples for the wake words
	ImproveDisclaimer string              `json:"improve_disclaimer"`
	Limits            history.Limits      `json:"limits"`
	Satellites        []satelliteSettings `json:"satellites"`
	Retention         retentionResult     `json:"retention"`
}

type satelliteSettings struct {
	Satellite string       `json:"satellite"`
	Save      history.Save `json:"save"`
	history.Rules
}

// retentionResult tells what retention did last, and what it does next.
type retentionResult struct {
	Last history.RetentionRun `json:"last"`
	Next string               `json:"next"`
	Due  sumJSON              `json:"due"` // what that run will delete
}

func (s *Server) getSettings(*fields) action {
	return func(ctx context.Context, _ call) (any, error) { return s.settings(ctx) }
}

func (s *Server) settings(ctx context.Context) (r settingsResult, err error) {
	h := s.deps.History
	r = settingsResult{ImproveDisclaimer: history.ImproveDisclaimer, Satellites: []satelliteSettings{}}
	if r.Improve, err = h.Improve(ctx); err != nil {
		return r, err
	}
	if r.Limits, err = h.Limits(ctx); err != nil {
		return r, err
	}
	for _, sat := range s.deps.Satellites.List() {
		one := satelliteSettings{Satellite: sat.ID}
		if one.Save, err = h.Save(ctx, sat.ID); err != nil {
			return r, err
		}
		if one.Rules, err = h.Rules(ctx, sat.ID); err != nil {
			return r, err
		}
		r.Satellites = append(r.Satellites, one)
	}
	status, err := h.Retention(ctx)
	r.Retention = retentionResult{status.Last, formatTime(status.Next, s.zone()), newSum(status.Due)}
	return r, err
}

// settingsFields are what settings/update takes.
type settingsFields struct {
	satellite, save                   *string
	understood, notIntended, failed   *string
	maxMegabytes, maxEntries, minKeep **int64
	improve                           **bool
}

func (s *Server) updateSettings(f *fields) action {
	const age = "how old they get: 12h, 90d, 2w, 18m (months), 1y, or never"
	sf := settingsFields{
		satellite:    f.text("satellite", "save, understood, not_intended and failed are about this satellite; about every one when it is left out"),
		save:         f.choice("save", []string{string(history.SaveAll), string(history.SaveText), string(history.SaveNothing)}, "what of a recording is stored from now on"),
		understood:   f.text("understood", "recordings that were understood, or had words that were not: "+age),
		notIntended:  f.text("not_intended", "false triggers: "+age),
		failed:       f.text("failed", "commands that failed: "+age),
		maxMegabytes: f.count("max_megabytes", "the oldest recordings go when all clips take more than this; 0: no limit"),
		maxEntries:   f.count("max_entries", "the oldest recordings go when there are more than this; 0: no limit"),
		minKeep:      f.count("min_keep", "so many of the newest stay whatever the two limits say"),
		improve:      f.flag("improve", "keep marked recordings as examples for the wake words; off dissolves the set, and removes the verifiers that were made of it"),
	}
	return func(ctx context.Context, by call) (any, error) {
		satellites, err := s.named(*sf.satellite)
		if err != nil {
			return nil, err
		}
		for _, id := range satellites {
			if err := s.updateSatellite(ctx, id, sf); err != nil {
				return nil, err
			}
		}
		if err := s.updateLimits(ctx, sf); err != nil {
			return nil, err
		}
		if *sf.improve != nil {
			if err := s.setImprove(ctx, by, **sf.improve); err != nil {
				return nil, err
			}
		}
		if err := s.deps.History.Note(ctx, history.Access{Who: by.who.Name, Action: history.AccessChanged}); err != nil {
			return nil, err
		}
		return s.settings(ctx)
	}
}

// setImprove turns it on or off; what was learned from examples goes with them.
func (s *Server) setImprove(ctx context.Context, by call, on bool) error {
	err := s.deps.History.SetImprove(ctx, by.who.Name, on)
	if err != nil || on {
		return err
	}
	return s.deps.Satellites.DropVerifiers()
}

// named is one satellite, or every one when id is empty.
func (s *Server) named(id string) ([]string, error) {
	var ids []string
	for _, sat := range s.deps.Satellites.List() {
		if id == "" || sat.ID == id {
			ids = append(ids, sat.ID)
		}
	}
	if id != "" && ids == nil {
		return nil, ErrUnknownSatellite
	}
	return ids, nil
}

func (s *Server) updateSatellite(ctx context.Context, id string, sf settingsFields) error {
	if *sf.save != "" {
		if err := s.deps.History.SetSave(ctx, id, history.Save(*sf.save)); err != nil {
			return err
		}
	}
	if *sf.understood+*sf.notIntended+*sf.failed == "" {
		return nil
	}
	rules, err := s.deps.History.Rules(ctx, id)
	if err != nil {
		return err
	}
	for _, r := range []struct {
		name string
		sent string
		age  *history.Age
	}{{"understood", *sf.understood, &rules.Understood}, {"not_intended", *sf.notIntended, &rules.NotIntended}, {"failed", *sf.failed, &rules.Failed}} {
		if r.sent == "" {
			continue
		}
		if *r.age = history.Age(r.sent); !r.age.Valid() {
			return invalidFormat(fmt.Sprintf("%s: an age is needed, like 12h, 90d, 2w, 18m (months), 1y, or never", r.name))
		}
	}
	return s.deps.History.SetRules(ctx, id, rules)
}

func (s *Server) updateLimits(ctx context.Context, sf settingsFields) error {
	if *sf.maxMegabytes == nil && *sf.maxEntries == nil && *sf.minKeep == nil {
		return nil
	}
	limits, err := s.deps.History.Limits(ctx)
	if err != nil {
		return err
	}
	for _, l := range []struct{ sent, limit *int64 }{{*sf.maxMegabytes, &limits.MaxMegabytes}, {*sf.maxEntries, &limits.MaxEntries}, {*sf.minKeep, &limits.MinKeep}} {
		if l.sent != nil {
			*l.limit = *l.sent
		}
	}
	return s.deps.History.SetLimits(ctx, limits)
}

func (s *Server) runRetention(ctx context.Context, _ call) (any, error) {
	return s.deps.History.Retain(context.WithoutCancel(ctx))
}

// accessesResult is a part of the access log, newest first.
type accessesResult struct {
	Lines []accessJSON `json:"lines"`
}

// accessJSON is a line of the access log.
type accessJSON struct {
	ID      string `json:"id"`
	At      string `json:"at"`
	Who     string `json:"who"`    // a token's name, a person, a spoken command or a rule
	Action  string `json:"action"` // played, exported, deleted or changed
	Entries int64  `json:"entries"`
	Bytes   int64  `json:"bytes"`
}

func (s *Server) listAccesses(f *fields) action {
	before := f.text("before", "id of the last line of the page before")
	limit := f.number("limit", 1, history.MaxLimit, fmt.Sprintf("lines of a page; %d when it is left out", history.DefaultLimit))
	return func(ctx context.Context, _ call) (any, error) {
		n := int(*limit)
		if n == 0 {
			n = history.DefaultLimit
		}
		lines, err := s.deps.History.Accesses(ctx, *before, n)
		if err != nil {
			return nil, err
		}
		list := make([]accessJSON, len(lines))
		for i, a := range lines {
			list[i] = accessJSON{a.ID, formatTime(a.At, s.zone()), a.Who, a.Action, a.Entries, a.Stored}
		}
		return accessesResult{list}, nil
	}
}

// verifyResult is what looking at everything has found.
type verifyResult struct {
	Entries  int64                   `json:"entries"`
	Clips    int64                   `json:"clips"` // that can be unsealed to their end
	Bytes    int64                   `json:"bytes"` // of all clips as they are stored
	Garbage  int                     `json:"garbage"`
	Orphans  int                     `json:"orphans"`
	Problems []history.VerifyProblem `json:"problems"`
	Seconds  float64                 `json:"seconds"`
}

func (s *Server) verifyHistory(ctx context.Context, _ call) (any, error) {
	begun := time.Now()
	v, err := s.deps.History.Verify(ctx, nil)
	if err != nil {
		return nil, err
	}
	return verifyResult{v.Entries, v.Clips, v.Stored, v.Garbage, v.Orphans, v.Problems, time.Since(begun).Seconds()}, nil
}

// sentence makes an error one for people: it begins with a capital and ends with a full stop.
func sentence(err error) string {
	text := err.Error()
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:] + "."
}
