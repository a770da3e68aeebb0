package ownword

// Solve solves a logistic regression from zero on; the first rows are of the word.
func Solve(rows [][]float32, positives int, cost float64) []float64 {
	return (&problem{rows, positives, cost}).solve(nil)
}

// Value returns the loss at theta and its gradient.
func Value(rows [][]float32, positives int, cost float64, theta []float64) (float64, []float64) {
	grad := make([]float64, len(theta))
	parts := make([]part, workers)
	for k := range parts {
		parts[k] = part{grad: make([]float64, len(theta)), sum: make([]float32, len(theta)-1)}
	}
	loss := (&problem{rows, positives, cost}).value(theta, grad, parts, make([]float32, len(theta)-1))
	return loss, grad
}
