package tflite

import (
	"errors"
	"fmt"
	"math"
)

// lookup maps each int8 to another byte.
type lookup struct {
	table      [256]int8 // by the bits of the input
	in, out, n int
}

func (s *lookup) run(m *memory) {
	out := m.bytes[s.out:][:s.n]
	for i, v := range m.bytes[s.in:][:s.n] {
		out[i] = s.table[uint8(v)]
	}
}

// addLookup fills the table of an operator with a function of the input over its zero point.
func (b *builder) addLookup(in, out operand, f func(q int32) int32) error {
	if in.count != out.count {
		return errors.New("the output has another shape")
	}
	s := &lookup{in: in.place, out: out.place, n: in.count}
	for v := math.MinInt8; v <= math.MaxInt8; v++ {
		s.table[uint8(int8(v))] = int8(f(int32(v)))
	}
	b.step(s)
	return nil
}

// logistic works for the one quantization that its output may have: 1/256 over -128.
func (b *builder) logistic(op *operator) error {
	in, out, err := b.pair(op)
	if err != nil {
		return err
	}
	if in.kind != int8Type || out.kind != int8Type {
		return errors.New("only int8 is supported")
	}
	scale, zero, err := in.quantization()
	if err != nil {
		return err
	}
	if s, z, err := out.quantization(); err != nil || s != 1.0/256 || z != -128 {
		return errors.New("the output is not quantized by 1/256 over -128")
	}
	return b.addLookup(in, out, func(q int32) int32 {
		p := 1 / (1 + math.Exp(-float64(scale)*float64(q-zero)))
		return min(max(int32(math.Floor(256*p+0.5))-128, -128), 127)
	})
}

// quantize turns float32 into int8, or int8 into uint8 of the same scale.
func (b *builder) quantize(op *operator) error {
	in, out, err := b.pair(op)
	if err != nil {
		return err
	}
	scale, zero, err := out.quantization()
	if err != nil {
		return err
	}
	if in.kind == float32Type && out.kind == int8Type {
		if in.count != out.count {
			return errors.New("the output has another shape")
		}
		b.step(&fromFloat{in.place, out.place, in.count, scale, zero})
		return nil
	}
	if in.kind != int8Type || out.kind != uint8Type {
		return fmt.Errorf("%v to %v is not supported", in.kind, out.kind)
	}
	scaleIn, zeroIn, err := in.quantization()
	if err != nil {
		return err
	}
	if scaleIn != scale {
		return errors.New("the two scales differ")
	}
	return b.addLookup(in, out, func(q int32) int32 { return min(max(q-zeroIn+zero, 0), math.MaxUint8) })
}

// fromFloat quantizes float32.
type fromFloat struct {
	in, out, n int
	scale      float32
	zero       int32
}

func (s *fromFloat) run(m *memory) {
	out := m.bytes[s.out:][:s.n]
	for i, v := range m.floats[s.in:][:s.n] {
		q := math.Round(float64(v/s.scale)) + float64(s.zero)
		out[i] = int8(min(max(q, math.MinInt8), math.MaxInt8))
	}
}

// toFloat turns int8 into float32.
type toFloat struct {
	in, out, n int
	scale      float32
	zero       int32
}

func (s *toFloat) run(m *memory) {
	out := m.floats[s.out:][:s.n]
	for i, v := range m.bytes[s.in:][:s.n] {
		out[i] = s.scale * float32(int32(v)-s.zero)
	}
}

func (b *builder) dequantize(op *operator) error {
	in, out, err := b.pair(op)
	if err != nil {
		return err
	}
	if in.kind != int8Type || out.kind != float32Type || in.count != out.count {
		return errors.New("only int8 to float32 of the same shape is supported")
	}
	scale, zero, err := in.quantization()
	if err != nil {
		return err
	}
	b.step(&toFloat{in.place, out.place, in.count, scale, zero})
	return nil
}

// pairwise combines two tensors of which the second may repeat.
type pairwise struct {
	a, b, out    int // places
	n, period    int // elements of a and b
	zeroA, zeroB int32
	span         span
	combine      combiner
}

// combiner holds the arithmetic of an operator with two inputs.
type combiner interface{ combine(a, b int32) int32 }

func (s *pairwise) run(m *memory) {
	out := m.bytes[s.out:][:s.n]
	a, second := m.bytes[s.a:][:s.n], m.bytes[s.b:][:s.period]
	for i := range out {
		v := s.combine.combine(int32(a[i])-s.zeroA, int32(second[i%s.period])-s.zeroB)
		out[i] = s.span.quantize(v)
	}
}

type product struct{ rescale }

func (p *product) combine(a, b int32) int32 { return p.apply(a * b) }

// sum brings both inputs to one scale, with sumBits more bits, before it adds them.
type sum struct{ a, b, out rescale }

// sumBits is how far the inputs of ADD are shifted up. ref: left_shift in tensorflow/lite/kernels/add.cc
const sumBits = 20

func (s *sum) combine(a, b int32) int32 {
	return s.out.apply(s.a.apply(a<<sumBits) + s.b.apply(b<<sumBits))
}

// newPairwise returns the step of an operator with two inputs, and the scales of both and of the output.
func (b *builder) newPairwise(op *operator) (s *pairwise, scales [3]float64, err error) {
	var t [3]operand
	for k := range 2 {
		if t[k], err = b.input(op, k); err != nil {
			return nil, scales, err
		}
	}
	if t[0].count < t[1].count {
		t[0], t[1] = t[1], t[0]
	}
	if t[2], err = b.output(op, 0); err != nil {
		return nil, scales, err
	}
	var zeros [3]int32
	for k := range t {
		var scale float32
		if scale, zeros[k], err = t[k].quantization(); err != nil {
			return nil, scales, err
		}
		if t[k].kind != int8Type {
			return nil, scales, errors.New("only int8 is supported")
		}
		scales[k] = float64(scale)
	}
	shape := t[0].shape
	last := len(shape) > 0 && t[1].count == shape[len(shape)-1]
	if t[0].count != t[2].count || t[1].count != t[0].count && !last {
		return nil, scales, errors.New("the shapes do not match")
	}
	activation := op.options.int8(0)
	if activation != activationNone && activation != activationRelu {
		return nil, scales, fmt.Errorf("the fused activation %d is not supported", activation)
	}
	return &pairwise{
		a: t[0].place, b: t[1].place, out: t[2].place, n: t[0].count, period: t[1].count,
		zeroA: zeros[0], zeroB: zeros[1], span: newSpan(zeros[2], activation),
	}, scales, nil
}

func (b *builder) mul(op *operator) error {
	s, scales, err := b.newPairwise(op)
	if err != nil {
		return err
	}
	s.combine = &product{newRescale(scales[0]*scales[1]/scales[2], away)}
	b.step(s)
	return nil
}

func (b *builder) add(op *operator) error {
	s, scales, err := b.newPairwise(op)
	if err != nil {
		return err
	}
	twice := 2 * max(scales[0], scales[1])
	s.combine = &sum{
		newRescale(scales[0]/twice, away),
		newRescale(scales[1]/twice, away),
		newRescale(twice/(1<<sumBits*scales[2]), away),
	}
	b.step(s)
	return nil
}

// pool takes the mean or the highest of each channel over a window of rows.
type pool struct {
	in, out  int // places
	rows     int // of the window
	channels int
	step     int // elements from one window to the next
	windows  int
	mean     bool
}

func (s *pool) run(m *memory) {
	for w := range s.windows {
		x := m.bytes[s.in+w*s.step:][:s.rows*s.channels]
		out := m.bytes[s.out+w*s.channels:][:s.channels]
		for c := range out {
			if s.mean {
				out[c] = s.average(x[c:])
			} else {
				out[c] = s.highest(x[c:])
			}
		}
	}
}

// average rounds halves away from zero.
func (s *pool) average(x []int8) int8 {
	total, n := 0, s.rows
	for i := 0; i < len(x); i += s.channels {
		total += int(x[i])
	}
	if total > 0 {
		return int8((total + n/2) / n)
	}
	return int8((total - n/2) / n)
}

func (s *pool) highest(x []int8) int8 {
	highest := x[0]
	for i := 0; i < len(x); i += s.channels {
		highest = max(highest, x[i])
	}
	return highest
}

// pool: fields 0 padding, 1 and 2 strides, 3 and 4 filter, 5 activation.
func (b *builder) pool(op *operator) error {
	in, out, err := b.pair(op)
	if err != nil {
		return err
	}
	if in.kind != int8Type || op.options.int32(3) != 1 || op.options.int8(5) != activationNone {
		return errors.New("only int8 and one column without a fused activation are supported")
	}
	if err := sameValues(in.tensor, out.tensor); err != nil {
		return err
	}
	rows, stride := op.options.int32(4), op.options.int32(2)
	n, err := window(in.tensor, out.tensor, rows, stride, op.options.int8(0))
	if err != nil {
		return err
	}
	channels := in.shape[3]
	if out.shape[3] != channels {
		return errors.New("the output has other channels")
	}
	b.work += n * rows * channels
	b.step(&pool{in.place, out.place, rows, channels, stride * channels, n, op.code == opAveragePool})
	return nil
}
