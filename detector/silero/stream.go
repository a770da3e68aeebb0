package silero

import "math"

// Stream follows one microphone. It is not safe for concurrent use.
type Stream struct {
	model *Model
	audio [contextSamples + ChunkSamples + padSamples]float32
	// What each convolution reads: positions in order, their channels side by side, one position of zeros at either end.
	layers [len(encoder)][]float32
	state  [2 * units]float32 // what the encoder wrote, then the LSTM's hidden state
	hidden [units]float32
	cell   [units]float32
}

// NewStream returns a stream that has heard nothing yet.
func (m *Model) NewStream() *Stream {
	s := &Stream{model: m}
	positions := frames
	for i, c := range m.convs {
		s.layers[i] = make([]float32, (positions+2)*c.in)
		positions = c.positions(positions)
	}
	return s
}

// Reset makes the stream forget all it has heard.
func (s *Stream) Reset() {
	clear(s.audio[:])
	clear(s.state[:])
	clear(s.cell[:])
}

// Process takes the next ChunkSamples samples of 16 kHz audio and returns the probability, 0..1, that somebody speaks in them.
// A shorter chunk is filled up with silence, and what is longer is cut off. It does not allocate.
func (s *Stream) Process(chunk []int16) float32 {
	s.load(chunk)
	s.spectrum()
	positions := frames
	for i := range s.layers {
		c, out := &s.model.convs[i], s.state[:units]
		if i+1 < len(s.layers) {
			out = s.layers[i+1][c.out:]
		}
		positions = c.apply(s.layers[i], out, positions)
	}
	s.remember()
	sum := s.model.headBias
	for i, h := range s.hidden {
		sum += s.model.head[i] * max(h, 0)
	}
	return sigmoid(sum)
}

// load puts the end of the last chunk before this one, and a mirror image of its end behind it.
func (s *Stream) load(chunk []int16) {
	const end = contextSamples + ChunkSamples
	copy(s.audio[:], s.audio[end-contextSamples:end])
	fresh := s.audio[contextSamples:end]
	n := min(len(chunk), len(fresh))
	for i, v := range chunk[:n] {
		fresh[i] = float32(v) / 32768
	}
	clear(fresh[n:])
	for i := range padSamples {
		s.audio[end+i] = s.audio[end-2-i]
	}
}

// spectrum writes the magnitudes of the overlapping frames where the first convolution reads them.
func (s *Stream) spectrum() {
	const imaginary = fftBins * fftSamples
	var f [frames][]float32
	for i := range f {
		f[i] = s.audio[i*fftHop:][:fftSamples]
	}
	out := s.layers[0][fftBins:]
	for bin := range fftBins {
		row := s.model.basis[bin*fftSamples:]
		re := dot4(&f, row[:fftSamples])
		im := dot4(&f, row[imaginary:][:fftSamples])
		for i := range f {
			out[i*fftBins+bin] = float32(math.Sqrt(float64(re[i]*re[i] + im[i]*im[i])))
		}
	}
}

// remember runs one step of the LSTM.
func (s *Stream) remember() {
	const row = 2 * units
	for u := range units {
		w := s.model.gates[u*gates*row:][:gates*row]
		g := dot4(&[4][]float32{w[:row], w[row : 2*row], w[2*row : 3*row], w[3*row:]}, s.state[:])
		b := s.model.gateBias[u*gates:][:gates]
		in, forget, out := sigmoid(g[0]+b[0]), sigmoid(g[1]+b[1]), sigmoid(g[3]+b[3])
		s.cell[u] = forget*s.cell[u] + in*tanh(g[2]+b[2])
		s.hidden[u] = out * tanh(s.cell[u])
	}
	copy(s.state[units:], s.hidden[:])
}

// conv is a convolution over time with three taps and zeros at both ends, followed by a rectifier.
type conv struct {
	in, out, stride int
	kernel          []float32 // [out][taps][in]
	bias            []float32 // [out]
}

// setKernel turns the file's [out][in][taps] around, so that a window is one run of both the kernel and the input.
func (c *conv) setKernel(file []float32) {
	c.kernel = make([]float32, len(file))
	for o := range c.out {
		for i := range c.in {
			for t := range taps {
				c.kernel[(o*taps+t)*c.in+i] = file[(o*c.in+i)*taps+t]
			}
		}
	}
}

// positions says how many positions come out of so many.
func (c *conv) positions(in int) int { return (in+2-taps)/c.stride + 1 }

// apply writes the rectified outputs, and returns how many positions there are.
func (c *conv) apply(in, out []float32, positions int) int {
	window, step := taps*c.in, c.stride*c.in
	positions = c.positions(positions)
	if positions == 4 { // each row of the kernel is fetched once for all positions
		windows := [4][]float32{in[:window], in[step:][:window], in[2*step:][:window], in[3*step:][:window]}
		for o, b := range c.bias {
			sum := dot4(&windows, c.kernel[o*window:][:window])
			for p := range sum {
				out[p*c.out+o] = max(sum[p]+b, 0)
			}
		}
		return positions
	}
	for p := range positions {
		for o := 0; o < c.out; o += 4 {
			w := c.kernel[o*window:][:4*window]
			rows := [4][]float32{w[:window], w[window : 2*window], w[2*window : 3*window], w[3*window:]}
			for i, sum := range dot4(&rows, in[p*step:][:window]) {
				out[p*c.out+o+i] = max(sum+c.bias[o+i], 0)
			}
		}
	}
	return positions
}

// dot4 returns the products of four vectors with b. Eight sums at a time keep the processor's adders busy.
func dot4(a *[4][]float32, b []float32) [4]float32 {
	a0, a1, a2, a3 := a[0][:len(b)], a[1][:len(b)], a[2][:len(b)], a[3][:len(b)]
	var s0, s1, s2, s3, t0, t1, t2, t3 float32
	i := 0
	for ; i < len(b)-1; i += 2 {
		v, w := b[i], b[i+1]
		s0 += a0[i] * v
		s1 += a1[i] * v
		s2 += a2[i] * v
		s3 += a3[i] * v
		t0 += a0[i+1] * w
		t1 += a1[i+1] * w
		t2 += a2[i+1] * w
		t3 += a3[i+1] * w
	}
	if i < len(b) {
		v := b[i]
		s0, s1, s2, s3 = s0+a0[i]*v, s1+a1[i]*v, s2+a2[i]*v, s3+a3[i]*v
	}
	return [4]float32{s0 + t0, s1 + t1, s2 + t2, s3 + t3}
}

func sigmoid(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }

func tanh(x float32) float32 { return float32(math.Tanh(float64(x))) }
