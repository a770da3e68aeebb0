package wyoming

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// word is a wake word of ours and what engines may call it.
type word struct {
	model string
	names []string
}

// newWords gives every id the names that were configured for it, or its own.
func newWords(ids []string, names map[string]string) ([]word, error) {
	if len(ids) == 0 {
		return nil, errors.New("no wake word was named")
	}
	var words []word
	for i, id := range ids {
		if id == "" || slices.Contains(ids[:i], id) {
			return nil, fmt.Errorf("wake word %q was named twice, or is empty", id)
		}
		w := word{model: id}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if name == "" {
				return nil, fmt.Errorf("wake word %q has an empty name", names[name])
			}
			if names[name] == id {
				w.names = append(w.names, name)
			}
		}
		if w.names == nil {
			w.names = []string{id}
		}
		words = append(words, w)
	}
	return words, nil
}

// model is a wake word that an engine offers.
type model struct {
	Name   string `json:"name"`
	Phrase string `json:"phrase"`
}

// target is what a detection of a model means to us.
type target struct {
	model, phrase string

	// The last detection that Process returned; guarded by Engine.mu.
	reported bool
	last     int64 // sample since New
}

// offer is what is asked of one engine.
type offer struct {
	ask     []string // the engine's names
	targets map[string]*target
	others  map[string]bool // names the engine offers and is not asked for
	missing []string        // our names that it does not know
}

// match looks for our words among the models of an engine. One that names no model is asked for our names as they are.
func match(words []word, models []model) *offer {
	o := &offer{targets: map[string]*target{}, others: map[string]bool{}}
	for _, m := range models {
		o.others[m.Name] = true
	}
	for _, w := range words {
		found := len(models) == 0
		for _, name := range w.names {
			m, ok := choose(name, models)
			if !ok && len(models) > 0 {
				continue
			}
			found = true
			if o.targets[m.Name] == nil {
				o.ask = append(o.ask, m.Name)
				o.targets[m.Name] = &target{model: w.model, phrase: phrase(w.model, m.Phrase)}
			}
			delete(o.others, m.Name)
		}
		if !found {
			o.missing = append(o.missing, w.names...)
		}
	}
	return o
}

// choose finds a model by its name, else by what is left of the name without version and spelling.
func choose(name string, models []model) (m model, ok bool) {
	for _, same := range []func(string) bool{
		func(s string) bool { return s == name },
		func(s string) bool { return plain(s) == plain(name) },
	} {
		if i := slices.IndexFunc(models, func(m model) bool { return same(m.Name) }); i >= 0 {
			return models[i], true
		}
	}
	return model{Name: name}, false
}

// find tells what a detection means to us: nil when nothing. An engine that is asked for one word need not name it.
func (o *offer) find(name string) *target {
	if t := o.targets[name]; t != nil || o.others[name] {
		return t
	}
	if name == "" && len(o.ask) == 1 {
		return o.targets[o.ask[0]]
	}
	for _, asked := range o.ask {
		if plain(asked) == plain(name) {
			return o.targets[asked]
		}
	}
	return nil
}

// version is what openWakeWord adds to the names of its models, such as in ok_nabu_v0.1.
//
// ref: github.com/rhasspy/wyoming-openwakeword README.md
var version = regexp.MustCompile(`_v[0-9.]+$`)

func plain(name string) string {
	name = version.ReplaceAllString(strings.ToLower(strings.TrimSpace(name)), "")
	return strings.ReplaceAll(name, "_", " ")
}

// phrase is what people say: in the engine's words when they are fit to be shown.
func phrase(id, said string) string {
	said = strings.TrimSpace(said)
	if said == "" || len(said) > maxPhraseBytes || strings.ContainsFunc(said, unicode.IsControl) {
		return strings.ReplaceAll(id, "_", " ")
	}
	return said
}
