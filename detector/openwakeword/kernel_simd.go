//go:build goexperiment.simd && amd64

package openwakeword

import "simd/archsimd"

const wideLanes = 3 * vector // every layer has a multiple of 24 outputs

// lanes is how many outputs are computed at once, and how the weights have to lie.
func lanes() int {
	if archsimd.X86.AVX2() { // AVX has the products, AVX2 spreads one value over a vector
		return wideLanes
	}
	return scalarLanes
}

// products is dot with vectors: 24 outputs of two places at a time. Each output is summed in the order of dot, with its roundings, so that both have
// the same bits: a fused multiplication and addition would round once less, and is no faster.
//
//go:norace
func (l *layer) products(w, x, y, a, b []octet) {
	if l.lanes != wideLanes {
		dot(w, x, y, a, b)
		return
	}
	y = y[:len(x)]
	for ; len(a) >= 3 && len(b) >= 3; a, b = a[3:], b[3:] {
		var a0, a1, a2, b0, b1, b2 archsimd.Float32x8
		for i := range x {
			p, r := &x[i], &y[i]
			for k := range vector {
				q := (*[3]octet)(w)
				w = w[3:]
				w0, w1, w2 := archsimd.LoadFloat32x8(&q[0]), archsimd.LoadFloat32x8(&q[1]), archsimd.LoadFloat32x8(&q[2])
				u, v := archsimd.BroadcastFloat32x8(p[k]), archsimd.BroadcastFloat32x8(r[k])
				a0, b0 = a0.Add(w0.Mul(u)), b0.Add(w0.Mul(v))
				a1, b1 = a1.Add(w1.Mul(u)), b1.Add(w1.Mul(v))
				a2, b2 = a2.Add(w2.Mul(u)), b2.Add(w2.Mul(v))
			}
		}
		a0.Store(&a[0])
		a1.Store(&a[1])
		a2.Store(&a[2])
		b0.Store(&b[0])
		b1.Store(&b[1])
		b2.Store(&b[2])
	}
	archsimd.ClearAVXUpperBits()
}
