// Package mix puts noise and rooms into recordings of speech.
package mix

import (
	"math"
	"math/rand/v2"
)

// Samples are float32 in the units of 16-bit samples, at 16 kHz, mono.
const (
	Rate      = 16000
	fullScale = 32768
	frame     = 512 // samples of an energy: 32 ms
	// quiet is how far under its loudest frame speech is over, as a factor of energy: 25 dB.
	//
	// ref: speech_end of wakebench.py
	quiet = 0.0031623
	// overFloor is how far over the quietest frames speech is, as a factor of energy: 6 dB.
	overFloor = 4
)

// Floats converts 16-bit samples.
//
//go:norace
func Floats(pcm []int16) []float32 {
	x := make([]float32, len(pcm))
	for i, v := range pcm {
		x[i] = float32(v)
	}
	return x
}

// PCM converts samples back; those that are too loud are clipped.
//
//go:norace
func PCM(x []float32) []int16 {
	pcm := make([]int16, len(x))
	for i, v := range x {
		pcm[i] = int16(math.Round(float64(min(max(v, -fullScale), fullScale-1))))
	}
	return pcm
}

// energies returns the energy of each whole frame.
//
//go:norace
func energies(x []float32) []float64 {
	e := make([]float64, 0, len(x)/frame)
	for ; len(x) >= frame; x = x[frame:] {
		sum := 0.0
		for _, v := range x[:frame] {
			sum += float64(v) * float64(v)
		}
		e = append(e, sum)
	}
	return e
}

// PeakEnergy is the energy of the loudest frame of 32 ms.
func PeakEnergy(x []float32) float64 {
	top := 0.0
	for _, e := range energies(x) {
		top = max(top, e)
	}
	return top
}

// Levels returns how loud the loudest frame is and how loud the quietest tenth, in dBFS; -120 for silence.
func Levels(x []float32) (loud, quiet float64) {
	dbfs := func(energy float64) float64 {
		return max(-120, 10*math.Log10(energy/frame/(fullScale*fullScale)))
	}
	return dbfs(PeakEnergy(x)), dbfs(quantile(energies(x), 0.1))
}

// Speech returns where speech begins and ends: the first and the last frame that are within 25 dB of the loudest one and, where a room is noisy,
// clearly over its quietest tenth. Both are 0 when nothing stands out by 3 dB.
func Speech(x []float32) (start, end int) {
	e := energies(x)
	top := PeakEnergy(x)
	floor := quantile(e, 0.1)
	if top < 2*floor { // the sound is steady
		return 0, 0
	}
	limit := max(top*quiet, min(floor*overFloor, top/2))
	for i, v := range e {
		if v > limit {
			if end == 0 {
				start = i * frame
			}
			end = (i + 1) * frame
		}
	}
	return start, end
}

// Add adds noise to x so that the loudest frame of speech is db over the loudest one of the noise. Noise is at least as long as x.
//
//go:norace
func Add(x, noise []float32, speech, db float64) {
	loud := PeakEnergy(noise[:len(x)])
	if loud == 0 {
		return
	}
	gain := float32(math.Sqrt(speech / loud * math.Pow(10, -db/10)))
	for i := range x {
		x[i] += gain * noise[i]
	}
}

// Peak scales x so that its largest sample has the given share of full scale.
//
//go:norace
func Peak(x []float32, share float64) {
	top := float32(0)
	for _, v := range x {
		top = max(top, v, -v)
	}
	if top == 0 {
		return
	}
	gain := float32(share*fullScale) / top
	for i := range x {
		x[i] *= gain
	}
}

// Room returns x as heard in a room of a random size and distance: the direct sound, some echoes, and a tail that decays by 60 dB in 0.2 to 0.7 s.
//
//go:norace
func Room(r *rand.Rand, x []float32) []float32 {
	decay := (0.2 + 0.5*r.Float64()) * Rate
	length := int(decay * 0.6) // 36 dB down
	echo := make([]float32, length)
	for i := range echo {
		echo[i] = float32(r.NormFloat64() * math.Pow(10, -3*float64(i)/decay))
	}
	sum := 0.0
	for _, v := range echo {
		sum += float64(v) * float64(v)
	}
	direct := math.Pow(10, (6-14*r.Float64())/20) // against the whole tail
	gain := float32(1 / math.Sqrt(sum) / direct)
	tail := convolve(x, echo)
	out := make([]float32, len(x))
	delay := r.IntN(80)
	for i := range out {
		out[i] = x[i]
		if i >= delay {
			out[i] += gain * tail[i-delay]
		}
	}
	return out
}

// Speed returns x at another speed: factor 1.1 is shorter, and the voice higher, by a tenth.
//
//go:norace
func Speed(x []float32, factor float64) []float32 {
	out := make([]float32, int(float64(len(x))/factor))
	for i := range out {
		at := float64(i) * factor
		k := int(at)
		if k+1 >= len(x) {
			return out[:i]
		}
		f := float32(at - float64(k))
		out[i] = x[k]*(1-f) + x[k+1]*f
	}
	return out
}
