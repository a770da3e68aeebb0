package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/rs/zerolog"

	"earshot/bridge"
	"earshot/detector"
	"earshot/detector/silero"
	wakeengine "earshot/detector/wyoming"
	"earshot/discovery"
	"earshot/history"
	"earshot/internal/audio"
	"earshot/internal/config"
	"earshot/internal/speaker"
)

// speechWeights is the file of the voice-activity network in the folder of the models.
const speechWeights = "silero_vad_16k_op15.onnx"

// satelliteModels loads every wake-word model that the satellites name, each once.
// A name that is not there is a mistake in the configuration; a folder without any model is not.
func satelliteModels(cfg config.Config, file string) (map[string]*detector.Model, error) {
	models := map[string]*detector.Model{}
	wrong := &config.Error{File: file}
	for i, sat := range cfg.Satellites {
		if sat.Wake != "" {
			continue // the engine has the models
		}
		for j, w := range sat.WakeWords {
			if models[w.Model] != nil {
				continue
			}
			m, err := detector.LoadModel(filepath.Join(cfg.Models.Dir, w.Model+".json"))
			if err != nil {
				wrong.Problems = append(wrong.Problems, config.Problem{
					Key: fmt.Sprintf("satellites[%d].wake_words[%d]", i, j), Message: err.Error() + modelHint(cfg.Models.Dir),
				})
				continue
			}
			models[w.Model] = m
		}
	}
	switch {
	case len(wrong.Problems) == 0:
		return models, nil
	case len(usable(cfg.Models.Dir)) == 0:
		return nil, fmt.Errorf("there is no wake-word model in %s; fetch them with `make models`, or set models.dir", cfg.Models.Dir)
	default:
		return nil, wrong
	}
}

// usable lists the models of a folder that can be loaded.
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

// parts builds the satellites of a configuration.
type parts struct {
	cfg       config.Config
	models    map[string]*detector.Model
	speech    *silero.Model
	assistant assistant
	arbiter   *bridge.Arbiter // one for all satellites
	history   *history.History
	log       zerolog.Logger
}

func newParts(cfg config.Config, file string, hist *history.History, log zerolog.Logger) (*parts, error) {
	p := &parts{cfg: cfg, history: hist, log: log, arbiter: &bridge.Arbiter{}}
	var err error
	if p.models, err = satelliteModels(cfg, file); err != nil {
		return nil, err
	}
	if p.speech, err = silero.Load(filepath.Join(cfg.Models.Dir, speechWeights)); err != nil {
		return nil, fmt.Errorf("%w; fetch it with `make models`", err)
	}
	if p.assistant, err = newAssistant(cfg, log); err != nil {
		return nil, err
	}
	return p, nil
}

// remoteEars are an engine on another machine; it has to be run.
func remoteEars(cfg bridge.Config, log zerolog.Logger) (*wakeengine.Engine, error) {
	engine := wakeengine.Config{Addr: cfg.Wake, Names: map[string]string{}}
	for _, w := range cfg.WakeWords {
		engine.Words = append(engine.Words, w.Model)
		if w.Remote != "" {
			engine.Names[w.Remote] = w.Model
		}
	}
	return wakeengine.New(engine, log)
}

// room builds one satellite.
func (p *parts) room(cfg bridge.Config, archive bridge.Archive) (*room, error) {
	log := p.log.With().Str("component", "satellite").Str("satellite", cfg.ID).Logger()
	r := &room{id: cfg.ID, configured: cfg, microphone: audio.NewMicrophone(cfg.Microphone, log)}
	var heard ears
	var err error
	if cfg.Wake == "" {
		heard, err = p.localEars(cfg)
	} else if r.engine, err = remoteEars(cfg, log); err == nil {
		heard = r.engine
	}
	if err != nil {
		return nil, err
	}
	r.ears = &choosyEars{ears: heard}
	r.newEndpointer = func() *detector.Endpointer {
		return detector.NewEndpointer(p.speech.NewStream(), detector.EndpointConfig{})
	}
	r.Satellite = bridge.NewSatellite(cfg, p.deps(cfg, r, archive, log))
	return r, nil
}

// deps are the parts that a satellite works with.
func (p *parts) deps(cfg bridge.Config, r *room, archive bridge.Archive, log zerolog.Logger) bridge.Deps {
	deps := bridge.Deps{
		Microphone:    r.microphone,
		Detector:      r.ears,
		NewEndpointer: r.newEndpointer,
		History:       p.history,
		Settings:      p.history,
		Transcriber:   p.assistant.transcriber,
		Agent:         p.assistant.agent,
		Arbiter:       p.arbiter,
		Language:      p.cfg.STT.Language,
		Device:        discovery.Identifier(cfg.ID),
		Log:           log,
	}
	if p.assistant.phrases != nil {
		deps.Privacy = &bridge.Privacy{Phrases: p.assistant.phrases, Archive: archive, Calendar: p.history.Calendar()}
	}
	box := boxVoice{speaker.New(cfg.Reply.Speaker, log)}
	if cfg.Reply.Sounds {
		deps.Sounds = box
	}
	switch home := p.assistant.home; {
	case home == nil:
	case cfg.Reply.MediaPlayer != "":
		deps.Voice = householdVoice{home, cfg.Reply.MediaPlayer}
	case cfg.Reply.Speaker.Driver != "none":
		deps.Voice = box
	}
	return deps
}
