package openwakeword

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"earshot/detector/tflite"
)

const (
	// SampleRate is the rate of all audio in Hz.
	SampleRate = 16000
	// ChunkSamples is how many samples lie between two embeddings: 80 ms.
	ChunkSamples = 1280
	// EmbeddingSize is how many values an embedding has.
	EmbeddingSize = 96
)

const (
	// windowFrames of the spectrogram are what an embedding is made of.
	windowFrames = 76
	// settleBlocks is how many blocks of 8 frames it takes until nothing of an embedding comes from before them.
	settleBlocks = (windowFrames + blockFrames - 1) / blockFrames
)

// Embedding is what the network makes of 0.775 s of speech.
type Embedding [EmbeddingSize]float32

// shape is what a layer of the network looks like. The kernels reach over time or over frequency; only in frequency is there padding.
type shape struct {
	time, freq      int // of the kernel
	in, out         int // channels
	poolTime, poolF int // of the maxima that are taken afterwards; 1 for none
}

// layers of Google's speech embedding network.
//
// ref: embedding_model.tflite of pyopen-wakeword 1.1.0
func layers() []shape {
	list := []shape{{3, 3, 1, 24, 1, 1}, {1, 3, 24, 24, 1, 1}, {3, 1, 24, 24, 2, 2}}
	for _, s := range []struct{ in, out, poolTime int }{{24, 48, 1}, {48, 72, 2}, {72, 96, 1}, {96, 96, 2}} {
		list = append(list, shape{1, 3, s.in, s.out, 1, 1}, shape{3, 1, s.out, s.out, 1, 1}, shape{1, 3, s.out, s.out, 1, 1}, shape{3, 1, s.out, s.out, s.poolTime, 2})
	}
	return append(list, shape{3, 1, 96, 96, 1, 1})
}

// Network turns speech into embeddings. It never changes and may be shared by any number of streams.
type Network struct {
	layers  []layer
	settled []octet   // what the layers keep after long silence
	silence Embedding // of it
	sum     [sha256.Size]byte
}

// Sum is the SHA-256 of the file: what was learned from the embeddings of one network means nothing to another.
func (n *Network) Sum() [sha256.Size]byte { return n.sum }

// layer is a shape with weights.
type layer struct {
	shape
	cols    int // outputs over frequency, before the pool
	lanes   int
	weights [][]octet // of each sum: [out/lanes][k][lanes], k over the channels of the input, and in the last layer over time before
	bias    []octet
	last    bool // the outputs are not bent
}

// channels is how many octets of the input one time and frequency has.
func (l *layer) channels() int { return l.in / vector }

// pad is how many zero columns there are on each side.
func (l *layer) pad() int { return l.freq / 2 }

// row is how many octets of the input one time has.
func (l *layer) row() int { return (l.cols + 2*l.pad()) * l.channels() }

// kept is how many octets of the input are needed again for the next block.
func (l *layer) kept() int { return (l.time - 1) * l.row() }

const maxNetwork = 4 << 20

// LoadNetwork reads the speech embedding network, embedding_model.tflite. A file with another network is refused.
func LoadNetwork(path string) (*Network, error) {
	data, err := readFile(path, maxNetwork)
	if err != nil {
		return nil, fmt.Errorf("load speech embedding network: %w", err)
	}
	n, err := readNetwork(data)
	if err != nil {
		return nil, fmt.Errorf("load speech embedding network %s: %w", path, err)
	}
	n.sum = sha256.Sum256(data)
	return n, nil
}

// readFile reads a regular file: anything else could block or never end.
func readFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, fmt.Errorf("%s is not a file of at most %d bytes", path, limit)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// errOther is said of a file that is a model, but not this one.
var errOther = errors.New("it is not the speech embedding network of openWakeWord")

func readNetwork(data []byte) (*Network, error) {
	graphs, err := tflite.Graphs(data)
	if err != nil {
		return nil, err
	}
	if len(graphs) != 1 {
		return nil, errOther
	}
	n := &Network{}
	rest := &steps{graph: &graphs[0]}
	cols := melBands
	shapes := layers()
	for i, s := range shapes {
		l := layer{shape: s, cols: cols, last: i == len(shapes)-1}
		if err := rest.layer(&l, i == 0); err != nil {
			return nil, fmt.Errorf("layer %d: %w", i, err)
		}
		n.layers = append(n.layers, l)
		cols /= s.poolF
	}
	if outputs := rest.graph.Outputs; len(rest.graph.Operators) != 0 || cols != 1 || len(outputs) != 1 || outputs[0] != rest.value {
		return nil, errOther
	}
	n.settle()
	return n, nil
}

// steps takes the operators of a graph, one after the other.
type steps struct {
	graph *tflite.Graph
	value int // the tensor that the last operator has made
}

// Operators of the network.
const (
	opConv      = 3
	opMaxPool   = 17
	opPad       = 34
	opMaximum   = 55
	opLeakyRelu = 98
)

// next takes an operator that works on the result of the one before.
func (s *steps) next(code int) (tflite.Operator, error) {
	if len(s.graph.Operators) == 0 {
		return tflite.Operator{}, errOther
	}
	op := s.graph.Operators[0]
	if op.Code != code || len(op.Inputs) == 0 || len(op.Outputs) != 1 || op.Inputs[0] != s.value || op.Outputs[0] < 0 {
		return tflite.Operator{}, errOther
	}
	s.graph.Operators = s.graph.Operators[1:]
	s.value = op.Outputs[0]
	return op, nil
}

// has tells whether a tensor has these dimensions.
func (s *steps) has(tensor int, dims ...int) bool {
	return tensor >= 0 && tensor < len(s.graph.Tensors) && slices.Equal(s.graph.Tensors[tensor].Shape, dims)
}

// Paddings of a convolution: with zeros so that the size stays, or none.
//
// ref: Padding in tensorflow/lite/schema/schema.fbs
const (
	paddingSame  = 0
	paddingValid = 1
)

// onceEach tells whether a convolution goes over every position, without gaps, and does nothing else.
func onceEach(conv tflite.Operator) bool {
	const strideW, strideH, activation, dilationW, dilationH = 1, 2, 3, 4, 5
	return conv.Int(strideW) == 1 && conv.Int(strideH) == 1 && conv.Byte(activation) == 0 && conv.Int(dilationW) <= 1 && conv.Int(dilationH) <= 1
}

// constant is the n-th input of an operator, which must have these dimensions.
func (s *steps) constant(op tflite.Operator, n int, dims ...int) ([]float32, error) {
	if n >= len(op.Inputs) || op.Inputs[n] < 0 {
		return nil, errOther
	}
	v := s.graph.Tensors[op.Inputs[n]]
	if v.Floats == nil || !slices.Equal(v.Shape, dims) {
		return nil, errOther
	}
	return v.Floats, sensible(v.Floats)
}

// maxWeight bounds every weight of network and heads, so that no sum can overflow.
const maxWeight = 1000

// sensible tells of a weight that is over the bound, or no number.
func sensible(weights []float32) error {
	for _, w := range weights {
		if !(w >= -maxWeight && w <= maxWeight) {
			return fmt.Errorf("the weight %v is no sensible number", w)
		}
	}
	return nil
}

func (s *steps) layer(l *layer, first bool) error {
	if first {
		if len(s.graph.Inputs) != 1 {
			return errOther
		}
		s.value = s.graph.Inputs[0]
		pad, err := s.next(opPad)
		if err != nil {
			return err
		}
		if len(pad.Inputs) != 2 || !s.has(pad.Inputs[0], 1, windowFrames, melBands, 1) || pad.Inputs[1] < 0 ||
			!slices.Equal(s.graph.Tensors[pad.Inputs[1]].Ints, []int{0, 0, 0, 0, 1, 1, 0, 0}) {
			return errOther
		}
	}
	conv, err := s.next(opConv)
	if err != nil {
		return err
	}
	padding := paddingValid
	if l.time == 1 {
		padding = paddingSame
	}
	if conv.Byte(0) != padding || !onceEach(conv) {
		return errOther
	}
	weights, err := s.constant(conv, 1, l.out, l.time, l.freq, l.in)
	if err != nil {
		return err
	}
	bias, err := s.constant(conv, 2, l.out)
	if err != nil {
		return err
	}
	for ; len(bias) > 0; bias = bias[vector:] {
		l.bias = append(l.bias, octet(bias))
	}
	if first {
		weights = l.widen(weights)
	}
	l.pack(weights, lanes())
	if l.last {
		return nil
	}
	leaky, err := s.next(opLeakyRelu)
	if err != nil || leaky.Float(0) != slope {
		return errOther
	}
	bound, err := s.next(opMaximum)
	if err != nil {
		return err
	}
	if v, err := s.constant(bound, 1); err != nil || v[0] != lowest {
		return errOther
	}
	if l.poolTime == 1 && l.poolF == 1 {
		return nil
	}
	pool, err := s.next(opMaxPool)
	if err != nil {
		return err
	}
	if pool.Byte(5) != 0 || pool.Int(1) != l.poolF || pool.Int(2) != l.poolTime || pool.Int(3) != l.poolF || pool.Int(4) != l.poolTime {
		return errOther
	}
	return nil
}

// widen makes channels of the three taps over frequency that the first layer has, as forward.put does of the frames: three of eight, the others are
// nothing.
func (l *layer) widen(weights []float32) (wide []float32) {
	for ; len(weights) > 0; weights = weights[l.freq:] {
		wide = append(wide, make([]float32, vector)...)
		copy(wide[len(wide)-vector:], weights[:l.freq])
	}
	l.freq, l.in = 1, vector
	return wide
}

// pack lays out the weights for the kernel, so many outputs side by side.
func (l *layer) pack(weights []float32, lanes int) {
	l.lanes = lanes
	deep := l.deep() * vector
	put := func(sum, o, k int, w float32) {
		at := (o/lanes*deep+k)*lanes + o%lanes
		l.weights[sum][at/vector][at%vector] = w
	}
	for range l.sums() {
		l.weights = append(l.weights, make([]octet, l.out*l.deep()))
	}
	for o := range l.out {
		w := weights[:l.time*l.freq*l.in]
		weights = weights[len(w):]
		for k := range deep {
			if !l.paired() {
				put(0, o, k, w[k])
				continue
			}
			for sum, v := range transform(w[k], w[deep+k], w[2*deep+k]) {
				put(sum, o, k, v)
			}
		}
	}
}
