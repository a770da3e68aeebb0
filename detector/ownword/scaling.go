package ownword

import (
	"math"

	"earshot/detector/openwakeword"
)

// scaling brings the values of embeddings to a mean of 0 and a deviation of 1.
type scaling struct {
	mean, deviation [size]float64
}

// scale measures a bank.
//
//go:norace
func scale(b *Bank) (s scaling) {
	var e openwakeword.Embedding
	var square [size]float64
	n := float64(max(b.Frames(), 1))
	for i := range b.Frames() {
		b.Embedding(i, &e)
		for k, v := range e {
			s.mean[k] += float64(v) / n
			square[k] += float64(v) * float64(v) / n
		}
	}
	for k := range s.deviation {
		s.deviation[k] = math.Sqrt(max(square[k]-s.mean[k]*s.mean[k], 0)) + 1e-6
	}
	return s
}

// apply scales an embedding into out.
//
//go:norace
func (s *scaling) apply(e *openwakeword.Embedding, out []float32) {
	for k, v := range e {
		out[k] = float32((float64(v) - s.mean[k]) / s.deviation[k])
	}
}

// fold writes a solution for scaled embeddings into a word, for embeddings as they are.
func (s *scaling) fold(theta []float64, w *Word) {
	bias := theta[window]
	for i := range frames {
		for k := range size {
			v := theta[i*size+k] / s.deviation[k]
			w.Weights[i][k] = float32(v)
			bias -= v * s.mean[k]
		}
	}
	w.Bias = float32(bias)
}
