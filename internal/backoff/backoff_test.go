package backoff_test

import (
	"testing"
	"time"

	"earshot/internal/backoff"
)

func TestBackoff(t *testing.T) {
	t.Parallel()
	b := backoff.Backoff{Min: time.Second, Max: 30 * time.Second}
	for range 2 {
		for i, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			want *= time.Second
			if got := b.Next(); got > want || got < want*4/5 {
				t.Errorf("wait %d is %v, not %v or up to a fifth less", i, got, want)
			}
		}
		b.Reset()
	}
}

func TestSpread(t *testing.T) {
	t.Parallel()
	seen := map[time.Duration]bool{}
	for range 20 {
		seen[backoff.Spread(time.Second)] = true
	}
	if len(seen) < 2 {
		t.Error("the waits have no jitter")
	}
}
