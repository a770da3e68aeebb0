package tflite

import "fmt"

// opcode is the kind of an operator.
//
// ref: BuiltinOperator in tensorflow/lite/schema/schema.fbs
type opcode int

const (
	opAdd            opcode = 0
	opAveragePool    opcode = 1
	opConcatenation  opcode = 2
	opConv           opcode = 3
	opDepthwiseConv  opcode = 4
	opDequantize     opcode = 6
	opFullyConnected opcode = 9
	opLogistic       opcode = 14
	opMaxPool        opcode = 17
	opMul            opcode = 18
	opReshape        opcode = 22
	opStridedSlice   opcode = 45
	opSplitV         opcode = 102
	opQuantize       opcode = 114
	opCallOnce       opcode = 129
	opVarHandle      opcode = 142
	opReadVariable   opcode = 143
	opAssignVariable opcode = 144
)

// String returns the schema's name, also of operators that other audio models are known to use.
func (c opcode) String() string {
	names := map[opcode]string{
		opAdd: "ADD", opAveragePool: "AVERAGE_POOL_2D", opConcatenation: "CONCATENATION", opConv: "CONV_2D",
		opDepthwiseConv: "DEPTHWISE_CONV_2D", opDequantize: "DEQUANTIZE", opFullyConnected: "FULLY_CONNECTED",
		opLogistic: "LOGISTIC", opMaxPool: "MAX_POOL_2D", opMul: "MUL", opReshape: "RESHAPE",
		opStridedSlice: "STRIDED_SLICE", opSplitV: "SPLIT_V", opQuantize: "QUANTIZE", opCallOnce: "CALL_ONCE",
		opVarHandle: "VAR_HANDLE", opReadVariable: "READ_VARIABLE", opAssignVariable: "ASSIGN_VARIABLE",
		19: "RELU", 21: "RELU6", 25: "SOFTMAX", 28: "TANH", 32: "CUSTOM", 34: "PAD", 36: "GATHER", 39: "TRANSPOSE",
		40: "MEAN", 41: "SUB", 42: "DIV", 43: "SQUEEZE", 49: "SPLIT", 65: "SLICE", 70: "EXPAND_DIMS", 74: "SUM",
		76: "RSQRT", 82: "REDUCE_MAX", 83: "PACK", 88: "UNPACK", 98: "LEAKY_RELU", 117: "HARD_SWISH", 118: "IF",
	}
	if name, ok := names[c]; ok {
		return name
	}
	return fmt.Sprintf("builtin operator %d", int(c))
}

// Activations that are fused into another operator.
//
// ref: ActivationFunctionType in tensorflow/lite/schema/schema.fbs
const (
	activationNone = 0
	activationRelu = 1
)

// paddingSame is the padding that keeps the size; the other one, 1, uses only whole windows.
//
// ref: Padding in tensorflow/lite/schema/schema.fbs
const paddingSame = 0
