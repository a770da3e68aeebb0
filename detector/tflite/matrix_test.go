package tflite

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMatrixIsExact compares with plain sums, also at the extremes where packed lanes are fullest.
func TestMatrixIsExact(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, outputs := range []int{1, 3, 11, 12, 13, 30, 64} {
		for _, inputs := range []int{1, 40, 63, 64, 65, 128, 200} {
			for _, extreme := range []bool{false, true} {
				weights, x := make([]byte, outputs*inputs), make([]int8, inputs)
				for i := range weights {
					weights[i] = byte(int8(r.IntN(255) - 127))
					if extreme {
						weights[i] = byte(int8(127 - 254*(i/inputs%2)))
					}
				}
				for i := range x {
					x[i] = int8(r.IntN(256) - 128)
					if extreme {
						x[i] = -128
					}
				}
				want := make([]int32, outputs)
				for o := range want {
					for i, v := range x {
						want[o] += int32(int8(weights[o*inputs+i])) * int32(v)
					}
				}
				m := newMatrix(weights, inputs)
				got := make([]int32, padded(outputs))
				m.multiply(x, got)
				if diff := cmp.Diff(want, got[:outputs]); diff != "" {
					t.Errorf("%d×%d (-want +got):\n%s", outputs, inputs, diff)
				}
			}
		}
	}
}

func TestRescaleRounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		factor   float64
		x        int32
		up, away int32
	}{
		{0.25, 2, 1, 1}, {0.25, -2, 0, -1}, {0.25, -6, -1, -2},
		{0.25, 5, 2, 2}, {0.25, -5, -1, -1}, // rounded twice
		{0.5, 3, 2, 2}, {0.5, -3, -1, -1}, // no second shift, the first rounds up
		{1, -7, -7, -7}, {4, 7, 28, 28}, {1e-12, 1 << 30, 0, 0},
	} {
		r := newRescale(c.factor, up)
		if got := r.apply(c.x); got != c.up {
			t.Errorf("%d times %v rounded up is %d, want %d", c.x, c.factor, got, c.up)
		}
		r = newRescale(c.factor, away)
		if got := r.apply(c.x); got != c.away {
			t.Errorf("%d times %v rounded away is %d, want %d", c.x, c.factor, got, c.away)
		}
	}
}
