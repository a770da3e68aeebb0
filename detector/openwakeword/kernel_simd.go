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
// the same bits, as with all that follows: a fused multiplication and addition would round once less, and is no faster.
//
//go:norace
func (l *layer) products(w, x, y, a, b []octet) {
	if l.lanes != wideLanes {
		dot(w, x, y, a, b)
		return
	}
	for ; len(a) >= 3 && len(b) >= 3; a, b = a[3:], b[3:] {
		wideDot(w, x, y, (*[3]octet)(a), (*[3]octet)(b))
		w = w[wideLanes*len(x):]
	}
	archsimd.ClearAVXUpperBits()
}

// wideDot computes 24 outputs of two places.
//
//go:norace
func wideDot(w, x, y []octet, a, b *[3]octet) {
	var a0, a1, a2, b0, b1, b2 archsimd.Float32x8
	y = y[:len(x)]
	for i := range x {
		p, r, q := &x[i], &y[i], (*[wideLanes]octet)(w)
		w = w[wideLanes:]
		for k := range vector {
			w0, w1, w2 := archsimd.LoadFloat32x8(&q[3*k]), archsimd.LoadFloat32x8(&q[3*k+1]), archsimd.LoadFloat32x8(&q[3*k+2])
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

// combine is addUp with vectors.
//
//go:norace
func (l *layer) combine(in []octet, stride int, x *sight) {
	if l.lanes != wideLanes {
		l.addUp(in, stride, x)
		return
	}
	n := l.channels()
	in0, in1, in2, in3 := in[:n], in[stride:][:n], in[2*stride:][:n], in[3*stride:][:n]
	for i := range min(n, mostOctets) {
		a, b := archsimd.LoadFloat32x8(&in0[i]), archsimd.LoadFloat32x8(&in1[i])
		c, d := archsimd.LoadFloat32x8(&in2[i]), archsimd.LoadFloat32x8(&in3[i])
		a.Sub(c).Store(&x.seen[i])
		b.Add(c).Store(&x.seen[mostOctets+i])
		c.Sub(b).Store(&x.seen[2*mostOctets+i])
		b.Sub(d).Store(&x.seen[3*mostOctets+i])
	}
	archsimd.ClearAVXUpperBits()
}

// unite is bent with vectors.
//
//go:norace
func (l *layer) unite(x *sight, p, q []octet) {
	if l.lanes != wideLanes {
		l.bent(x, p, q)
		return
	}
	n := len(l.bias)
	s0, s1, s2, s3 := x.sums[0][:n], x.sums[1][:n], x.sums[2][:n], x.sums[3][:n]
	p, q = p[:n], q[:n]
	flat, least := archsimd.BroadcastFloat32x8(slope), archsimd.BroadcastFloat32x8(lowest)
	for o := range l.bias {
		t, u := archsimd.LoadFloat32x8(&s0[o]), archsimd.LoadFloat32x8(&s1[o])
		v, w := archsimd.LoadFloat32x8(&s2[o]), archsimd.LoadFloat32x8(&s3[o])
		bias := archsimd.LoadFloat32x8(&l.bias[o])
		a, b := t.Add(u).Add(v).Add(bias), u.Sub(v).Sub(w).Add(bias)
		a.Max(a.Mul(flat)).Max(least).Store(&p[o])
		b.Max(b.Mul(flat)).Max(least).Store(&q[o])
	}
	archsimd.ClearAVXUpperBits()
}

// highest is raise with vectors.
//
//go:norace
func (l *layer) highest(out, in []octet) {
	if l.lanes != wideLanes {
		raise(out, in)
		return
	}
	in = in[:len(out)]
	for o := range out {
		archsimd.LoadFloat32x8(&out[o]).Max(archsimd.LoadFloat32x8(&in[o])).Store(&out[o])
	}
	archsimd.ClearAVXUpperBits()
}
