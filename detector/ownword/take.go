package ownword

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"earshot/detector/openwakeword"
	"earshot/detector/ownword/mix"
)

const (
	chunk = openwakeword.ChunkSamples
	// viewEnd is where the word ends in what is listened to, and viewChunks how long that is. The first window that counts begins 1.46 s before
	// the end of the word; the last one ends 0.28 s after it.
	viewEnd    = 20 * chunk
	viewChunks = 24
	// before and after the end of the word that a copy takes of the recording.
	before = mix.Rate * 12 / 10
	after  = mix.Rate / 10
	// Recordings that are no word.
	minSpeech = mix.Rate / 5
	maxSample = 10 * mix.Rate
	tooQuiet  = -60 // dBFS
)

// lags are the chunks after the end of the word at which it is to be heard.
func lags() [3]int { return [3]int{1, 2, 3} }

// take is one recording of the word, and how it looks to the network.
type take struct {
	audio []float32
	end   int           // of the word
	rows  [][]float32   // windows to learn from, scaled
	quiet [][][]float32 // hearings to try, each the windows about the end of the word
	noisy [][][]float32
}

// newTake checks a recording.
func newTake(pcm []int16) (*take, error) {
	if len(pcm) > maxSample {
		return nil, fmt.Errorf("it is longer than %d s; record only the word", maxSample/mix.Rate)
	}
	x := mix.Floats(pcm)
	start, end := mix.Speech(x)
	if loud, _ := mix.Levels(x); loud < tooQuiet || end-start < minSpeech {
		return nil, errors.New("nobody speaks in it; say the word a little louder, or nearer to the microphone")
	}
	return &take{audio: x, end: end}, nil
}

// sound is how it sounds.
func (k *take) sound() Sound {
	loud, quiet := mix.Levels(k.audio)
	s := Sound{LevelDBFS: loud, NoiseDBFS: quiet}
	for _, v := range k.audio {
		s.Clipped = s.Clipped || v >= math.MaxInt16 || v <= math.MinInt16
	}
	return s
}

// What a take is heard as: twice as it was recorded, and then copies with noise, of which the first have noise of 10 dB. The first hearing as it was
// recorded and the first copies are also what is tried when the take is kept out of the training.
const (
	plain = 2
	tries = 3
)

// hearing is one view of a take.
type hearing struct {
	rows  [][]float32 // windows to learn from, scaled
	trial [][]float32 // the windows about the end of the word
}

// listen makes what is learned from. The same seed gives the same.
func (k *take) listen(n *openwakeword.Network, scaled *scaling, copies int, voices [][]float32, seed uint64) {
	hearings := make([]hearing, plain+copies)
	streams := make([]*openwakeword.Stream, workers)
	each(len(hearings), func(worker, c int) {
		if streams[worker] == nil {
			streams[worker] = n.NewStream()
		}
		r := rand.New(rand.NewPCG(seed, uint64(c)))
		shift := r.IntN(chunk)
		var view []float32
		switch {
		case c < plain:
			view = k.view(r, shift)
		case c < plain+tries:
			view = k.copy(r, shift, noiseKind(r), 10, voices)
		default:
			view = k.copy(r, shift, noiseKind(r), 20*r.Float64(), voices)
		}
		hearings[c] = cut(hear(streams[worker], scaled, view), shift)
	})
	for c, h := range hearings {
		k.rows = append(k.rows, h.rows...)
		switch {
		case c == 0:
			k.quiet = append(k.quiet, h.trial)
		case c >= plain && c < plain+tries:
			k.noisy = append(k.noisy, h.trial)
		}
	}
}

// cut takes the windows out of what was heard of a view.
func cut(heard []float32, shift int) (h hearing) {
	last := (viewEnd - shift + chunk/2) / chunk // the chunk that ends nearest to the end of the word
	for _, lag := range lags() {
		h.rows = append(h.rows, windowAt(heard, last+lag))
	}
	for n := last - 1; n <= viewChunks; n++ {
		h.trial = append(h.trial, windowAt(heard, n))
	}
	return h
}

// view cuts the recording so that the word ends shift samples before viewEnd; where it is too short there is very low noise.
//
//go:norace
func (k *take) view(r *rand.Rand, shift int) []float32 {
	x := make([]float32, viewChunks*chunk)
	from := k.end - (viewEnd - shift)
	for i := range x {
		x[i] = float32(r.NormFloat64() * 10)
		if at := from + i; at >= 0 && at < len(k.audio) {
			x[i] += k.audio[at]
		}
	}
	return x
}

// copy is the word in noise, and sometimes in a room, at another loudness.
//
//go:norace
func (k *take) copy(r *rand.Rand, shift int, kind mix.Kind, db float64, voices [][]float32) []float32 {
	x := make([]float32, viewChunks*chunk)
	end := viewEnd - shift
	for i := max(0, end-before); i < min(len(x), end+after); i++ {
		if at := k.end + i - end; at >= 0 && at < len(k.audio) {
			x[i] = k.audio[at]
		}
	}
	loud := mix.PeakEnergy(x)
	if r.Float64() < 0.3 {
		x = mix.Room(r, x)
	}
	mix.Add(x, mix.Noise(r, kind, len(x), voices), loud, db)
	mix.Peak(x, 0.03+0.57*r.Float64())
	return x
}

// hear returns the scaled embeddings of some audio, one after the other.
func hear(s *openwakeword.Stream, scaled *scaling, x []float32) []float32 {
	var heard []float32
	s.Reset()
	s.Process(mix.PCM(x), func(e *openwakeword.Embedding) {
		heard = append(heard, make([]float32, size)...)
		scaled.apply(e, heard[len(heard)-size:])
	})
	return heard
}

// windowAt is the window of which n chunks have been heard at the end.
func windowAt(heard []float32, n int) []float32 {
	n = min(n, len(heard)/size)
	return heard[(n-frames)*size : n*size]
}
