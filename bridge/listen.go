package bridge

import (
	"context"
	"time"

	"earshot/history"
)

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
	Privacy bool          // it was a privacy command, or the answer to one, and was carried out here
	Words   string        // of WordsOnly, whether they are stored or not; "" for a privacy command, and when there were none
	Entry   history.Entry // when Spoken; without an ID when it is not in the history
}

// Listen plays a sound as Announce does, listens for what somebody says to it, without a wake word, and returns when that has been stored. It is a
// recording like any other; when nobody speaks there is none. A wake word ends the sound, and then nobody is listened to; what follows a wake word that
// comes later is taken for the answer. The end of ctx is an error, and ends both: what was said so far is stored as cancelled. What keeps the satellite
// from listening now is a Refusal.
func (s *Satellite) Listen(ctx context.Context, p Prompt) (Said, error) {
	by := newAsker(ctx.Done(), p)
	played, err := s.present(ctx, p.Announcement, by)
	if err != nil || !played {
		return Said{}, err
	}
	select {
	case said := <-by.said:
		return said, ctx.Err()
	case <-ctx.Done():
		return Said{}, ctx.Err()
	case <-s.over:
	}
	select {
	case said := <-by.said: // the last that it did
		return said, ctx.Err()
	default:
		return Said{}, Refusal("The satellite was stopped.")
	}
}

// invite has the satellite listen for who asks, once the last of the sound has left the room, and returns when it does. A wake word ends ctx.
func (s *Satellite) invite(ctx context.Context, by *asker) {
	select {
	case <-time.After(soundTail):
	case <-ctx.Done():
		by.tell(Said{Played: true})
		return
	}
	select {
	case s.again <- invitation{round: 1, by: by}:
	case <-ctx.Done():
		by.tell(Said{Played: true})
		return
	}
	select {
	case <-by.begun:
	case <-ctx.Done():
	case <-s.over:
	}
}

// abandoned ends the recording that is being made, as who has asked for it has gone. One that a wake word has begun is a command like any other now.
func (s *Satellite) abandoned(ctx context.Context) {
	if s.session.round > 0 {
		s.cancel(ctx)
		return
	}
	s.session.by = nil
}

// asker waits for what is said to a Prompt. A nil one stands for nobody.
type asker struct {
	conversation string
	words        bool
	gone         <-chan struct{} // closed when nobody waits any more
	begun        chan struct{}   // closed when the satellite listens, or does not
	said         chan Said       // has room for the one that comes
}

func newAsker(gone <-chan struct{}, p Prompt) *asker {
	return &asker{conversation: p.Conversation, words: p.WordsOnly, gone: gone, begun: make(chan struct{}), said: make(chan Said, 1)}
}

// taken notes that the invitation was followed, or could not be.
func (a *asker) taken() {
	if a != nil {
		close(a.begun)
	}
}

// tell is called once.
func (a *asker) tell(said Said) {
	if a != nil {
		a.said <- said
	}
}

// left tells whether somebody has waited, and does not any more.
func (a *asker) left() bool {
	if a == nil {
		return false
	}
	select {
	case <-a.gone:
		return true
	default:
		return false
	}
}

func (a *asker) wantsWords() bool { return a != nil && a.words }

// answered is what those are told who have asked for a recording.
func (o *session) answered(e history.Entry) Said {
	said := Said{Played: true, Spoken: o.spoken()}
	if !said.Spoken {
		return said
	}
	said.Entry, said.Entry.ID, said.Privacy = e, o.id, e.Intent == privacyIntent
	if o.by.wantsWords() && !said.Privacy {
		said.Words = e.Transcript
	}
	return said
}
