package tflite

import "math"

// rounding says how the second of the two shifts of a rescaling treats halves. The kernels of the TensorFlow Lite C library differ.
type rounding int

const (
	up   rounding = iota // towards positive infinity: CONV_2D, FULLY_CONNECTED and the vector loop of DEPTHWISE_CONV_2D
	away                 // away from zero: ADD, MUL and the channels that DEPTHWISE_CONV_2D handles one by one
)

// rescale multiplies a 32-bit sum by a real factor in fixed point.
//
// ref: MultiplyByQuantizedMultiplier with two roundings, tensorflow/lite/kernels/internal/common.h
type rescale struct {
	factor int64
	round  int64
	shift  uint8
	away   uint8 // bits of the second shift when its halves go away from zero, else 0
}

// newRescale prepares the multiplication by a positive factor.
func newRescale(factor float64, r rounding) rescale {
	fraction, exponent := math.Frexp(factor)
	q := int64(math.Round(fraction * (1 << 31)))
	if q == 1<<31 {
		q, exponent = q/2, exponent+1
	}
	const half = 1 << 30
	switch {
	case exponent < -31:
		return rescale{shift: 31}
	case exponent >= 0:
		// Factors of 2^31 and more leave no bit of a sum; none of the models has one of even 1.
		return rescale{factor: q << min(exponent, 31), round: half, shift: 31}
	case r == away:
		return rescale{factor: q, round: half, shift: 31, away: uint8(-exponent)}
	default:
		// The two shifts that round up are one with both halves added.
		return rescale{factor: q, round: half + half<<-exponent, shift: uint8(31 - exponent)}
	}
}

// apply returns the rounded product.
func (r *rescale) apply(x int32) int32 {
	v := (int64(x)*r.factor + r.round) >> (r.shift & 63)
	if r.away == 0 {
		return int32(v)
	}
	return int32((v + 1<<(r.away-1&63) + v>>63) >> (r.away & 63))
}

// channel turns the sum of products of one output channel into its quantized value.
type channel struct {
	bias int32 // with the input's zero point folded in
	rescale
}

// span is the range of a quantized output and its zero point.
type span struct{ zero, low, high int32 }

// newSpan returns the range of an int8 output with a fused activation.
func newSpan(zero int32, activation int) span {
	s := span{zero, math.MinInt8, math.MaxInt8}
	if activation == activationRelu {
		s.low = zero
	}
	return s
}

// quantize moves a rescaled value by the zero point and clamps it.
func (s *span) quantize(v int32) int8 { return int8(min(max(v+s.zero, s.low), s.high)) }

// finish writes the outputs of a layer whose sums are complete.
func (s *span) finish(out []int8, sums []int32, channels []channel) {
	sums, channels = sums[:len(out)], channels[:len(out)]
	for i := range out {
		c := &channels[i]
		out[i] = s.quantize(c.apply(sums[i] + c.bias))
	}
}
