package openwakeword

import (
	"errors"
	"fmt"
	"slices"

	"earshot/detector/onnx"
)

// onnxOperators are the operators of heads that work on one or two values.
func onnxOperators() map[string]operation {
	return map[string]operation{
		"Add": opAdd, "Sub": opSubtract, "Mul": opMultiply, "Div": opDivide, "ReduceMean": opMean, "Relu": opRelu, "Sigmoid": opSigmoid,
		"Sqrt": opRoot, "Reciprocal": opReciprocal,
	}
}

// onnxReader makes a program of an ONNX file.
type onnxReader struct {
	builder
	graph *onnx.Graph
	known map[string]int // values by name
	ops   map[string]operation
}

// readOnnx returns the program and the shape of its input.
func readOnnx(data []byte) (*program, []int, error) {
	graph, err := onnx.Read(data)
	if err != nil {
		return nil, nil, err
	}
	inputs := slices.DeleteFunc(slices.Clone(graph.Inputs), func(in onnx.Input) bool { // old files list the weights, too
		_, weight := graph.Tensors[in.Name]
		return weight
	})
	if len(inputs) != 1 || len(graph.Outputs) != 1 {
		return nil, nil, errors.New("it has not one input and one output")
	}
	if len(graph.Nodes) > maxSteps {
		return nil, nil, errors.New("it has more operators than a head needs")
	}
	if slices.ContainsFunc(graph.Nodes, func(n onnx.Node) bool { return n.Op == "If" }) {
		return nil, nil, errors.New("it has a second network that is only asked now and then (If); such a model is read as a .tflite file only")
	}
	shape := slices.Clone(inputs[0].Shape)
	if len(shape) > 0 && shape[0] == 0 {
		shape[0] = 1 // any number at a time
	}
	if slices.ContainsFunc(shape, func(n int) bool { return n > maxFloats }) {
		return nil, nil, errors.New("its input is too large")
	}
	r := &onnxReader{graph: graph, known: map[string]int{}, ops: onnxOperators()}
	input, err := r.result(product(shape))
	if err != nil {
		return nil, nil, err
	}
	r.known[inputs[0].Name] = input
	p := &program{input: input}
	for i, n := range graph.Nodes {
		s, err := r.node(n)
		if err != nil {
			return nil, nil, fmt.Errorf("operator %d (%s): %w", i, n.Op, err)
		}
		p.steps = append(p.steps, s...)
	}
	output, ok := r.known[graph.Outputs[0]]
	if !ok {
		return nil, nil, errors.New("its output is not computed")
	}
	p.values, p.output = r.values, output
	return p, shape, nil
}

// operand is the value of a node's input.
func (r *onnxReader) operand(n onnx.Node, i int) (int, error) {
	if i >= len(n.Inputs) || n.Inputs[i] == "" {
		return 0, fmt.Errorf("input %d is left out", i)
	}
	name := n.Inputs[i]
	if v, ok := r.known[name]; ok {
		return v, nil
	}
	t, ok := r.graph.Tensors[name]
	if !ok || len(t.Floats) == 0 {
		return 0, fmt.Errorf("input %d is neither computed nor of type float", i)
	}
	v, err := r.constant(t.Floats)
	r.known[name] = v
	return v, err
}

// node makes the step of one operator; constants, and changes of shape, need none.
func (r *onnxReader) node(n onnx.Node) ([]step, error) {
	if len(n.Outputs) != 1 {
		return nil, errors.New("it has not one output")
	}
	if n.Op == "Constant" {
		t := n.Tensor("value")
		if t == nil || len(t.Floats) == 0 {
			return nil, errors.New("it is not of type float")
		}
		r.graph.Tensors[n.Outputs[0]] = *t
		return nil, nil
	}
	x, err := r.operand(n, 0)
	if err != nil {
		return nil, err
	}
	if n.Op == "Flatten" || n.Op == "Reshape" {
		r.known[n.Outputs[0]] = x
		return nil, nil
	}
	var s step
	switch n.Op {
	case "Gemm":
		s, err = r.gemm(n, x)
	case "Pow":
		s, err = r.power(n, x)
	default:
		s, err = r.plain(n, x)
	}
	if err != nil {
		return nil, err
	}
	r.known[n.Outputs[0]] = s.out
	return []step{s}, nil
}

// gemm is a fully connected layer; the weights may be written either way round.
func (r *onnxReader) gemm(n onnx.Node, x int) (step, error) {
	if n.Float("alpha", 1) != 1 || n.Float("beta", 1) != 1 || n.Int("transA", 0) != 0 || len(n.Inputs) < 2 {
		return step{}, errors.New("only plain products are supported")
	}
	t, ok := r.graph.Tensors[n.Inputs[1]]
	if !ok || t.Floats == nil || len(t.Shape) != 2 {
		return step{}, errors.New("its weights are no constant matrix")
	}
	inputs, floats := t.Shape[1], t.Floats
	if n.Int("transB", 0) == 0 {
		inputs, floats = t.Shape[0], transposed(t.Floats, t.Shape[0], t.Shape[1])
	}
	if inputs != r.values[x].size {
		return step{}, fmt.Errorf("weights for %d inputs do not go with %d", inputs, r.values[x].size)
	}
	weights, err := r.constant(floats)
	if err != nil {
		return step{}, err
	}
	bias := -1
	if len(n.Inputs) > 2 && n.Inputs[2] != "" {
		if bias, err = r.operand(n, 2); err != nil {
			return step{}, err
		}
	}
	return r.dense(x, weights, bias)
}

func transposed(m []float32, rows, cols int) []float32 {
	out := make([]float32, len(m))
	for i := range rows {
		for j := range cols {
			out[j*rows+i] = m[i*cols+j]
		}
	}
	return out
}

// power is a square: no other is used.
func (r *onnxReader) power(n onnx.Node, x int) (step, error) {
	exponent, err := r.operand(n, 1)
	if err != nil {
		return step{}, err
	}
	if c := r.values[exponent].constant; len(c) != 1 || c[0] != 2 {
		return step{}, errors.New("only squares are supported")
	}
	return r.elementwise(opSquare, x, -1)
}

// plain is the step of an operator on one or two values.
func (r *onnxReader) plain(n onnx.Node, x int) (step, error) {
	op, ok := r.ops[n.Op]
	if !ok {
		return step{}, errors.New("this operator is not supported")
	}
	y := -1
	if op <= opGreaterEqual {
		var err error
		if y, err = r.operand(n, 1); err != nil {
			return step{}, err
		}
	}
	// What a mean is taken of has the shape [1, n] in all known heads.
	if axes := n.Ints("axes"); op == opMean && (len(axes) != 1 || (axes[0] != -1 && axes[0] != 1)) {
		return step{}, errors.New("it does not go over the last axis alone")
	}
	return r.elementwise(op, x, y)
}
