package openwakeword

import (
	"math"
	"math/cmplx"
)

const (
	melBands     = 32
	melStep      = 160 // samples between two frames
	melWindow    = 512 // samples of a frame
	melFrames    = 8   // of one group, which share a floor
	melHann      = 400 // samples of the window that are not zero, in its middle
	melFirstBin  = 2   // of the 31.25 Hz bins that have weight
	melEndBin    = 122 // one past the last
	groupSamples = (melFrames-1)*melStep + melWindow
)

// silentCell is the spectrogram of digital silence.
const silentCell = -8

// mel computes groups of 8 frames of the spectrogram that openWakeWord's network was trained with. The model file of that spectrogram is two
// convolutions and a matrix; what it computes is a Hann window, a Fourier transform, and Slaney's mel triangles from 60 to 3,800 Hz.
//
// ref: melspectrogram.tflite of pyopen-wakeword 1.1.0, whose values it reproduces to 7.5e-4
type mel struct {
	window   [melWindow]float64
	twiddles [melWindow / 2]complex128
	reversed [melWindow]int
	bands    [melBands]band

	spectrum [melWindow]complex128
	power    [2][melEndBin]float64
	cells    [melFrames][melBands]float32
}

// band is one triangle.
type band struct {
	first   int // bin
	weights []float64
}

func newMel() *mel {
	m := &mel{}
	for i := range melHann {
		m.window[(melWindow-melHann)/2+i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/melHann)
	}
	for i := range m.twiddles {
		m.twiddles[i] = cmplx.Exp(complex(0, -2*math.Pi*float64(i)/melWindow))
	}
	for i := range m.reversed {
		for bit := 1; bit < melWindow; bit <<= 1 {
			m.reversed[i] <<= 1
			if i&bit != 0 {
				m.reversed[i] |= 1
			}
		}
	}
	m.triangles()
	return m
}

// triangles are equally wide in mel, and weighted so that all have the same area.
func (m *mel) triangles() {
	low, high := toMel(60), toMel(3800)
	var edges [melBands + 2]float64
	for i := range edges {
		edges[i] = fromMel(low + (high-low)*float64(i)/float64(len(edges)-1))
	}
	for j := range m.bands {
		left, middle, right := edges[j], edges[j+1], edges[j+2]
		b := &m.bands[j]
		for k := melFirstBin; k < melEndBin; k++ {
			f := 31.25 * float64(k)
			height := min((f-left)/(middle-left), (right-f)/(right-middle))
			if height <= 0 {
				continue
			}
			if b.weights == nil {
				b.first = k
			}
			b.weights = append(b.weights, float64(float32(height*2/(right-left)))) // the model's weights are float32
		}
	}
}

// Slaney's mel scale: linear up to 1 kHz, logarithmic above.
func toMel(f float64) float64 {
	if f < 1000 {
		return f * 3 / 200
	}
	return 15 + 27*math.Log(f/1000)/math.Log(6.4)
}

func fromMel(m float64) float64 {
	if m < 15 {
		return m * 200 / 3
	}
	return 1000 * math.Exp((m-15)*math.Log(6.4)/27)
}

// group computes 8 frames from 1,632 samples; the result is valid until the next call.
//
//go:norace
func (m *mel) group(pcm []int16) *[melFrames][melBands]float32 {
	var decibel [melFrames][melBands]float64
	loudest := math.Inf(-1)
	for f := 0; f < melFrames; f += 2 {
		m.transform(pcm[f*melStep:][:melWindow], pcm[(f+1)*melStep:][:melWindow])
		for j, b := range m.bands {
			even, odd := 0.0, 0.0
			for i, w := range b.weights {
				even += w * m.power[0][b.first+i]
				odd += w * m.power[1][b.first+i]
			}
			decibel[f][j], decibel[f+1][j] = toDecibel(even), toDecibel(odd)
			loudest = max(loudest, decibel[f][j], decibel[f+1][j])
		}
	}
	for f := range decibel {
		for j, d := range decibel[f] {
			m.cells[f][j] = float32(max(d, loudest-80)/10 + 2)
		}
	}
	return &m.cells
}

func toDecibel(power float64) float64 { return 10 * math.Log10(max(power, 1e-10)) }

// transform is the power spectrum of two frames. They go through one Fourier transform, radix 2, as its real and its imaginary part: the
// spectrum of the one is symmetric, that of the other antisymmetric.
//
//go:norace
func (m *mel) transform(even, odd []int16) {
	x := &m.spectrum
	for i := range even {
		w := m.window[i]
		x[m.reversed[i]] = complex(float64(even[i])*w, float64(odd[i])*w)
	}
	for half := 1; half < melWindow; half *= 2 {
		stride := melWindow / 2 / half
		for start := 0; start < melWindow; start += 2 * half {
			low, high := x[start:][:half], x[start+half:][:half]
			for k := range low {
				a, b := low[k], high[k]*m.twiddles[k*stride]
				low[k], high[k] = a+b, a-b
			}
		}
	}
	for k := melFirstBin; k < melEndBin; k++ {
		a, b := x[k], x[melWindow-k]
		m.power[0][k] = square(real(a)+real(b), imag(a)-imag(b))
		m.power[1][k] = square(imag(a)+imag(b), real(b)-real(a))
	}
}

// square is the power of half of a sum.
func square(re, im float64) float64 { return (re*re + im*im) / 4 }
