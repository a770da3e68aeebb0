package tflite

import "fmt"

// Graph is what a file says about one of its graphs, for those who run it themselves.
type Graph struct {
	Tensors         []Value
	Inputs, Outputs []int // of Tensors
	Operators       []Operator
}

// Value is a tensor of a graph.
type Value struct {
	Shape  []int
	Floats []float32 // of a constant of type float32; nil for others
	Ints   []int     // of a constant of type int32; nil for others
}

// Operator is one operation of a graph.
type Operator struct {
	Code            int    // ref: BuiltinOperator in tensorflow/lite/schema/schema.fbs
	Name            string // as the schema has it
	Inputs, Outputs []int  // of the graph's tensors; -1 for an input that is left out
	options         table
}

// Byte is a field of the operator's options that has one byte, 0 when it is absent.
func (o Operator) Byte(field int) int { return o.options.int8(field) }

// Int is a field of the operator's options that is an int32, 0 when it is absent.
func (o Operator) Int(field int) int { return o.options.int32(field) }

// Float is a field of the operator's options that is a float32, 0 when it is absent.
func (o Operator) Float(field int) float32 { return o.options.float32(field) }

// maxGraphFile is the most bytes that Graphs takes; hey_jarvis of openWakeWord has 1.3 million.
const maxGraphFile = 4 << 20

// maxOperands are the most inputs and outputs of an operator that Graphs takes; IF in hey_jarvis has 14.
const maxOperands = 64

// Graphs reads the graphs of a model file of at most 4 MiB. It runs nothing; what lies outside of the file is an
// error, and what would take much more memory than the file has bytes.
func Graphs(data []byte) ([]Graph, error) {
	parsed, err := parse(data, bounds{file: maxGraphFile, elements: maxGraphFile / 4, empty: true})
	if err != nil {
		return nil, err
	}
	var graphs []Graph
	copied := 0
	for _, p := range parsed {
		if n := p.inputs.len() + p.outputs.len(); n > maxOperands {
			return nil, fmt.Errorf("a graph has %d inputs and outputs, more than %d", n, maxOperands)
		}
		g := Graph{Inputs: p.inputs.list(), Outputs: p.outputs.list()}
		for _, t := range p.tensors {
			// Any number of tensors may share what lies in the file once, but not what is made of it.
			if copied += len(t.data); copied > maxGraphFile {
				return nil, fmt.Errorf("its constants have more than %d bytes", maxGraphFile)
			}
			g.Tensors = append(g.Tensors, t.constant())
		}
		for i, op := range p.operators {
			if n := op.inputs.len() + op.outputs.len(); n > maxOperands {
				return nil, fmt.Errorf("operator %d (%v) has %d inputs and outputs, more than %d", i, op.code, n, maxOperands)
			}
			o := Operator{int(op.code), op.code.String(), op.inputs.list(), op.outputs.list(), op.options}
			for _, n := range append(o.Inputs[:len(o.Inputs):len(o.Inputs)], o.Outputs...) {
				if n < -1 || n >= len(g.Tensors) {
					return nil, fmt.Errorf("operator %d (%s): there is no tensor %d", i, o.Name, n)
				}
			}
			g.Operators = append(g.Operators, o)
		}
		graphs = append(graphs, g)
	}
	return graphs, nil
}

// constant copies what is known of a tensor before a run.
func (t tensor) constant() Value {
	out := Value{Shape: t.shape}
	if t.data == nil {
		return out
	}
	switch t.kind {
	case float32Type:
		values := float32s(t.data)
		out.Floats = make([]float32, values.len())
		for i := range out.Floats {
			out.Floats[i] = values.at(i)
		}
	case int32Type:
		out.Ints = int32s(t.data).list()
	}
	return out
}
