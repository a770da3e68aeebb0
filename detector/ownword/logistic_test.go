package ownword_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"earshot/detector/ownword"
)

// cloud returns rows of two overlapping clouds, those of the word first.
func cloud(positives, negatives, size int) [][]float32 {
	r := rand.New(rand.NewPCG(1, 2))
	rows := make([][]float32, positives+negatives)
	for i := range rows {
		rows[i] = make([]float32, size)
		for k := range rows[i] {
			rows[i][k] = float32(r.NormFloat64())
			if i < positives && k < 3 {
				rows[i][k] += 1.5
			}
		}
	}
	return rows
}

// reference is the loss and its gradient, written down a second time, in float64 and plainly.
func reference(rows [][]float32, positives int, cost float64, theta []float64) (loss float64, grad []float64) {
	d := len(rows[0])
	grad = make([]float64, d+1)
	for k := range d {
		loss += theta[k] * theta[k] / 2
		grad[k] = theta[k]
	}
	for i, row := range rows {
		y, s := 1.0, float64(len(rows))/(2*float64(positives))
		if i >= positives {
			y, s = -1, float64(len(rows))/(2*float64(len(rows)-positives))
		}
		z := theta[d]
		for k, v := range row {
			z += theta[k] * float64(v)
		}
		loss += cost * s * math.Log(1+math.Exp(-y*z))
		g := -cost * s * y / (1 + math.Exp(y*z))
		for k, v := range row {
			grad[k] += g * float64(v)
		}
		grad[d] += g
	}
	return loss, grad
}

// descend finds the least loss by many small steps down the gradient: slow, and hard to get wrong.
func descend(rows [][]float32, positives int, cost float64) (theta []float64, loss float64) {
	theta = make([]float64, len(rows[0])+1)
	for range 200000 {
		var grad []float64
		loss, grad = reference(rows, positives, cost, theta)
		top := 0.0
		for k, g := range grad {
			theta[k] -= 0.1 * g
			top = max(top, math.Abs(g))
		}
		if top < 1e-9 {
			break
		}
	}
	return theta, loss
}

func TestSolveFindsTheOptimum(t *testing.T) {
	rows := cloud(20, 100, 8)
	want, least := descend(rows, 20, 0.05)
	got := ownword.Solve(rows, 20, 0.05)
	for k := range want {
		if math.Abs(got[k]-want[k]) > 1e-3 {
			t.Errorf("part %d: got %v, want %v", k, got[k], want[k])
		}
	}
	if loss, _ := reference(rows, 20, 0.05, got); loss > least+1e-6 {
		t.Errorf("loss is %v; %v can be reached", loss, least)
	}
}

func TestGradient(t *testing.T) {
	rows := cloud(700, 900, 16) // more than two blocks a worker
	r := rand.New(rand.NewPCG(3, 4))
	theta := make([]float64, 17)
	for k := range theta {
		theta[k] = r.NormFloat64()
	}
	wantLoss, want := reference(rows, 700, 0.003, theta)
	loss, got := ownword.Value(rows, 700, 0.003, theta)
	if math.Abs(loss-wantLoss) > 1e-5 {
		t.Errorf("loss: got %v, want %v", loss, wantLoss)
	}
	for k := range want {
		if math.Abs(got[k]-want[k]) > 1e-4 {
			t.Errorf("gradient %d: got %v, want %v", k, got[k], want[k])
		}
	}
}

func TestSolveSeparable(t *testing.T) {
	rows := cloud(5, 200, 96) // fewer rows of the word than dimensions
	got := ownword.Solve(rows, 5, 0.003)
	_, grad := reference(rows, 5, 0.003, got)
	for k, g := range grad {
		if math.Abs(g) > 3e-4 {
			t.Errorf("gradient %d is %v at the end", k, g)
		}
	}
}

func TestSolveIsDeterministic(t *testing.T) {
	rows := cloud(40, 3000, 96)
	first := ownword.Solve(rows, 40, 0.003)
	for range 5 {
		if !slices.Equal(first, ownword.Solve(rows, 40, 0.003)) {
			t.Fatal("a second run gave other weights")
		}
	}
}

func BenchmarkSolve(b *testing.B) {
	rows := cloud(54, 8000, 960)
	for b.Loop() {
		ownword.Solve(rows, 54, 0.003)
	}
}
