package openwakeword

import (
	"bytes"
	"fmt"
)

// maxFrames is the most embeddings a head may look at; the known ones take 16 to 34.
const maxFrames = 64

// Head tells from the latest embeddings whether a word was said. It never changes and may be shared by any number of scorers.
type Head struct {
	program *program
	frames  int
}

// LoadHead reads an openWakeWord model in TensorFlow Lite's or ONNX's format, of at most 4 MiB. An error says what about it is not supported.
func LoadHead(path string) (*Head, error) {
	data, err := readFile(path, maxHeadFile)
	if err != nil {
		return nil, fmt.Errorf("load openWakeWord model: %w", err)
	}
	h, err := readHead(data)
	if err != nil {
		return nil, fmt.Errorf("load openWakeWord model %s: %w", path, err)
	}
	return h, nil
}

func readHead(data []byte) (*Head, error) {
	read := readOnnx
	if len(data) >= 8 && bytes.Equal(data[4:8], []byte("TFL3")) {
		read = readLite
	}
	p, shape, err := read(data)
	if err != nil {
		return nil, err
	}
	if len(shape) != 3 || shape[0] != 1 || shape[1] < 1 || shape[1] > maxFrames || shape[2] != EmbeddingSize {
		return nil, fmt.Errorf("the input has the shape %v, want 1, some embeddings, %d values", shape, EmbeddingSize)
	}
	if n := p.values[p.output].size; n != 1 {
		return nil, fmt.Errorf("it tells %d words apart; only models for one word can be used", n)
	}
	return &Head{p, shape[1]}, nil
}

// Frames is how many embeddings the head looks at.
func (h *Head) Frames() int { return h.frames }

// Settle is how many embeddings of a stream must have come before a score has nothing of what was before the stream.
func (h *Head) Settle() int { return Settle(h.frames) }

// Settle is the same for anything that looks at so many embeddings.
func Settle(frames int) int { return settleBlocks - 1 + frames }

// Scorer is a head at work on one stream.
type Scorer struct {
	head    *Head
	silence Embedding
	memory  [][]float32
}

// NewScorer returns a scorer for a stream that begins after silence, of embeddings of this network.
func (h *Head) NewScorer(n *Network) *Scorer {
	s := &Scorer{head: h, silence: n.silence, memory: h.program.memory()}
	s.Reset()
	return s
}

// Reset begins a new stream, after silence.
func (s *Scorer) Reset() {
	for in := s.input(); len(in) > 0; in = in[EmbeddingSize:] {
		copy(in, s.silence[:])
	}
}

func (s *Scorer) input() []float32 { return s.memory[s.head.program.input] }

// Put takes the next embedding of the stream and returns how probable it is that the word was just said, 0..1. It does not allocate.
func (s *Scorer) Put(e *Embedding) float32 {
	in := s.input()
	copy(in, in[EmbeddingSize:])
	copy(in[len(in)-EmbeddingSize:], e[:])
	p := s.head.program
	run(p.steps, s.memory)
	score := s.memory[p.output][0]
	if !(score >= 0) { // not a number, too
		return 0
	}
	return min(score, 1)
}
