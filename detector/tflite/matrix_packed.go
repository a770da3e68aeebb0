//go:build !(386 || arm || mips || mipsle)

package tflite

// Three weights are packed into one 64-bit word, 21 bits apart, so that one multiplication serves three outputs. A lane holds
// the exact sum of up to 64 products: 64 × 127 × 128 is less than 2^20. Lanes start at 2^20 so that none of them ever borrows
// from the one above.
const (
	laneBits   = 21
	laneMask   = 1<<laneBits - 1
	laneOffset = 1 << (laneBits - 1)
	laneStart  = laneOffset | laneOffset<<laneBits | laneOffset<<(2*laneBits)
	laneSums   = 64

	wordsPerBlock   = 4
	outputsPerBlock = 3 * wordsPerBlock
)

// matrix multiplies a vector of int8 by constant int8 weights.
type matrix struct {
	inputs int
	// words holds blocks of outputsPerBlock outputs, each of them a row of words for every input.
	words [][wordsPerBlock]int64
}

// newMatrix packs the weights of outputs × inputs. No weight may be -128.
func newMatrix(weights []byte, inputs int) matrix {
	outputs := len(weights) / inputs
	blocks := (outputs + outputsPerBlock - 1) / outputsPerBlock
	m := matrix{inputs, make([][wordsPerBlock]int64, blocks*inputs)}
	for o := range outputs {
		block, lane := o/outputsPerBlock, o%outputsPerBlock
		for i := range inputs {
			weight := int64(int8(weights[o*inputs+i]))
			m.words[block*inputs+i][lane/3] += weight << (lane % 3 * laneBits)
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
	words := m.words
	for len(words) > 0 {
		out := (*[outputsPerBlock]int32)(sums)
		*out = [outputsPerBlock]int32{}
		for rest := x[:m.inputs]; len(rest) > 0; {
			n := min(len(rest), laneSums)
			addBlock(words[:n], rest[:n], out)
			words, rest = words[n:], rest[n:]
		}
		sums = sums[outputsPerBlock:]
	}
}

// addBlock adds the products of up to laneSums inputs.
func addBlock(words [][wordsPerBlock]int64, x []int8, out *[outputsPerBlock]int32) {
	var a, b, c, d int64 = laneStart, laneStart, laneStart, laneStart
	words = words[:len(x)]
	for i, v := range x {
		w := &words[i]
		v := int64(v)
		a += w[0] * v
		b += w[1] * v
		c += w[2] * v
		d += w[3] * v
	}
	unpack((*[3]int32)(out[0:]), a)
	unpack((*[3]int32)(out[3:]), b)
	unpack((*[3]int32)(out[6:]), c)
	unpack((*[3]int32)(out[9:]), d)
}

func unpack(out *[3]int32, lanes int64) {
	out[0] += int32(lanes&laneMask) - laneOffset
	out[1] += int32(lanes>>laneBits&laneMask) - laneOffset
	out[2] += int32(uint64(lanes)>>(2*laneBits)) - laneOffset
}
