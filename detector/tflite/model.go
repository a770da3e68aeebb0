// Package tflite loads streaming wake-word models in the format of TensorFlow Lite and runs them with integer arithmetic.
//
// Results are bit for bit those of the TensorFlow Lite C library's built-in kernels on x86-64, on every platform. A model file is
// untrusted: what is damaged, too large or unknown is refused when it is loaded, and a model that has been loaded always runs.
package tflite

import (
	"errors"
	"fmt"
	"slices"
)

// Tensor describes a model's input or output.
type Tensor struct {
	Shape     []int
	Scale     float32 // of a quantized value over the zero point
	ZeroPoint int
}

// Model is a model that has been checked and prepared. It never changes: any number of interpreters may share it.
type Model struct {
	steps    []step
	bytes    []int8    // the memory of a stream that begins
	floats   []float32 // the same for states that are kept as float32
	sums     int       // room for the sums of the widest layer
	in, out  int       // places in bytes
	inputs   int       // elements of the input
	inTensor Tensor
	output   Tensor
}

// step is one operator of the model, with the places of its tensors.
type step interface{ run(m *memory) }

// memory holds the tensors and variables of one stream.
type memory struct {
	bytes  []int8
	floats []float32
	sums   []int32
}

// Load prepares a model with one int8 input and one uint8 output of a single element. An error says which operator or part of the
// file cannot be used. The data is not kept.
func Load(data []byte) (*Model, error) {
	graphs, err := parse(data, bounds{file: maxFile, elements: maxElements})
	if err != nil {
		return nil, err
	}
	b := newBuilder(graphs)
	if err := b.build(); err != nil {
		return nil, err
	}
	return b.model, nil
}

// Input returns the shape and quantization of the input.
func (m *Model) Input() Tensor { return m.inTensor.clone() }

// Output returns the shape and quantization of the output.
func (m *Model) Output() Tensor { return m.output.clone() }

func (t Tensor) clone() Tensor {
	t.Shape = slices.Clone(t.Shape)
	return t
}

// Interpreter runs a model over one stream. It must not be used by two goroutines at once.
type Interpreter struct {
	model  *Model
	memory memory
}

// NewInterpreter returns an interpreter at the start of a stream.
func (m *Model) NewInterpreter() *Interpreter {
	i := &Interpreter{model: m, memory: memory{
		bytes:  make([]int8, len(m.bytes)),
		floats: make([]float32, len(m.floats)),
		sums:   make([]int32, m.sums),
	}}
	i.Reset()
	return i
}

// Reset puts all variables back to where a stream begins.
func (i *Interpreter) Reset() {
	copy(i.memory.bytes, i.model.bytes)
	copy(i.memory.floats, i.model.floats)
}

// Input returns the elements of the input, for the caller to fill before Run.
func (i *Interpreter) Input() []int8 {
	return i.memory.bytes[i.model.in:][:i.model.inputs:i.model.inputs]
}

// Run computes the output for the input that has been filled in, and moves the stream on.
func (i *Interpreter) Run() uint8 {
	for _, s := range i.model.steps {
		s.run(&i.memory)
	}
	return uint8(i.memory.bytes[i.model.out])
}

// describe makes the description of a graph's single input or output.
func (b *builder) describe(list int32s, kind elementType) (Tensor, int, error) {
	if list.len() != 1 {
		return Tensor{}, 0, fmt.Errorf("there are %d, not one", list.len())
	}
	i := list.at(0)
	t, err := b.tensor(i)
	if err != nil {
		return Tensor{}, 0, err
	}
	if t.kind != kind {
		return Tensor{}, 0, fmt.Errorf("it is %v, not %v", t.kind, kind)
	}
	scale, zero, err := t.quantization()
	if err != nil {
		return Tensor{}, 0, err
	}
	if t.data != nil {
		return Tensor{}, 0, errors.New("it is a constant")
	}
	return Tensor{t.shape, scale, int(zero)}, i, nil
}
