// Package onnxtest writes ONNX models for tests.
package onnxtest

import (
	"encoding/binary"
	"math"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// Message is a protobuf message, of which the methods return one with a field more. The methods from Node on are for a graph.
type Message []byte

// Text adds a field with a length.
func (m Message) Text(id protowire.Number, s string) Message {
	return protowire.AppendString(protowire.AppendTag(m, id, protowire.BytesType), s)
}

// Number adds a varint.
func (m Message) Number(id protowire.Number, v uint64) Message {
	return protowire.AppendVarint(protowire.AppendTag(m, id, protowire.VarintType), v)
}

// Real adds a float.
func (m Message) Real(id protowire.Number, v float32) Message {
	return protowire.AppendFixed32(protowire.AppendTag(m, id, protowire.Fixed32Type), math.Float32bits(v))
}

// Node adds an operator: "Op in in -> out", with attributes.
func (m Message) Node(what string, attributes ...Message) Message {
	words := strings.Fields(what)
	n := Message(nil).Text(4, words[0])
	field := protowire.Number(1)
	for _, w := range words[1:] {
		if w == "->" {
			field = 2
			continue
		}
		n = n.Text(field, w)
	}
	for _, a := range attributes {
		n = n.Text(5, string(a))
	}
	return m.Text(1, string(n))
}

// Attribute begins one of an operator.
func Attribute(name string) Message { return Message(nil).Text(1, name) }

// Tensor is a constant of type float.
func Tensor(name string, values []float32, dims ...int) Message {
	t := Message(nil)
	for _, d := range dims {
		t = t.Number(1, uint64(d))
	}
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return t.Number(2, 1).Text(8, name).Text(9, string(raw))
}

// Weights adds a constant.
func (m Message) Weights(name string, values []float32, dims ...int) Message {
	return m.Text(5, string(Tensor(name, values, dims...)))
}

// Input adds what the network is given.
func (m Message) Input(name string, dims ...int) Message {
	shape := Message(nil)
	for _, d := range dims {
		shape = shape.Text(1, string(Message(nil).Number(1, uint64(d))))
	}
	kind := Message(nil).Text(1, string(Message(nil).Number(1, 1).Text(2, string(shape))))
	return m.Text(11, string(Message(nil).Text(1, name).Text(2, string(kind))))
}

// Output adds what the network makes.
func (m Message) Output(name string) Message {
	return m.Text(12, string(Message(nil).Text(1, name)))
}

// Model is the file of a graph.
func (m Message) Model() []byte { return Message(nil).Number(1, 8).Text(7, string(m)) }
