// Package catalogue lists wake-word models that can be fetched, with their licences and what was measured of them.
package catalogue

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"regexp"

	"gopkg.in/yaml.v3"
)

//go:embed catalogue.yaml
var shipped []byte

// Model is an openWakeWord model that can be fetched.
type Model struct {
	Name       string    `yaml:"name" json:"name"` // that of its file, without the ending
	Word       string    `yaml:"word" json:"word"` // as people say it
	URL        string    `yaml:"url" json:"url"`   // https; of the file, or of a ZIP archive that has it inside
	Inside     string    `yaml:"inside" json:"inside,omitempty"`
	SHA256     string    `yaml:"sha256" json:"sha256"` // of the model, in hexadecimal digits
	Size       int64     `yaml:"size" json:"size"`     // bytes of the model
	Languages  []string  `yaml:"languages" json:"languages"`
	Measured   *Measured `yaml:"measured" json:"measured,omitempty"` // nil: nothing was
	Notes      string    `yaml:"notes" json:"notes,omitempty"`
	By         string    `yaml:"-" json:"by"`
	Licence    string    `yaml:"-" json:"licence"`
	LicenceURL string    `yaml:"-" json:"licence_url"`
	Means      string    `yaml:"-" json:"licence_means"` // the licence for a household, in plain words
}

// Measured is what was seen of a model at a threshold.
type Measured struct {
	Threshold    float64  `yaml:"threshold" json:"threshold"`
	Set          string   `yaml:"set" json:"set"`                             // what it was measured with
	MissedClean  *float64 `yaml:"missed_clean" json:"missed_clean,omitempty"` // per cent of the words; nil: not measured
	Missed10dB   *float64 `yaml:"missed_10db" json:"missed_10db,omitempty"`   // with noise 10 dB below the voice
	FalsePerHour float64  `yaml:"false_per_hour" json:"false_per_hour"`       // in speech and noise without the word
	Hours        float64  `yaml:"hours" json:"hours"`                         // of that
}

// origin is where models come from together.
type origin struct {
	By         string  `yaml:"by"`
	Licence    string  `yaml:"licence"`
	LicenceURL string  `yaml:"licence_url"`
	Means      string  `yaml:"licence_means"`
	URL        string  `yaml:"url"` // of models that have none of their own
	Models     []Model `yaml:"models"`
}

// Shipped is the catalogue that is part of the program.
func Shipped() ([]Model, error) { return Parse(shipped) }

// Parse reads a catalogue in YAML. Every mistake in it is an error, as is a name that is there twice.
func Parse(data []byte) ([]Model, error) {
	var origins []origin
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&origins); err != nil {
		return nil, fmt.Errorf("read catalogue: %w", err)
	}
	var all []Model
	seen := map[string]bool{}
	for _, o := range origins {
		for _, m := range o.Models {
			m.By, m.Licence, m.LicenceURL, m.Means = o.By, o.Licence, o.LicenceURL, o.Means
			if m.URL == "" {
				m.URL = o.URL
			}
			if err := m.check(); err != nil {
				return nil, fmt.Errorf("read catalogue: model %q: %w", m.Name, err)
			}
			if seen[m.Name] {
				return nil, fmt.Errorf("read catalogue: model %q is there twice", m.Name)
			}
			seen[m.Name] = true
			all = append(all, m)
		}
	}
	return all, nil
}

var (
	namePattern = regexp.MustCompile(`^[a-z0-9_]+$`)
	sumPattern  = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// maxModel is the most bytes of a model. ref: detector/openwakeword reads no larger one.
const maxModel = 4 << 20

func (m *Model) check() error {
	switch {
	case !namePattern.MatchString(m.Name):
		return errors.New("the name may have small letters, digits and _")
	case m.Word == "" || m.By == "":
		return errors.New("word and by are needed")
	case m.Licence == "" || m.LicenceURL == "" || m.Means == "":
		return errors.New("licence, licence_url and licence_means are needed")
	case !sumPattern.MatchString(m.SHA256):
		return errors.New("sha256 needs 64 digits of 0-9 and a-f")
	case m.Size < 1 || m.Size > maxModel:
		return fmt.Errorf("size is %d, want 1 to %d bytes", m.Size, maxModel)
	}
	if u, err := url.Parse(m.URL); err != nil || u.Scheme != "https" || u.Host == "" {
		return errors.New("url has to begin with https://")
	}
	return nil
}
