package openwakeword

// blockFrames are the frames that each step takes: as many as the pools over time make one of.
const blockFrames = melFrames

// What computes is not watched by the race detector (//go:norace), here and in the spectrogram and the heads: it works on memory of one stream, and would
// take 30 times as long.

// forward is the network at work on one stream. For each block of 8 frames it computes only what is new: no layer looks beyond the frames that a
// window begins and ends with, so all else is the same in the next window.
type forward struct {
	net     *Network
	inputs  [][]octet // of each layer: the rows that are kept, then the new ones
	outputs []octet   // of a layer before its pool
	sights  [2]sight
}

func newForward(n *Network) *forward {
	f := &forward{net: n}
	rows, most := blockFrames, 0
	for i := range n.layers {
		l := &n.layers[i]
		f.inputs = append(f.inputs, make([]octet, (l.time-1+rows)*l.row()))
		most = max(most, rows*l.cols*len(l.bias))
		rows /= l.poolTime
	}
	f.outputs = make([]octet, most)
	return f
}

// settle finds what the network keeps after long silence, so that a stream can begin as if there had been some.
func (n *Network) settle() {
	f := newForward(n)
	var silence [melBands]float32
	for i := range silence {
		silence[i] = silentCell
	}
	for range settleBlocks {
		for i := range melFrames {
			f.put(i, &silence)
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

// put takes a frame of the next block. The first layer's three taps over frequency see it as three channels, see widen.
func (f *forward) put(frame int, cells *[melBands]float32) {
	l := &f.net.layers[0]
	row := f.inputs[0][(l.time-1+frame)*l.row():][:melBands]
	for i, v := range cells {
		if i > 0 {
			row[i-1][2] = v
			row[i][0] = cells[i-1]
		}
		row[i][1] = v
	}
}

// block computes the embedding that ends with the block whose frames were put.
func (f *forward) block(out *Embedding) {
	rows := blockFrames
	for i := range f.net.layers {
		l := &f.net.layers[i]
		f.convolve(l, f.inputs[i], rows)
		copy(f.inputs[i][:l.kept()], f.inputs[i][rows*l.row():])
		if l.last {
			for o, v := range f.outputs[:mostOctets] {
				copy(out[o*vector:], v[:])
			}
			return
		}
		next := &f.net.layers[i+1]
		to := f.inputs[i+1][next.kept():]
		rows = f.pool(l, rows, to, next.row(), next.pad()*next.channels())
	}
}

// convolve fills outputs, one row for each new one of the input, two places at a time.
func (f *forward) convolve(l *layer, in []octet, rows int) {
	places := rows * l.cols / l.step()
	x, y := &f.sights[0], &f.sights[1]
	for p := 0; p < places; p += 2 {
		q := min(p+1, places-1)
		l.look(in, p, x)
		l.look(in, q, y)
		deep, n := l.deep(), len(l.bias)
		for i := range l.sums() {
			l.products(l.weights[i], x.seen[i*mostOctets:][:deep], y.seen[i*mostOctets:][:deep], x.sums[i][:n], y.sums[i][:n])
		}
		l.finish(x, f.outputs, p)
		if q != p {
			l.finish(y, f.outputs, q)
		}
	}
}

// pool takes maxima of the outputs into the input of the next layer, and returns how many rows there are then.
func (f *forward) pool(l *layer, rows int, to []octet, row, pad int) int {
	cols, n := l.cols/l.poolF, len(l.bias)
	for r := range rows / l.poolTime {
		for c := range cols {
			out := to[r*row+pad+c*n:][:n]
			for t := range l.poolTime {
				for k := range l.poolF {
					in := f.outputs[((r*l.poolTime+t)*l.cols+c*l.poolF+k)*n:][:n]
					if t == 0 && k == 0 {
						copy(out, in)
						continue
					}
					l.highest(out, in)
				}
			}
		}
	}
	return rows / l.poolTime
}

// raise leaves the maximum of both in the first.
//
//go:norace
func raise(out, in []octet) {
	in = in[:len(out)]
	for o := range out {
		a, b := &out[o], &in[o]
		for i, v := range b {
			a[i] = max(a[i], v)
		}
	}
}
