package openwakeword

// The activation: below zero the slope is flatter, and it ends at lowest.
const (
	slope  = 0.2
	lowest = -0.4
)

// blockFrames are the frames that each step takes: as many as the pools over time make one of.
const blockFrames = melFrames

// What computes is not watched by the race detector (//go:norace), here and in the spectrogram and the heads: it works on memory of one stream, and would
// take 30 times as long.

// forward is the network at work on one stream. For each block of 8 frames it computes only what is new: no layer looks beyond the frames that a
// window begins and ends with, so all else is the same in the next window.
type forward struct {
	net     *Network
	inputs  [][]float32 // of each layer: the rows that are kept, then the new ones
	outputs []float32   // of a layer before its pool
	gather  [2][]float32
}

func newForward(n *Network) *forward {
	f := &forward{net: n}
	rows, most, deepest := blockFrames, 0, 0
	for i := range n.layers {
		l := &n.layers[i]
		f.inputs = append(f.inputs, make([]float32, (l.time-1+rows)*l.row()))
		most = max(most, rows*l.cols*l.out)
		deepest = max(deepest, l.size())
		rows /= l.poolTime
	}
	f.outputs = make([]float32, most)
	f.gather = [2][]float32{make([]float32, deepest), make([]float32, deepest)}
	return f
}

// settle finds what the network keeps after long silence, so that a stream can begin as if there had been some.
func (n *Network) settle() {
	f := newForward(n)
	for range settleBlocks {
		for i := range melFrames {
			row := f.row(i)
			for j := range row {
				row[j] = silentCell
			}
		}
		f.block(&n.silence)
	}
	for i := range n.layers {
		n.settled = append(n.settled, f.inputs[i][:n.layers[i].kept()]...)
	}
}

// Silence is the embedding of digital silence.
func (n *Network) Silence() Embedding { return n.silence }

// reset begins after long silence.
func (f *forward) reset() {
	settled := f.net.settled
	for i := range f.net.layers {
		settled = settled[copy(f.inputs[i][:f.net.layers[i].kept()], settled):]
	}
}

// row is where a frame of the next block belongs.
func (f *forward) row(frame int) []float32 {
	l := &f.net.layers[0]
	return f.inputs[0][(l.time-1+frame)*l.row()+l.pad():][:melBands]
}

// block computes the embedding that ends with the block whose frames lie in row.
func (f *forward) block(out *Embedding) {
	rows := blockFrames
	for i := range f.net.layers {
		l := &f.net.layers[i]
		f.convolve(l, f.inputs[i], rows)
		copy(f.inputs[i][:l.kept()], f.inputs[i][rows*l.row():])
		if l.last {
			copy(out[:], f.outputs)
			return
		}
		next := &f.net.layers[i+1]
		to := f.inputs[i+1][next.kept():]
		rows = f.pool(l, rows, to, next.row(), next.pad()*next.in)
	}
}

// convolve fills outputs, one row for each new one of the input.
//
//go:norace
func (f *forward) convolve(l *layer, in []float32, rows int) {
	positions := rows * l.cols
	for p := 0; p < positions; p += 2 {
		q := min(p+1, positions-1)
		x, y := f.window(l, in, p, 0), f.window(l, in, q, 1)
		a, b := f.outputs[p*l.out:][:l.out], f.outputs[q*l.out:][:l.out]
		l.products(x, y, a, b)
		l.finish(a)
		if q != p {
			l.finish(b)
		}
	}
}

// window is the input of one position, in one piece.
func (f *forward) window(l *layer, in []float32, position, scratch int) []float32 {
	row, width := l.row(), l.freq*l.in
	at := position/l.cols*row + position%l.cols*l.in
	if l.time == 1 {
		return in[at:][:width]
	}
	x := f.gather[scratch][:l.size()]
	for t := range l.time {
		copy(x[t*width:][:width], in[at+t*row:])
	}
	return x
}

// bend adds the bias, and applies the activation.
//
//go:norace
func (l *layer) bend(values []float32) {
	for o, b := range l.bias {
		v := values[o] + b
		if !l.last {
			v = max(v, slope*v, lowest)
		}
		values[o] = v
	}
}

// pool takes maxima of the outputs into the input of the next layer, and returns how many rows there are then.
//
//go:norace
func (f *forward) pool(l *layer, rows int, to []float32, row, pad int) int {
	cols := l.cols / l.poolF
	for r := range rows / l.poolTime {
		for c := range cols {
			out := to[r*row+pad+c*l.out:][:l.out]
			for t := range l.poolTime {
				for k := range l.poolF {
					in := f.outputs[((r*l.poolTime+t)*l.cols+c*l.poolF+k)*l.out:][:l.out]
					if t == 0 && k == 0 {
						copy(out, in)
						continue
					}
					for o, v := range in {
						out[o] = max(out[o], v)
					}
				}
			}
		}
	}
	return rows / l.poolTime
}

// dot computes four outputs of two positions, and returns the weights of the next four. Four steps at a time, through pointers to arrays, is what
// the compiler makes the fastest code of; the order of the sums is that of k all the same.
//
//go:norace
func dot(w, x, y []float32, a, b *[4]float32) []float32 {
	var a0, a1, a2, a3, b0, b1, b2, b3 float32
	for len(x) >= 4 && len(y) >= 4 && len(w) >= 16 {
		q, p, r := (*[16]float32)(w), (*[4]float32)(x), (*[4]float32)(y)
		u, v := p[0], r[0]
		a0 += q[0] * u
		b0 += q[0] * v
		a1 += q[1] * u
		b1 += q[1] * v
		a2 += q[2] * u
		b2 += q[2] * v
		a3 += q[3] * u
		b3 += q[3] * v
		u, v = p[1], r[1]
		a0 += q[4] * u
		b0 += q[4] * v
		a1 += q[5] * u
		b1 += q[5] * v
		a2 += q[6] * u
		b2 += q[6] * v
		a3 += q[7] * u
		b3 += q[7] * v
		u, v = p[2], r[2]
		a0 += q[8] * u
		b0 += q[8] * v
		a1 += q[9] * u
		b1 += q[9] * v
		a2 += q[10] * u
		b2 += q[10] * v
		a3 += q[11] * u
		b3 += q[11] * v
		u, v = p[3], r[3]
		a0 += q[12] * u
		b0 += q[12] * v
		a1 += q[13] * u
		b1 += q[13] * v
		a2 += q[14] * u
		b2 += q[14] * v
		a3 += q[15] * u
		b3 += q[15] * v
		w, x, y = w[16:], x[4:], y[4:]
	}
	for k, u := range x { // the first layer has nine
		q, v := (*[4]float32)(w), y[k]
		a0 += q[0] * u
		b0 += q[0] * v
		a1 += q[1] * u
		b1 += q[1] * v
		a2 += q[2] * u
		b2 += q[2] * v
		a3 += q[3] * u
		b3 += q[3] * v
		w = w[4:]
	}
	*a = [4]float32{a0, a1, a2, a3}
	*b = [4]float32{b0, b1, b2, b3}
	return w
}
