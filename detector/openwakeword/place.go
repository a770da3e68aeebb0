package openwakeword

import "math"

// The activation: below zero the slope is flatter, and it ends at lowest.
const (
	slope  = 0.2
	lowest = -0.4
)

const (
	mostOctets = EmbeddingSize / vector // no layer has more channels
	mostSeen   = 4 * mostOctets         // four times that for a pair, and three times that in the last layer
)

// sight is the work on one place of a layer. A layer is computed for two neighbouring outputs at once, which takes four
// products for each channel instead of six: what the taps see is added up first, and so are the products afterwards.
//
// ref: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks (arXiv 1509.09308), F(2,3)
type sight struct {
	seen [mostSeen]octet // for each sum of a pair, so many octets apart as the most channels are
	sums [4][mostOctets]octet
}

// paired tells whether two outputs are computed at once: neighbours in time or frequency, as the kernel lies. All layers but the last do;
// they have an even number of new rows and of columns, so that the pairs of a window are always the same.
func (l *layer) paired() bool { return !l.last }

// step is how many outputs a place has.
func (l *layer) step() int {
	if l.paired() {
		return 2
	}
	return 1
}

// sums is how many sums of products each output channel of a place has.
func (l *layer) sums() int {
	if l.paired() {
		return 4
	}
	return 1
}

// deep is how many octets are multiplied for one sum.
func (l *layer) deep() int {
	if l.paired() {
		return l.channels()
	}
	return l.time * l.freq * l.in / vector
}

// transform is what the weights of three taps are for the four sums.
func transform(a, b, c float32) [4]float32 {
	even, odd := (float64(a)+float64(c))/2, float64(b)/2
	return [4]float32{a, float32(even + odd), float32(even - odd), c}
}

// first is the first position of a place in the output, and how far the second one is.
func (l *layer) first(place int) (position, apart int) {
	switch {
	case !l.paired():
		return place, 0
	case l.time == 3:
		return place/l.cols*2*l.cols + place%l.cols, l.cols
	default:
		return 2 * place, 1
	}
}

// look collects what the kernel sees at a place.
//
//go:norace
func (l *layer) look(in []octet, place int, x *sight) {
	row, channels := l.row(), l.channels()
	position, _ := l.first(place)
	in = in[position/l.cols*row+position%l.cols*channels:]
	switch {
	case !l.paired():
		for t := range l.time {
			copy(x.seen[t*channels:], in[t*row:][:channels])
		}
	case l.time == 3:
		l.combine(in, row, x)
	default:
		l.combine(in, channels, x)
	}
}

// addUp adds up what is seen by the taps of two outputs, which are a stride apart.
//
//go:norace
func (l *layer) addUp(in []octet, stride int, x *sight) {
	n := l.channels()
	in0, in1, in2, in3 := in[:n], in[stride:][:n], in[2*stride:][:n], in[3*stride:][:n]
	for i := range min(n, mostOctets) {
		a, b, c, d := &in0[i], &in1[i], &in2[i], &in3[i]
		for k := range vector {
			x.seen[i][k] = a[k] - c[k]
			x.seen[mostOctets+i][k] = b[k] + c[k]
			x.seen[2*mostOctets+i][k] = c[k] - b[k]
			x.seen[3*mostOctets+i][k] = b[k] - d[k]
		}
	}
}

// finish makes outputs of the sums.
func (l *layer) finish(x *sight, outputs []octet, place int) {
	position, apart := l.first(place)
	n := len(l.bias)
	p, q := outputs[position*n:][:n], outputs[(position+apart)*n:][:n]
	if l.paired() {
		l.unite(x, p, q)
		return
	}
	for o := range p {
		for k, b := range l.bias[o] {
			p[o][k] = x.sums[0][o][k] + b
		}
	}
}

// bent makes the two outputs of a pair.
//
//go:norace
func (l *layer) bent(x *sight, p, q []octet) {
	n := len(l.bias)
	s0, s1, s2, s3 := x.sums[0][:n], x.sums[1][:n], x.sums[2][:n], x.sums[3][:n]
	p, q = p[:n], q[:n]
	for o := range l.bias {
		t, u, v, w, a, b, bias := &s0[o], &s1[o], &s2[o], &s3[o], &p[o], &q[o], &l.bias[o]
		for k := range vector {
			a[k] = bend(t[k] + u[k] + v[k] + bias[k])
			b[k] = bend(u[k] - v[k] - w[k] + bias[k])
		}
	}
}

// bend is the activation. Numbers below zero have greater bits the lower they are, and all of them greater ones than the others; it takes half the time
// of max(v, slope*v, lowest) so.
func bend(v float32) float32 {
	bits := math.Float32bits(v)
	if flat := math.Float32bits(slope * v); bits > 1<<31 {
		bits = flat
	}
	return math.Float32frombits(min(bits, math.Float32bits(lowest)))
}
