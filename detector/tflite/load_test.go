package tflite

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// setCode makes an operator another one, and all others of its kind.
func setCode(code int32) func([]byte, table) {
	return func(data []byte, op table) {
		root := op.r.table(op.r.follow(0))
		entry := root.tables(1, maxOperators)[op.int32(0)]
		data[entry.field(0)] = byte(min(code, 127))
		binary.LittleEndian.PutUint32(data[entry.field(3):], uint32(code))
	}
}

// setOption changes an 8-bit or 32-bit option that is in the file.
func setOption(field, size int, value uint32) func([]byte, table) {
	return func(data []byte, op table) {
		at := op.table(4).field(field)
		if size == 1 {
			data[at] = byte(value)
			return
		}
		binary.LittleEndian.PutUint32(data[at:], value)
	}
}

// setInput gives an operator another tensor.
func setInput(k int, tensor int32) func([]byte, table) {
	return func(data []byte, op table) {
		at := op.r.follow(op.field(1)) + 4 + 4*k
		binary.LittleEndian.PutUint32(data[at:], uint32(tensor))
	}
}

// setTensor changes bytes of a tensor's field, found from an operator's input.
func setTensor(k int, edit func(data []byte, t table)) func([]byte, table) {
	return func(data []byte, op table) {
		root := op.r.table(op.r.follow(0))
		tensors := root.tables(2, maxGraphs)[0].tables(0, maxTensors)
		edit(data, tensors[int32s(op.vector(1, 4)).at(k)])
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		code opcode // of the operator that is changed, the first of its kind
		edit func([]byte, table)
		want string
	}{
		{"unknown operator", opFullyConnected, setCode(40), "operator 38 (MEAN): this operator is not supported"},
		{"nameless operator", opFullyConnected, setCode(199), "operator 38 (builtin operator 199): this operator is not supported"},
		{"activation", opConv, setOption(3, 1, 3), "operator 7 (CONV_2D): the fused activation 3 is not supported"},
		{"stride", opConv, setOption(2, 4, 0xffffffff), "operator 7 (CONV_2D): the window does not fit"},
		{"multiplier", opDepthwiseConv, setOption(3, 4, 2), "operator 15 (DEPTHWISE_CONV_2D): only filters of one column and one output per channel without dilation are supported"},
		{"axis", opConcatenation, setOption(0, 4, 9), "operator 4 (CONCATENATION): there is no axis 9"},
		{"other axis", opConcatenation, setOption(0, 4, 3), "operator 4 (CONCATENATION): the tensors have different shapes"},
		{"graph", opCallOnce, setOption(0, 4, 7), "operator 0 (CALL_ONCE): it does not call the only graph for the start"},
		{"pool", opAveragePool, setOption(4, 4, 100), "operator 34 (AVERAGE_POOL_2D): the window does not fit"},
		{"tensor", opConv, setInput(0, 100000), "operator 7 (CONV_2D): input 0: there is no tensor 100000"},
		{"order", opConv, setInput(0, 40), "operator 7 (CONV_2D): input 0: it is used before it is computed"},
		{"constant", opConv, setInput(1, 0), "operator 7 (CONV_2D): input 1: it is not a constant of int8"},
		{"scale", opConv, setTensor(1, func(data []byte, t table) {
			clear(t.table(4).vector(2, 4))
		}), "operator 7 (CONV_2D): the scale 0 cannot be used"},
		{"weight", opConv, setTensor(1, func(data []byte, t table) {
			root := t.r.table(t.r.follow(0))
			root.tables(4, maxTensors)[t.int32(2)].vector(0, 1)[9] = 0x80
		}), "operator 7 (CONV_2D): a weight is -128"},
		{"shape", opConv, setTensor(1, func(data []byte, t table) {
			binary.LittleEndian.PutUint32(t.vector(0, 4), 13)
		}), "tensor 10: it holds 2400 bytes of data, want 2600"},
		{"huge shape", opConv, setTensor(1, func(data []byte, t table) {
			binary.LittleEndian.PutUint32(t.vector(0, 4), 1<<30)
		}), "tensor 10: it has no element or more than 262144"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			data := readSynthetic(t)
			r := &reader{data: data}
			root := r.table(r.follow(0))
			codes := parseCodes(root.tables(1, maxOperators))
			for _, op := range root.tables(2, maxGraphs)[0].tables(3, maxOperators) {
				if codes[op.int32(0)] == c.code {
					c.edit(data, op)
					break
				}
			}
			_, err := Load(data)
			if err == nil || err.Error() != c.want {
				t.Errorf("%v\nwant %s", err, c.want)
			}
		})
	}
}

func TestLoadRefusesDamage(t *testing.T) {
	t.Parallel()
	whole := readSynthetic(t)
	for want, data := range map[string][]byte{
		"this is not a TensorFlow Lite model":           []byte("{}"),
		"the file is damaged or cut short":              []byte("\x08\x00\x00\x00TFL3"),
		"the file has 1048577 bytes, more than 1048576": make([]byte, maxFile+1),
	} {
		if _, err := Load(data); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for n := 0; n < len(whole); n += 7 {
		// Only what fills up the end may be missing.
		if _, err := Load(whole[:n]); err == nil && n < len(whole)-8 {
			t.Fatalf("a model of %d bytes is accepted when it is cut to %d", len(whole), n)
		}
	}
	for i := 0; i < len(whole); i += 3 {
		data := append([]byte(nil), whole...)
		data[i] ^= 0xff
		loadAndRun(t, data)
	}
}

func FuzzLoad(f *testing.F) {
	for _, name := range []string{"synth_rand", "synth_stride2", "synth_float"} {
		data, err := os.ReadFile(filepath.Join("..", "testdata", "synth", name+".tflite"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { loadAndRun(t, data) })
}

// loadAndRun wants that what is accepted stays within its limits and runs.
func loadAndRun(t *testing.T, data []byte) {
	t.Helper()
	m, err := Load(data)
	if err != nil {
		return
	}
	if n := len(m.bytes) + len(m.floats); n > maxMemory+depthwiseLanes {
		t.Fatalf("the memory has %d elements", n)
	}
	in := m.NewInterpreter()
	for i := range in.Input() {
		in.Input()[i] = int8(i * 91)
	}
	first := in.Run()
	in.Run()
	in.Reset()
	for i := range in.Input() {
		in.Input()[i] = int8(i * 91)
	}
	if again := in.Run(); again != first {
		t.Fatalf("after a reset the output is %d, not %d", again, first)
	}
}

func readSynthetic(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "synth", "synth_pow2.tflite"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
