package tflite

import (
	"errors"
	"fmt"
	"math"
)

// The limits bound what a hostile file can cost. The largest known wake-word model has 115 kB, 90 operators and 140 tensors.
const (
	maxFile      = 1 << 20 // bytes
	maxGraphs    = 8
	maxTensors   = 1024
	maxOperators = 1024
	maxRank      = 6
	maxElements  = 1 << 18 // of one tensor
	maxMemory    = 1 << 19 // elements of all tensors that are computed
	maxWeights   = 1 << 19 // of all operators
	maxWork      = 1 << 24 // elements copied or multiplied in one run
)

// elementType is the type of a tensor's elements.
//
// ref: TensorType in tensorflow/lite/schema/schema.fbs
type elementType int

const (
	float32Type  elementType = 0
	int32Type    elementType = 2
	uint8Type    elementType = 3
	int8Type     elementType = 9
	resourceType elementType = 13
)

func (t elementType) String() string {
	switch t {
	case float32Type:
		return "float32"
	case int32Type:
		return "int32"
	case uint8Type:
		return "uint8"
	case int8Type:
		return "int8"
	case resourceType:
		return "resource"
	default:
		return fmt.Sprintf("type %d", int(t))
	}
}

// tensor is what the file says about a tensor.
type tensor struct {
	shape  []int
	count  int // of elements
	kind   elementType
	data   []byte // of a constant, nil when it is computed
	scales float32s
	zeros  int64s
}

// quantization returns the scale and zero point of a tensor that has one of each.
func (t *tensor) quantization() (scale float32, zero int32, err error) {
	if t.scales.len() != 1 || t.zeros.len() > 1 {
		return 0, 0, errors.New("a tensor is not quantized with one scale and zero point")
	}
	if scale = t.scales.at(0); !usable(scale) {
		return 0, 0, fmt.Errorf("the scale %v cannot be used", scale)
	}
	if t.zeros.len() == 1 {
		z := t.zeros.at(0)
		low, high := int64(math.MinInt8), int64(math.MaxInt8)
		if t.kind == uint8Type {
			low, high = 0, math.MaxUint8
		}
		if z < low || z > high {
			return 0, 0, fmt.Errorf("the zero point %d is outside of %s", z, t.kind)
		}
		zero = int32(z)
	}
	return scale, zero, nil
}

func usable(scale float32) bool { return scale > 0 && scale <= math.MaxFloat32 }

// operator is one operation of a graph.
type operator struct {
	code            opcode
	inputs, outputs int32s
	options         table
}

// graph is a list of operators over a list of tensors.
type graph struct {
	tensors         []tensor
	inputs, outputs int32s
	operators       []operator
}

// errDamaged is all that can be said of a file whose offsets lead outside.
var errDamaged = errors.New("the file is damaged or cut short")

// bounds are what a file may have at most.
type bounds struct {
	file, elements int
	empty          bool // a tensor may have no elements, as the shape of a scalar has none
}

// parse reads a model file. The numbers are those of the fields in the schema.
//
// ref: tensorflow/lite/schema/schema.fbs, version 3
func parse(data []byte, limit bounds) ([]graph, error) {
	if len(data) > limit.file {
		return nil, fmt.Errorf("the file has %d bytes, more than %d", len(data), limit.file)
	}
	if len(data) < 8 || string(data[4:8]) != "TFL3" {
		return nil, errors.New("this is not a TensorFlow Lite model")
	}
	r := &reader{data: data}
	root := r.table(r.follow(0))
	codes := parseCodes(root.tables(1, maxOperators))
	buffers := root.tables(4, maxTensors*2)
	var graphs []graph
	for _, t := range root.tables(2, maxGraphs) {
		g, err := parseGraph(t, codes, buffers, limit)
		if err != nil && !r.bad {
			return nil, err
		}
		graphs = append(graphs, g)
	}
	if r.bad {
		return nil, errDamaged
	}
	if len(graphs) == 0 {
		return nil, errors.New("the file holds no graph")
	}
	return graphs, nil
}

// parseCodes reads the operator codes. Old files have an 8-bit field only, later ones both.
func parseCodes(tables []table) []opcode {
	codes := make([]opcode, len(tables))
	for i, t := range tables {
		codes[i] = opcode(max(t.int8(0), t.int32(3)))
	}
	return codes
}

func parseGraph(t table, codes []opcode, buffers []table, limit bounds) (graph, error) {
	g := graph{inputs: t.vector(1, 4), outputs: t.vector(2, 4)}
	for i, tt := range t.tables(0, maxTensors) {
		parsed, err := parseTensor(tt, buffers, limit)
		if err != nil {
			return graph{}, fmt.Errorf("tensor %d: %w", i, err)
		}
		g.tensors = append(g.tensors, parsed)
	}
	for i, ot := range t.tables(3, maxOperators) {
		code := ot.int32(0)
		if code < 0 || code >= len(codes) {
			return graph{}, fmt.Errorf("operator %d has no code", i)
		}
		g.operators = append(g.operators, operator{codes[code], ot.vector(1, 4), ot.vector(2, 4), ot.table(4)})
	}
	return g, nil
}

func parseTensor(t table, buffers []table, limit bounds) (tensor, error) {
	out := tensor{kind: elementType(t.int8(1)), count: 1}
	shape := int32s(t.vector(0, 4))
	if shape.len() > maxRank {
		return out, fmt.Errorf("it has %d dimensions, more than %d", shape.len(), maxRank)
	}
	out.shape = make([]int, shape.len())
	for i := range out.shape {
		n := shape.at(i)
		if n < 0 || (n == 0 && !limit.empty) || n > limit.elements/max(1, out.count) {
			return out, fmt.Errorf("it has no element or more than %d", limit.elements)
		}
		out.shape[i] = n
		out.count *= n
	}
	if i := t.int32(2); i > 0 && i < len(buffers) {
		out.data = buffers[i].vector(0, 1)
	} else if i != 0 {
		return out, errors.New("it has no buffer")
	}
	q := t.table(4)
	out.scales, out.zeros = q.vector(2, 4), q.vector(3, 8)
	if len(out.data) == 0 {
		out.data = nil
		return out, nil
	}
	if want := out.count * size(out.kind); want != 0 && len(out.data) != want {
		return out, fmt.Errorf("it holds %d bytes of data, want %d", len(out.data), want)
	}
	return out, nil
}

// size returns the bytes of one element, or 0 for types that no operator here takes.
func size(kind elementType) int {
	switch kind {
	case float32Type, int32Type:
		return 4
	case int8Type, uint8Type:
		return 1
	default:
		return 0
	}
}
