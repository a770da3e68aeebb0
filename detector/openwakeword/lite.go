package openwakeword

import (
	"errors"
	"fmt"

	"earshot/detector/tflite"
)

// liteOperators are the operators of heads that work on one or two values.
//
// ref: BuiltinOperator in tensorflow/lite/schema/schema.fbs
func liteOperators() map[int]operation {
	return map[int]operation{
		0: opAdd, 14: opSigmoid, 18: opMultiply, 19: opRelu, 25: opSoftmax, 40: opMean, 41: opSubtract, 42: opDivide, 62: opGreaterEqual,
		75: opRoot, 76: opRootReciprocal, 92: opSquare, 99: opSquaredDifference,
	}
}

// Operators of heads that are more than that.
const (
	liteDense   = 9
	liteReshape = 22
	liteIf      = 118
)

// liteReader makes a program of a TensorFlow Lite file.
type liteReader struct {
	builder
	graphs []tflite.Graph
	known  map[int]operation
	steps  int
}

// readLite returns the program and the shape of its input.
func readLite(data []byte) (*program, []int, error) {
	graphs, err := tflite.Graphs(data)
	if err != nil {
		return nil, nil, err
	}
	g := graphs[0]
	if len(g.Inputs) != 1 || len(g.Outputs) != 1 || g.Inputs[0] < 0 || g.Inputs[0] >= len(g.Tensors) {
		return nil, nil, errors.New("it has not one input and one output")
	}
	shape := g.Tensors[g.Inputs[0]].Shape
	r := &liteReader{graphs: graphs, known: liteOperators()}
	input, err := r.result(product(shape))
	if err != nil {
		return nil, nil, err
	}
	steps, outputs, err := r.graph(0, []int{input})
	if err != nil {
		return nil, nil, err
	}
	return &program{r.values, steps, input, outputs[0]}, shape, nil
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// graph makes the steps of a graph whose inputs are these values, and returns the values of its outputs.
func (r *liteReader) graph(n int, inputs []int) ([]step, []int, error) {
	g := r.graphs[n]
	if len(g.Inputs) != len(inputs) {
		return nil, nil, fmt.Errorf("graph %d takes %d values, not %d", n, len(g.Inputs), len(inputs))
	}
	known := map[int]int{} // values by tensor
	for i, tensor := range g.Inputs {
		known[tensor] = inputs[i]
	}
	var steps []step
	for i, op := range g.Operators {
		if r.steps++; r.steps > maxSteps {
			return nil, nil, errors.New("it has more operators than a head needs")
		}
		s, err := r.operator(&g, op, known, n)
		if err != nil {
			return nil, nil, fmt.Errorf("operator %d (%s): %w", i, op.Name, err)
		}
		steps = append(steps, s...)
	}
	var outputs []int
	for _, tensor := range g.Outputs {
		v, ok := known[tensor]
		if !ok || v < 0 { // or it is an input that is left out
			return nil, nil, errors.New("an output is not computed")
		}
		outputs = append(outputs, v)
	}
	return steps, outputs, nil
}

// operand is the value of an operator's input, -1 for one that is left out.
func (r *liteReader) operand(g *tflite.Graph, op tflite.Operator, n int, known map[int]int) (int, error) {
	if n >= len(op.Inputs) || op.Inputs[n] < 0 {
		return -1, nil
	}
	tensor := op.Inputs[n]
	if v, ok := known[tensor]; ok {
		return v, nil
	}
	floats := g.Tensors[tensor].Floats
	if floats == nil {
		return 0, fmt.Errorf("input %d is neither computed nor of type float32", n)
	}
	v, err := r.constant(floats)
	known[tensor] = v
	return v, err
}

// operator makes the step of one operator; a change of shape needs none.
func (r *liteReader) operator(g *tflite.Graph, op tflite.Operator, known map[int]int, graph int) ([]step, error) {
	if len(op.Outputs) != 1 || op.Outputs[0] < 0 || len(op.Inputs) == 0 {
		return nil, errors.New("it has not one output and some inputs")
	}
	x, err := r.operand(g, op, 0, known)
	if err != nil {
		return nil, err
	}
	if x < 0 {
		return nil, errors.New("its input is left out")
	}
	if op.Code == liteReshape {
		known[op.Outputs[0]] = x
		return nil, nil
	}
	var s step
	switch op.Code {
	case liteDense:
		s, err = r.connected(g, op, x, known)
	case liteIf:
		if graph != 0 {
			return nil, errors.New("a choice within a choice is not supported")
		}
		s, err = r.choice(g, op, x, known)
	default:
		s, err = r.plain(g, op, x, known)
	}
	if err != nil {
		return nil, err
	}
	known[op.Outputs[0]] = s.out
	return []step{s}, nil
}

func (r *liteReader) connected(g *tflite.Graph, op tflite.Operator, x int, known map[int]int) (step, error) {
	weights, err := r.operand(g, op, 1, known)
	if err != nil {
		return step{}, err
	}
	bias, err := r.operand(g, op, 2, known)
	if err != nil {
		return step{}, err
	}
	if weights < 0 {
		return step{}, errors.New("it has no weights")
	}
	s, err := r.dense(x, weights, bias)
	if err != nil {
		return step{}, err
	}
	s.relu, err = liteRelu(op)
	return s, err
}

// liteRelu is the activation of an operator. ref: ActivationFunctionType in tensorflow/lite/schema/schema.fbs
func liteRelu(op tflite.Operator) (bool, error) {
	if a := op.Byte(0); a > 1 || a < 0 {
		return false, fmt.Errorf("the activation %d is not supported", a)
	}
	return op.Byte(0) == 1, nil
}

// plain is the step of an operator on one or two values.
func (r *liteReader) plain(g *tflite.Graph, op tflite.Operator, x int, known map[int]int) (step, error) {
	code, ok := r.known[op.Code]
	if !ok {
		return step{}, errors.New("this operator is not supported")
	}
	y := -1
	if code <= opGreaterEqual {
		var err error
		if y, err = r.operand(g, op, 1, known); err != nil {
			return step{}, err
		}
		if y < 0 {
			return step{}, errors.New("its second input is left out")
		}
	}
	if code == opMean && !lastAxis(g, op) {
		return step{}, errors.New("it does not go over the last axis alone")
	}
	s, err := r.elementwise(code, x, y)
	if err == nil && code <= opDivide {
		s.relu, err = liteRelu(op)
	}
	return s, err
}

// lastAxis tells whether the mean goes over the last axis, and the others have one element only.
func lastAxis(g *tflite.Graph, op tflite.Operator) bool {
	if len(op.Inputs) != 2 || op.Inputs[1] < 0 {
		return false
	}
	shape, axes := g.Tensors[op.Inputs[0]].Shape, g.Tensors[op.Inputs[1]].Ints
	n := len(shape)
	return n > 0 && len(axes) == 1 && (axes[0] == -1 || axes[0] == n-1) && shape[n-1] == product(shape)
}

// choice is the step that goes on with one of two graphs.
func (r *liteReader) choice(g *tflite.Graph, op tflite.Operator, x int, known map[int]int) (step, error) {
	if r.values[x].size != 1 {
		return step{}, errors.New("it does not decide by one value")
	}
	var inputs []int
	for n := 1; n < len(op.Inputs); n++ {
		v, err := r.operand(g, op, n, known)
		if err != nil {
			return step{}, err
		}
		inputs = append(inputs, v)
	}
	s := step{op: opBranch, a: x}
	for n, branch := range []struct {
		steps *[]step
		value *int
	}{{&s.then, &s.b}, {&s.els, &s.c}} {
		index := op.Int(n)
		if index < 1 || index >= len(r.graphs) {
			return step{}, fmt.Errorf("there is no graph %d", index)
		}
		steps, outputs, err := r.graph(index, inputs)
		if err != nil {
			return step{}, fmt.Errorf("graph %d: %w", index, err)
		}
		if len(outputs) != 1 {
			return step{}, fmt.Errorf("graph %d has not one output", index)
		}
		*branch.steps, *branch.value = steps, outputs[0]
	}
	if r.values[s.b].size != r.values[s.c].size {
		return step{}, errors.New("the two graphs have results of different sizes")
	}
	var err error
	s.out, err = r.result(r.values[s.b].size)
	return s, err
}
