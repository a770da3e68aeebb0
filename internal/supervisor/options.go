package supervisor

import (
	"encoding/json"
	"fmt"
	"os"

	"gopkg.in/yaml.v3"
)

// options are what a household sets in Home Assistant, as the Supervisor writes them into a file. It has checked them against the schema of the
// add-on's config.yaml, which names the same keys.
type options struct {
	Satellites        []satellite `json:"satellites"`
	Save              string      `json:"save"`
	KeepCommands      string      `json:"keep_commands"`
	KeepFalseTriggers string      `json:"keep_false_triggers"`
	Members           string      `json:"members"`
	BridgeID          string      `json:"bridge_id"`
	LogLevel          string      `json:"log_level"`
}

type satellite struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Area        string   `json:"area"`
	Microphone  string   `json:"microphone"` // as PulseAudio calls it; empty: the one that is chosen under Audio
	Channel     int      `json:"channel"`
	GainDB      float64  `json:"gain_db"`
	WakeWords   []string `json:"wake_words"`
	Pipeline    string   `json:"pipeline"` // for all of the wake words
	MediaPlayer string   `json:"media_player"`
	Speaker     bool     `json:"speaker"` // replies are spoken by the speaker that is chosen under Audio
}

// section is a part of a configuration file. Keys that a household has left out stay out, so that the defaults hold.
type section map[string]any

// set puts a value in, unless it is empty.
func (s section) set(key string, value any) {
	switch v := value.(type) {
	case string:
		if v == "" {
			return
		}
	case section:
		if len(v) == 0 {
			return
		}
	}
	s[key] = value
}

// Options reads the file of the options, /data/options.json within an add-on, and makes a configuration file of it.
func Options(path string) (yamlText []byte, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the options: %w", err)
	}
	var o options
	if err := json.Unmarshal(data, &o); err != nil {
		return nil, fmt.Errorf("read the options from %s: %w", path, err)
	}
	satellites := []section{}
	for _, s := range o.Satellites {
		satellites = append(satellites, s.section())
	}
	retention := section{}
	retention.set("understood", o.KeepCommands)
	retention.set("failed", o.KeepCommands)
	retention.set("not_intended", o.KeepFalseTriggers)
	history, server, log, mqtt := section{}, section{}, section{}, section{}
	history.set("save", o.Save)
	history.set("retention", retention)
	server.set("members", o.Members)
	log.set("level", o.LogLevel)
	mqtt.set("bridge_id", o.BridgeID)
	file := section{"satellites": satellites}
	file.set("history", history)
	file.set("server", server)
	file.set("log", log)
	file.set("mqtt", mqtt)
	return yaml.Marshal(file)
}

func (s satellite) section() section {
	one := section{"id": s.ID, "microphone": section{"device": s.Microphone, "channel": s.Channel, "gain_db": s.GainDB}}
	one.set("name", s.Name)
	one.set("area", s.Area)
	if len(s.WakeWords) > 0 {
		words := []section{}
		for _, w := range s.WakeWords {
			word := section{"model": w}
			word.set("pipeline", s.Pipeline)
			words = append(words, word)
		}
		one["wake_words"] = words
	}
	reply := section{}
	reply.set("media_player", s.MediaPlayer)
	if s.Speaker {
		reply["speaker"] = section{"driver": "pulse"} // the only sound that an add-on is given
	}
	one.set("reply", reply)
	return one
}
