package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"earshot/bridge"
	"earshot/detector"
	"earshot/detector/openwakeword"
	"earshot/detector/ownword"
	"earshot/internal/config"
)

// speechFolder is where openWakeWord models lie in the folder of the models, and embeddingFile the network that all of them need.
const (
	speechFolder  = "openwakeword"
	embeddingFile = "embedding_model.tflite"
)

// ownFolder is where a household's own words lie in the folder of the models.
const ownFolder = "own"

// wakeModels are the wake-word models of a folder, each loaded once, when it is first wanted, for all satellites.
type wakeModels struct {
	dir      string
	micro    map[string]*detector.Model
	speech   map[string]*detector.Model
	own      map[string]*detector.Model
	verified map[verified]*detector.Model
	network  *openwakeword.Network // nil until a model needs it

	files  map[string]fileState // that were looked for, as they were then
	before *wakeModels          // where what has not changed is taken from; nil for nowhere
}

// verified is a model that another one looks again for.
type verified struct {
	first, second *detector.Model
	cutoff        float64
}

func newWakeModels(dir string) *wakeModels {
	return &wakeModels{
		dir: dir, micro: map[string]*detector.Model{}, speech: map[string]*detector.Model{}, own: map[string]*detector.Model{},
		verified: map[verified]*detector.Model{}, files: map[string]fileState{},
	}
}

// again begins anew with the same folder: what is wanted again, and has not changed on the disk, is the same model.
func (m *wakeModels) again() *wakeModels {
	next := newWakeModels(m.dir)
	next.before = m
	return next
}

// settle lets go of what nobody wants any more.
func (m *wakeModels) settle() { m.before = nil }

// kept is what was loaded before from files that are as they were then, nil when there is none. The files are looked at in any case.
func kept[T any](m *wakeModels, of func(*wakeModels) *T, files ...string) *T {
	same := m.before != nil
	for _, file := range files {
		m.files[file] = stateOf(file)
		same = same && m.before.files[file] == m.files[file]
	}
	if !same {
		return nil
	}
	return of(m.before)
}

// word is what a satellite listens with for a word of its configuration.
func (m *wakeModels) word(w bridge.WakeWord) (*detector.Model, error) {
	switch w.Engine {
	case bridge.OpenWakeWord:
		return m.speechWord(w.Model)
	case bridge.OwnWord:
		return m.ownWord(w.Model)
	}
	model, err := m.microWord(w.Model)
	if err != nil || w.Verify == bridge.VerifyOff {
		return model, err
	}
	name := secondLook(m.dir, w.Model)
	if name == "" {
		return model, nil
	}
	second, err := m.speechWord(name)
	if err != nil {
		return nil, fmt.Errorf("%w; or set verify: off for %s", err, w.Model)
	}
	pair := verified{model, second, cmp.Or(w.SecondThreshold, detector.SecondCutoff)}
	if m.before != nil && m.verified[pair] == nil {
		m.verified[pair] = m.before.verified[pair]
	}
	if m.verified[pair] == nil {
		if m.verified[pair], err = model.Verified(second, pair.cutoff); err != nil {
			return nil, err
		}
	}
	return m.verified[pair], nil
}

func (m *wakeModels) microWord(id string) (*detector.Model, error) {
	if loaded := m.micro[id]; loaded != nil {
		return loaded, nil
	}
	manifest := filepath.Join(m.dir, id+".json")
	if m.micro[id] = kept(m, func(b *wakeModels) *detector.Model { return b.micro[id] }, manifest, filepath.Join(m.dir, id+".tflite")); m.micro[id] != nil {
		return m.micro[id], nil
	}
	model, err := detector.LoadModel(manifest)
	if err != nil {
		return nil, fmt.Errorf("%w%s", err, modelHint(m.dir))
	}
	m.micro[id] = model
	return model, nil
}

func (m *wakeModels) speechWord(id string) (*detector.Model, error) {
	if loaded := m.speech[id]; loaded != nil {
		return loaded, nil
	}
	if err := m.loadNetwork(); err != nil {
		return nil, err
	}
	head, network := headPath(m.dir, id), filepath.Join(m.dir, speechFolder, embeddingFile)
	if m.speech[id] = kept(m, func(b *wakeModels) *detector.Model { return b.speech[id] }, head, network); m.speech[id] != nil {
		return m.speech[id], nil
	}
	model, err := detector.LoadHead(head, m.network)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s.tflite or %s.onnx in %s; add it with `earshot models add`", id, id, filepath.Join(m.dir, speechFolder))
	}
	if err != nil {
		return nil, err
	}
	m.speech[id] = model
	return model, nil
}

func (m *wakeModels) ownWord(id string) (*detector.Model, error) {
	if loaded := m.own[id]; loaded != nil {
		return loaded, nil
	}
	if err := m.loadNetwork(); err != nil {
		return nil, err
	}
	network := filepath.Join(m.dir, speechFolder, embeddingFile)
	if m.own[id] = kept(m, func(b *wakeModels) *detector.Model { return b.own[id] }, ownPath(m.dir, id), network); m.own[id] != nil {
		return m.own[id], nil
	}
	word, err := ownword.Load(ownPath(m.dir, id))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no wake word %s of your own in %s; make it with `earshot enroll`", id, filepath.Join(m.dir, ownFolder))
	case err != nil:
		return nil, err
	case word.Network != m.network.Sum():
		return nil, fmt.Errorf("the wake word %s was made for another speech embedding network; make it again with `earshot enroll`", id)
	}
	model := detector.Speech{
		ID: id, Engine: bridge.OwnWord, WakeWord: word.Phrase, Cutoff: word.Cutoff, Settle: word.Settle(), Network: m.network,
		NewScorer: func() detector.Scorer { return word.NewScorer() },
	}.Model()
	m.own[id] = model
	return model, nil
}

// ownPath is the file of a household's own word.
func ownPath(dir, id string) string { return filepath.Join(dir, ownFolder, id+ownEnding) }

const ownEnding = ".json"

// ownNames are the own words of a folder, sorted.
func ownNames(dir string) (names []string) {
	entries, _ := os.ReadDir(filepath.Join(dir, ownFolder)) // a folder that is not there holds none
	for _, e := range entries {
		if name, is := strings.CutSuffix(e.Name(), ownEnding); is && name != "" && !strings.HasPrefix(name, ".") {
			names = append(names, name)
		}
	}
	return names
}

func (m *wakeModels) loadNetwork() (err error) {
	if m.network == nil {
		file := filepath.Join(m.dir, speechFolder, embeddingFile)
		if m.network = kept(m, func(b *wakeModels) *openwakeword.Network { return b.network }, file); m.network != nil {
			return nil
		}
		m.network, err = openwakeword.LoadNetwork(file)
	}
	if err != nil {
		return fmt.Errorf("%w; openWakeWord models and words of your own need this file: fetch it with `make models`", err)
	}
	return nil
}

// secondLook is the newest openWakeWord model of the folder for the word of another model, "" when there is none.
func secondLook(dir, word string) string {
	newest := ""
	for _, name := range speechNames(dir) {
		if looksFor(name, word) {
			newest = max(newest, name)
		}
	}
	return newest
}

// looksFor tells whether an openWakeWord model is for the word of another model.
func looksFor(name, word string) bool { return name == word || strings.HasPrefix(name, word+"_v") }

// speechNames are the openWakeWord models of a folder, sorted, each once.
func speechNames(dir string) (names []string) {
	entries, _ := os.ReadDir(filepath.Join(dir, speechFolder)) // a folder that is not there holds none
	for _, e := range entries {
		name, ending := strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())), filepath.Ext(e.Name())
		if name != "" && (ending == ".tflite" || ending == ".onnx") && e.Name() != embeddingFile {
			names = append(names, name)
		}
	}
	return slices.Compact(names)
}

// load loads what every satellite listens with, so that mistakes are found before anything starts.
// A name that is not there is a mistake in the configuration; a folder without any model is not.
func (m *wakeModels) load(cfg config.Config, file string) error {
	wrong := &config.Error{File: file}
	for i, sat := range cfg.Satellites {
		if sat.Wake != "" {
			continue // the engine has the models
		}
		for j, w := range sat.WakeWords {
			if _, err := m.word(w); err != nil {
				wrong.Problems = append(wrong.Problems, config.Problem{
					Key: fmt.Sprintf("satellites[%d].wake_words[%d]", i, j), Message: err.Error(),
				})
			}
		}
	}
	switch {
	case len(wrong.Problems) == 0:
		return nil
	case len(usable(m.dir)) == 0:
		return fmt.Errorf("there is no wake-word model in %s; fetch them with `make models`, or set models.dir", m.dir)
	default:
		return wrong
	}
}

// tellLooks says which words are looked at twice.
func tellLooks(log zerolog.Logger, words []bridge.WakeWord, models map[string]*detector.Model) {
	for _, w := range words {
		if !w.MayBeVerified() {
			continue
		}
		if by := models[w.Model].SecondLook(); by != "" {
			log.Info().Str("wake_word", w.Model).Str("model", by).Msg("this wake word is looked at a second time before it counts")
			continue
		}
		log.Info().Str("wake_word", w.Model).Msg("no openWakeWord model of this wake word is there: it counts without a second look")
	}
}

// usable lists the microWakeWord models of a folder that can be loaded.
func usable(dir string) []string {
	all, _ := detector.ListModels(dir) // a folder that is not there holds none
	var names []string
	for _, m := range all {
		if m.Err == nil {
			names = append(names, m.ID)
		}
	}
	return names
}

// modelHint tells which models there are, for an error that a person reads.
func modelHint(dir string) string {
	names := usable(dir)
	if len(names) == 0 {
		return fmt.Sprintf("; there is no model in %s: fetch them with `make models`, or add one with `earshot models add`", dir)
	}
	return fmt.Sprintf("; in %s there are: %s", dir, strings.Join(names, ", "))
}
