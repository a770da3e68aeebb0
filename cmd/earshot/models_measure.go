package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"earshot/bridge"
	"earshot/detector"
)

// measuring is how a measurement is asked for.
type measuring struct {
	negatives *string
	config    *string
}

func measureFlags(f *flag.FlagSet) measuring {
	return measuring{
		negatives: f.String("negatives", "", "measure with the WAV files of this folder, in which nobody says the word"),
		config:    f.String("config", "", "configuration file: measure with your own recordings that were not meant for the assistant"),
	}
}

// folder is where the models lie: the configuration says it, unless a flag does.
func (m measuring) folder(f *flag.FlagSet, given string) (string, error) {
	if *m.config == "" || isSet(f, "models") {
		return given, nil
	}
	cfg, err := loadConfig(*m.config)
	return cfg.Models.Dir, err
}

// measureCommand tells how often models fire where nobody says their word.
func measureCommand(ctx context.Context, t terminal, args []string) error {
	f := flags("models measure")
	dir := f.String("models", "./models", "folder of the models")
	asJSON := f.Bool("json", false, "print JSON")
	with := measureFlags(f)
	names, err := parseAround(f, args)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return usageError{"name a model, as `earshot models list` shows it"}
	}
	folder, err := with.folder(f, *dir)
	if err != nil {
		return err
	}
	results, err := measure(ctx, folder, names, with)
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(t, results)
	}
	for _, r := range results {
		r.tell(t)
	}
	return nil
}

// measure is what follows when models were added.
func (a *adder) measure(ctx context.Context, with measuring) error {
	results, err := measure(ctx, a.dir, a.added, with)
	if errors.Is(err, fs.ErrNotExist) && *with.negatives == "" && *with.config == "" {
		err = nil // the network is missing, which has been said
	}
	if err != nil {
		return fmt.Errorf("%w; what was added stays", err)
	}
	if len(results) == 0 {
		fmt.Fprintln(a.t.out, "How often it fires by mistake was not measured here: `earshot models measure NAME` does that, with recordings of yours.")
	}
	for _, r := range results {
		r.tell(a.t)
	}
	return nil
}

// measured is how often a model fired, used in one way, in one kind of recordings in which nobody says its word.
type measured struct {
	Model        string  `json:"model"`
	Engine       string  `json:"engine"`
	SecondLook   string  `json:"second_look"` // the model that looked again; empty: none
	Threshold    float64 `json:"threshold"`
	Recordings   string  `json:"recordings"` // what it listened to
	Files        int     `json:"files"`
	FiredIn      int     `json:"fired_in"` // of them
	Fired        int     `json:"fired"`
	Hours        float64 `json:"hours"`
	FalsePerHour float64 `json:"false_per_hour"`
	// Better is the lowest threshold that would have fired less than once an hour; 0: not looked for, or there is none.
	Better float64 `json:"better_threshold"`
}

// The kinds of recordings. The household's own are short and chosen: how often a model fires in an hour of them says nothing.
const (
	ourSpeech      = "the speech and music that come with Earshot"
	madeUp         = "made noise, music and talk without words"
	someRecordings = "these recordings"
	ownRecordings  = "your own recordings that were not meant for the assistant"
)

// measure hears with all kinds of recordings there are. Of the speech that comes with the program only the embeddings are there, so that a microWakeWord
// model cannot hear it: without recordings it hears what is made up instead.
func measure(ctx context.Context, dir string, names []string, with measuring) (all []measured, err error) {
	models := newWakeModels(dir)
	var ways []*detector.Model
	for _, name := range names {
		more, err := models.ways(name)
		if err != nil {
			return nil, err
		}
		ways = append(ways, more...)
	}
	made := "made"
	if *with.negatives != "" || *with.config != "" {
		made = ""
	}
	for _, kind := range []struct {
		name, given string
		play        func(context.Context, string, *audience) error
	}{{ourSpeech, "bank", models.playBank}, {madeUp, made, playMadeUp}, {someRecordings, *with.negatives, playFolder}, {ownRecordings, *with.config, playHousehold}} {
		if kind.given == "" {
			continue
		}
		ways := ways
		switch kind.name {
		case ourSpeech:
			ways = toldFromSpeech(ways, true)
		case madeUp:
			ways = toldFromSpeech(ways, false)
		}
		a, err := newAudience(ways)
		if err != nil {
			return nil, err
		}
		if err := kind.play(ctx, kind.given, a); err != nil {
			return nil, fmt.Errorf("measure with %s: %w", kind.name, err)
		}
		for _, l := range a.listeners {
			all = append(all, a.result(l, kind.name))
		}
	}
	return all, nil
}

// toldFromSpeech are the ways that need no more than speech embeddings, or the others.
func toldFromSpeech(ways []*detector.Model, told bool) (list []*detector.Model) {
	for _, m := range ways {
		if (m.NewScorer() != nil) == told {
			list = append(list, m)
		}
	}
	return list
}

// ways are the ways in which a model of the folder can be listened with: alone, looked at by another, and looking at others.
func (m *wakeModels) ways(name string) (ways []*detector.Model, err error) {
	words := []string{}
	for _, word := range usable(m.dir) {
		if word == name {
			alone, err := m.microWord(word)
			if err != nil {
				return nil, err
			}
			ways = append(ways, alone)
		}
		if second := secondLook(m.dir, word); second != "" && (word == name || second == name) {
			words = append(words, word)
		}
	}
	for _, told := range []struct {
		names []string
		load  func(string) (*detector.Model, error)
	}{{speechNames(m.dir), m.speechWord}, {ownNames(m.dir), m.ownWord}} {
		if !slices.Contains(told.names, name) {
			continue
		}
		model, err := told.load(name)
		if err != nil {
			return nil, err
		}
		ways = append(ways, model)
	}
	if len(ways) == 0 {
		return nil, fmt.Errorf("there is no model %q in %s%s", name, m.dir, modelHint(m.dir))
	}
	for _, word := range words {
		twice, err := m.word(bridge.WakeWord{Model: word})
		if err != nil {
			return nil, err
		}
		ways = append(ways, twice)
	}
	return ways, nil
}

// result is what a listener has heard.
func (a *audience) result(l *listener, kind string) measured {
	hours := float64(a.samples) / detector.SampleRate / 3600
	r := measured{
		Model: l.model.ID, Engine: engineOf(l.model), SecondLook: l.model.SecondLook(), Threshold: l.model.Cutoff, Recordings: kind,
		Files: a.files, FiredIn: l.firedIn, Fired: l.fired, Hours: hours,
	}
	if hours > 0 {
		r.FalsePerHour = float64(r.Fired) / hours
	}
	if r.SecondLook == "" && kind != ownRecordings && r.FalsePerHour >= 1 {
		r.Better = l.better(hours)
	}
	return r
}

func engineOf(m *detector.Model) string { return cmp.Or(m.Engine, bridge.MicroWakeWord) }

func (r measured) tell(t terminal) {
	name := fmt.Sprintf("%s (%s, threshold %.2f)", r.Model, r.Engine, r.Threshold)
	if r.SecondLook != "" {
		name = fmt.Sprintf("%s, looked at a second time by %s", r.Model, filepath.Join(speechFolder, r.SecondLook))
	}
	if r.Recordings == ownRecordings {
		fmt.Fprintf(t.out, "%s: this model fired in %d of %d of %s\n", name, r.FiredIn, r.Files, r.Recordings)
		return
	}
	switch {
	case r.Fired == 0:
		// ref: the rule of three: the 95 % bound of a rate of which nothing was seen
		fmt.Fprintf(t.out, "%s: this model did not fire in %s of %s, which tells no more than that it fires less than %.2g times an hour\n", name, span(r.Hours), r.Recordings, 3/r.Hours)
	case r.FalsePerHour < 1:
		fmt.Fprintf(t.out, "%s: this model fired %.2f times an hour on %s (%s in %s)\n", name, r.FalsePerHour, r.Recordings, times(r.Fired), span(r.Hours))
	default:
		fmt.Fprintf(t.out, "warning: %s: this model fired %.3g times an hour on %s (%s in %s)\n", name, r.FalsePerHour, r.Recordings, times(r.Fired), span(r.Hours))
		r.advise(t)
	}
}

// advise says what to do about a model that fires often.
func (r measured) advise(t terminal) {
	switch {
	case r.SecondLook != "":
	case r.Better > 0:
		engine := ""
		if r.Engine != bridge.MicroWakeWord {
			engine = ", engine: " + r.Engine
		}
		fmt.Fprintf(t.out, "  over %.2f it would have fired less than once an hour, and will miss the word more often: {model: %s%s, threshold: %.2f}\n", r.Better, r.Model, engine, r.Better)
	default:
		fmt.Fprintln(t.out, "  no threshold up to 0.99 would have made that less than once an hour: take another model, unless the word is said in these recordings")
	}
}
