// Package onnx reads what small networks in ONNX files are made of, and runs nothing.
package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrDamaged is returned for a file that is no ONNX model, or a truncated one.
var ErrDamaged = errors.New("not an ONNX model, or a truncated one")

// ErrNoGraph is returned for a model without a graph.
var ErrNoGraph = errors.New("an ONNX model without a graph")

// Graph is the network of a model.
type Graph struct {
	Inputs  []Input
	Outputs []string
	Nodes   []Node
	Tensors map[string]Tensor // the weights
}

// Input is what a network is given.
type Input struct {
	Name  string
	Shape []int // 0 for a dimension without a number
}

// Node is one operation; it works on what is named, and "" is an input that is left out.
type Node struct {
	Op              string
	Inputs, Outputs []string
	attributes      map[string]attribute
}

// Tensor is a constant.
type Tensor struct {
	Shape  []int
	Floats []float32 // nil when it is of another type than float
}

// attribute is a setting of a node, in the kind that it has.
type attribute struct {
	i      int64
	f      float32
	ints   []int64
	tensor *Tensor
}

// Int is an attribute of a node, or otherwise what it is when it is left out.
func (n Node) Int(name string, otherwise int64) int64 {
	if a, ok := n.attributes[name]; ok {
		return a.i
	}
	return otherwise
}

// Float is an attribute of a node, or otherwise what it is when it is left out.
func (n Node) Float(name string, otherwise float32) float32 {
	if a, ok := n.attributes[name]; ok {
		return a.f
	}
	return otherwise
}

// Ints is an attribute of a node, nil when it is left out.
func (n Node) Ints(name string) []int64 { return n.attributes[name].ints }

// Tensor is an attribute of a node, nil when it is left out.
func (n Node) Tensor(name string) *Tensor { return n.attributes[name].tensor }

// Read reads the graph of a model. Graphs within operators are not looked into.
//
// ref: github.com/onnx/onnx onnx/onnx.proto3
func Read(model []byte) (*Graph, error) {
	var graph []byte
	err := fields(model, func(f field) error {
		if f.id == 7 && f.bytes != nil { // ModelProto.graph
			graph = f.bytes
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if graph == nil {
		return nil, ErrNoGraph
	}
	g := &Graph{Tensors: map[string]Tensor{}}
	return g, fields(graph, g.field)
}

// field takes a field of a GraphProto.
func (g *Graph) field(f field) error {
	switch {
	case f.bytes == nil:
	case f.id == 1:
		n, err := readNode(f.bytes)
		g.Nodes = append(g.Nodes, n)
		return err
	case f.id == 5:
		name, t, err := readTensor(f.bytes)
		g.Tensors[name] = t
		return err
	case f.id == 11:
		in, err := readInput(f.bytes)
		g.Inputs = append(g.Inputs, in)
		return err
	case f.id == 12:
		out, err := readInput(f.bytes)
		g.Outputs = append(g.Outputs, out.Name)
		return err
	}
	return nil
}

// field is one field of a protobuf message.
type field struct {
	id     protowire.Number
	number uint64 // of a varint, or of four or eight bytes
	bytes  []byte // of what has a length; nil for numbers
}

// fields calls each for every field of a message.
func fields(msg []byte, each func(field) error) error {
	for len(msg) > 0 {
		id, kind, n := protowire.ConsumeTag(msg)
		if n < 0 {
			return ErrDamaged
		}
		msg = msg[n:]
		f := field{id: id}
		switch kind {
		case protowire.VarintType:
			f.number, n = protowire.ConsumeVarint(msg)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(msg)
			f.number = uint64(v)
		case protowire.Fixed64Type:
			f.number, n = protowire.ConsumeFixed64(msg)
		case protowire.BytesType:
			if f.bytes, n = protowire.ConsumeBytes(msg); f.bytes == nil {
				f.bytes = []byte{}
			}
		default:
			return ErrDamaged
		}
		if n < 0 {
			return ErrDamaged
		}
		msg = msg[n:]
		if err := each(f); err != nil {
			return err
		}
	}
	return nil
}

// integers takes a repeated field of integers, which may be packed.
func (f field) integers(list []int64) ([]int64, error) {
	if f.bytes == nil {
		return append(list, int64(f.number)), nil
	}
	for packed := f.bytes; len(packed) > 0; {
		v, n := protowire.ConsumeVarint(packed)
		if n < 0 {
			return nil, ErrDamaged
		}
		list, packed = append(list, int64(v)), packed[n:]
	}
	return list, nil
}

func readNode(msg []byte) (Node, error) {
	n := Node{attributes: map[string]attribute{}}
	return n, fields(msg, func(f field) error {
		switch f.id {
		case 1:
			n.Inputs = append(n.Inputs, string(f.bytes))
		case 2:
			n.Outputs = append(n.Outputs, string(f.bytes))
		case 4:
			n.Op = string(f.bytes)
		case 5:
			name, a, err := readAttribute(f.bytes)
			n.attributes[name] = a
			return err
		}
		return nil
	})
}

func readAttribute(msg []byte) (name string, a attribute, err error) {
	err = fields(msg, func(f field) (err error) {
		switch f.id {
		case 1:
			name = string(f.bytes)
		case 2:
			a.f = math.Float32frombits(uint32(f.number))
		case 3:
			a.i = int64(f.number)
		case 5:
			var t Tensor
			_, t, err = readTensor(f.bytes)
			a.tensor = &t
		case 8:
			a.ints, err = f.integers(a.ints)
		}
		return err
	})
	return name, a, err
}

// Limits that keep a tensor's size a number on 32-bit machines.
const (
	maxRank     = 8
	maxElements = 1 << 24
	typeFloat   = 1 // TensorProto.DataType.FLOAT
)

func readTensor(msg []byte) (name string, t Tensor, err error) {
	var dims []int64
	var kind uint64
	var raw []byte
	err = fields(msg, func(f field) (err error) {
		switch f.id {
		case 1:
			dims, err = f.integers(dims)
		case 2:
			kind = f.number
		case 8:
			name = string(f.bytes)
		case 9:
			raw = f.bytes
		}
		return err
	})
	if err != nil {
		return "", Tensor{}, err
	}
	size := int64(1)
	if len(dims) > maxRank {
		return "", Tensor{}, fmt.Errorf("the weight %q has %d dimensions", name, len(dims))
	}
	t.Shape = []int{}
	for _, d := range dims {
		if d < 0 || d > maxElements || size*d > maxElements {
			return "", Tensor{}, fmt.Errorf("the weight %q is too large", name)
		}
		size *= d
		t.Shape = append(t.Shape, int(d))
	}
	if kind != typeFloat {
		return name, t, nil
	}
	if int64(len(raw)) != 4*size {
		return "", Tensor{}, fmt.Errorf("the weight %q has %d bytes, not %d floats", name, len(raw), size)
	}
	t.Floats = make([]float32, size)
	for i := range t.Floats {
		t.Floats[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return name, t, nil
}

// readInput reads a ValueInfoProto, down to the dimensions of its tensor.
func readInput(msg []byte) (Input, error) {
	in := Input{}
	return in, fields(msg, func(f field) error {
		switch {
		case f.id == 1:
			in.Name = string(f.bytes)
		case f.id == 2:
			return inside(f.bytes, []protowire.Number{1, 2}, func(shape []byte) error { return in.dimensions(shape) })
		}
		return nil
	})
}

// inside calls each for the messages at the end of a path of fields.
func inside(msg []byte, path []protowire.Number, each func([]byte) error) error {
	if len(path) == 0 {
		return each(msg)
	}
	return fields(msg, func(f field) error {
		if f.id == path[0] && f.bytes != nil {
			return inside(f.bytes, path[1:], each)
		}
		return nil
	})
}

func (in *Input) dimensions(shape []byte) error {
	return fields(shape, func(f field) error {
		if f.id != 1 || len(in.Shape) == maxRank {
			return nil
		}
		in.Shape = append(in.Shape, 0)
		return fields(f.bytes, func(f field) error {
			if f.id == 1 && f.bytes == nil {
				in.Shape[len(in.Shape)-1] = int(min(f.number, maxElements))
			}
			return nil
		})
	})
}
