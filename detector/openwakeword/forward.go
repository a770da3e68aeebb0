package openwakeword

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
	sights  [2]sight
}

func newForward(n *Network) *forward {
	f := &forward{net: n}
	rows, most := blockFrames, 0
	for i := range n.layers {
		l := &n.layers[i]
		f.inputs = append(f.inputs, make([]float32, (l.time-1+rows)*l.row()))
		most = max(most, rows*l.cols*l.out)
		rows /= l.poolTime
	}
	f.outputs = make([]float32, most)
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

// convolve fills outputs, one row for each new one of the input, two places at a time.
//
//go:norace
func (f *forward) convolve(l *layer, in []float32, rows int) {
	places := rows * l.cols / l.step()
	x, y := &f.sights[0], &f.sights[1]
	for p := 0; p < places; p += 2 {
		q := min(p+1, places-1)
		l.look(in, p, x)
		l.look(in, q, y)
		w, deep := l.weights, l.deep()
		for i := range l.sums() {
			l.products(w[:l.out*deep], x.seen[i*deep:][:deep], y.seen[i*deep:][:deep], x.sums[i][:l.out], y.sums[i][:l.out])
			w = w[l.out*deep:]
		}
		l.finish(x, f.outputs, p)
		if q != p {
			l.finish(y, f.outputs, q)
		}
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
