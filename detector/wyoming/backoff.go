package wyoming

import (
	"math/rand/v2"
	"time"
)

// backoff spaces out attempts: each wait is twice the last, up to max, and shortened by up to a fifth
// so that many satellites do not come back to a restarted engine in the same instant.
type backoff struct {
	min, max time.Duration
	last     time.Duration
}

func (b *backoff) next() time.Duration {
	b.last = min(max(2*b.last, b.min), b.max)
	return b.last - rand.N(b.last/5+1)
}

func (b *backoff) reset() { b.last = 0 }
