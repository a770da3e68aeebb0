package openwakeword_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"earshot/detector/openwakeword"
)

// flat puts a FlatBuffer together in which anything may be referred to any number of times, as no honest writer does.
type flat struct{ data []byte }

func newFlat() *flat { return &flat{[]byte("\x00\x00\x00\x00TFL3")} }

func (f *flat) set(at, v int) { binary.LittleEndian.PutUint32(f.data[at:], uint32(v)) }

// table adds a table of n fields of 4 bytes, and returns where the fields begin.
func (f *flat) table(n int) int {
	vtable := len(f.data)
	f.data = binary.LittleEndian.AppendUint16(f.data, uint16(4+2*n))
	f.data = binary.LittleEndian.AppendUint16(f.data, uint16(4+4*n))
	for i := range n {
		f.data = binary.LittleEndian.AppendUint16(f.data, uint16(4+4*i))
	}
	at := len(f.data)
	f.data = append(f.data, make([]byte, 4+4*n)...)
	f.set(at, at-vtable)
	return at + 4
}

// vector adds numbers of 4 bytes as what a field leads to, and returns where they begin.
func (f *flat) vector(field int, numbers ...int) int {
	f.set(field, len(f.data)-field)
	at := len(f.data)
	f.data = append(f.data, make([]byte, 4+4*len(numbers))...)
	f.set(at, len(numbers))
	for i, n := range numbers {
		f.set(at+4+4*i, n)
	}
	return at + 4
}

// same has a field lead to n times the same table.
func (f *flat) same(field, n, fields int) int {
	list := f.vector(field, make([]int, n)...)
	table := f.table(fields)
	for i := range n {
		f.set(list+4*i, table-4-(list+4*i))
	}
	return table
}

// operator is one of the operators of a model by whoever means harm; all work on the same constant.
type operator struct {
	code    int
	inputs  []int
	outputs []int
}

// model has one graph, times over, with a first tensor [1, 16, 96] that is the input and many that are all the same constant of some floats.
func model(graphs, constants, floats int, operators ...operator) []byte {
	f := newFlat()
	root := f.table(5) // 0 version, 1 codes, 2 graphs, 4 buffers
	f.set(0, root-4)
	codes := f.vector(root+4, make([]int, len(operators))...)
	for i, op := range operators {
		code := f.table(4)
		f.set(codes+4*i, code-4-(codes+4*i))
		f.set(code+12, op.code)
	}
	graph := f.same(root+8, graphs, 4) // 0 tensors, 1 inputs, 2 outputs, 3 operators
	tensors := f.vector(graph, make([]int, constants+2)...)
	f.vector(graph+4, 0)
	f.vector(graph+8, constants+1)
	list := f.vector(graph+12, make([]int, len(operators))...)
	for i, op := range operators {
		table := f.table(3) // 0 code, 1 inputs, 2 outputs
		f.set(list+4*i, table-4-(list+4*i))
		f.set(table, i)
		f.vector(table+4, op.inputs...)
		f.vector(table+8, op.outputs...)
	}
	tensor := func(buffer int, shape ...int) int {
		table := f.table(3) // 0 shape, 1 type, 2 buffer
		f.vector(table, shape...)
		f.set(table+8, buffer)
		return table - 4
	}
	point := func(i, to int) { f.set(tensors+4*i, to-(tensors+4*i)) }
	point(0, tensor(0, 1, 16, 96))
	constant := tensor(1, floats)
	for i := range constants {
		point(1+i, constant)
	}
	point(constants+1, tensor(0, 1, 1))
	buffers := f.vector(root+16, 0, 0)
	empty := f.table(0)
	f.set(buffers, empty-4-buffers)
	buffer := f.table(1)
	f.set(buffers+4, buffer-4-(buffers+4))
	f.set(buffer, len(f.data)-buffer)
	f.data = binary.LittleEndian.AppendUint32(f.data, uint32(4*floats))
	f.data = append(f.data, make([]byte, 4*floats)...)
	return f.data
}

const (
	dense       = 9
	logistic    = 14
	reduceToOne = 40
)

// TestHostileModels are small files that would take gigabytes of memory or seconds of work for each score.
func TestHostileModels(t *testing.T) {
	load := func(data []byte) error {
		path := filepath.Join(t.TempDir(), "model.tflite")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := openwakeword.LoadHead(path)
		return err
	}
	again := make([]operator, 1000)
	for i := range again {
		again[i] = operator{dense, []int{0, 1, -1}, []int{2}}
	}
	many := make([]int, 100_000)
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"one constant, many tensors": {model(8, 1000, 200_000), "its constants have more than 4194304 bytes"},
		"many operands":              {model(1, 1, 1, operator{logistic, many, []int{2}}), "operator 0 (LOGISTIC) has 100001 inputs and outputs, more than 64"},
		"one layer, many times":      {model(1, 1, 1536*100, again...), "operator 6 (FULLY_CONNECTED): it has more to compute than a head needs"},
		"left out":                   {model(1, 1, 1536, operator{dense, []int{-1, 1, -1}, []int{2}}), "operator 0 (FULLY_CONNECTED): its input is left out"},
		"no mean":                    {model(1, 1, 1, operator{reduceToOne, []int{0, 1}, []int{2}}), "operator 0 (MEAN): it does not go over the last axis alone"},
		"honest":                     {model(1, 1, 1536, operator{dense, []int{0, 1, -1}, []int{2}}), ""},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := load(c.data)
		runtime.ReadMemStats(&after)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasSuffix(err.Error(), "model.tflite: "+c.want)) {
			t.Errorf("%s: %v\nwant %s", name, err, c.want)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 32<<20 {
			t.Errorf("%s: loading takes %d bytes of memory", name, took)
		}
	}
}

// follow returns where a field of a table lies, and where what it says leads to.
func follow(data []byte, table, field int) (at, to int) {
	vtable := table - int(int32(binary.LittleEndian.Uint32(data[table:])))
	at = table + int(binary.LittleEndian.Uint16(data[vtable+4+2*field:]))
	return at, at + int(binary.LittleEndian.Uint32(data[at:]))
}

// TestOtherNetworks changes single options of the network's operators: the weights alone would not tell these networks from the real one.
func TestOtherNetworks(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile(networkPath(t))
	if err != nil {
		t.Fatal(err)
	}
	const (
		conv, pool      = 1, 10 // operators
		padding, stride = 0, 1  // fields
	)
	entry := func(list, i int) int { return list + 4 + 4*i + int(binary.LittleEndian.Uint32(good[list+4+4*i:])) }
	_, graphs := follow(good, int(binary.LittleEndian.Uint32(good)), 2)
	_, operators := follow(good, entry(graphs, 0), 3)
	_, outputs := follow(good, entry(graphs, 0), 2)
	option := func(op, field int) int {
		_, options := follow(good, entry(operators, op), 4)
		at, _ := follow(good, options, field)
		return at
	}
	for name, c := range map[string]struct {
		at   int
		want string
	}{
		"padding":        {option(conv, padding), "layer 0: "},
		"stride":         {option(conv, stride), "layer 0: "},
		"pool's stride":  {option(pool, stride), "layer 2: "},
		"graph's output": {outputs + 4, ""},
	} {
		data := append([]byte(nil), good...)
		data[c.at] ^= 3
		path := filepath.Join(t.TempDir(), "network.tflite")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		want := c.want + "it is not the speech embedding network of openWakeWord"
		if _, err := openwakeword.LoadNetwork(path); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", name, err, want)
		}
	}
}
