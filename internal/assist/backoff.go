package assist

import (
	"math/rand/v2"
	"time"
)

// backoff spaces out attempts: each wait is twice the last, up to max, and shortened by up to a fifth
// so that many bridges do not come back to a restarted Home Assistant in the same instant.
type backoff struct {
	min, max time.Duration
	last     time.Duration
}

func (b *backoff) next() time.Duration {
	b.last = min(max(2*b.last, b.min), b.max)
	return spread(b.last)
}

func (b *backoff) reset() { b.last = 0 }

// spread shortens d by a random part of up to a fifth.
func spread(d time.Duration) time.Duration {
	return d - rand.N(d/5+1)
}
