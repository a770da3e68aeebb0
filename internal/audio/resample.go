package audio

import "math"

// The low-pass filter: its edges are parts of the lower of the two rates, so that at 16 kHz it passes up to 7.2 kHz and stops from 8 kHz.
// A Kaiser window of beta 8.6 keeps the stop band under -85 dB.
// ref: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function", 1974: length = (A-8) / (2.285 * width), beta = 0.1102.
const (
	passEdge    = 0.45
	stopEdge    = 0.50
	attenuation = 87.0 // dB
)

// resampler converts any supported rate to 16 kHz. It is a polyphase filter: of the filter at the common multiple of both rates only the taps that meet a real sample are computed.
// Output k lies exactly where input k*rate/16000 lay: the filter's delay is taken out, and paid for by looking taps/2 input samples ahead.
type resampler struct {
	up, down int       // rates divided by their greatest common divisor
	taps     int       // per phase, even
	filter   []float32 // up phases of taps coefficients
	hist     []float32 // samples not yet passed by, the oldest one first
	n        int       // how many there are
	at       int       // index in hist of the first sample the next output needs
	phase    int
}

// newResampler prepares a conversion from a rate that checkRate accepts; block is the most samples given at once.
func newResampler(rate, block int) *resampler {
	g := gcd(rate, SampleRate)
	r := &resampler{up: SampleRate / g, down: rate / g}
	if r.up == r.down {
		return r
	}
	low := float64(min(rate, SampleRate))
	width := 2 * math.Pi * (stopEdge - passEdge) * low / float64(rate)
	r.taps = int(math.Ceil((attenuation-8)/(2.285*width)/2)) * 2
	r.filter = makeFilter(r.up, r.taps, (passEdge+stopEdge)/2*low/float64(rate))
	r.hist = make([]float32, 2*r.taps+block+r.down)
	r.reset()
	return r
}

// reset forgets all samples: silence went before the next one.
func (r *resampler) reset() {
	clear(r.hist)
	r.n, r.at, r.phase = max(r.taps/2-1, 0), 0, 0
}

// makeFilter computes the phases of a low-pass filter with its -6 dB point at cutoff (cycles per input sample).
func makeFilter(up, taps int, cutoff float64) []float32 {
	beta := 0.1102 * (attenuation - 8.7)
	filter := make([]float32, up*taps)
	half := float64(taps) / 2
	phase := make([]float64, taps)
	for p := range up {
		sum := 0.0
		for j := range phase {
			t := float64(p)/float64(up) + half - 1 - float64(j)
			w := math.Sqrt(max(0, 1-t*t/(half*half)))
			phase[j] = 2 * cutoff * sinc(2*cutoff*t) * bessel0(beta*w) / bessel0(beta)
			sum += phase[j]
		}
		for j, c := range phase {
			filter[p*taps+j] = float32(c / sum) // each phase passes a constant unchanged
		}
	}
	return filter
}

// push appends the converted samples to dst; it does not allocate when dst has room for them.
func (r *resampler) push(dst []int16, in []float32) []int16 {
	if r.up == r.down {
		for _, v := range in {
			dst = append(dst, quantize(v))
		}
		return dst
	}
	r.n += copy(r.hist[r.n:], in)
	for r.at+r.taps <= r.n {
		h := r.filter[r.phase*r.taps : (r.phase+1)*r.taps]
		dst = append(dst, quantize(dot(h, r.hist[r.at:r.at+r.taps])))
		r.phase += r.down
		r.at += r.phase / r.up
		r.phase %= r.up
	}
	// What lies before the next output's first sample is done with; a step may be longer than what there is.
	done := min(r.at, r.n)
	r.n = copy(r.hist, r.hist[done:r.n])
	r.at -= done
	return dst
}

// flush appends the outputs that still wait for the samples after them, as if silence followed.
func (r *resampler) flush(dst []int16) []int16 {
	if r.up == r.down {
		return dst
	}
	return r.push(dst, make([]float32, r.taps/2))
}

// dot is the sum of products; four sums at once let the processor overlap them.
func dot(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// bessel0 is the modified Bessel function of the first kind of order 0, by its power series.
func bessel0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-16; k++ {
		term *= (x / (2 * k)) * (x / (2 * k))
		sum += term
	}
	return sum
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
