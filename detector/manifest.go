package detector

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
)

// typeMicro is what manifests of this kind of model say in their field "type".
const typeMicro = "micro"

const (
	maxManifest = 64 << 10 // bytes
	maxWindow   = 100      // inferences; the known models have 5 to 10
	maxWakeWord = 100      // bytes
	stepMillis  = 10
)

// manifest describes a model. Fields that only concern microcontrollers are left out.
//
// ref: https://esphome.io/components/micro_wake_word, manifest version 2
type manifest struct {
	Type      string   `json:"type"`
	WakeWord  string   `json:"wake_word"`
	Author    string   `json:"author"`
	Website   string   `json:"website"`
	Model     string   `json:"model"`
	Languages []string `json:"trained_languages"`
	Version   int      `json:"version"`
	Micro     struct {
		Cutoff   float64 `json:"probability_cutoff"`
		Window   int     `json:"sliding_window_size"`
		StepSize int     `json:"feature_step_size"`
	} `json:"micro"`
}

// parseManifest reads a manifest and refuses what this package cannot run.
func parseManifest(data []byte) (manifest, error) {
	var m manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("read manifest: %w", err)
	}
	if err := m.check(); err != nil {
		return m, fmt.Errorf("read manifest: %w", err)
	}
	return m, nil
}

func (m *manifest) check() error {
	switch {
	case m.Type != typeMicro:
		return fmt.Errorf("type is %q, only %q is supported", m.Type, typeMicro)
	case m.Version == 1:
		return errors.New("version is 1: such models take steps of 20 ms and are not supported, use version 2 of the model")
	case m.Version != 2:
		return fmt.Errorf("version is %d, only 2 is supported", m.Version)
	case m.Micro.StepSize != stepMillis:
		return fmt.Errorf("micro.feature_step_size is %d ms, only %d is supported", m.Micro.StepSize, stepMillis)
	case m.Micro.Cutoff <= 0 || m.Micro.Cutoff > 1:
		return fmt.Errorf("micro.probability_cutoff is %v, want over 0 and up to 1", m.Micro.Cutoff)
	case m.Micro.Window < 1 || m.Micro.Window > maxWindow:
		return fmt.Errorf("micro.sliding_window_size is %d, want 1 to %d", m.Micro.Window, maxWindow)
	case strings.TrimSpace(m.WakeWord) == "" || len(m.WakeWord) > maxWakeWord || strings.ContainsFunc(m.WakeWord, unicode.IsControl):
		return fmt.Errorf("wake_word is %q, want 1 to %d characters of text", m.WakeWord, maxWakeWord)
	}
	return m.checkPath()
}

// checkPath keeps a manifest from reaching files elsewhere.
func (m *manifest) checkPath() error {
	switch {
	case m.Model == "":
		return errors.New("model is missing, want the name of a .tflite file")
	case strings.Contains(m.Model, "://"):
		return fmt.Errorf("model %q is an address, want the name of a .tflite file beside the manifest", m.Model)
	case strings.Contains(m.Model, "..") || strings.ContainsAny(m.Model, "\\\x00") || !filepath.IsLocal(m.Model):
		return fmt.Errorf("model %q leads away from the manifest, want the name of a .tflite file beside it", m.Model)
	}
	return nil
}
