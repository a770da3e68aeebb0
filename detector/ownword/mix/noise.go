package mix

import (
	"math"
	"math/bits"
	"math/cmplx"
	"math/rand/v2"
	"slices"
)

// Kind is a kind of made noise.
type Kind int

// The kinds of noise.
const (
	Hiss   Kind = iota // a fan, rain, water: steady, of a random colour
	Hum                // a motor: harmonics of a low tone, and hiss
	Knocks             // dishes and steps: short bursts
	Chords             // music
	Voices             // talkers: what was said backwards, at other speeds; hiss without voices
	Kinds              // how many there are
)

// Noise makes n samples of noise of no particular level. Voices are recordings of speech for talkers.
func Noise(r *rand.Rand, kind Kind, n int, voices [][]float32) []float32 {
	switch {
	case kind == Hum:
		return hum(r, n)
	case kind == Knocks:
		return knocks(r, n)
	case kind == Chords:
		return chords(r, n)
	case kind == Voices && len(voices) > 0:
		return talkers(r, n, voices)
	default:
		return hiss(r, n)
	}
}

// hiss is white noise through a low pass and a high pass of random corners, which is anything from a hiss to a rumble.
//
//go:norace
func hiss(r *rand.Rand, n int) []float32 {
	low := 1 - math.Exp(-2*math.Pi*150*math.Pow(40, r.Float64())/Rate) // 150 Hz to 6 kHz
	high := 1 - math.Exp(-2*math.Pi*20*math.Pow(20, r.Float64())/Rate) // 20 to 400 Hz
	leak := 0.3 * r.Float64() * r.Float64()
	x := make([]float32, n)
	var a, b float64
	for i := range x {
		white := r.NormFloat64()
		a += low * (white - a)
		v := a + leak*white
		b += high * (v - b)
		x[i] = float32(v - b)
	}
	return x
}

//go:norace
func hum(r *rand.Rand, n int) []float32 {
	x := hiss(r, n)
	base := 45 + 200*r.Float64()*r.Float64()
	noise := math.Sqrt(PeakEnergy(x) / frame)
	wobble := 0.3 + 5*r.Float64()
	for h := 1; h <= 20; h++ {
		gain := noise * r.Float64() * 4 / float64(h)
		phase, step := 2*math.Pi*r.Float64(), 2*math.Pi*base*float64(h)/Rate
		for i := range x {
			x[i] += float32(gain * math.Sin(phase+step*float64(i)) * (1 + 0.3*math.Sin(2*math.Pi*wobble*float64(i)/Rate)))
		}
	}
	return x
}

//go:norace
func knocks(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i, v := range hiss(r, n) {
		x[i] = v * 0.02
	}
	for at := r.IntN(Rate / 4); at < n; at += Rate/20 + r.IntN(Rate/2) {
		decay := Rate * (0.005 + 0.1*r.Float64()*r.Float64())
		tone, damp := 2*math.Pi*(200+5000*r.Float64()*r.Float64())/Rate, 0.2+0.8*r.Float64()
		loud, phase := 0.1+r.Float64(), 0.0
		for i := at; i < min(n, at+int(6*decay)); i++ {
			phase += tone
			x[i] += float32(loud * math.Exp(-float64(i-at)/decay) * (damp*r.NormFloat64() + (1-damp)*2*math.Sin(phase)))
		}
	}
	return x
}

//go:norace
func chords(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	beat := int(Rate * (0.15 + 0.5*r.Float64()))
	root := 60 * math.Pow(2, 2*r.Float64())
	scale := []float64{0, 2, 4, 5, 7, 9, 11, 12, 14, 16}
	bright := 0.5 + r.Float64()
	for at := -r.IntN(beat); at < n; at += beat {
		for range 1 + r.IntN(4) {
			hz := root * math.Pow(2, float64(r.IntN(3))+scale[r.IntN(len(scale))]/12)
			decay := Rate * (0.1 + 0.6*r.Float64())
			for h := 1; h <= 12 && hz*float64(h) < Rate/2; h++ {
				gain, step, phase := math.Pow(float64(h), -bright)*r.Float64(), 2*math.Pi*hz*float64(h)/Rate, 2*math.Pi*r.Float64()
				for i := max(at, 0); i < min(n, at+2*beat); i++ {
					since := float64(i - at)
					x[i] += float32(gain * math.Exp(-since/decay) * math.Sin(phase+step*since))
				}
			}
		}
		if r.IntN(2) == 0 { // a drum
			for i := max(at, 0); i < min(n, at+Rate/20); i++ {
				x[i] += float32(r.NormFloat64() * math.Exp(-float64(i-at)/200))
			}
		}
	}
	return x
}

// talkers lets one to six people talk at once.
//
//go:norace
func talkers(r *rand.Rand, n int, voices [][]float32) []float32 {
	x := make([]float32, n)
	for range 1 + r.IntN(6) {
		at := -r.IntN(Rate)
		for at < n {
			voice := Speed(voices[r.IntN(len(voices))], 0.75+0.6*r.Float64())
			start, end := Speech(voice)
			if end <= start {
				at += Rate / 10
				continue
			}
			voice = slices.Clone(voice[start:end])
			slices.Reverse(voice)
			Peak(voice, 0.2+0.3*r.Float64())
			for i, v := range voice {
				if k := at + i; k >= 0 && k < n {
					x[k] += v
				}
			}
			at += len(voice) + r.IntN(Rate/5)
		}
	}
	return x
}

func quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(v))
	return s[int(q*float64(len(s)-1))]
}

// convolve returns the first len(x) samples of x convolved with h.
//
//go:norace
func convolve(x, h []float32) []float32 {
	n := 1 << bits.Len(uint(len(x)+len(h)))
	a, b := make([]complex128, n), make([]complex128, n)
	for i, v := range x {
		a[i] = complex(float64(v), 0)
	}
	for i, v := range h {
		b[i] = complex(float64(v), 0)
	}
	fft(a, -1)
	fft(b, -1)
	for i := range a {
		a[i] *= b[i]
	}
	fft(a, 1)
	out := make([]float32, len(x))
	for i := range out {
		out[i] = float32(real(a[i]) / float64(n))
	}
	return out
}

// fft transforms a in place; its length is a power of two.
//
//go:norace
func fft(a []complex128, sign float64) {
	shift := bits.UintSize - bits.TrailingZeros(uint(len(a)))
	for i := range a {
		if j := int(bits.Reverse(uint(i)) >> shift); i < j {
			a[i], a[j] = a[j], a[i]
		}
	}
	for half := 1; half < len(a); half *= 2 {
		turn := cmplx.Rect(1, sign*math.Pi/float64(half))
		for from := 0; from < len(a); from += 2 * half {
			w := complex(1, 0)
			for k := from; k < from+half; k++ {
				t := w * a[k+half]
				a[k], a[k+half] = a[k]+t, a[k]-t
				w *= turn
			}
		}
	}
}
