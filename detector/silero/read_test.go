package silero_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"earshot/detector/silero"
)

// weight is a tensor of a model that a test makes; every value is the same.
type weight struct {
	name  string
	kind  uint64
	dims  []uint64
	value float32
}

// sameWeights lists the tensors of the network, in their real shapes.
func sameWeights(value float32) []weight {
	w := func(name string, dims ...uint64) weight { return weight{name, 1, dims, value} }
	return []weight{
		w("model.stft.forward_basis_buffer", 258, 1, 256),
		w("model.encoder.0.reparam_conv.weight", 128, 129, 3), w("model.encoder.0.reparam_conv.bias", 128),
		w("model.encoder.1.reparam_conv.weight", 64, 128, 3), w("model.encoder.1.reparam_conv.bias", 64),
		w("model.encoder.2.reparam_conv.weight", 64, 64, 3), w("model.encoder.2.reparam_conv.bias", 64),
		w("model.encoder.3.reparam_conv.weight", 128, 64, 3), w("model.encoder.3.reparam_conv.bias", 128),
		w("model.decoder.rnn.weight_ih", 512, 128), w("model.decoder.rnn.weight_hh", 512, 128),
		w("model.decoder.rnn.bias_ih", 512), w("model.decoder.rnn.bias_hh", 512),
		w("model.decoder.decoder.2.weight", 1, 128, 1), w("model.decoder.decoder.2.bias", 1),
	}
}

func number(id int, v uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, uint64(id)<<3), v)
}

func block(id int, body []byte) []byte {
	head := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(id)<<3|2), uint64(len(body)))
	return append(head, body...)
}

// encode writes an ONNX model; packed chooses between the two ways to write dimensions.
func encode(weights []weight, packed bool) []byte {
	var graph []byte
	for _, w := range weights {
		var tensor, dims []byte
		size := uint64(1)
		for _, d := range w.dims {
			size *= d
			dims = binary.AppendUvarint(dims, d)
			if !packed {
				tensor = append(tensor, number(1, d)...)
			}
		}
		if packed {
			tensor = append(tensor, block(1, dims)...)
		}
		raw := bytes.Repeat(binary.LittleEndian.AppendUint32(nil, math.Float32bits(w.value)), int(min(size, 1<<18)))
		tensor = append(tensor, number(2, w.kind)...)
		tensor = append(tensor, block(8, []byte(w.name))...)
		tensor = append(tensor, block(9, raw)...)
		graph = append(graph, block(5, tensor)...)
	}
	return append(number(1, 8), block(7, graph)...)
}

func TestReadSyntheticModel(t *testing.T) {
	t.Parallel()
	for _, packed := range []bool{false, true} {
		model, err := silero.Read(bytes.NewReader(encode(sameWeights(0), packed)))
		if err != nil {
			t.Fatal(err)
		}
		if p := model.NewStream().Process(noise(1)); p != 0.5 {
			t.Errorf("a network of zeros says %v, not 0.5", p)
		}
	}
}

// The largest weights that are allowed and the loudest sound must still give a probability.
func TestReadLargestWeights(t *testing.T) {
	t.Parallel()
	for _, value := range []float32{1000, -1000} {
		model, err := silero.Read(bytes.NewReader(encode(sameWeights(value), true)))
		if err != nil {
			t.Fatal(err)
		}
		stream, pcm := model.NewStream(), noise(8)
		for i := 0; i < len(pcm); i += silero.ChunkSamples {
			if p := stream.Process(pcm[i:][:silero.ChunkSamples]); !(p >= 0 && p <= 1) {
				t.Fatalf("weights of %v give %v", value, p)
			}
		}
	}
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	with := func(change func(w *weight)) []byte {
		weights := sameWeights(0)
		change(&weights[len(weights)-1])
		return encode(weights, false)
	}
	good := encode(sameWeights(0), false)
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "an ONNX model without a graph"},
		{"other file", []byte("RIFF\x24\x00\x00\x00WAVEfmt "), "not an ONNX model, or a truncated one"},
		{"truncated", good[:len(good)-1], "not an ONNX model, or a truncated one"},
		{"length beyond 64 bits", append([]byte{7<<3 | 2}, bytes.Repeat([]byte{0xff}, 11)...), "not an ONNX model, or a truncated one"},
		{"too large", make([]byte, 8<<20+1), "larger than 8 MiB"},
		{"missing", encode(sameWeights(0)[:14], false), `tensor "model.decoder.decoder.2.bias" is missing`},
		{"shape", with(func(w *weight) { w.dims = []uint64{2} }),
			`tensor "model.decoder.decoder.2.bias": the shape is [2], not [1]`},
		{"absurd shape", with(func(w *weight) { w.dims = []uint64{1 << 40} }),
			`the weight "model.decoder.decoder.2.bias" is too large`},
		{"not as long as it says", with(func(w *weight) { w.dims = []uint64{1 << 19} }),
			`the weight "model.decoder.decoder.2.bias" has 1048576 bytes, not 524288 floats`},
		{"half floats", with(func(w *weight) { w.kind = 10 }),
			`tensor "model.decoder.decoder.2.bias": it is not of type float`},
		{"not a number", with(func(w *weight) { w.value = float32(math.NaN()) }),
			`tensor "model.decoder.decoder.2.bias": weight 0 is NaN, which is no sensible number`},
		{"too heavy", with(func(w *weight) { w.value = -1001 }),
			`tensor "model.decoder.decoder.2.bias": weight 0 is -1001, which is no sensible number`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := silero.Read(bytes.NewReader(tt.data))
			if err == nil || err.Error() != tt.want {
				t.Errorf("error %v\nwant  %s", err, tt.want)
			}
		})
	}
}

func TestLoadErrors(t *testing.T) {
	t.Parallel()
	absent := filepath.Join(t.TempDir(), "absent.onnx")
	if _, err := silero.Load(absent); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an absent file gives %v", err)
	}
	wrong := filepath.Join(t.TempDir(), "wrong.onnx")
	if err := os.WriteFile(wrong, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := `wrong.onnx" (silero_vad_16k_op15.onnx of silero-vad 6.2.3 is needed): not an ONNX model, or a truncated one`
	if _, err := silero.Load(wrong); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("error %v\nmust end in %s", err, want)
	}
}

func FuzzRead(f *testing.F) {
	small := sameWeights(1)[13:]
	f.Add(encode(small, false))
	f.Add(encode(small, true))
	f.Add([]byte{7<<3 | 2, 2, 5<<3 | 2, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		if model, err := silero.Read(bytes.NewReader(data)); (model == nil) == (err == nil) {
			t.Errorf("model %v with error %v", model, err)
		}
	})
}

// FuzzReadPatched damages a whole model: what is still accepted must still give probabilities.
func FuzzReadPatched(f *testing.F) {
	good := encode(sameWeights(0.01), false)
	f.Add(uint32(0), []byte{})
	f.Add(uint32(2), []byte{0xff})
	f.Add(uint32(len(good)-4), []byte{0, 0, 0xc0, 0x7f})
	chunk := noise(1)
	f.Fuzz(func(t *testing.T, at uint32, patch []byte) {
		data := bytes.Clone(good)
		copy(data[at%uint32(len(data)):], patch)
		model, err := silero.Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		if p := model.NewStream().Process(chunk); !(p >= 0 && p <= 1) {
			t.Errorf("probability %v", p)
		}
	})
}
