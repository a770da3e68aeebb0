//go:build !goexperiment.simd || !amd64

package openwakeword

// lanes is how many outputs are computed at once, and how the weights have to lie.
func lanes() int { return scalarLanes }

// products is dot.
func (l *layer) products(w, x, y, a, b []octet) { dot(w, x, y, a, b) }
