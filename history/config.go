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
	Dir        string          `yaml:"dir"`
	Save       Save            `yaml:"save"`
	NearMisses bool            `yaml:"near_misses"` // the household wants to see what was nearly heard
	TimeZone   string          `yaml:"time_zone"`   // IANA name; empty takes this machine's
	WeekStart  string          `yaml:"week_start"`  // monday to sunday
	Retention  RetentionConfig `yaml:"retention"`
	Postgres   PostgresConfig  `yaml:"postgres"`
	S3         S3Config        `yaml:"s3"`
}

// RetentionConfig says how long recordings are kept where nothing was switched while the program ran.
type RetentionConfig struct {
	Rules  `yaml:",inline"`
	Limits `yaml:",inline"`
	At     string `yaml:"at"` // local time of the daily run, HH:MM
}

// PostgresConfig names a database that several bridges share. Without a URL the entries are in a file below Config.Dir.
type PostgresConfig struct {
	URL          string `yaml:"url"` // postgres://user@host/database
	Password     string `yaml:"password"`
	PasswordFile string `yaml:"password_file"`
}

// S3Config names a bucket that several bridges share. Without an endpoint the clips are files below Config.Dir.
type S3Config struct {
	Endpoint      string `yaml:"endpoint"` // http(s)://host:port
	Bucket        string `yaml:"bucket"`
	Prefix        string `yaml:"prefix"`
	Region        string `yaml:"region"`
	AccessKey     string `yaml:"access_key"`
	SecretKey     string `yaml:"secret_key"`
	SecretKeyFile string `yaml:"secret_key_file"`
}

// DefaultConfig stores audio and text below ./data until somebody deletes them.
func DefaultConfig() Config {
	return Config{
		Dir: "./data", Save: SaveAll, WeekStart: "monday",
		Retention: RetentionConfig{Rules: Rules{Understood: Never, NotIntended: Never, Failed: Never}, At: "03:30"},
	}
}

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
	if _, ok := weekday(c.WeekStart); !ok {
		wrong["week_start"] = fmt.Sprintf("%q is not a day of the week; write it like monday", c.WeekStart)
	}
	if _, err := time.Parse(clockForm, c.Retention.At); err != nil {
		wrong["retention.at"] = fmt.Sprintf("%q is not a time of day; write it like 03:30", c.Retention.At)
	}
	for key, problem := range c.Retention.Rules.problems() {
		wrong["retention."+key] = problem
	}
	for key, problem := range c.Retention.Limits.problems() {
		wrong["retention."+key] = problem
	}
	if (c.Postgres.URL == "") != (c.S3.Endpoint == "") {
		wrong["s3.endpoint"] = "postgres and s3 belong together: entries that several bridges share need clips that they share; set both, or neither"
	}
	if c.S3.Endpoint != "" && c.S3.Bucket == "" {
		wrong["s3.bucket"] = "is empty; name the bucket for the recordings"
	}
	return wrong
}

func (c Config) location() (*time.Location, error) {
	if c.TimeZone == "" {
		return machineZone(), nil
	}
	return time.LoadLocation(c.TimeZone)
}

// weekday finds a day by its English name.
func weekday(name string) (time.Weekday, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(d.String(), name) {
			return d, true
		}
	}
	return 0, false
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
