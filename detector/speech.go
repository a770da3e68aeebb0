package detector

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"earshot/detector/openwakeword"
)

// Scorer tells from the speech embeddings of a stream how much the latest ones sound like a word; *openwakeword.Scorer is one.
type Scorer interface {
	Put(e *openwakeword.Embedding) float32 // takes the next embedding; 0..1
	Reset()                                // the stream begins anew, after silence
}

// Speech is a wake word that is told from speech embeddings.
type Speech struct {
	ID, WakeWord string
	Engine       string   // what the word is one of: OpenWakeWord, or a word of a household's own
	Languages    []string // two-letter codes; nil when unknown
	Cutoff       float64  // probability 0..1 over which it fires
	Settle       int      // embeddings after the beginning of a stream before which a score means nothing
	NewScorer    func() Scorer
	Network      *openwakeword.Network // one and the same for all models of a detector
}

// Model makes it one that a detector listens for.
func (s Speech) Model() *Model {
	return &Model{ID: s.ID, Engine: s.Engine, WakeWord: s.WakeWord, Languages: s.Languages, Cutoff: s.Cutoff, speech: &s}
}

// NewScorer returns what tells the word from speech embeddings, nil for a word that is not told from these alone.
func (m *Model) NewScorer() Scorer {
	if m.net != nil || m.speech == nil {
		return nil
	}
	return m.speech.NewScorer()
}

// headCutoff is the probability over which an openWakeWord model fires.
//
// ref: the default of openWakeWord and of pyopen-wakeword
const headCutoff = 0.5

// LoadHead reads an openWakeWord model, a .tflite or .onnx file that is named after its word, such as hey_jarvis_v0.1.tflite.
func LoadHead(path string, network *openwakeword.Network) (*Model, error) {
	head, err := openwakeword.LoadHead(path)
	if err != nil {
		return nil, err
	}
	id := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	return Speech{
		ID: id, Engine: "openwakeword", WakeWord: spoken(id), Cutoff: headCutoff, Settle: head.Settle(), Network: network,
		NewScorer: func() Scorer { return head.NewScorer(network) },
	}.Model(), nil
}

// spoken is the word that a file is named after.
func spoken(id string) string {
	return strings.ReplaceAll(regexp.MustCompile(`_v[0-9.]+$`).ReplaceAllString(id, ""), "_", " ")
}

// Cutoffs of a wake word that is looked at twice.
//
// ref: shared measurements on 329 recordings by real people and 8 h of talk, music and noise: 0.9 % missed, 1 false accept
const (
	firstCutoff  = 0.2
	SecondCutoff = 0.1
)

// maxLookSettle is how many embeddings a second look may need; its audio is kept for that many.
const maxLookSettle = 25

// Verified is the model with a second look: when it is over a low cutoff, the other one has to be over its own at nearly the same time.
// Cutoff is that of the first stage then, and cutoff that of the second, 0..1.
func (m *Model) Verified(by *Model, cutoff float64) (*Model, error) {
	switch {
	case m.net == nil || by.speech == nil:
		return nil, fmt.Errorf("have %q looked at by %q: a microWakeWord model can be looked at, and by an openWakeWord model", m.ID, by.ID)
	case by.speech.Settle > maxLookSettle:
		return nil, fmt.Errorf("have %q looked at by %q: that needs more than 2 s of audio", m.ID, by.ID)
	case !(cutoff > 0 && cutoff <= 1):
		return nil, fmt.Errorf("have %q looked at by %q: the cutoff %v is not over 0 and up to 1", m.ID, by.ID, cutoff)
	}
	verified := *m
	verified.Cutoff, verified.speech, verified.second = firstCutoff, by.speech, cutoff
	return &verified, nil
}

// Embeds tells whether the word is told from speech embeddings, alone or in a second look.
func (m *Model) Embeds() bool { return m.speech != nil }

// SecondLook is the ID of the model that looks a second time, "" when none does.
func (m *Model) SecondLook() string {
	if m.net == nil || m.speech == nil {
		return ""
	}
	return m.speech.ID
}
