package ownword

import (
	"math"
	"sync"
)

// How the logistic regression is solved.
// ref: Liu and Nocedal, "On the limited memory BFGS method for large scale optimization" (1989)
const (
	memory      = 10   // pairs of L-BFGS
	maxSteps    = 60   // iterations at most
	flat        = 1e-4 // largest part of the gradient at which it ends
	armijo      = 1e-4 // share of the expected decrease that is asked of a step
	maxHalvings = 30
	workers     = 2   // goroutines that share the rows
	blockRows   = 256 // rows whose gradients are summed in float32
)

// problem is a logistic regression: |w|²/2 + cost · Σ s·ln(1+exp(−y·(w·x+b))), where the two classes weigh alike.
type problem struct {
	rows      [][]float32 // all of one length, a multiple of 8
	positives int         // so many rows are of the word: the first ones
	cost      float64
}

// shares is how much one positive and one negative row weighs.
func (p *problem) shares() (pos, neg float64) {
	n := float64(len(p.rows))
	return n / (2 * float64(p.positives)), n / (2 * (n - float64(p.positives)))
}

// part is what one goroutine sums over its rows.
type part struct {
	loss float64
	grad []float64 // weights, then the bias
	sum  []float32 // of a block of rows
}

// add sums the rows [from, to).
//
//go:norace
func (p *problem) add(o *part, w []float32, bias float64, from, to int) {
	pos, neg := p.shares()
	clear(o.grad)
	o.loss = 0
	for from < to {
		end := min(from+blockRows, to)
		clear(o.sum)
		for ; from < end; from += 4 {
			four := [4][]float32{p.rows[from], p.rows[min(from+1, end-1)], p.rows[min(from+2, end-1)], p.rows[min(from+3, end-1)]}
			z, g := dot4(w, &four), [4]float32{}
			for k := range min(4, end-from) { // the others are there twice, and weigh nothing
				share, y := neg, -1.0
				if from+k < p.positives {
					share, y = pos, 1
				}
				margin := y * (float64(z[k]) + bias)
				o.loss += share * softplus(-margin)
				d := -y * share * sigmoid(-margin) * p.cost
				o.grad[len(w)] += d
				g[k] = float32(d)
			}
			addScaled4(o.sum, &g, &four)
		}
		for k, v := range o.sum {
			o.grad[k] += float64(v)
		}
		from = end
	}
}

// value returns the loss at theta, the weights and then the bias, and sets its gradient.
func (p *problem) value(theta, grad []float64, parts []part, w []float32) float64 {
	d := len(theta) - 1
	for k := range w {
		w[k] = float32(theta[k])
	}
	var wait sync.WaitGroup
	for k := range parts {
		wait.Go(func() {
			p.add(&parts[k], w, theta[d], k*len(p.rows)/len(parts), (k+1)*len(p.rows)/len(parts))
		})
	}
	wait.Wait()
	loss := 0.0
	for k, v := range theta[:d] {
		loss += v * v / 2
		grad[k] = v
	}
	grad[d] = 0
	for k := range parts { // always in the same order: the result is the same in every run
		loss += p.cost * parts[k].loss
		for i, g := range parts[k].grad {
			grad[i] += g
		}
	}
	return loss
}

// solve returns the weights and then the bias of the least loss. It begins at start, or at zero without one.
func (p *problem) solve(start []float64) []float64 {
	d := len(p.rows[0])
	parts := make([]part, workers)
	for k := range parts {
		parts[k] = part{grad: make([]float64, d+1), sum: make([]float32, d)}
	}
	w := make([]float32, d)
	at, next := make([]float64, d+1), make([]float64, d+1)
	copy(at, start)
	grad, nextGrad, dir := make([]float64, d+1), make([]float64, d+1), make([]float64, d+1)
	loss := p.value(at, grad, parts, w)
	var past history
	for range maxSteps {
		if largest(grad) < flat {
			break
		}
		past.direction(dir, grad)
		slope := dot64(dir, grad)
		step, found := 1.0, false
		if len(past.pairs) == 0 {
			step = min(1, 1/math.Sqrt(-slope))
		}
		var nextLoss float64
		for range maxHalvings {
			for k := range next {
				next[k] = at[k] + step*dir[k]
			}
			nextLoss = p.value(next, nextGrad, parts, w)
			if found = nextLoss <= loss+armijo*step*slope; found {
				break
			}
			step /= 2
		}
		if !found { // the precision of float32 ends here
			break
		}
		past.put(at, next, grad, nextGrad)
		at, next, grad, nextGrad, loss = next, at, nextGrad, grad, nextLoss
	}
	return at
}

// pair is one step: how far it went, how the gradient changed, and 1/(s·y).
type pair struct {
	s, y []float64
	rho  float64
}

// history holds the latest steps, the oldest first.
type history struct {
	pairs []pair
	alpha [memory]float64
}

// put remembers a step, unless the loss did not curve upwards along it.
func (h *history) put(at, next, grad, nextGrad []float64) {
	p := pair{make([]float64, len(at)), make([]float64, len(at)), 0}
	for k := range at {
		p.s[k], p.y[k] = next[k]-at[k], nextGrad[k]-grad[k]
	}
	sy := dot64(p.s, p.y)
	if sy <= 1e-12 {
		return
	}
	p.rho = 1 / sy
	if len(h.pairs) == memory {
		h.pairs = h.pairs[1:]
	}
	h.pairs = append(h.pairs, p)
}

// direction sets dir to where L-BFGS goes next.
// ref: Nocedal and Wright, "Numerical Optimization", algorithm 7.4
func (h *history) direction(dir, grad []float64) {
	for k, g := range grad {
		dir[k] = -g
	}
	for i := len(h.pairs) - 1; i >= 0; i-- {
		p := h.pairs[i]
		h.alpha[i] = p.rho * dot64(p.s, dir)
		addScaled64(dir, -h.alpha[i], p.y)
	}
	if n := len(h.pairs); n > 0 {
		last := h.pairs[n-1]
		scale := 1 / (last.rho * dot64(last.y, last.y))
		for k := range dir {
			dir[k] *= scale
		}
	}
	for i, p := range h.pairs {
		addScaled64(dir, h.alpha[i]-p.rho*dot64(p.y, dir), p.s)
	}
}

// softplus is ln(1+exp(x)) without overflow.
func softplus(x float64) float64 {
	return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
}

// sigmoid is 1/(1+exp(−x)).
func sigmoid(x float64) float64 {
	return 1 / (1 + math.Exp(-x))
}

func largest(v []float64) float64 {
	m := 0.0
	for _, x := range v {
		m = max(m, math.Abs(x))
	}
	return m
}

// dot is a·b for lengths that are multiples of 8; b is at least as long as a.
//
//go:norace
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	for len(a) >= 8 && len(b) >= 8 {
		x, y := (*[8]float32)(a), (*[8]float32)(b)
		s0 += x[0] * y[0]
		s1 += x[1] * y[1]
		s2 += x[2] * y[2]
		s3 += x[3] * y[3]
		s4 += x[4] * y[4]
		s5 += x[5] * y[5]
		s6 += x[6] * y[6]
		s7 += x[7] * y[7]
		a, b = a[8:], b[8:]
	}
	return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
}

// dot4 is dot of one vector with four: that vector is loaded only once. Lengths are multiples of 4.
//
//go:norace
func dot4(a []float32, rows *[4][]float32) [4]float32 {
	var s0, s1, s2, s3, t0, t1, t2, t3 float32
	p, q, r, s := rows[0], rows[1], rows[2], rows[3]
	for len(a) >= 4 && len(p) >= 4 && len(q) >= 4 && len(r) >= 4 && len(s) >= 4 {
		x, b, c, d, e := (*[4]float32)(a), (*[4]float32)(p), (*[4]float32)(q), (*[4]float32)(r), (*[4]float32)(s)
		x0, x1, x2, x3 := x[0], x[1], x[2], x[3]
		s0 += x0*b[0] + x2*b[2]
		s1 += x0*c[0] + x2*c[2]
		s2 += x0*d[0] + x2*d[2]
		s3 += x0*e[0] + x2*e[2]
		t0 += x1*b[1] + x3*b[3]
		t1 += x1*c[1] + x3*c[3]
		t2 += x1*d[1] + x3*d[3]
		t3 += x1*e[1] + x3*e[3]
		a, p, q, r, s = a[4:], p[4:], q[4:], r[4:], s[4:]
	}
	return [4]float32{s0 + t0, s1 + t1, s2 + t2, s3 + t3}
}

// addScaled4 adds four vectors to a, each times its factor. Lengths are multiples of 4.
//
//go:norace
func addScaled4(a []float32, f *[4]float32, rows *[4][]float32) {
	f0, f1, f2, f3 := f[0], f[1], f[2], f[3]
	p, q, r, s := rows[0], rows[1], rows[2], rows[3]
	for len(a) >= 4 && len(p) >= 4 && len(q) >= 4 && len(r) >= 4 && len(s) >= 4 {
		x, b, c, d, e := (*[4]float32)(a), (*[4]float32)(p), (*[4]float32)(q), (*[4]float32)(r), (*[4]float32)(s)
		x[0] += (f0*b[0] + f1*c[0]) + (f2*d[0] + f3*e[0])
		x[1] += (f0*b[1] + f1*c[1]) + (f2*d[1] + f3*e[1])
		x[2] += (f0*b[2] + f1*c[2]) + (f2*d[2] + f3*e[2])
		x[3] += (f0*b[3] + f1*c[3]) + (f2*d[3] + f3*e[3])
		a, p, q, r, s = a[4:], p[4:], q[4:], r[4:], s[4:]
	}
}

//go:norace
func dot64(a, b []float64) float64 {
	s := 0.0
	for k, v := range a {
		s += v * b[k]
	}
	return s
}

//go:norace
func addScaled64(a []float64, f float64, b []float64) {
	for k, v := range b {
		a[k] += f * v
	}
}
