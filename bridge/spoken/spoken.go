// Package spoken recognises spoken privacy commands in a transcript and words the answers to them.
//
// A transcript is a command only when it equals a sentence of the templates after normalisation: deleting cannot be undone, and speech that
// is merely similar ("play what I just said") must never delete.
package spoken

import (
	"slices"
	"strings"
)

// Kind says what a command does.
type Kind string

// The commands.
const (
	DeleteJustSaid   Kind = "delete_just_said"  // the previous utterance and the command itself
	DeletePeriod     Kind = "delete_period"     // what was said in Command.Period
	DeleteEverything Kind = "delete_everything" // all there is; to be carried out only after a yes
	NotForYou        Kind = "not_for_you"       // the last wake word was a false one
	StopRecording    Kind = "stop_recording"
	StartRecording   Kind = "start_recording"
	Mute             Kind = "mute"
)

// The answers to a question share the table of sentences with the commands, so that no sentence can be both.
const (
	yes Kind = "yes"
	no  Kind = "no"
)

// Command is what a sentence asks for.
type Command struct {
	Kind       Kind
	Period     string // of DeletePeriod: today, yesterday, this_week or this_month, as the history names them
	Everywhere bool   // every microphone, not only the one that heard it
}

// Phrases are the sentences and replies of every language. They never change, so any number of goroutines may use them.
type Phrases struct {
	sentences table                        // normalised, of all languages
	replies   map[string]map[string]string // by language, two letters, and by key of replyKeys
}

// meaning is shared by all sentences of one key and language.
type meaning struct {
	command   Command
	key       string   // as in Language.Sentences
	languages []string // which say it, the first one first
}

// Match tells which command a transcript is, if any. A language is written like "en" or "en-US"; with an empty or unknown one, every
// language is tried.
func (p *Phrases) Match(text, language string) (Command, bool) {
	c := p.find(text, language)
	if c == nil || c.Kind == yes || c.Kind == no {
		return Command{}, false
	}
	return *c, true
}

// IsYes tells whether a transcript agrees to a question; the language is as for Match.
func (p *Phrases) IsYes(text, language string) bool {
	c := p.find(text, language)
	return c != nil && c.Kind == yes
}

// IsNo tells whether a transcript declines; what is neither yes nor no must be taken for a no where a yes is needed.
func (p *Phrases) IsNo(text, language string) bool {
	c := p.find(text, language)
	return c != nil && c.Kind == no
}

func (p *Phrases) find(text, language string) *Command {
	m := p.sentences.find(normalise(text))
	if m == nil {
		return nil
	}
	language = primary(language)
	if _, known := p.replies[language]; known && !slices.Contains(m.languages, language) {
		return nil
	}
	return &m.command
}

// primary is the language of a tag: "en" of "en-US" and of "EN_us".
func primary(tag string) string {
	tag = strings.TrimSpace(tag)
	if i := strings.IndexAny(tag, "-_"); i >= 0 {
		tag = tag[:i]
	}
	return strings.ToLower(tag)
}
