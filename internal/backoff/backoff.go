// Package backoff spaces out attempts to reach something that is away.
package backoff

import (
	"math/rand/v2"
	"time"
)

// Backoff makes the waits between attempts: each is twice the last, from Min up to Max, and shortened by up to a fifth so that many
// clients do not come back to a restarted server in the same instant.
type Backoff struct {
	Min, Max time.Duration
	last     time.Duration
}

// Next is how long to wait before the next attempt.
func (b *Backoff) Next() time.Duration {
	b.last = min(max(2*b.last, b.Min), b.Max)
	return Spread(b.last)
}

// Reset begins anew, after an attempt that went well.
func (b *Backoff) Reset() { b.last = 0 }

// Spread shortens a wait by a random part of up to a fifth.
func Spread(d time.Duration) time.Duration {
	return d - rand.N(d/5+1)
}
