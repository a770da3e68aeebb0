package server

import (
	"context"
	"fmt"

	"earshot/history"
)

// HeldOut is what a third opinion on a wake word would have done to recordings that it had not learned from, of those that count as the wake word now.
type HeldOut struct {
	Correct, CorrectLeft   int
	Mistakes, MistakesLeft int
	Least                  int  // of each kind that it takes to tell
	Better                 bool // it is worth having
}

// verdict is the same for clients.
type verdict struct {
	Correct      int    `json:"correct"`      // recordings marked as correct that count with the present thresholds
	CorrectLeft  int    `json:"correct_left"` // those of them that a verifier that had not learned from them would have let pass
	Mistakes     int    `json:"mistakes"`
	MistakesLeft int    `json:"mistakes_left"`
	Better       bool   `json:"better"`   // it would be used
	Sentence     string `json:"sentence"` // says that to people
}

func newVerdict(h HeldOut) verdict {
	v := verdict{h.Correct, h.CorrectLeft, h.Mistakes, h.MistakesLeft, h.Better, ""}
	outcome := fmt.Sprintf("it would let pass %s, and %s", share(h.MistakesLeft, h.Mistakes, "false triggers"), share(h.CorrectLeft, h.Correct, "right ones"))
	switch {
	case h.Correct < h.Least || h.Mistakes < h.Least:
		v.Sentence = fmt.Sprintf("A third opinion takes at least %d mistakes and %d right ones that count with the present thresholds; there are %d and %d.",
			h.Least, h.Least, h.Mistakes, h.Correct)
	case h.Better:
		v.Sentence = fmt.Sprintf("A third opinion would help: of recordings that it had not learned from %s.", outcome)
	default:
		v.Sentence = fmt.Sprintf("A third opinion would not help: of recordings that it had not learned from %s.", outcome)
	}
	return v
}

// verifierResult is whether a third opinion is asked for, and why.
type verifierResult struct {
	WakeWord   string   `json:"wake_word"`
	Satellites []string `json:"satellites"`
	Active     bool     `json:"active"`   // a verifier is in use now
	Measured   *verdict `json:"measured"` // null when it was removed
}

// verifyWakeWord makes a verifier, or removes it.
func (s *Server) verifyWakeWord(f *fields) action {
	satellite := f.text("satellite", "id of the satellite; all that listen for the wake word, if their thresholds are the same, when it is left out")
	word := f.text("wake_word", "id of the wake word")
	active := f.flag("active", "true makes a verifier of the recordings that are marked, and uses it if it measures better, else none; false removes it")
	f.require("wake_word", "active")
	f.aside = true
	return func(ctx context.Context, by call) (any, error) {
		if !**active {
			return s.withoutVerifier(ctx, by, *satellite, *word)
		}
		result := verifierResult{WakeWord: *word}
		err := s.examples(ctx, by, *satellite, *word, func(t *tuning) error {
			held, err := t.lesson.Verify()
			if err != nil {
				return err
			}
			measured := newVerdict(held)
			result.Satellites, result.Active, result.Measured = t.satellites, held.Better, &measured
			if !held.Better {
				return s.dropVerifiers(ctx, by, t.satellites, *word)
			}
			if err := t.lesson.Use(ctx); err != nil {
				return err
			}
			return s.deps.History.Note(ctx, history.Access{Who: by.who.Name, Action: history.AccessChanged})
		})
		if err != nil {
			return nil, fmt.Errorf("make a verifier for wake word %q: %w", *word, err)
		}
		return result, nil
	}
}

func (s *Server) withoutVerifier(ctx context.Context, by call, satellite, word string) (any, error) {
	satellites, _, err := s.listening(satellite, word)
	if err == nil {
		err = s.dropVerifiers(ctx, by, satellites, word)
	}
	if err != nil {
		return nil, fmt.Errorf("remove the verifier of wake word %q: %w", word, err)
	}
	return verifierResult{WakeWord: word, Satellites: satellites}, nil
}

// dropVerifiers removes the verifiers of a wake word, and notes it when there was one.
func (s *Server) dropVerifiers(ctx context.Context, by call, satellites []string, word string) error {
	found := false
	for _, id := range satellites {
		dropped, err := s.deps.Satellites.DropVerifier(id, word)
		if err != nil {
			return err
		}
		found = found || dropped
	}
	if !found {
		return nil
	}
	return s.deps.History.Note(ctx, history.Access{Who: by.who.Name, Action: history.AccessChanged})
}
