package silero

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// ref: github.com/onnx/onnx onnx/onnx.proto3, the only fields that hold weights.
const (
	modelGraph       = 7 // ModelProto.graph
	graphInitializer = 5 // GraphProto.initializer
	tensorDims       = 1 // TensorProto.dims
	tensorType       = 2 // TensorProto.data_type
	tensorName       = 8 // TensorProto.name
	tensorRaw        = 9 // TensorProto.raw_data, little endian
	typeFloat        = 1 // TensorProto.DataType.FLOAT
)

// ref: protobuf.dev/programming-guides/encoding, wire types.
const (
	wireVarint = 0
	wire64     = 1
	wireBytes  = 2
	wire32     = 5
)

// maxWeight bounds every weight: with it no sum in the network can overflow a float32, so each probability is a number.
const maxWeight = 1000

var (
	errTruncated = errors.New("not an ONNX model, or a truncated one")
	errNoGraph   = errors.New("an ONNX model without a graph")
)

// field is one field of a protobuf message: number for varints, bytes for everything that has a length.
type field struct {
	id     uint64
	wire   uint64
	number uint64
	bytes  []byte
}

// nextField reads the first field of msg and returns what follows it.
func nextField(msg []byte) (f field, rest []byte, err error) {
	key, n := binary.Uvarint(msg)
	if n <= 0 {
		return field{}, nil, errTruncated
	}
	msg = msg[n:]
	f.id, f.wire = key>>3, key&7
	length := uint64(0)
	switch f.wire {
	case wireVarint:
		if f.number, n = binary.Uvarint(msg); n <= 0 {
			return field{}, nil, errTruncated
		}
		return f, msg[n:], nil
	case wire64:
		length = 8
	case wire32:
		length = 4
	case wireBytes:
		if length, n = binary.Uvarint(msg); n <= 0 {
			return field{}, nil, errTruncated
		}
		msg = msg[n:]
	default:
		return field{}, nil, errTruncated
	}
	if length > uint64(len(msg)) {
		return field{}, nil, errTruncated
	}
	f.bytes = msg[:length]
	return f, msg[length:], nil
}

// tensor is a weight as it lies in the file; raw still belongs to the file's bytes.
type tensor struct {
	name string
	dims []int
	kind uint64
	raw  []byte
}

// readGraph returns the named tensors of the model's graph. Nested graphs are not looked into: they hold no weights.
func readGraph(model []byte) (map[string]tensor, error) {
	var graph []byte
	for rest := model; len(rest) > 0; {
		f, next, err := nextField(rest)
		if err != nil {
			return nil, err
		}
		if f.id == modelGraph && f.wire == wireBytes {
			graph = f.bytes
		}
		rest = next
	}
	if graph == nil {
		return nil, errNoGraph
	}
	tensors := map[string]tensor{}
	for rest := graph; len(rest) > 0; {
		f, next, err := nextField(rest)
		if err != nil {
			return nil, err
		}
		if f.id == graphInitializer && f.wire == wireBytes {
			t, err := readTensor(f.bytes)
			if err != nil {
				return nil, err
			}
			tensors[t.name] = t
		}
		rest = next
	}
	return tensors, nil
}

// readTensor reads one TensorProto.
func readTensor(msg []byte) (tensor, error) {
	var t tensor
	for len(msg) > 0 {
		f, rest, err := nextField(msg)
		if err != nil {
			return tensor{}, err
		}
		msg = rest
		switch {
		case f.id == tensorDims && f.wire == wireVarint:
			t.dims = append(t.dims, dimension(f.number))
		case f.id == tensorDims && f.wire == wireBytes:
			for packed := f.bytes; len(packed) > 0; {
				d, n := binary.Uvarint(packed)
				if n <= 0 {
					return tensor{}, errTruncated
				}
				t.dims, packed = append(t.dims, dimension(d)), packed[n:]
			}
		case f.id == tensorType && f.wire == wireVarint:
			t.kind = f.number
		case f.id == tensorName && f.wire == wireBytes:
			t.name = string(f.bytes)
		case f.id == tensorRaw && f.wire == wireBytes:
			t.raw = f.bytes
		}
	}
	return t, nil
}

// dimension makes an absurd dimension a wrong one (-1) that is the same on 32-bit machines.
func dimension(d uint64) int {
	if d > math.MaxInt32 {
		return -1
	}
	return int(d)
}

// floats decodes the tensor, which must have exactly these dimensions.
func (t tensor) floats(dims ...int) ([]float32, error) {
	if !slices.Equal(t.dims, dims) {
		return nil, fmt.Errorf("the shape is %v, not %v", t.dims, dims)
	}
	size := 1
	for _, d := range dims {
		size *= d
	}
	if t.kind != typeFloat || len(t.raw) != 4*size {
		return nil, fmt.Errorf("%d bytes of data type %d, not %d floats", len(t.raw), t.kind, size)
	}
	out := make([]float32, size)
	for i := range out {
		v := math.Float32frombits(binary.LittleEndian.Uint32(t.raw[4*i:]))
		if !(v >= -maxWeight && v <= maxWeight) {
			return nil, fmt.Errorf("weight %d is %v, which is no sensible number", i, v)
		}
		out[i] = v
	}
	return out, nil
}
