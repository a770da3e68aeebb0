//go:build goexperiment.simd && amd64

package openwakeword

import "simd/archsimd"

const (
	vector    = 8
	wideLanes = 3 * vector // every layer has a multiple of 24 outputs
)

// lanes is how many outputs are computed at once, and how the weights have to lie.
func lanes() int {
	if archsimd.X86.AVX2() { // AVX has the products, AVX2 spreads one value over a vector
		return wideLanes
	}
	return scalarLanes
}

// wideProducts is products with vectors: 24 outputs of two positions at a time. Each output is summed in the order of dot, with its roundings, so
// that both have the same bits: a fused multiplication and addition would round once less, and is no faster.
//
//go:norace
func wideProducts(w, x, y, a, b []float32) {
	y = y[:len(x)]
	for o := 0; o < len(a); o += wideLanes {
		var a0, a1, a2, b0, b1, b2 archsimd.Float32x8
		for k := range x {
			q := (*[wideLanes]float32)(w)
			w = w[wideLanes:]
			w0 := archsimd.LoadFloat32x8((*[vector]float32)(q[:]))
			w1 := archsimd.LoadFloat32x8((*[vector]float32)(q[vector:]))
			w2 := archsimd.LoadFloat32x8((*[vector]float32)(q[2*vector:]))
			u, v := archsimd.BroadcastFloat32x8(x[k]), archsimd.BroadcastFloat32x8(y[k])
			a0, b0 = a0.Add(w0.Mul(u)), b0.Add(w0.Mul(v))
			a1, b1 = a1.Add(w1.Mul(u)), b1.Add(w1.Mul(v))
			a2, b2 = a2.Add(w2.Mul(u)), b2.Add(w2.Mul(v))
		}
		p, r := (*[wideLanes]float32)(a[o:]), (*[wideLanes]float32)(b[o:])
		a0.Store((*[vector]float32)(p[:]))
		a1.Store((*[vector]float32)(p[vector:]))
		a2.Store((*[vector]float32)(p[2*vector:]))
		b0.Store((*[vector]float32)(r[:]))
		b1.Store((*[vector]float32)(r[vector:]))
		b2.Store((*[vector]float32)(r[2*vector:]))
	}
	archsimd.ClearAVXUpperBits()
}

// wideBend is bend with vectors, of a layer that has the activation.
//
//go:norace
func wideBend(values, bias []float32) {
	values = values[:len(bias)]
	flat, least := archsimd.BroadcastFloat32x8(slope), archsimd.BroadcastFloat32x8(lowest)
	for o := 0; o+vector <= len(bias); o += vector {
		v := archsimd.LoadFloat32x8((*[vector]float32)(values[o:])).Add(archsimd.LoadFloat32x8((*[vector]float32)(bias[o:])))
		v.Max(v.Mul(flat)).Max(least).Store((*[vector]float32)(values[o:]))
	}
	archsimd.ClearAVXUpperBits()
}
