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
		for t := range y.times {
			for f := range y.cols {
				for o := range l.out {
					sum, k := float32(0), 0
					for dt := range l.time {
						for df := range l.freq {
							for c := range l.in {
								sum += w.weights[i][(o*l.time*l.freq*l.in)+k] * x.at(t+dt, f+df-l.freq/2, c)
								k++
							}
						}
					}
					sum += w.biases[i][o]
					if i < len(w.layers)-1 {
						sum = max(sum, slope*sum, lowest)
					}
					y.values = append(y.values, sum)
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
