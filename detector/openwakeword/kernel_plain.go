//go:build !goexperiment.simd || !amd64

package openwakeword

// lanes is how many outputs are computed at once, and how the weights have to lie.
func lanes() int { return scalarLanes }

// What is done with vectors in the other build.
func (l *layer) products(w, x, y, a, b []octet)           { dot(w, x, y, a, b) }
func (l *layer) combine(in []octet, stride int, x *sight) { l.addUp(in, stride, x) }
func (l *layer) unite(x *sight, p, q []octet)             { l.bent(x, p, q) }
func (l *layer) highest(out, in []octet)                  { raise(out, in) }
