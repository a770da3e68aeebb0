package history

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Save says what of a recording is stored.
type Save string

// What can be stored.
const (
	SaveAll     Save = "audio+text"
	SaveText    Save = "text"
	SaveNothing Save = "nothing" // not even that something was heard
)

// Valid tells whether s is one of the three.
func (s Save) Valid() bool { return s == SaveAll || s == SaveText || s == SaveNothing }

// Config is the history section of the configuration file.
type Config struct {
	Dir      string `yaml:"dir"`
	Save     Save   `yaml:"save"`
	TimeZone string `yaml:"time_zone"` // IANA name; empty takes this machine's
}

// DefaultConfig stores audio and text below ./data.
func DefaultConfig() Config { return Config{Dir: "./data", Save: SaveAll} }

// Validate names every key that is wrong and says what is allowed; it is empty when all is well.
func (c Config) Validate() map[string]string {
	wrong := map[string]string{}
	if c.Dir == "" {
		wrong["dir"] = "is empty; name the folder for the database and the recordings, such as ./data"
	}
	if !c.Save.Valid() {
		wrong["save"] = fmt.Sprintf("%q is not known; use audio+text, text or nothing", c.Save)
	}
	if _, err := c.location(); err != nil || c.TimeZone == "Local" {
		wrong["time_zone"] = fmt.Sprintf("%q is not a time zone; write it like Europe/Berlin", c.TimeZone)
	}
	return wrong
}

func (c Config) location() (*time.Location, error) {
	if c.TimeZone == "" {
		return machineZone(), nil
	}
	return time.LoadLocation(c.TimeZone)
}

// machineZone is this machine's zone by its own name: entries keep the name, and "Local" would mean something else after a move.
// Where nothing tells the name it is time.Local.
func machineZone() *time.Location {
	name, set := os.LookupEnv("TZ")
	name = strings.TrimPrefix(name, ":")
	if !set {
		if target, err := filepath.EvalSymlinks("/etc/localtime"); err == nil {
			_, name, _ = strings.Cut(target, "/zoneinfo/")
		}
	}
	loc, err := time.LoadLocation(name) // "" is UTC, as it is for TZ
	if err != nil || (name == "" && !set) {
		return time.Local
	}
	return loc
}
