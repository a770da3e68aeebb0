package openwakeword

const (
	// vector is how many values of a layer lie together: every number of channels is a multiple of it.
	vector = 8
	// scalarLanes is how many outputs dot computes at once.
	scalarLanes = 4
)

// octet is 8 values.
type octet = [vector]float32

// dot fills a and b with the products of all outputs' weights and of what is seen at two places, each summed in the order of x. Four outputs of two
// places, and eight steps at a time through pointers to arrays, is what the compiler makes the fastest code of: for more it runs out of registers.
//
//go:norace
func dot(w, x, y, a, b []octet) {
	b, y = b[:len(a)], y[:len(x)]
	for o := range 2 * len(a) {
		var a0, a1, a2, a3, b0, b1, b2, b3 float32
		for i := range x {
			p, r, q := &x[i], &y[i], (*[scalarLanes]octet)(w)
			w = w[scalarLanes:]
			u, v := p[0], r[0]
			a0 += q[0][0] * u
			b0 += q[0][0] * v
			a1 += q[0][1] * u
			b1 += q[0][1] * v
			a2 += q[0][2] * u
			b2 += q[0][2] * v
			a3 += q[0][3] * u
			b3 += q[0][3] * v
			u, v = p[1], r[1]
			a0 += q[0][4] * u
			b0 += q[0][4] * v
			a1 += q[0][5] * u
			b1 += q[0][5] * v
			a2 += q[0][6] * u
			b2 += q[0][6] * v
			a3 += q[0][7] * u
			b3 += q[0][7] * v
			u, v = p[2], r[2]
			a0 += q[1][0] * u
			b0 += q[1][0] * v
			a1 += q[1][1] * u
			b1 += q[1][1] * v
			a2 += q[1][2] * u
			b2 += q[1][2] * v
			a3 += q[1][3] * u
			b3 += q[1][3] * v
			u, v = p[3], r[3]
			a0 += q[1][4] * u
			b0 += q[1][4] * v
			a1 += q[1][5] * u
			b1 += q[1][5] * v
			a2 += q[1][6] * u
			b2 += q[1][6] * v
			a3 += q[1][7] * u
			b3 += q[1][7] * v
			u, v = p[4], r[4]
			a0 += q[2][0] * u
			b0 += q[2][0] * v
			a1 += q[2][1] * u
			b1 += q[2][1] * v
			a2 += q[2][2] * u
			b2 += q[2][2] * v
			a3 += q[2][3] * u
			b3 += q[2][3] * v
			u, v = p[5], r[5]
			a0 += q[2][4] * u
			b0 += q[2][4] * v
			a1 += q[2][5] * u
			b1 += q[2][5] * v
			a2 += q[2][6] * u
			b2 += q[2][6] * v
			a3 += q[2][7] * u
			b3 += q[2][7] * v
			u, v = p[6], r[6]
			a0 += q[3][0] * u
			b0 += q[3][0] * v
			a1 += q[3][1] * u
			b1 += q[3][1] * v
			a2 += q[3][2] * u
			b2 += q[3][2] * v
			a3 += q[3][3] * u
			b3 += q[3][3] * v
			u, v = p[7], r[7]
			a0 += q[3][4] * u
			b0 += q[3][4] * v
			a1 += q[3][5] * u
			b1 += q[3][5] * v
			a2 += q[3][6] * u
			b2 += q[3][6] * v
			a3 += q[3][7] * u
			b3 += q[3][7] * v
		}
		half := o % 2 * scalarLanes
		*(*[scalarLanes]float32)(a[o/2][half:]) = [scalarLanes]float32{a0, a1, a2, a3}
		*(*[scalarLanes]float32)(b[o/2][half:]) = [scalarLanes]float32{b0, b1, b2, b3}
	}
}
