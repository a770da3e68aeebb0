package spoken

import (
	"strconv"
	"strings"
)

// Reply is what is said after a command.
type Reply string

// The replies.
const (
	Deleted           Reply = "deleted"            // Answer.Count recordings are gone; with none of them, nothing was found
	Incomplete        Reply = "incomplete"         // Answer.Count are gone, others could not be deleted; with none of them, it failed
	Failed            Reply = "failed"             // nothing could be deleted
	NothingDeleted    Reply = "nothing_deleted"    // the question was not answered with yes
	Confirm           Reply = "confirm"            // asks before all recordings of this microphone are deleted
	ConfirmEverywhere Reply = "confirm_everywhere" // asks before all recordings of every microphone are deleted
	RecordingOff      Reply = "recording_off"
	RecordingOn       Reply = "recording_on"
	Muted             Reply = "muted"
)

// Answer is a reply with its numbers. It never holds what was said.
type Answer struct {
	Reply Reply
	Count int // recordings deleted
	Kept  int // of Deleted: recordings spared because they are marked to be kept
}

const count = "{count}"

// replyKeys are the keys of Language.Replies, and whether the text must hold the number.
var replyKeys = map[string]bool{
	"deleted_one":        false,
	"deleted_many":       true,
	"incomplete_one":     false,
	"incomplete_many":    true,
	"kept_one":           false,
	"kept_many":          true,
	"nothing_found":      false,
	"failed":             false,
	"nothing_deleted":    false,
	"confirm":            false,
	"confirm_everywhere": false,
	"recording_off":      false,
	"recording_on":       false,
	"muted":              false,
}

// Say words an answer in a language such as "en" or "en-US", and in English where that language has no words for it.
func (p *Phrases) Say(language string, a Answer) string {
	switch {
	case a.Reply == Deleted && a.Kept > 0:
		return p.counted(language, Deleted, a.Count) + " " + p.counted(language, "kept", a.Kept)
	case a.Reply == Deleted, a.Reply == Incomplete:
		return p.counted(language, a.Reply, a.Count)
	}
	return p.text(language, string(a.Reply))
}

// counted chooses between none, one and many; the languages here need no more forms.
func (p *Phrases) counted(language string, r Reply, n int) string {
	switch {
	case n == 1:
		return strings.ReplaceAll(p.text(language, string(r)+"_one"), count, "1")
	case n > 1:
		return strings.ReplaceAll(p.text(language, string(r)+"_many"), count, strconv.Itoa(n))
	case r == Incomplete:
		return p.text(language, string(Failed))
	}
	return p.text(language, "nothing_found")
}

func (p *Phrases) text(language, key string) string {
	if text, ok := p.replies[primary(language)][key]; ok {
		return text
	}
	return p.replies["en"][key]
}
