package detector

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"earshot/detector/microfrontend"
	"earshot/detector/tflite"
)

// Model is one wake word. It never changes and may be shared by any number of detectors.
type Model struct {
	ID        string   // the manifest's file name without .json
	Engine    string   // of a Speech; "" for a microWakeWord model
	WakeWord  string   // as people say it
	Languages []string // two-letter codes, of the speakers it was trained with
	Cutoff    float64  // probability 0..1 over which it fires, or has a second look taken
	Window    int      // inferences that the probability is averaged over

	net    *tflite.Model // nil: speech tells the word alone
	stride int           // frames of each inference
	speech *Speech       // nil: net tells the word alone
	second float64       // cutoff of speech beside net
	// quantized holds the network's input for each feature value.
	quantized *[maxFeature + 1]int8
}

// maxFeature is the largest feature that is told apart. A full-scale onset after silence reaches 668.
const maxFeature = 2047

// maxStride is the most frames an inference may take; the known models take 1 to 3.
const maxStride = 10

// maxNet is the size in bytes over which a network is not read.
const maxNet = 1 << 20

// LoadModel reads a manifest and the network that it names. An error says what about them is not supported.
func LoadModel(manifest string) (*Model, error) {
	m, _, err := load(manifest)
	if err != nil {
		return nil, fmt.Errorf("load model %s: %w", manifest, err)
	}
	return m, nil
}

func load(path string) (*Model, manifest, error) {
	dir, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, manifest{}, err
	}
	defer dir.Close()
	data, err := readFile(dir, filepath.Base(path), maxManifest)
	if err != nil {
		return nil, manifest{}, err
	}
	about, err := parseManifest(data)
	if err != nil {
		return nil, about, err
	}
	data, err = readFile(dir, about.Model, maxNet)
	if err != nil {
		return nil, about, err
	}
	m := &Model{
		ID:        strings.TrimSuffix(filepath.Base(path), ".json"),
		WakeWord:  about.WakeWord,
		Languages: about.Languages,
		Cutoff:    about.Micro.Cutoff,
		Window:    about.Micro.Window,
	}
	if err := m.setNet(data); err != nil {
		return nil, about, fmt.Errorf("read %s: %w", about.Model, err)
	}
	return m, about, nil
}

// readFile reads a regular file inside dir: anything else could block or never end.
func readFile(dir *os.Root, name string, limit int64) ([]byte, error) {
	info, err := dir.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, cause(err))
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, fmt.Errorf("%s is not a file of at most %d bytes", name, limit)
	}
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// cause leaves out the system call, which says nothing to people.
func cause(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

func (m *Model) setNet(data []byte) error {
	net, err := tflite.Load(data)
	if err != nil {
		return err
	}
	in, out := net.Input(), net.Output()
	if len(in.Shape) != 3 || in.Shape[0] != 1 || in.Shape[1] > maxStride || in.Shape[2] != microfrontend.Channels {
		return fmt.Errorf("the input has the shape %v, want 1, some frames, %d features", in.Shape, microfrontend.Channels)
	}
	if out.Scale != 1.0/256 || out.ZeroPoint != 0 {
		return errors.New("the output is not a probability in steps of 1/256")
	}
	m.net, m.stride = net, in.Shape[1]
	m.quantized = quantizeFeatures(float64(in.Scale), in.ZeroPoint)
	return nil
}

// quantizeFeatures tabulates the network's input. Unlike the Python library, values beyond the range are clamped, they do not wrap.
//
// ref: pymicro-features 2.0.2 returns features × 0.0390625, pymicro-wakeword 2.5.0 divides them by the scale
func quantizeFeatures(scale float64, zero int) *[maxFeature + 1]int8 {
	table := new([maxFeature + 1]int8)
	for feature := range table {
		v := math.RoundToEven(float64(feature)*0.0390625/scale + float64(zero))
		table[feature] = int8(min(max(v, math.MinInt8), math.MaxInt8))
	}
	return table
}

// Info describes a model of a folder.
type Info struct {
	ID, WakeWord, Author, Website string
	Languages                     []string
	Cutoff                        float64
	Err                           error // why it cannot be used
}

// ListModels describes the models of a folder, sorted by ID. Models that are broken or not supported are listed with the reason;
// other JSON files are not listed.
func ListModels(dir string) ([]Info, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list models: %w", err)
	}
	var list []Info
	for _, e := range entries {
		id, isJSON := strings.CutSuffix(e.Name(), ".json")
		if !isJSON || e.IsDir() {
			continue
		}
		_, about, err := load(filepath.Join(dir, e.Name()))
		var syntax *json.SyntaxError
		if about.Type != typeMicro && !errors.As(err, &syntax) {
			continue
		}
		list = append(list, Info{id, about.WakeWord, about.Author, about.Website, about.Languages, about.Micro.Cutoff, err})
	}
	slices.SortFunc(list, func(a, b Info) int { return strings.Compare(a.ID, b.ID) })
	return list, nil
}
