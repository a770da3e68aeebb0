package main

import (
	"fmt"
	"path/filepath"

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

// parts builds the satellites of a configuration.
type parts struct {
	cfg       config.Config
	models    *wakeModels
	speech    *silero.Model
	assistant assistant
	arbiter   *bridge.Arbiter // one for all satellites
	history   *history.History
	log       zerolog.Logger
}

func newParts(cfg config.Config, file string, hist *history.History, log zerolog.Logger) (*parts, error) {
	p := &parts{cfg: cfg, history: hist, log: log, arbiter: &bridge.Arbiter{}}
	p.models = newWakeModels(cfg.Models.Dir)
	if err := p.models.load(cfg, file); err != nil {
		return nil, err
	}
	var err error
	if p.speech, err = silero.Load(filepath.Join(cfg.Models.Dir, speechWeights)); err != nil {
		return nil, fmt.Errorf("%w; fetch it with `make models`", err)
	}
	if p.assistant, err = newAssistant(cfg, log); err != nil {
		return nil, err
	}
	return p, nil
}

// again has the parts for another configuration of what can be changed while they work: models, spoken sentences, and satellites.
func (p *parts) again(cfg config.Config, file string) (*parts, error) {
	next := *p
	next.cfg, next.models = cfg, p.models.again()
	if err := next.models.load(cfg, file); err != nil {
		return &next, err
	}
	var err error
	next.assistant.phrases, err = phrases(cfg, p.assistant.transcriber != nil)
	return &next, err
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
		if r.models, err = p.satelliteModels(cfg); err == nil {
			tellLooks(log, cfg.WakeWords, r.models)
			heard, err = localEars(cfg, r.models)
		}
	} else if r.engine, err = remoteEars(cfg, log); err == nil {
		heard = r.engine
	}
	if err != nil {
		return nil, err
	}
	r.ears = &choosyEars{ears: heard}
	r.newEndpointer = func(cfg detector.EndpointConfig) *detector.Endpointer {
		return detector.NewEndpointer(p.speech.NewStream(), cfg)
	}
	r.Satellite = bridge.NewSatellite(cfg, p.deps(cfg, r, archive, log))
	return r, nil
}

// deps are the parts that a satellite works with.
func (p *parts) deps(cfg bridge.Config, r *room, archive bridge.Archive, log zerolog.Logger) bridge.Deps {
	deps := bridge.Deps{
		Microphone:    r.microphone,
		Detector:      r.ears,
		NewEndpointer: func() *detector.Endpointer { return r.newEndpointer(detector.EndpointConfig{}) },
		History:       p.history,
		Settings:      p.history,
		Transcriber:   p.assistant.transcriber,
		Agent:         p.assistant.agent,
		Arbiter:       p.arbiter,
		Language:      p.cfg.STT.Language,
		Device:        discovery.Identifier(cfg.ID),
		Log:           log,
	}
	if p.cfg.History.NearMisses {
		deps.Refused = r.ears.Refused
	}
	if p.assistant.phrases != nil {
		deps.Privacy = &bridge.Privacy{Phrases: p.assistant.phrases, Archive: archive, Calendar: p.history.Calendar()}
	}
	box := boxVoice{speaker.New(cfg.Reply.Speaker, log), p.assistant.home}
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
