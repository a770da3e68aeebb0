package detector

import "earshot/detector/tflite"

// Interpreter returns a model's network at the start of a stream.
func (m *Model) Interpreter() *tflite.Interpreter { return m.net.NewInterpreter() }

// ParseManifest checks a manifest without its network, and returns the network's file.
func ParseManifest(data []byte) (model string, err error) {
	m, err := parseManifest(data)
	return m.Model, err
}
