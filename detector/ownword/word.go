package ownword

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"earshot/detector/openwakeword"
	"earshot/internal/durable"
)

const (
	wordType     = "earshot.own_word"
	verifierType = "earshot.verifier"
	wordVersion  = 1
	maxWordFile  = 1 << 20
	maxPhrase    = 64 // bytes
)

// Word is a wake word of a household's own.
type Word struct {
	Phrase   string
	Network  [32]byte                                    // SHA-256 of the file of the embedding network it was made with
	Weights  [frames][openwakeword.EmbeddingSize]float32 // of the latest embeddings, the oldest first
	Bias     float32
	Cutoff   float64 // score, 0..1, from which the word is taken for heard
	Made     time.Time
	Expected Expected
}

// Expected is what recordings that were kept out of the training say about a word.
type Expected struct {
	Samples      int     `json:"samples"`       // recordings that the word was made from
	Hours        float64 `json:"hours"`         // of other sounds that it was tried on
	FalseAccepts float64 `json:"false_accepts"` // an hour, in these
	MissedQuiet  float64 `json:"missed_quiet"`  // share 0..1 of the recordings that are not heard
	MissedNoise  float64 `json:"missed_noise"`  // the same with noise 10 dB below the voice
}

// wordFile is a word or a verifier as JSON.
type wordFile struct {
	Type     string      `json:"type"`
	Version  int         `json:"version"`
	Phrase   string      `json:"phrase"`
	Network  string      `json:"network_sha256"`
	Made     time.Time   `json:"made"`
	Cutoff   float64     `json:"cutoff"`
	Expected Expected    `json:"expected"`
	HeldOut  *HeldOut    `json:"held_out,omitempty"` // of a verifier
	Bias     float32     `json:"bias"`
	Weights  [][]float32 `json:"weights"`
}

// Save writes the word into a file that only the owner may read. The file is complete or not there.
func (w *Word) Save(path string) error {
	if err := w.file(wordType).save(path); err != nil {
		return fmt.Errorf("save wake word %q: %w", w.Phrase, err)
	}
	return nil
}

// file is what is written of a word.
func (w *Word) file(kind string) wordFile {
	f := wordFile{
		Type: kind, Version: wordVersion, Phrase: w.Phrase, Network: hex.EncodeToString(w.Network[:]), Made: w.Made, Cutoff: w.Cutoff,
		Expected: w.Expected, Bias: w.Bias,
	}
	for i := range w.Weights {
		f.Weights = append(f.Weights, w.Weights[i][:])
	}
	return f
}

func (f wordFile) save(path string) error {
	data, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return durable.Replace(path, append(data, '\n'))
}

// Load reads a file that Save wrote.
func Load(path string) (*Word, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("load wake word: %w", err)
	}
	defer in.Close()
	w, err := Read(in)
	if err != nil {
		return nil, fmt.Errorf("load wake word %s: %w", path, err)
	}
	return w, nil
}

// Read reads what Save writes.
func Read(r io.Reader) (*Word, error) {
	f, err := readFile(r, wordType)
	if err != nil {
		return nil, err
	}
	return f.word()
}

// readFile reads a file of some type.
func readFile(r io.Reader, kind string) (*wordFile, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxWordFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxWordFile {
		return nil, errors.New("the file is too large for a word")
	}
	var f wordFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("this is no wake word of Earshot: %w", err)
	}
	if f.Type != kind || f.Version != wordVersion {
		return nil, fmt.Errorf("the file is a %q of version %d; this Earshot reads %q of version %d", f.Type, f.Version, kind, wordVersion)
	}
	return &f, nil
}

// word checks what a file says.
func (f *wordFile) word() (*Word, error) {
	if err := CheckPhrase(f.Phrase); err != nil {
		return nil, err
	}
	w := &Word{Phrase: f.Phrase, Made: f.Made, Cutoff: f.Cutoff, Expected: f.Expected, Bias: f.Bias}
	if n, err := hex.DecodeString(f.Network); err != nil || copy(w.Network[:], n) != len(w.Network) || len(n) != len(w.Network) {
		return nil, errors.New("network_sha256 is not a SHA-256 sum")
	}
	if !(f.Cutoff > 0 && f.Cutoff < 1) {
		return nil, fmt.Errorf("its cutoff, %v, is not between 0 and 1", f.Cutoff)
	}
	if len(f.Weights) != frames {
		return nil, fmt.Errorf("it has weights for %d embeddings instead of %d", len(f.Weights), frames)
	}
	for i, row := range f.Weights {
		if len(row) != size {
			return nil, fmt.Errorf("it has %d weights for an embedding instead of %d", len(row), size)
		}
		for _, v := range row {
			if math.Abs(float64(v)) > 1e6 {
				return nil, errors.New("a weight is far too large")
			}
		}
		copy(w.Weights[i][:], row)
	}
	return w, nil
}

// CheckPhrase tells why something cannot be the name of a word.
func CheckPhrase(phrase string) error {
	if strings.TrimSpace(phrase) == "" || len(phrase) > maxPhrase || !utf8.ValidString(phrase) || strings.ContainsFunc(phrase, func(r rune) bool { return r < ' ' }) {
		return fmt.Errorf("a wake word is up to %d letters of text", maxPhrase)
	}
	return nil
}

// Scorer hears a word in one stream of embeddings.
type Scorer struct {
	word *Word
	past [frames]openwakeword.Embedding // a ring
	next int                            // place of the next one
	seen int                            // up to frames
}

// Settle is how many embeddings of a stream must have come before a score has nothing of what was before the stream.
func (w *Word) Settle() int { return openwakeword.Settle(frames) }

// NewScorer returns a scorer at the start of a stream.
func (w *Word) NewScorer() *Scorer { return &Scorer{word: w} }

// Reset begins a new stream.
func (s *Scorer) Reset() { s.next, s.seen = 0, 0 }

// Put takes the next embedding of the stream and returns how much the word seems to end with it, 0..1; 0 for the first nine. It does not
// allocate.
func (s *Scorer) Put(e *openwakeword.Embedding) float32 {
	s.past[s.next] = *e
	s.next = (s.next + 1) % frames
	s.seen = min(s.seen+1, frames)
	if s.seen < frames {
		return 0
	}
	sum := s.word.Bias
	for i := range s.word.Weights {
		sum += dot(s.word.Weights[i][:], s.past[(s.next+i)%frames][:])
	}
	return float32(sigmoid(float64(sum)))
}
