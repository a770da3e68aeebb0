package openwakeword

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// program is a head's network: steps over values, of which some are constant.
type program struct {
	values []value
	steps  []step
	input  int
	output int
}

// value is a vector of float32.
type value struct {
	size     int
	constant []float32 // nil: a step makes it
}

// operation is what a step does.
type operation int

const (
	opDense operation = iota // rows of b times a, plus c
	opAdd                    // element by element, or with one element of b, as are the next five
	opSubtract
	opMultiply
	opDivide
	opSquaredDifference
	opGreaterEqual // 1 or 0
	opMean         // of all elements
	opRelu         // element by element, as is all that follows
	opSigmoid
	opRootReciprocal
	opRoot
	opReciprocal
	opSquare
	opSoftmax
	opBranch // then or els by a; b is the result of then, c that of els
)

// step makes one value of others.
type step struct {
	op        operation
	a, b, c   int // values; c is -1 where it is not needed
	out       int
	relu      bool // the result is not below zero
	then, els []step
}

// Limits for files of strangers: the largest known head has 1.3 MB, 26 operators at a time and 52 values.
const (
	maxHeadFile = 4 << 20
	maxValues   = 1024
	maxSteps    = 1024
	maxFloats   = maxHeadFile / 4 // of all values that steps make, and of all constants
	maxProducts = maxHeadFile / 4 // of all dense layers: each weight once
)

// builder puts a program together.
type builder struct {
	values    []value
	floats    int // that steps make
	constants int
	products  int
}

func (b *builder) add(v value) (int, error) {
	if v.constant == nil {
		b.floats += v.size
	} else {
		b.constants += v.size
	}
	if len(b.values) >= maxValues || b.floats > maxFloats || b.constants > maxFloats {
		return 0, errors.New("it has more values than a head needs")
	}
	b.values = append(b.values, v)
	return len(b.values) - 1, nil
}

// constant adds a value that the file has.
func (b *builder) constant(floats []float32) (int, error) {
	if err := sensible(floats); err != nil {
		return 0, err
	}
	return b.add(value{size: len(floats), constant: floats})
}

// result adds a value that a step makes.
func (b *builder) result(size int) (int, error) { return b.add(value{size: size}) }

// elementwise is the step of an operation on one or two values.
func (b *builder) elementwise(op operation, x, y int) (step, error) {
	s := step{op: op, a: x, b: y, c: -1}
	size := b.values[x].size
	if op <= opGreaterEqual {
		switch other := b.values[y].size; {
		case other == size || other == 1:
		case size == 1 && (op == opAdd || op == opMultiply || op == opSquaredDifference):
			s.a, s.b, size = y, x, other
		default:
			return s, fmt.Errorf("%d and %d values do not go together", size, other)
		}
	}
	if op == opMean {
		size = 1
	}
	var err error
	s.out, err = b.result(size)
	return s, err
}

// dense is the step of a fully connected layer; weights is outputs × inputs, and bias -1 for none.
func (b *builder) dense(x, weights, bias int) (step, error) {
	inputs := b.values[x].size
	n := b.values[weights].size
	if inputs == 0 || n == 0 || n%inputs != 0 {
		return step{}, fmt.Errorf("%d weights do not go with %d inputs", n, inputs)
	}
	if bias >= 0 && b.values[bias].size != n/inputs {
		return step{}, fmt.Errorf("%d biases do not go with %d outputs", b.values[bias].size, n/inputs)
	}
	if b.products += n; b.products > maxProducts {
		return step{}, errors.New("it has more to compute than a head needs")
	}
	out, err := b.result(n / inputs)
	return step{op: opDense, a: x, b: weights, c: bias, out: out}, err
}

// memory is room for the values of one run.
func (p *program) memory() [][]float32 {
	m := make([][]float32, len(p.values))
	for i, v := range p.values {
		if m[i] = v.constant; v.constant == nil {
			m[i] = make([]float32, v.size)
		}
	}
	return m
}

// run does the steps.
func run(steps []step, m [][]float32) {
	for i := range steps {
		s := &steps[i]
		out, a := m[s.out], m[s.a]
		switch s.op {
		case opDense:
			var bias []float32
			if s.c >= 0 {
				bias = m[s.c]
			}
			dense(out, a, m[s.b], bias)
		case opAdd, opSubtract, opMultiply, opDivide, opSquaredDifference, opGreaterEqual:
			pairwise(s.op, out, a, m[s.b])
		case opMean:
			sum := float32(0)
			for _, v := range a {
				sum += v
			}
			out[0] = sum / float32(len(a))
		case opSoftmax:
			softmax(out, a)
		case opBranch:
			chosen := s.c
			if a[0] != 0 {
				run(s.then, m)
				chosen = s.b
			} else {
				run(s.els, m)
			}
			copy(out, m[chosen])
		default:
			single(s.op, out, a)
		}
		if s.relu {
			for i, v := range out {
				out[i] = max(v, 0)
			}
		}
	}
}

// dense computes four outputs at a time: one sum alone would wait for each addition.
//
//go:norace
func dense(out, x, weights, bias []float32) {
	n, o := len(x), 0
	for ; o+4 <= len(out); o += 4 {
		w0, w1, w2, w3 := weights[:n], weights[n:][:n], weights[2*n:][:n], weights[3*n:][:n]
		weights = weights[4*n:]
		var s0, s1, s2, s3 float32
		for i, v := range x {
			s0 += w0[i] * v
			s1 += w1[i] * v
			s2 += w2[i] * v
			s3 += w3[i] * v
		}
		*(*[4]float32)(out[o:]) = [4]float32{s0, s1, s2, s3}
	}
	for ; o < len(out); o++ {
		w, sum := weights[:n], float32(0)
		weights = weights[n:]
		for i, v := range x {
			sum += w[i] * v
		}
		out[o] = sum
	}
	for o, b := range bias {
		out[o] += b
	}
}

func pairwise(op operation, out, a, b []float32) {
	for i, x := range a {
		y := b[0]
		if len(b) > 1 {
			y = b[i]
		}
		switch op {
		case opAdd:
			x += y
		case opSubtract:
			x -= y
		case opMultiply:
			x *= y
		case opDivide:
			x /= y
		case opSquaredDifference:
			x = (x - y) * (x - y)
		case opGreaterEqual:
			if x >= y {
				x = 1
			} else {
				x = 0
			}
		}
		out[i] = x
	}
}

func single(op operation, out, a []float32) {
	for i, x := range a {
		v := float64(x)
		switch op {
		case opRelu:
			v = max(v, 0)
		case opSigmoid:
			v = 1 / (1 + math.Exp(-v))
		case opRootReciprocal:
			v = 1 / math.Sqrt(v)
		case opRoot:
			v = math.Sqrt(v)
		case opReciprocal:
			v = 1 / v
		case opSquare:
			v *= v
		}
		out[i] = float32(v)
	}
}

func softmax(out, a []float32) {
	highest, sum := slices.Max(a), 0.0
	for _, v := range a {
		sum += math.Exp(float64(v - highest))
	}
	for i, v := range a {
		out[i] = float32(math.Exp(float64(v-highest)) / sum)
	}
}
