package openwakeword

// The activation: below zero the slope is flatter, and it ends at lowest.
const (
	slope  = 0.2
	lowest = -0.4
)

// mostSeen is the most that a kernel sees at once: four times the channels, or three times those of the last layer.
const mostSeen = 4 * EmbeddingSize / vector

// sight is the work on one place of a layer. A layer whose kernel has three taps is computed for two neighbouring outputs at once, which takes four
// products for each channel instead of six: what the taps see is added up first, and so are the products afterwards.
//
// ref: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks (arXiv 1509.09308), F(2,3)
type sight struct {
	seen [mostSeen]octet // for each sum
	sums [4][EmbeddingSize]float32
}

// paired tells whether two outputs are computed at once: neighbours in time or frequency, as the kernel lies. All layers but the first and the last
// do; they have an even number of new rows and of columns, so that the pairs of a window are always the same.
func (l *layer) paired() bool { return l.time*l.freq == 3 && !l.last }

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
		return l.in / vector
	}
	return (l.size() + vector - 1) / vector
}

// transform is what the weights of three taps are for the four sums.
func transform(a, b, c float32) [4]float32 {
	even, odd := (float64(a)+float64(c))/2, float64(b)/2
	return [4]float32{a, float32(even + odd), float32(even - odd), c}
}

// look collects what the kernel sees at a place.
//
//go:norace
func (l *layer) look(in []float32, place int, x *sight) {
	row := l.row()
	switch {
	case !l.paired():
		in = in[place/l.cols*row+place%l.cols*l.in:]
		i := 0
		for t := range l.time {
			for _, v := range in[t*row:][:l.freq*l.in] {
				x.seen[i/vector][i%vector] = v
				i++
			}
		}
		for ; i%vector != 0; i++ { // the first layer sees nine
			x.seen[i/vector][i%vector] = 0
		}
	case l.time == 3:
		x.combine(in[place/l.cols*2*row+place%l.cols*l.in:], row, l.deep())
	default:
		place *= 2
		x.combine(in[place/l.cols*row+place%l.cols*l.in:], l.in, l.deep())
	}
}

// combine adds up what is seen by the taps of two outputs, which are a stride apart.
//
//go:norace
func (x *sight) combine(in []float32, stride, deep int) {
	s0, s1, s2, s3 := x.seen[:deep], x.seen[deep:][:deep], x.seen[2*deep:][:deep], x.seen[3*deep:][:deep]
	in1, in2, in3 := in[stride:], in[2*stride:], in[3*stride:]
	for i := range s0 {
		a, b, c, d := (*octet)(in[i*vector:]), (*octet)(in1[i*vector:]), (*octet)(in2[i*vector:]), (*octet)(in3[i*vector:])
		e, f, g, h := &s0[i], &s1[i], &s2[i], &s3[i]
		for k := range vector {
			e[k], f[k], g[k], h[k] = a[k]-c[k], b[k]+c[k], c[k]-b[k], b[k]-d[k]
		}
	}
}

// finish makes outputs of the sums.
//
//go:norace
func (l *layer) finish(x *sight, outputs []float32, place int) {
	if !l.paired() {
		out := outputs[place*l.out:][:l.out]
		for o, b := range l.bias {
			if out[o] = x.sums[0][o] + b; !l.last {
				out[o] = bend(out[o])
			}
		}
		return
	}
	first, apart := 2*place, 1
	if l.time == 3 {
		first, apart = place/l.cols*2*l.cols+place%l.cols, l.cols
	}
	p, q := outputs[first*l.out:][:len(l.bias)], outputs[(first+apart)*l.out:][:len(l.bias)]
	s0, s1, s2, s3 := x.sums[0][:len(l.bias)], x.sums[1][:len(l.bias)], x.sums[2][:len(l.bias)], x.sums[3][:len(l.bias)]
	for o, b := range l.bias {
		p[o] = bend(s0[o] + s1[o] + s2[o] + b)
		q[o] = bend(s1[o] - s2[o] - s3[o] + b)
	}
}

// bend is the activation.
func bend(v float32) float32 { return max(v, slope*v, lowest) }
