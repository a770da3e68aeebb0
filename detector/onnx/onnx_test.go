package onnx_test

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"earshot/detector/onnx"
	"earshot/detector/onnx/onnxtest"
)

func graph() onnxtest.Message { return nil }

func sub(id protowire.Number, m onnxtest.Message) onnxtest.Message {
	return graph().Text(id, string(m))
}

func TestRead(t *testing.T) {
	t.Parallel()
	g, err := onnx.Read(graph().
		Node("Gemm x w  -> h", onnxtest.Attribute("alpha").Real(2, 0.5), onnxtest.Attribute("transB").Number(3, 1),
			onnxtest.Attribute("axes").Number(8, math.MaxUint64).Text(8, "\x01\x80\x02").Number(8, 7),
			onnxtest.Attribute("value").Text(5, string(onnxtest.Tensor("", []float32{3})))).
		Node("Relu h -> y").
		Weights("w", []float32{1, -2, 3, 4, 5, 6}, 2, 3).Weights("scalar", []float32{7}).Weights("none", nil, 0, 5).
		Input("x", 1, 16, 96).Output("y").Model())
	if err != nil {
		t.Fatal(err)
	}
	if want := []onnx.Input{{Name: "x", Shape: []int{1, 16, 96}}}; !cmp.Equal(g.Inputs, want) || !slices.Equal(g.Outputs, []string{"y"}) {
		t.Errorf("from %+v to %q", g.Inputs, g.Outputs)
	}
	want := map[string]onnx.Tensor{
		"w": {Shape: []int{2, 3}, Floats: []float32{1, -2, 3, 4, 5, 6}}, "scalar": {Shape: []int{}, Floats: []float32{7}}, "none": {Shape: []int{0, 5}, Floats: []float32{}},
	}
	if d := cmp.Diff(want, g.Tensors); d != "" {
		t.Errorf("tensors (-want +got):\n%s", d)
	}
	if len(g.Nodes) != 2 || g.Nodes[1].Op != "Relu" {
		t.Fatalf("nodes %+v", g.Nodes)
	}
	n := g.Nodes[0]
	if n.Op != "Gemm" || !slices.Equal(n.Inputs, []string{"x", "w"}) || !slices.Equal(n.Outputs, []string{"h"}) {
		t.Errorf("%s of %q makes %q", n.Op, n.Inputs, n.Outputs)
	}
	if n.Float("alpha", 1) != 0.5 || n.Float("beta", 1) != 1 || n.Int("transB", 0) != 1 || n.Int("transA", 9) != 9 {
		t.Error("the attributes are other numbers")
	}
	if got := n.Ints("axes"); !slices.Equal(got, []int64{-1, 1, 256, 7}) || n.Ints("none") != nil {
		t.Errorf("axes %v", got)
	}
	if v := n.Tensor("value"); v == nil || !slices.Equal(v.Floats, []float32{3}) || n.Tensor("none") != nil {
		t.Errorf("the constant is %+v", v)
	}
}

// What the reader does not know, it passes over; what is written twice counts as protobuf has it: lists grow, and of the rest the last one counts.
func TestReadUnknownAndRepeated(t *testing.T) {
	t.Parallel()
	unknown := graph().Number(99, 1).Real(98, 2).Text(97, "text")
	unknown = protowire.AppendFixed64(protowire.AppendTag(unknown, 96, protowire.Fixed64Type), 3)
	half := graph().Number(1, 2).Number(2, 10).Text(8, "half").Text(9, "\x00\x00\x00\x00")
	g, err := onnx.Read(slices.Concat(unknown, graph().Output("old").Model(), unknown, slices.Concat(unknown, half, graph().Number(1, 5),
		graph().Weights("w", []float32{1}).Weights("w", []float32{2}).Text(5, string(half)).
			Text(11, string(graph().Text(1, "x").Number(2, 5))).Output("y")).Model(), unknown))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(g.Outputs, []string{"y"}) || g.Tensors["w"].Floats[0] != 2 {
		t.Errorf("to %q with %+v", g.Outputs, g.Tensors)
	}
	if h, ok := g.Tensors["half"]; !ok || h.Floats != nil || !slices.Equal(h.Shape, []int{2}) {
		t.Errorf("the weight of another type is %+v", h)
	}
	if !cmp.Equal(g.Inputs, []onnx.Input{{Name: "x"}}) {
		t.Errorf("an input without a shape is %+v", g.Inputs)
	}
}

// Dimensions come from strangers and are used as sizes: a name is 0, and no number is larger than a weight could be.
func TestReadInputShape(t *testing.T) {
	t.Parallel()
	dimension := func(m onnxtest.Message) string { return string(sub(1, m)) }
	shape := dimension(graph().Text(2, "batch")) + dimension(graph().Number(1, 16)) + dimension(graph().Number(1, math.MaxUint64)) + dimension(graph().Text(1, "9")) +
		strings.Repeat(dimension(graph().Number(1, 2)), 20)
	in := graph().Text(1, "x").Text(2, string(sub(1, graph().Number(1, 1).Text(2, shape))))
	g, err := onnx.Read(sub(11, in).Model())
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{0, 16, 1 << 24, 0, 2, 2, 2, 2}; len(g.Inputs) != 1 || !slices.Equal(g.Inputs[0].Shape, want) {
		t.Errorf("%+v, want the shape %v", g.Inputs, want)
	}
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	const damaged = "not an ONNX model, or a truncated one"
	tensor := func(dims ...uint64) onnxtest.Message {
		m := graph().Number(2, 1).Text(8, "w").Text(9, "\x00\x00\x80\x3f")
		for _, d := range dims {
			m = m.Number(1, d)
		}
		return m
	}
	weights := func(dims ...uint64) []byte { return sub(5, tensor(dims...)).Model() }
	group := protowire.AppendTag(nil, 1, protowire.StartGroupType)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":               {nil, "an ONNX model without a graph"},
		"no graph":            {graph().Number(1, 8), "an ONNX model without a graph"},
		"graph is a number":   {graph().Number(7, 8), "an ONNX model without a graph"},
		"text":                {[]byte("hello"), damaged},
		"tag 0":               {[]byte{0, 0}, damaged},
		"group":               {group, damaged},
		"endless tag":         {bytes.Repeat([]byte{0xff}, 20), damaged},
		"endless number":      {append([]byte{1 << 3}, bytes.Repeat([]byte{0xff}, 20)...), damaged},
		"short float":         {[]byte{2<<3 | 5, 0, 0}, damaged},
		"short double":        {[]byte{2<<3 | 1, 0, 0}, damaged},
		"length over the end": {[]byte{7<<3 | 2, 0xff, 0xff, 0xff, 0xff, 0x0f}, damaged},
		"in the graph":        {graph().Text(7, "\x0a\x05a"), damaged},
		"in a node":           {sub(1, onnxtest.Message("\x0a\x05a")).Model(), damaged},
		"in an attribute":     {graph().Node("Relu x -> y", onnxtest.Message("\x0a\x05a")).Model(), damaged},
		"in packed numbers":   {graph().Node("Relu x -> y", graph().Text(8, "\x80")).Model(), damaged},
		"in an input":         {sub(11, sub(2, sub(1, sub(2, sub(1, onnxtest.Message("\x08")))))).Model(), damaged},
		"in packed sizes":     {sub(5, graph().Text(1, "\x80")).Model(), damaged},
		"in a constant":       {graph().Node("Constant -> y", graph().Text(5, "\x08")).Model(), damaged},
		"too short":           {weights(2), `the weight "w" has 4 bytes, not 2 floats`},
		"too long":            {weights(0), `the weight "w" has 4 bytes, not 0 floats`},
		"not whole":           {sub(5, tensor().Text(9, "123")).Model(), `the weight "w" has 3 bytes, not 1 floats`},
		"huge":                {weights(1 << 25), `the weight "w" is too large`},
		"huge product":        {weights(1<<12, 1<<12, 2), `the weight "w" is too large`},
		"product over 64 bit": {weights(1<<24, 1<<24, 1<<24), `the weight "w" is too large`},
		"less than nothing":   {weights(math.MaxUint64), `the weight "w" is too large`},
		"many dimensions":     {weights(1, 1, 1, 1, 1, 1, 1, 1, 1), `the weight "w" has 9 dimensions`},
		"huge, another type":  {sub(5, graph().Number(2, 10).Text(8, "w").Number(1, 1<<40)).Model(), `the weight "w" is too large`},
		"huge constant":       {graph().Node("Constant -> y", sub(5, tensor(1<<25))).Model(), `the weight "w" is too large`},
	} {
		if _, err := onnx.Read(c.file); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v\nwant %s", name, err, c.want)
		}
	}
}

// TestReadTruncated cuts a model off everywhere.
func TestReadTruncated(t *testing.T) {
	t.Parallel()
	file := graph().Node("Relu x -> y", onnxtest.Attribute("a").Number(3, 300)).Weights("w", []float32{1, 2}, 2).Input("x", 1, 300).Output("y").Model()
	for n := range file {
		switch _, err := onnx.Read(file[:n]); {
		case n == 0 || n == 2: // between two fields
			if !errors.Is(err, onnx.ErrNoGraph) {
				t.Errorf("of %d bytes: %v", n, err)
			}
		case !errors.Is(err, onnx.ErrDamaged):
			t.Errorf("of %d bytes: %v", n, err)
		}
	}
}

// A message within itself, as deep as a file can be, costs no stack: only what is known is looked into.
func TestReadNested(t *testing.T) {
	t.Parallel()
	deep := graph()
	for range 2000 {
		deep = sub(1, sub(5, graph().Text(1, "then").Text(6, string(deep)))) // a node with a graph in it
	}
	g, err := onnx.Read(deep.Model())
	if err != nil || len(g.Nodes) != 1 {
		t.Errorf("%d nodes, %v", len(g.Nodes), err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(graph().Node("Gemm x w -> y", onnxtest.Attribute("axes").Text(8, "\x01")).Weights("w", []float32{1, 2}, 2, 1).Input("x", 1, 2).Output("y").Model())
	f.Add(graph().Node("Constant -> y", onnxtest.Attribute("value").Text(5, string(onnxtest.Tensor("", []float32{3}, 1)))).Output("y").Model())
	f.Add([]byte{7<<3 | 2, 2, 5<<3 | 2, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := onnx.Read(data)
		if err != nil {
			return
		}
		total := 0
		for name, w := range g.Tensors {
			size := 1
			for _, d := range w.Shape {
				size *= d
			}
			if w.Floats != nil && size != len(w.Floats) {
				t.Errorf("the weight %q of shape %v has %d values", name, w.Shape, len(w.Floats))
			}
			total += 4 * len(w.Floats)
		}
		if total > len(data) {
			t.Errorf("%d bytes of weights from a file of %d", total, len(data))
		}
		for _, in := range g.Inputs {
			for _, d := range in.Shape {
				if d < 0 || d > 1<<24 {
					t.Errorf("the input %q has the shape %v", in.Name, in.Shape)
				}
			}
		}
	})
}
