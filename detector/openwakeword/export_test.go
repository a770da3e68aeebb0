package openwakeword

import (
	"os"
	"testing"

	"earshot/detector/tflite"
)

// Spectrogram is that of a stream after silence, in the groups of the chunks that it fills.
func Spectrogram(pcm []int16) (cells []float32) {
	m := newMel()
	pcm = append(make([]int16, contextSamples), pcm...)
	for ; len(pcm) >= contextSamples+ChunkSamples; pcm = pcm[ChunkSamples:] {
		for _, frame := range m.group(pcm[:groupSamples]) {
			cells = append(cells, frame[:]...)
		}
	}
	return cells
}

// ReadHead is LoadHead from memory.
func ReadHead(data []byte) (*Head, error) { return readHead(data) }

// ReadNetwork is LoadNetwork from memory.
func ReadNetwork(data []byte) (*Network, error) { return readNetwork(data) }

// Whole is the network written down as plainly as can be, for whole windows.
type Whole struct {
	layers  []shape
	weights [][]float32 // [out][time][frequency][in]
	biases  [][]float32
	Plain   bool // each output for itself, which sums otherwise
}

// NewWhole takes the weights from the file.
func NewWhole(t testing.TB, path string) *Whole {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	graphs, err := tflite.Graphs(data)
	if err != nil {
		t.Fatal(err)
	}
	w := &Whole{layers: layers()}
	for _, op := range graphs[0].Operators {
		if op.Code == opConv {
			w.weights = append(w.weights, graphs[0].Tensors[op.Inputs[1]].Floats)
			w.biases = append(w.biases, graphs[0].Tensors[op.Inputs[2]].Floats)
		}
	}
	return w
}

// Window is the embedding of 76 frames.
//
//go:norace
func (w *Whole) Window(cells []float32) (out Embedding) {
	x := plane{len(cells) / melBands, melBands, 1, cells}
	for i, l := range w.layers {
		y := plane{x.times - l.time + 1, x.cols, l.out, nil}
		y.values = make([]float32, y.times*y.cols*l.out)
		put := func(t, f, o int, sum float32) {
			sum += w.biases[i][o]
			if i < len(w.layers)-1 {
				sum = max(sum, slope*sum, lowest)
			}
			y.values[(t*y.cols+f)*l.out+o] = sum
		}
		pairT, pairF := 0, 0
		switch {
		case i == len(w.layers)-1:
		case l.time == 3:
			pairT = 1
		default:
			pairF = 1
		}
		for t := 0; t < y.times; t += 1 + pairT {
			for f := 0; f < y.cols; f += 1 + pairF {
				for o := range l.out {
					taps := w.weights[i][o*l.time*l.freq*l.in:][:l.time*l.freq*l.in]
					if pairT+pairF == 0 || w.Plain {
						for dt := range 1 + pairT {
							for df := range 1 + pairF {
								put(t+dt, f+df, o, x.one(l, taps, t+dt, f+df))
							}
						}
						continue
					}
					first, second := x.two(l, taps, t, f, pairT, pairF)
					put(t, f, o, first)
					put(t+pairT, f+pairF, o, second)
				}
			}
		}
		x = y.pool(l.poolTime, l.poolF)
	}
	copy(out[:], x.values)
	return out
}

// plane is what a layer works on.
type plane struct {
	times, cols, channels int
	values                []float32
}

// one sums what a layer makes of one position.
//
//go:norace
func (p plane) one(l shape, taps []float32, t, f int) (sum float32) {
	for dt := range l.time {
		for df := range l.freq {
			for c := range l.in {
				sum += taps[0] * p.at(t+dt, f+df-l.freq/2, c)
				taps = taps[1:]
			}
		}
	}
	return sum
}

// two sums what a layer makes of two neighbours, in time or frequency, by four products for each channel.
//
//go:norace
func (p plane) two(l shape, taps []float32, t, f, dt, df int) (first, second float32) {
	var sums [4]float32
	beside := l.time * l.freq / 3 * l.in // what each of the three taps sees
	for k := range beside {
		w := transform(taps[k], taps[beside+k], taps[2*beside+k])
		var in [4]float32
		for i := range in {
			in[i] = p.at(t+i*dt, f-l.freq/2+i*df+k/l.in, k%l.in)
		}
		for i, v := range [4]float32{in[0] - in[2], in[1] + in[2], in[2] - in[1], in[1] - in[3]} {
			sums[i] += w[i] * v
		}
	}
	return sums[0] + sums[1] + sums[2], sums[1] - sums[2] - sums[3]
}

// at is 0 beside the columns.
//
//go:norace
func (p plane) at(t, f, c int) float32 {
	if f < 0 || f >= p.cols {
		return 0
	}
	return p.values[(t*p.cols+f)*p.channels+c]
}

//go:norace
func (p plane) pool(times, cols int) plane {
	out := plane{p.times / times, p.cols / cols, p.channels, nil}
	for t := range out.times {
		for f := range out.cols {
			for c := range p.channels {
				v := p.at(t*times, f*cols, c)
				for i := range times * cols {
					v = max(v, p.at(t*times+i/cols, f*cols+i%cols, c))
				}
				out.values = append(out.values, v)
			}
		}
	}
	return out
}
