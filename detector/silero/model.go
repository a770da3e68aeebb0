// Package silero tells speech from everything else, with the Silero voice-activity network in pure Go.
//
// The weights are those of silero_vad_16k_op15.onnx in the Python package silero-vad 6.2.3. The graph is built in here, and
// only the weights are read: a short-time Fourier transform as a convolution, four convolutions, an LSTM and a sigmoid.
package silero

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"earshot/detector/onnx"
)

// ref: silero_vad_16k_op15.onnx, the attributes and initializers of its graph.
const (
	ChunkSamples = 512 // samples of 16 kHz audio in a chunk: 32 ms

	contextSamples = 64 // of the chunk before, in front of each chunk
	padSamples     = 64 // mirrored behind each chunk
	fftSamples     = 256
	fftHop         = 128
	fftBins        = fftSamples/2 + 1
	frames         = (contextSamples+ChunkSamples+padSamples-fftSamples)/fftHop + 1
	taps           = 3
	units          = 128 // of the LSTM
	gates          = 4   // input, forget, cell, output
)

const (
	maxModelBytes = 8 << 20 // the real one has 1.3 MB
	stft          = "model.stft.forward_basis_buffer"
	lstm          = "model.decoder.rnn."
	head          = "model.decoder.decoder.2."
)

// encoder lists the four convolutions: each reads what the one before wrote.
var encoder = [...]struct {
	name            string
	in, out, stride int
}{
	{"model.encoder.0.reparam_conv.", fftBins, 128, 1},
	{"model.encoder.1.reparam_conv.", 128, 64, 2},
	{"model.encoder.2.reparam_conv.", 64, 64, 2},
	{"model.encoder.3.reparam_conv.", 64, units, 1},
}

// Model holds the weights of the network. It never changes, and any number of streams may share it.
type Model struct {
	basis    []float32 // [2*fftBins][fftSamples], the real parts before the imaginary
	convs    [len(encoder)]conv
	gates    []float32 // [units][gates][2*units], each row for the input and then for the hidden state
	gateBias []float32 // [units][gates]
	head     []float32 // [units]
	headBias float32
}

// Load reads the weights from silero_vad_16k_op15.onnx of the Python package silero-vad 6.2.3. Any other file is an error.
func Load(path string) (*Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("load voice model: %w", err)
	}
	defer f.Close()
	m, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("load voice model %q (silero_vad_16k_op15.onnx of silero-vad 6.2.3 is needed): %w", path, err)
	}
	return m, nil
}

// Read is Load from a stream. It reads at most 8 MiB.
func Read(r io.Reader) (*Model, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxModelBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxModelBytes {
		return nil, fmt.Errorf("larger than %d MiB", maxModelBytes>>20)
	}
	graph, err := onnx.Read(data)
	if err != nil {
		return nil, err
	}
	return newModel(&weights{tensors: graph.Tensors})
}

// weights hands out tensors and remembers everything that was wrong with them.
type weights struct {
	tensors map[string]onnx.Tensor
	errs    []error
}

func (w *weights) get(name string, dims ...int) []float32 {
	t, ok := w.tensors[name]
	if !ok {
		w.errs = append(w.errs, fmt.Errorf("tensor %q is missing", name))
		return nil
	}
	if err := check(t, dims); err != nil {
		w.errs = append(w.errs, fmt.Errorf("tensor %q: %w", name, err))
	}
	return t.Floats
}

// maxWeight bounds every weight: with it no sum in the network can overflow a float32, so each probability is a number.
const maxWeight = 1000

// check tells what is wrong with a tensor that must have exactly these dimensions.
func check(t onnx.Tensor, dims []int) error {
	if !slices.Equal(t.Shape, dims) {
		return fmt.Errorf("the shape is %v, not %v", t.Shape, dims)
	}
	if t.Floats == nil {
		return errors.New("it is not of type float")
	}
	for i, v := range t.Floats {
		if !(v >= -maxWeight && v <= maxWeight) {
			return fmt.Errorf("weight %d is %v, which is no sensible number", i, v)
		}
	}
	return nil
}

func newModel(w *weights) (*Model, error) {
	m := &Model{basis: w.get(stft, 2*fftBins, 1, fftSamples)}
	var kernels [len(encoder)][]float32
	for i, e := range encoder {
		kernels[i] = w.get(e.name+"weight", e.out, e.in, taps)
		m.convs[i] = conv{in: e.in, out: e.out, stride: e.stride, bias: w.get(e.name+"bias", e.out)}
	}
	input, hidden := w.get(lstm+"weight_ih", gates*units, units), w.get(lstm+"weight_hh", gates*units, units)
	inputBias, hiddenBias := w.get(lstm+"bias_ih", gates*units), w.get(lstm+"bias_hh", gates*units)
	m.head = w.get(head+"weight", 1, units, 1)
	headBias := w.get(head+"bias", 1)
	if len(w.errs) > 0 {
		return nil, errors.Join(w.errs...)
	}
	for i := range m.convs {
		m.convs[i].setKernel(kernels[i])
	}
	m.gates, m.gateBias = arrangeGates(input, hidden, inputBias, hiddenBias)
	m.headBias = headBias[0]
	return m, nil
}

// arrangeGates puts the four gates of a unit next to each other, and what they weigh of the input before what they weigh of
// the hidden state, so that a unit is four products with one vector. The file has them gate by gate, in PyTorch's order.
func arrangeGates(input, hidden, inputBias, hiddenBias []float32) (rows, bias []float32) {
	for u := range units {
		for g := range gates {
			row := g*units + u
			rows = append(rows, input[row*units:][:units]...)
			rows = append(rows, hidden[row*units:][:units]...)
			bias = append(bias, inputBias[row]+hiddenBias[row])
		}
	}
	return rows, bias
}
