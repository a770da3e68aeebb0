package server

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"earshot/history"
)

// command is one service: what it is called and for, who may use it, and what it takes.
type command struct {
	name        string
	description string
	role        Role
	declare     func(f *fields) action
	result      any   // a zero value of what it answers; nil for null
	events      []any // zero values of what a subscription sends
}

// action carries a command out, with the fields it declared filled in.
type action func(ctx context.Context, by call) (result any, err error)

// call is who sent a command, and over which connection.
type call struct {
	socket     *socket // nil for unattended commands
	id         int64
	who        Identity
	countsOnly bool // what carries the answer may keep it: no ids and no tokens
}

// commandTable is every command by its name.
func (s *Server) commandTable() map[string]command {
	list := []command{
		{"ping", "answers with a message of type pong", Read, noFields(s.neverRun), nil, nil},
		{"services/list", "describes every command with its fields", Read, noFields(s.listServices), servicesResult{}, nil},
		{"unsubscribe_events", "ends a subscription", Read, s.unsubscribe, nil, nil},
		{"history/list", "entries, newest first, by period, microphone, outcome, wake word or text", Read, s.listHistory, listResult{}, nil},
		{"history/get", "one entry; its peaks are loudness steps of 0..255 over the clip, one byte each, in base64", Read, s.getEntry, entryJSON{}, nil},
		{"history/stats", "counts entries, in all and by microphone and outcome", Read, s.statHistory, statsResult{}, nil},
		{"history/subscribe", "sends an event for entries that are added, updated or deleted, as it happens; action reset means: list anew", Read, noFields(s.subscribe), nil, []any{changeEvent{}}},
		{"history/update", "keeps entries from every deletion, or labels them", Admin, s.updateEntries, updateResult{}, nil},
		{"history/delete_preview", "counts what a deletion would do, and returns a token for exactly that deletion", Admin, s.previewDelete, previewResult{}, nil},
		{"history/delete", "deletes what a preview has shown, or entries by id; it cannot be undone", Admin, s.deleteEntries, deletionReceipt{}, nil},
		{"history/delete_range", "deletes entries by period and other filters in one step, which cannot be undone; with dry_run it answers as history/delete_preview does", Admin, s.deleteRange, deletionReceipt{}, nil},
		{"history/export", "a link to a ZIP archive of entries with their audio, good for some minutes", Listen, s.exportHistory, linkResult{}, nil},
		{"history/verify", "looks at every entry, clip and key, and says what is wrong; it may take minutes", Admin, noFields(s.verifyHistory), verifyResult{}, nil},
		{"settings/get", "what is saved and for how long, and whether recordings help to improve the wake words", Read, s.getSettings, settingsResult{}, nil},
		{"settings/update", "changes what is saved and for how long; what is stored already stays until the next run of retention", Admin, s.updateSettings, settingsResult{}, nil},
		{"retention/run", "deletes what is too old or too much now, instead of at its time", Admin, noFields(s.runRetention), history.RetentionRun{}, nil},
		{"access_log/list", "who played, exported, changed or deleted how much; newest first", Admin, s.listAccesses, accessesResult{}, nil},
		{"clips/sign", "a link to the audio of an entry, good for some minutes", Listen, s.signClip, linkResult{}, nil},
		{"satellites/list", "the microphones and how they are", Read, noFields(s.listSatellites), satellitesResult{}, nil},
		{"satellites/subscribe", "sends the microphones as satellites/list does, at once and whenever something of them changes but what always does", Read, s.subscribeSatellites, nil, []any{satellitesResult{}, levelsEvent{}}},
		{"satellites/listen", "plays a sound as satellites/announce does, listens for what somebody says to it, without a wake word, and answers when that is stored; commands that follow are answered meanwhile, and the end of the connection ends it", Admin, s.listenTo, listenResult{}, nil},
		{"satellites/mute", "closes a microphone, or opens it again", Admin, s.muteSatellite, muteResult{}, nil},
		{"satellites/announce", "plays a sound of Home Assistant as replies are played, and answers when that is over; commands that follow are answered meanwhile", Admin, s.announce, announceResult{}, nil},
		{"satellites/test", "tells for some seconds what the wake words score; nothing is recorded or carried out meanwhile", Admin, s.trySatellite, trialResult{}, []any{trialEvent{}}},
		{"pairing/subscribe", "sends a code when a program asks to be paired, also one that is pending, to be shown to people; all is empty when that is over", Admin, noFields(s.subscribePairing), nil, []any{pairingEvent{}}},
		{"wake_words/list", "the words that each satellite listens for", Read, noFields(s.listWakeWords), wakeWordsResult{}, nil},
		{"wake_words/update", "changes over which probability a wake word counts, or whether it does at all", Admin, s.updateWakeWord, satelliteWakeWord{}, nil},
		{"wake_words/enroll", "begins a wake word of your own, which is made from recordings that people speak; it is a subscription without events, and its end forgets the recordings", Admin, s.enroll, enrollResult{}, nil},
		{"wake_words/record", "listens until somebody has said the new word once, and answers then; commands that follow are answered meanwhile", Admin, s.recordSample, sampleResult{}, nil},
		{"wake_words/undo", "takes back the newest recording of the new word", Admin, s.undoSample, undoResult{}, nil},
		{"wake_words/finish", "makes the new word from its recordings; it takes some seconds, and commands that follow are answered meanwhile", Admin, s.finishEnrolment, ownWordResult{}, nil},
		{"wake_words/tune", "measures the newest 500 recordings that are marked as mistake or correct, and says what other thresholds would have done; it may take minutes, and commands that follow are answered meanwhile", Admin, s.tuneWakeWord, tuneResult{}, nil},
		{"wake_words/verifier", "makes a third opinion on a wake word of the recordings that are marked, and has it asked from now on if it measures better; or removes it. It may take minutes, and commands that follow are answered meanwhile", Admin, s.verifyWakeWord, verifierResult{}, nil},
	}
	table := make(map[string]command, len(list))
	for _, c := range list {
		table[c.name] = c
	}
	return table
}

// noFields is for commands that take nothing.
func noFields(run action) func(*fields) action {
	return func(*fields) action { return run }
}

// neverRun stands for ping, which the connection answers itself as its answer is not a result.
func (s *Server) neverRun(context.Context, call) (any, error) { return nil, nil }

// explain puts an error into the words for clients. What is not meant for them is logged instead.
func (s *Server) explain(err error) *commandError {
	var known *commandError
	var refused Refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.Is(err, history.ErrNotFound):
		return &commandError{Code: codeNotFound, Message: "There is no such recording; it may have been deleted."}
	case errors.Is(err, history.ErrBadCursor):
		return &commandError{Code: codeInvalidFormat, Message: "cursor: is not one that history/list returned"}
	case errors.Is(err, history.ErrPreview):
		return &commandError{Code: codeNotFound, Message: sentence(err)}
	case errors.Is(err, history.ErrNotImproving):
		return &commandError{Code: codeInvalidFormat, Message: "shared: " + err.Error()}
	case errors.Is(err, ErrUnknownSatellite):
		return &commandError{Code: codeNotFound, Message: "There is no such satellite; satellites/list shows those there are."}
	case errors.Is(err, ErrUnknownWakeWord):
		return &commandError{Code: codeNotFound, Message: "The satellite does not have that wake word; wake_words/list shows those there are."}
	case errors.As(err, &refused):
		return &commandError{Code: codeNotAllowed, Message: refused.Error()}
	case errors.Is(err, context.Canceled):
		return &commandError{Code: codeUnknownError, Message: "The connection has ended."}
	default:
		s.deps.Log.Error().Err(err).Msg("a command of a client failed")
		return &commandError{Code: codeUnknownError, Message: "The command could not be carried out; the log of the bridge says why."}
	}
}

// servicesResult is every command, by name.
type servicesResult struct {
	Services []service `json:"services"`
}

// service describes a command to clients.
type service struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Role        Role     `json:"role"`
	Fields      []*field `json:"fields"`
}

func (s *Server) listServices(context.Context, call) (any, error) {
	services := make([]service, 0, len(s.commands))
	for _, c := range s.commands {
		var f fields
		c.declare(&f)
		if f.list == nil {
			f.list = []*field{}
		}
		services = append(services, service{c.name, c.description, c.role, f.list})
	}
	slices.SortFunc(services, func(a, b service) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return servicesResult{services}, nil
}

// muteResult is the mute switch as it is now.
type muteResult struct {
	Satellite string `json:"satellite"`
	Muted     bool   `json:"muted"`
}

func (s *Server) muteSatellite(f *fields) action {
	id := f.text("satellite", "id of the satellite")
	muted := f.flag("muted", "true closes the device, false opens it again")
	f.require("satellite", "muted")
	return func(ctx context.Context, by call) (any, error) {
		if err := s.deps.Satellites.SetMuted(ctx, *id, **muted); err != nil {
			return nil, fmt.Errorf("mute satellite %q: %w", *id, err)
		}
		s.deps.Log.Info().Str("satellite", *id).Bool("muted", **muted).Str("by", by.who.Name).Msg("microphone switched")
		return muteResult{*id, **muted}, nil
	}
}

func (s *Server) signClip(f *fields) action {
	id := f.text("entry_id", "id of the entry")
	f.require("entry_id")
	return func(ctx context.Context, by call) (any, error) {
		e, err := s.deps.History.Get(ctx, *id)
		if err != nil {
			return nil, err
		}
		if e.Clip == nil {
			return nil, &commandError{Code: codeNotFound, Message: "No audio is kept of this recording."}
		}
		query, expires := s.links.sign(clipLink, e.ID)
		s.plays.expect(query.Get("sig"), by.who.Name, expires)
		// Relative to the page's address, so that it works behind a proxy with a path of its own.
		return s.linkResult("api/clips/"+url.PathEscape(e.ID)+"?"+query.Encode(), expires), nil
	}
}

// linkResult is a link to something that is fetched over HTTP.
type linkResult struct {
	URL     string `json:"url"` // relative to the page's address
	Expires string `json:"expires"`
}

func (s *Server) linkResult(link string, expires time.Time) linkResult {
	return linkResult{link, formatTime(expires, s.zone())}
}
