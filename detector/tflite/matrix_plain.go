//go:build 386 || arm || mips || mipsle

package tflite

// outputsPerBlock is how many outputs share one pass over the input: 64-bit multiplications are slow here, so that packing several
// weights into one would not pay.
const outputsPerBlock = 4

// matrix multiplies a vector of int8 by constant int8 weights.
type matrix struct {
	inputs int
	// weights holds blocks of outputsPerBlock outputs, each of them a row of weights for every input.
	weights [][outputsPerBlock]int8
}

// newMatrix reorders the weights of outputs × inputs.
func newMatrix(weights []byte, inputs int) matrix {
	outputs := len(weights) / inputs
	m := matrix{inputs, make([][outputsPerBlock]int8, padded(outputs)/outputsPerBlock*inputs)}
	for o := range outputs {
		block, lane := o/outputsPerBlock, o%outputsPerBlock
		for i := range inputs {
			m.weights[block*inputs+i][lane] = int8(weights[o*inputs+i])
		}
	}
	return m
}

// padded returns for how many outputs there must be room in sums.
func padded(outputs int) int {
	return (outputs + outputsPerBlock - 1) / outputsPerBlock * outputsPerBlock
}

// multiply writes the sums of all outputs, and of those that fill up the last block.
func (m *matrix) multiply(x []int8, sums []int32) {
	x = x[:m.inputs]
	for weights := m.weights; len(weights) > 0; weights = weights[m.inputs:] {
		var a, b, c, d int32
		block := weights[:len(x)]
		for i, v := range x {
			w := &block[i]
			v := int32(v)
			a += int32(w[0]) * v
			b += int32(w[1]) * v
			c += int32(w[2]) * v
			d += int32(w[3]) * v
		}
		*(*[outputsPerBlock]int32)(sums) = [outputsPerBlock]int32{a, b, c, d}
		sums = sums[outputsPerBlock:]
	}
}
