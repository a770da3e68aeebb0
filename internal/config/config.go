// Package config reads the YAML file strictly and reports every mistake in it at once, each with its line and the way out.
package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"earshot/bridge"
	"earshot/bridge/spoken"
	"earshot/history"
	"earshot/internal/mqtt"
	"earshot/internal/server"
)

// Config is the whole file.
type Config struct {
	Satellites    []bridge.Config `yaml:"satellites"`
	Models        Models          `yaml:"models"`
	MQTT          mqtt.Config     `yaml:"mqtt"`
	HomeAssistant HomeAssistant   `yaml:"home_assistant"`
	STT           STT             `yaml:"stt"`
	Discovery     Discovery       `yaml:"discovery"`
	Privacy       Privacy         `yaml:"privacy"`
	History       history.Config  `yaml:"history"`
	Server        server.Config   `yaml:"server"`
	Log           Log             `yaml:"log"`
}

// Models says where the wake-word models lie.
type Models struct {
	Dir     string `yaml:"dir"`
	Shipped string `yaml:"shipped"` // folder of those that a package or an image brings; they are copied to Dir
}

// HomeAssistant is the address of Home Assistant and a long-lived access token for it.
type HomeAssistant struct {
	URL       string `yaml:"url"`
	Token     string `yaml:"token"`
	TokenFile string `yaml:"token_file"`
	// ExternalURL is what browsers reach it by when people sign in; empty: URL.
	ExternalURL string `yaml:"external_url"`
	// CommandWait is how many seconds a command waits for a Home Assistant that is away; then it is stored as failed, with its audio.
	CommandWait int `yaml:"command_wait"`
}

// Discovery is about the devices in Home Assistant.
type Discovery struct {
	DeleteButtons      bool `yaml:"delete_buttons"`      // recordings can be deleted by button
	PublishTranscripts bool `yaml:"publish_transcripts"` // Home Assistant is told what was said, and keeps it
}

// Privacy is about spoken privacy commands, such as "delete what I just said".
type Privacy struct {
	Voice     bool                       `yaml:"voice"`     // they are listened for
	Sentences map[string]spoken.Language `yaml:"sentences"` // more of them, by language
}

// STT names a speech-to-text server for households without Home Assistant.
type STT struct {
	Wyoming  string `yaml:"wyoming"`
	Language string `yaml:"language"`
}

// Log says how much is logged, and how it looks.
type Log struct {
	Level  string `yaml:"level"`
	Format string `yaml:"format"`
}

// Default is the configuration of an empty file. It has no satellite: which microphones there are is for the household to say.
func Default() Config {
	return Config{
		Models:        Models{Dir: "./models", Shipped: "/usr/share/earshot/models"},
		MQTT:          mqtt.DefaultConfig(),
		HomeAssistant: HomeAssistant{CommandWait: 5},
		Discovery:     Discovery{DeleteButtons: true},
		Privacy:       Privacy{Voice: true, Sentences: map[string]spoken.Language{}},
		History:       history.DefaultConfig(),
		Server:        server.DefaultConfig(),
		Log:           Log{Level: "info", Format: "auto"},
	}
}

// maxFile bounds the configuration file, in bytes.
const maxFile = 1 << 20

// Load reads a configuration file over the defaults.
// Everything wrong with it is in the returned *Error; relative paths in it stay relative to the working directory.
func Load(path string) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	if len(data) > maxFile {
		return Config{}, fmt.Errorf("read configuration %s: larger than 1 MiB", path)
	}
	return Parse(filepath.Base(path), data)
}

// Parse reads a configuration; name is what mistakes are reported under.
func Parse(name string, data []byte) (Config, error) {
	cfg := Default()
	r := newReport(name)
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		r.addSyntax(err)
		return Config{}, r.err()
	}
	if len(doc.Content) > 0 {
		root := doc.Content[0]
		r.expandEnv(root)
		r.checkShape(root, cfg)
		if len(r.problems) > 0 {
			// A file of the wrong shape is still checked as far as it can be read, so that all mistakes are said at once.
			_ = decode(root, &cfg)
		} else if err := decode(root, &cfg); err != nil {
			r.addSyntax(err)
		}
	}
	r.readSecrets(&cfg)
	r.checkValues(cfg)
	if err := r.err(); err != nil {
		return Config{}, err
	}
	return cfg, nil
}

// decode fills cfg from the document. Items of lists start from their own defaults, which plain decoding would not know.
func decode(root *yaml.Node, cfg *Config) error {
	err := root.Decode(cfg)
	item := lookup(root, "satellites")
	if item == nil || item.Kind != yaml.SequenceNode {
		return err
	}
	cfg.Satellites = nil
	for _, n := range item.Content {
		sat := bridge.DefaultConfig()
		if e := n.Decode(&sat); e != nil && err == nil {
			err = e
		}
		cfg.Satellites = append(cfg.Satellites, sat)
	}
	return err
}

// readSecrets fills each secret whose `_file` key names a file.
func (r *report) readSecrets(cfg *Config) {
	for _, s := range []struct {
		key, file string
		value     *string
	}{
		{"mqtt.password", cfg.MQTT.PasswordFile, &cfg.MQTT.Password},
		{"home_assistant.token", cfg.HomeAssistant.TokenFile, &cfg.HomeAssistant.Token},
		{"history.postgres.password", cfg.History.Postgres.PasswordFile, &cfg.History.Postgres.Password},
		{"history.s3.secret_key", cfg.History.S3.SecretKeyFile, &cfg.History.S3.SecretKey},
	} {
		if s.file == "" {
			continue
		}
		if *s.value != "" {
			r.add(s.key+"_file", fmt.Sprintf("%s is set too; keep one of the two", s.key))
			continue
		}
		data, err := os.ReadFile(s.file)
		if err != nil {
			r.add(s.key+"_file", fmt.Sprintf("cannot be read: %v", err))
			continue
		}
		*s.value = strings.TrimSpace(string(data))
	}
}
