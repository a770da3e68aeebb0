package tflite

import (
	"errors"
	"fmt"
)

// dense computes CONV_2D over windows of whole rows, and FULLY_CONNECTED: each output is a weighted sum of consecutive inputs.
type dense struct {
	matrix   matrix
	channels []channel
	span     span
	in, out  int // places
	step     int // elements from one window to the next
	windows  int
}

func (s *dense) run(m *memory) {
	for w := range s.windows {
		s.matrix.multiply(m.bytes[s.in+w*s.step:], m.sums)
		out := m.bytes[s.out+w*len(s.channels):][:len(s.channels)]
		s.span.finish(out, m.sums, s.channels)
	}
}

// depthwiseLanes is how many channels are computed at once. The memory has as many elements more than it needs, so that the last
// channels may be read together with what lies behind them.
const depthwiseLanes = 8

// depthwise computes DEPTHWISE_CONV_2D: each channel is a weighted sum of its own past.
type depthwise struct {
	weights  [][depthwiseLanes]int8 // by group of channels, then by row
	channels []channel
	span     span
	in, out  int // places
	rows     int // of the window
	step     int // elements from one window to the next
	windows  int
}

func (s *depthwise) run(m *memory) {
	n := len(s.channels)
	for w := range s.windows {
		x := m.bytes[s.in+w*s.step:]
		weights := s.weights
		for c := 0; c < n; c += depthwiseLanes {
			sumColumns((*[depthwiseLanes]int32)(m.sums[c:]), weights[:s.rows], x[c:], n)
			weights = weights[s.rows:]
		}
		s.span.finish(m.bytes[s.out+w*n:][:n], m.sums, s.channels)
	}
}

// sumColumns multiplies neighbouring columns of x, whose rows are n elements apart.
func sumColumns(sums *[depthwiseLanes]int32, weights [][depthwiseLanes]int8, x []int8, n int) {
	var s0, s1, s2, s3, s4, s5, s6, s7 int32
	at := 0
	for i := range weights {
		w, v := &weights[i], (*[depthwiseLanes]int8)(x[at:])
		s0 += int32(w[0]) * int32(v[0])
		s1 += int32(w[1]) * int32(v[1])
		s2 += int32(w[2]) * int32(v[2])
		s3 += int32(w[3]) * int32(v[3])
		s4 += int32(w[4]) * int32(v[4])
		s5 += int32(w[5]) * int32(v[5])
		s6 += int32(w[6]) * int32(v[6])
		s7 += int32(w[7]) * int32(v[7])
		at += n
	}
	*sums = [depthwiseLanes]int32{s0, s1, s2, s3, s4, s5, s6, s7}
}

// layer is what all weighted operators have in common.
type layer struct {
	in, out  operand
	weights  *tensor
	channels []channel
	span     span
}

// newLayer reads input, weights, bias and output. The channels are the first dimension of the weights, or the last of depthwise ones.
func (b *builder) newLayer(op *operator, activation int, depthwise bool) (*layer, error) {
	in, out, err := b.pair(op)
	if err != nil {
		return nil, err
	}
	l := &layer{in: in, out: out}
	if l.weights, err = b.constant(op, 1, int8Type); err != nil {
		return nil, err
	}
	if in.kind != int8Type || out.kind != int8Type || len(l.weights.shape) == 0 {
		return nil, errors.New("only int8 is supported")
	}
	if activation != activationNone && activation != activationRelu {
		return nil, fmt.Errorf("the fused activation %d is not supported", activation)
	}
	n := l.weights.shape[0]
	if depthwise {
		n = l.weights.shape[len(l.weights.shape)-1]
	}
	l.channels = make([]channel, n)
	_, zero, err := out.quantization()
	if err != nil {
		return nil, err
	}
	l.span = newSpan(zero, activation)
	if err := b.addBias(op, l); err != nil {
		return nil, err
	}
	return l, b.foldInput(op, l, depthwise)
}

func (b *builder) addBias(op *operator, l *layer) error {
	if op.inputs.len() < 3 || op.inputs.at(2) == -1 {
		return nil
	}
	bias, err := b.constant(op, 2, int32Type)
	if err != nil {
		return err
	}
	if bias.count != len(l.channels) {
		return fmt.Errorf("there are %d biases for %d channels", bias.count, len(l.channels))
	}
	for c := range l.channels {
		l.channels[c].bias = int32(int32s(bias.data).at(c))
	}
	return nil
}

// foldInput takes the input's zero point into the bias and the three scales into the factor of each channel.
func (b *builder) foldInput(op *operator, l *layer, depthwise bool) error {
	scaleIn, zeroIn, err := l.in.quantization()
	if err != nil {
		return err
	}
	scaleOut, _, _ := l.out.quantization() // read before
	scales, zeros := l.weights.scales, l.weights.zeros
	if n := scales.len(); n != 1 && n != len(l.channels) {
		return fmt.Errorf("there are %d scales for %d channels", n, len(l.channels))
	}
	for i := range zeros.len() {
		if zeros.at(i) != 0 {
			return errors.New("the weights have a zero point")
		}
	}
	for c := range l.channels {
		scale := scales.at(c % scales.len())
		if !usable(scale) {
			return fmt.Errorf("the scale %v cannot be used", scale)
		}
		product := float64(scaleIn) * float64(scale)
		if op.code == opFullyConnected {
			product = float64(scaleIn * scale)
		}
		r := up
		if depthwise && c >= len(l.channels)&^7 {
			r = away
		}
		l.channels[c].rescale = newRescale(product/float64(scaleOut), r)
	}
	per := l.weights.count / len(l.channels)
	for i, w := range l.weights.data {
		if int8(w) == -128 {
			return errors.New("a weight is -128") // the quantization specification allows -127 to 127
		}
		c := i / per
		if depthwise {
			c = i % len(l.channels)
		}
		l.channels[c].bias -= zeroIn * int32(int8(w))
	}
	return nil
}

// window checks a window that slides over the rows of an input [1, rows, 1, channels] and returns how often it fits.
func window(in, out *tensor, rows, stride, padding int) (int, error) {
	for _, t := range []*tensor{in, out} {
		if len(t.shape) != 4 || t.shape[0] != 1 || t.shape[2] != 1 {
			return 0, errors.New("only tensors of one column are supported")
		}
	}
	height := in.shape[1]
	if stride < 1 || rows < 1 || rows > height {
		return 0, errors.New("the window does not fit")
	}
	n := (height-rows)/stride + 1
	if padding == paddingSame && (height+stride-1)/stride != n {
		return 0, errors.New("padding is not supported")
	}
	if out.shape[1] != n {
		return 0, fmt.Errorf("the output has %d rows, not %d", out.shape[1], n)
	}
	return n, nil
}

// conv: fields 0 padding, 1 and 2 strides, 3 activation, 4 and 5 dilations.
func (b *builder) conv(op *operator) error {
	l, err := b.newLayer(op, op.options.int8(3), false)
	if err != nil {
		return err
	}
	shape := l.weights.shape
	if len(shape) != 4 || shape[2] != 1 || op.options.int32(5) > 1 {
		return errors.New("only filters of one column without dilation are supported")
	}
	stride := op.options.int32(2)
	n, err := window(l.in.tensor, l.out.tensor, shape[1], stride, op.options.int8(0))
	if err != nil {
		return err
	}
	if l.in.shape[3] != shape[3] || l.out.shape[3] != shape[0] {
		return errors.New("the weights do not match the channels")
	}
	return b.addDense(l, n, stride*shape[3])
}

// fullyConnected: field 0 activation.
func (b *builder) fullyConnected(op *operator) error {
	l, err := b.newLayer(op, op.options.int8(0), false)
	if err != nil {
		return err
	}
	shape := l.weights.shape
	if len(shape) != 2 || l.in.count != shape[1] || l.out.count != shape[0] {
		return errors.New("the weights do not match the input or the output")
	}
	return b.addDense(l, 1, 0)
}

func (b *builder) addDense(l *layer, windows, step int) error {
	inputs := l.weights.count / len(l.channels)
	products := inputs * padded(len(l.channels))
	b.weights += products
	b.work += windows * products
	if b.weights > maxWeights || b.work > maxWork {
		return errors.New("the model is too large")
	}
	b.model.sums = max(b.model.sums, padded(len(l.channels)))
	b.step(&dense{
		matrix: newMatrix(l.weights.data, inputs), channels: l.channels, span: l.span,
		in: l.in.place, out: l.out.place, step: step, windows: windows,
	})
	return nil
}

// depthwise: fields 0 padding, 1 and 2 strides, 3 depth multiplier, 4 activation, 5 and 6 dilations.
func (b *builder) depthwise(op *operator) error {
	l, err := b.newLayer(op, op.options.int8(4), true)
	if err != nil {
		return err
	}
	shape, channels := l.weights.shape, len(l.channels)
	if len(shape) != 4 || shape[0] != 1 || shape[2] != 1 || op.options.int32(3) != 1 || op.options.int32(6) > 1 {
		return errors.New("only filters of one column and one output per channel without dilation are supported")
	}
	rows, stride := shape[1], op.options.int32(2)
	n, err := window(l.in.tensor, l.out.tensor, rows, stride, op.options.int8(0))
	if err != nil {
		return err
	}
	if l.in.shape[3] != channels || l.out.shape[3] != channels {
		return errors.New("the weights do not match the channels")
	}
	groups := (channels + depthwiseLanes - 1) / depthwiseLanes
	products := groups * depthwiseLanes * rows
	b.weights += products
	b.work += n * products
	if b.weights > maxWeights || b.work > maxWork {
		return errors.New("the model is too large")
	}
	weights := make([][depthwiseLanes]int8, groups*rows)
	for i, w := range l.weights.data {
		row, c := i/channels, i%channels
		weights[c/depthwiseLanes*rows+row][c%depthwiseLanes] = int8(w)
	}
	b.model.sums = max(b.model.sums, groups*depthwiseLanes)
	b.step(&depthwise{
		weights: weights, channels: l.channels, span: l.span,
		in: l.in.place, out: l.out.place, rows: rows, step: stride * channels, windows: n,
	})
	return nil
}
