package tflite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// builder turns the graphs of a file into a model.
type builder struct {
	graphs    []graph
	graph     *graph
	model     *Model
	places    []int             // of the current graph's tensors, -1 before they are computed
	handles   map[int]*variable // of the current graph's tensors
	variables map[string]*variable
	weights   int
	work      int
}

// variable is what a model remembers from one run to the next.
type variable struct {
	name  string
	count int // of elements
	kind  elementType
	place int  // -1 before its size is known
	set   bool // at the start
}

func newBuilder(graphs []graph) *builder {
	return &builder{graphs: graphs, model: &Model{}, variables: map[string]*variable{}}
}

// build makes the steps of the first graph, and runs the one that it calls once to get the memory of a stream that begins.
func (b *builder) build() error {
	init, err := b.initGraph()
	if err != nil {
		return err
	}
	if init > 0 {
		if err := b.enter(init); err != nil {
			return fmt.Errorf("graph %d: %w", init, err)
		}
		b.runOnce()
	}
	b.model.steps = nil
	if err := b.enter(0); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(b.variables)) {
		if !b.variables[name].set {
			return fmt.Errorf("the variable %q has no value at the start", name)
		}
	}
	m := b.model
	var output int
	if m.output, output, err = b.describe(b.graph.outputs, uint8Type); err != nil {
		return fmt.Errorf("output: %w", err)
	}
	if b.graph.tensors[output].count != 1 || b.places[output] < 0 {
		return errors.New("output: it is not a single element that is computed")
	}
	m.out = b.places[output]
	m.bytes = append(m.bytes, make([]int8, depthwiseLanes)...)
	return nil
}

// initGraph returns the graph that is called once, or 0 when there is none.
func (b *builder) initGraph() (int, error) {
	found := 0
	for i, op := range b.graphs[0].operators {
		if op.code != opCallOnce {
			continue
		}
		n := op.options.int32(0)
		if n < 1 || n >= len(b.graphs) || found != 0 {
			return 0, fmt.Errorf("operator %d (%v): it does not call the only graph for the start", i, op.code)
		}
		found = n
	}
	return found, nil
}

// enter compiles a graph.
func (b *builder) enter(n int) error {
	b.graph = &b.graphs[n]
	b.handles = map[int]*variable{}
	b.places = make([]int, len(b.graph.tensors))
	for i := range b.places {
		b.places[i] = -1
	}
	if n == 0 {
		input, i, err := b.describe(b.graph.inputs, int8Type)
		if err != nil {
			return fmt.Errorf("input: %w", err)
		}
		b.model.inTensor = input
		b.model.inputs = b.graph.tensors[i].count
		if b.model.in, err = b.allocate(int8Type, b.model.inputs); err != nil {
			return fmt.Errorf("input: %w", err)
		}
		b.places[i] = b.model.in
	}
	for i := range b.graph.operators {
		op := &b.graph.operators[i]
		if n != 0 && op.code != opVarHandle && op.code != opAssignVariable {
			return fmt.Errorf("operator %d (%v): it is not known for the start", i, op.code)
		}
		if err := b.compile(op); err != nil {
			return fmt.Errorf("operator %d (%v): %w", i, op.code, err)
		}
		if b.work > maxWork || b.weights > maxWeights {
			return fmt.Errorf("operator %d (%v): the model is too large", i, op.code)
		}
	}
	return nil
}

// runOnce executes the steps so far on the model's own memory.
func (b *builder) runOnce() {
	m := memory{bytes: b.model.bytes, floats: b.model.floats}
	for _, s := range b.model.steps {
		s.run(&m)
	}
}

func (b *builder) compile(op *operator) error {
	switch op.code {
	case opCallOnce:
		return nil // done before the first run
	case opVarHandle:
		return b.varHandle(op)
	case opReadVariable:
		return b.readVariable(op)
	case opAssignVariable:
		return b.assignVariable(op)
	case opReshape:
		return b.reshape(op)
	case opConcatenation:
		return b.concatenation(op)
	case opStridedSlice:
		return b.stridedSlice(op)
	case opSplitV:
		return b.splitV(op)
	case opConv:
		return b.conv(op)
	case opDepthwiseConv:
		return b.depthwise(op)
	case opFullyConnected:
		return b.fullyConnected(op)
	case opLogistic:
		return b.logistic(op)
	case opQuantize:
		return b.quantize(op)
	case opDequantize:
		return b.dequantize(op)
	case opAdd:
		return b.add(op)
	case opMul:
		return b.mul(op)
	case opAveragePool, opMaxPool:
		return b.pool(op)
	default:
		return errors.New("this operator is not supported")
	}
}

// tensor returns a tensor of the current graph.
func (b *builder) tensor(i int) (*tensor, error) {
	if i < 0 || i >= len(b.graph.tensors) {
		return nil, fmt.Errorf("there is no tensor %d", i)
	}
	return &b.graph.tensors[i], nil
}

// operand is a tensor with the place it has in memory.
type operand struct {
	*tensor
	place int
}

// input returns the k-th input of an operator, which must have been computed or be a constant of a type that is computed with.
func (b *builder) input(op *operator, k int) (operand, error) {
	t, i, err := b.nth(op.inputs, k)
	if err != nil {
		return operand{}, fmt.Errorf("input %d: %w", k, err)
	}
	if b.places[i] < 0 {
		if t.data == nil {
			return operand{}, fmt.Errorf("input %d: it is used before it is computed", k)
		}
		if b.places[i], err = b.constantPlace(t); err != nil {
			return operand{}, fmt.Errorf("input %d: %w", k, err)
		}
	}
	return operand{t, b.places[i]}, nil
}

// constant returns the k-th input of an operator, which must be a constant.
func (b *builder) constant(op *operator, k int, kind elementType) (*tensor, error) {
	t, _, err := b.nth(op.inputs, k)
	if err != nil {
		return nil, fmt.Errorf("input %d: %w", k, err)
	}
	if t.data == nil || t.kind != kind {
		return nil, fmt.Errorf("input %d: it is not a constant of %v", k, kind)
	}
	return t, nil
}

// output gives the k-th output of an operator its place.
func (b *builder) output(op *operator, k int) (operand, error) {
	t, i, err := b.nth(op.outputs, k)
	if err == nil && (b.places[i] >= 0 || t.data != nil) {
		err = errors.New("it is computed twice or a constant")
	}
	if err != nil {
		return operand{}, fmt.Errorf("output %d: %w", k, err)
	}
	place, err := b.allocate(t.kind, t.count)
	if err != nil {
		return operand{}, fmt.Errorf("output %d: %w", k, err)
	}
	b.places[i] = place
	b.work += t.count
	return operand{t, place}, nil
}

// pair returns the first input and the first output.
func (b *builder) pair(op *operator) (in, out operand, err error) {
	if in, err = b.input(op, 0); err != nil {
		return in, out, err
	}
	out, err = b.output(op, 0)
	return in, out, err
}

func (b *builder) nth(list int32s, k int) (*tensor, int, error) {
	if k >= list.len() {
		return nil, 0, errors.New("it is missing")
	}
	t, err := b.tensor(list.at(k))
	return t, list.at(k), err
}

// allocate returns the place of n elements in the memory of their type.
func (b *builder) allocate(kind elementType, n int) (int, error) {
	m := b.model
	if len(m.bytes)+len(m.floats)+n > maxMemory {
		return 0, fmt.Errorf("the tensors need more than %d elements", maxMemory)
	}
	switch kind {
	case int8Type, uint8Type:
		place := len(m.bytes)
		m.bytes = append(m.bytes, make([]int8, n)...)
		return place, nil
	case float32Type:
		place := len(m.floats)
		m.floats = append(m.floats, make([]float32, n)...)
		return place, nil
	default:
		return 0, fmt.Errorf("tensors of %v are not supported", kind)
	}
}

// constantPlace copies a constant into the memory.
func (b *builder) constantPlace(t *tensor) (int, error) {
	place, err := b.allocate(t.kind, t.count)
	if err != nil {
		return 0, err
	}
	if t.kind == float32Type {
		for i := range t.count {
			b.model.floats[place+i] = math.Float32frombits(binary.LittleEndian.Uint32(t.data[4*i:]))
		}
		return place, nil
	}
	for i, v := range t.data {
		b.model.bytes[place+i] = int8(v)
	}
	return place, nil
}
