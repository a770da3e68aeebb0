//go:build !goexperiment.simd || !amd64

package openwakeword

// lanes is how many outputs are computed at once, and how the weights have to lie.
func lanes() int { return scalarLanes }

// What has more lanes is never called here.
func wideProducts(_, _, _ []octet, _, _ []float32) {}
