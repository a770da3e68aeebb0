package tflite

import (
	"errors"
	"fmt"
	"slices"
)

// move copies elements from place to place. Reshaping, joining, cutting and variables are nothing else.
type move struct {
	kind  elementType
	spans []copySpan
}

type copySpan struct{ to, from, n int32 }

func (s *move) run(m *memory) {
	if s.kind == float32Type {
		for _, c := range s.spans {
			copy(m.floats[c.to:][:c.n], m.floats[c.from:][:c.n])
		}
		return
	}
	for _, c := range s.spans {
		copy(m.bytes[c.to:][:c.n], m.bytes[c.from:][:c.n])
	}
}

// newMove copies rows of n elements between two tensors of one type whose rows lie at different distances.
func (b *builder) newMove(kind elementType, first copySpan, rows, toStep, fromStep int) {
	s := &move{kind: kind}
	for range rows {
		s.spans = append(s.spans, first)
		first.to += int32(toStep)
		first.from += int32(fromStep)
	}
	b.step(s)
	b.work += rows * 8 // a copy of few elements costs more than they do
}

func (b *builder) copyAll(kind elementType, to, from, n int) {
	b.newMove(kind, copySpan{int32(to), int32(from), int32(n)}, 1, 0, 0)
}

func (b *builder) step(s step) { b.model.steps = append(b.model.steps, s) }

// sameValues tells whether the elements of two tensors mean the same when they are copied.
func sameValues(a, b *tensor) error {
	if a.kind != b.kind {
		return fmt.Errorf("%v cannot become %v", a.kind, b.kind)
	}
	if a.kind == float32Type {
		return nil
	}
	scaleA, zeroA, err := a.quantization()
	if err != nil {
		return err
	}
	scaleB, zeroB, err := b.quantization()
	if err != nil {
		return err
	}
	if scaleA != scaleB || zeroA != zeroB {
		return errors.New("two tensors are quantized differently")
	}
	return nil
}

// varHandle names a variable. ref: VarHandleOptions.shared_name
func (b *builder) varHandle(op *operator) error {
	name := string(op.options.vector(1, 1))
	_, i, err := b.nth(op.outputs, 0)
	if err != nil {
		return fmt.Errorf("output 0: %w", err)
	}
	v := b.variables[name]
	if v == nil {
		v = &variable{name: name, place: -1}
		b.variables[name] = v
	}
	b.handles[i] = v
	return nil
}

// variable returns the variable of an operator's first input, sized for a tensor.
func (b *builder) variable(op *operator, t *tensor) (*variable, error) {
	_, i, err := b.nth(op.inputs, 0)
	if err != nil {
		return nil, fmt.Errorf("input 0: %w", err)
	}
	v := b.handles[i]
	if v == nil {
		return nil, errors.New("it has no variable")
	}
	if v.place < 0 {
		if v.place, err = b.allocate(t.kind, t.count); err != nil {
			return nil, err
		}
		v.kind, v.count = t.kind, t.count
	}
	if v.kind != t.kind || v.count != t.count {
		return nil, fmt.Errorf("the variable %q changes its size or type", v.name)
	}
	return v, nil
}

func (b *builder) readVariable(op *operator) error {
	out, err := b.output(op, 0)
	if err != nil {
		return err
	}
	v, err := b.variable(op, out.tensor)
	if err != nil {
		return err
	}
	b.copyAll(out.kind, out.place, v.place, out.count)
	return nil
}

func (b *builder) assignVariable(op *operator) error {
	in, err := b.input(op, 1)
	if err != nil {
		return err
	}
	v, err := b.variable(op, in.tensor)
	if err != nil {
		return err
	}
	v.set = v.set || b.graph != &b.graphs[0]
	b.copyAll(in.kind, v.place, in.place, in.count)
	b.work += in.count
	return nil
}

func (b *builder) reshape(op *operator) error {
	in, out, err := b.pair(op)
	if err != nil {
		return err
	}
	if err := sameValues(in.tensor, out.tensor); err != nil {
		return err
	}
	if in.count != out.count {
		return fmt.Errorf("%d elements cannot become %d", in.count, out.count)
	}
	b.copyAll(in.kind, out.place, in.place, in.count)
	return nil
}

// blocks returns how often a stretch along an axis repeats, and the elements of one step along it.
func blocks(shape []int, axis int) (rows, stride int) {
	rows, stride = 1, 1
	for i, n := range shape {
		switch {
		case i < axis:
			rows *= n
		case i > axis:
			stride *= n
		}
	}
	return rows, stride
}

// part copies n steps along an axis, from one position in a tensor to another in a tensor that differs only along this axis.
func (b *builder) part(to operand, toAt int, from operand, fromAt, n, axis int) error {
	if err := sameValues(from.tensor, to.tensor); err != nil {
		return err
	}
	if len(from.shape) != len(to.shape) {
		return errors.New("the tensors have different dimensions")
	}
	for i := range from.shape {
		if i != axis && from.shape[i] != to.shape[i] {
			return errors.New("the tensors have different shapes")
		}
	}
	if fromAt < 0 || n < 1 || n > from.shape[axis]-fromAt || n > to.shape[axis]-toAt {
		return errors.New("the parts do not fit")
	}
	rows, stride := blocks(from.shape, axis)
	first := copySpan{int32(to.place + toAt*stride), int32(from.place + fromAt*stride), int32(n * stride)}
	b.newMove(from.kind, first, rows, to.shape[axis]*stride, from.shape[axis]*stride)
	return nil
}

// axisOf counts a negative axis from the end.
func axisOf(axis int, t *tensor) (int, error) {
	if axis < 0 {
		axis += len(t.shape)
	}
	if axis < 0 || axis >= len(t.shape) {
		return 0, fmt.Errorf("there is no axis %d", axis)
	}
	return axis, nil
}

// concatenation: fields 0 axis, 1 activation.
func (b *builder) concatenation(op *operator) error {
	out, err := b.output(op, 0)
	if err != nil {
		return err
	}
	axis, err := axisOf(op.options.int32(0), out.tensor)
	if err != nil {
		return err
	}
	if op.options.int8(1) != activationNone {
		return errors.New("a fused activation is not supported")
	}
	at := 0
	for k := range op.inputs.len() {
		in, err := b.input(op, k)
		if err != nil {
			return err
		}
		if len(in.shape) <= axis {
			return errors.New("the tensors have different dimensions")
		}
		if err := b.part(out, at, in, 0, in.shape[axis], axis); err != nil {
			return err
		}
		at += in.shape[axis]
	}
	if at != out.shape[axis] {
		return errors.New("the parts do not fill the output")
	}
	return nil
}

// splitV: inputs 1 sizes, 2 axis.
func (b *builder) splitV(op *operator) error {
	in, err := b.input(op, 0)
	if err != nil {
		return err
	}
	dim, err := b.constant(op, 2, int32Type)
	if err != nil {
		return err
	}
	axis, err := axisOf(int32s(dim.data).at(0), in.tensor)
	if err != nil {
		return err
	}
	at := 0
	for k := range op.outputs.len() {
		out, err := b.output(op, k)
		if err != nil {
			return err
		}
		if len(out.shape) <= axis {
			return errors.New("the tensors have different dimensions")
		}
		if err := b.part(out, 0, in, at, out.shape[axis], axis); err != nil {
			return err
		}
		at += out.shape[axis]
	}
	if at != in.shape[axis] {
		return errors.New("the parts do not use up the input")
	}
	return nil
}

// stridedSlice keeps a stretch along one axis. Fields: 0 begin mask, 1 end mask, 2 to 5 what is not supported.
func (b *builder) stridedSlice(op *operator) error {
	in, out, err := b.pair(op)
	if err != nil {
		return err
	}
	var limits [3]int32s
	for k := range limits {
		c, err := b.constant(op, k+1, int32Type)
		if err != nil {
			return err
		}
		if c.count != len(in.shape) {
			return errors.New("begin, end and strides do not match the dimensions")
		}
		limits[k] = c.data
	}
	o := op.options
	if o.int32(2) != 0 || o.int32(3) != 0 || o.int32(4) != 0 || o.int8(5) != 0 {
		return errors.New("only the begin and end masks are supported")
	}
	beginMask, endMask := o.int32(0), o.int32(1)
	cut, start := -1, 0
	for axis, n := range in.shape {
		begin, end := bound(limits[0].at(axis), n), bound(limits[1].at(axis), n)
		if beginMask>>axis&1 == 1 {
			begin = 0
		}
		if endMask>>axis&1 == 1 {
			end = n
		}
		if limits[2].at(axis) != 1 || end-begin < 1 {
			return errors.New("only slices with a stride of 1 are supported")
		}
		if end-begin == n {
			continue
		}
		if cut >= 0 {
			return errors.New("only slices along one axis are supported")
		}
		cut, start = axis, begin
	}
	if cut < 0 {
		if !slices.Equal(in.shape, out.shape) {
			return errors.New("the output has another shape")
		}
		cut = 0
	}
	if len(out.shape) <= cut {
		return errors.New("the output has another shape")
	}
	return b.part(out, 0, in, start, out.shape[cut], cut)
}

// bound counts a negative position from the end and keeps it inside.
func bound(at, n int) int {
	if at < 0 {
		at += n
	}
	return min(max(at, 0), n)
}
