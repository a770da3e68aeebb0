package server

import (
	"context"
	"fmt"

	"earshot/history"
)

// Prompter asks people something.
type Prompter interface {
	// Listen plays a sound as Announce does, listens for what somebody says to it, and returns when that has been stored. The end of ctx ends it. An id
	// that is not configured is an ErrUnknownSatellite; what keeps the satellite from listening now is a Refusal.
	Listen(ctx context.Context, satellite string, p Prompt) (Said, error)
}

// Prompt is a sound after which somebody is to say something, without a wake word.
type Prompt struct {
	Announcement
	Conversation string // of Home Assistant, that what is said goes on with; "" for the one the satellite is in
	WordsOnly    bool   // what is said is given back, and no agent carries it out
}

// Said is what came of a Prompt.
type Said struct {
	Played  bool          // false: a wake word has ended the sound, and nobody was listened to
	Spoken  bool          // somebody has said something
	Privacy bool          // it was a privacy command, or the answer to one, and was carried out by the bridge
	Words   string        // of WordsOnly, whether they are stored or not; "" for a privacy command, and when there were none
	Entry   history.Entry // when Spoken; without an ID when it is not in the history
}

// The modes of satellites/listen.
const (
	carryOut  = "carry_out"
	wordsOnly = "words"
)

// listenResult tells what came of it.
type listenResult struct {
	Played     bool            `json:"played"`               // false: a wake word has ended the sound, and nobody was listened to
	Heard      bool            `json:"heard"`                // false: nobody has said anything in 5 s
	Outcome    history.Outcome `json:"outcome,omitempty"`    // of what was heard: as of an entry
	Privacy    bool            `json:"privacy,omitempty"`    // it was a privacy command, and was carried out by the bridge
	Transcript string          `json:"transcript,omitempty"` // with mode words: what was said, whether it is stored or not; not of a privacy command
	EntryID    string          `json:"entry_id,omitempty"`   // missing when nothing is stored
}

func (s *Server) listenTo(f *fields) action {
	satellite, announcement := s.declareAnnouncement(f)
	mode := f.choice("mode", []string{carryOut, wordsOnly}, "carry_out (when it is left out): the agent carries out what is said, as after a wake word; words: nobody does, and it is in the answer")
	conversation := f.text("conversation_id", "with carry_out: the conversation of Home Assistant that this belongs to; the one the satellite is in when it is left out")
	return func(ctx context.Context, by call) (any, error) {
		p := Prompt{Conversation: *conversation, WordsOnly: *mode == wordsOnly}
		if p.WordsOnly && p.Conversation != "" {
			return nil, invalidFormat("conversation_id: is for mode carry_out only")
		}
		var err error
		if p.Announcement, err = announcement(); err != nil {
			return nil, err
		}
		s.deps.Log.Info().Str("satellite", *satellite).Str("by", by.who.Name).Msg("the satellite is to listen without a wake word")
		said, err := s.deps.Satellites.Listen(ctx, *satellite, p)
		if err != nil {
			return nil, fmt.Errorf("listen with satellite %q: %w", *satellite, err)
		}
		return listenResult{said.Played, said.Spoken, said.Entry.Outcome, said.Privacy, said.Words, said.Entry.ID}, nil
	}
}
