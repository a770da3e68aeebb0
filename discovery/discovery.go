// Package discovery shows each satellite as a device of Home Assistant over MQTT.
package discovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// Config is what all devices share.
type Config struct {
	Prefix     string // of discovery topics; empty: homeassistant
	BridgeID   string // names this bridge in topics; empty: bridge
	Version    string // of this program; may be empty
	PageURL    string // the page people manage satellites on, http or https; may be empty
	BirthTopic string // where Home Assistant says "online"; empty: homeassistant/status
}

// Device is one satellite.
type Device struct {
	ID        string // letters, digits, _ and -
	Name      string // as people call it; empty: ID
	Area      string // the room, suggested to Home Assistant when it first sees the device; may be empty
	WakeWords []string
}

// State is what a satellite's entities show.
type State struct {
	Satellite         string // one of SatelliteStates
	Muted             bool
	SaveRecordings    bool
	MicrophoneProblem bool
	AssistProblem     bool // commands are not carried out: Home Assistant is away, or refuses the token
	Recordings        int64
	LastHeard         time.Time // zero: never
}

// SatelliteStates lists what a satellite can be doing; they are the states of Home Assistant's own satellites.
func SatelliteStates() []string { return []string{"idle", "listening", "processing", "responding"} }

// Wake is one detection of a wake word.
type Wake struct {
	WakeWord  string
	Score     float64 // 0..1
	Threshold float64 // 0..1
	EntryID   string  // of the recording in the history; may be empty
}

// Broker carries messages. Subscribe and OnConnect are called before it runs, their functions one at a time.
type Broker interface {
	Publish(topic string, payload []byte, retain bool) error
	Subscribe(filter string, fn func(topic string, payload []byte, retained bool))
	OnConnect(fn func())
}

// Commands carries out what people switch in Home Assistant.
type Commands interface {
	SetMuted(ctx context.Context, satellite string, muted bool) error
	SetSaveRecordings(ctx context.Context, satellite string, save bool) error
}

// Deps are the parts discovery works with.
type Deps struct {
	Broker   Broker
	Commands Commands
	Log      zerolog.Logger
}

// Discovery keeps the devices in Home Assistant up to date. What reaches it from outside is put down in its inbox;
// Run alone reads the inbox and publishes.
type Discovery struct {
	cfg        Config
	deps       Deps
	satellites []*satellite
	byID       map[string]*satellite

	mail   chan struct{} // a signal is waiting when the inbox may hold something
	orders chan struct{} // the same for the inbox's commands

	mu    sync.Mutex // guards what follows
	inbox inbox
}

// idPattern is what Home Assistant takes as an id in a discovery topic.
var idPattern = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

// New builds the devices and subscribes; it must be called before the broker runs.
func New(cfg Config, devices []Device, deps Deps) (*Discovery, error) {
	cfg.Prefix = cmp.Or(cfg.Prefix, "homeassistant")
	cfg.BridgeID = cmp.Or(cfg.BridgeID, "bridge")
	cfg.BirthTopic = cmp.Or(cfg.BirthTopic, "homeassistant/status")
	if err := check(cfg); err != nil {
		return nil, err
	}
	d := &Discovery{
		cfg:    cfg,
		deps:   deps,
		byID:   map[string]*satellite{},
		mail:   make(chan struct{}, 1),
		orders: make(chan struct{}, 1),
		inbox:  newInbox(),
	}
	for _, device := range devices {
		if !idPattern.MatchString(device.ID) {
			return nil, fmt.Errorf("describe satellite %q: its id may hold letters, digits, _ and -", device.ID)
		}
		if d.byID[device.ID] != nil {
			return nil, fmt.Errorf("describe satellite %q: its id is taken", device.ID)
		}
		s, err := newSatellite(cfg, device)
		if err != nil {
			return nil, fmt.Errorf("describe satellite %q: %w", device.ID, err)
		}
		d.satellites = append(d.satellites, s)
		d.byID[device.ID] = s
	}
	d.subscribe()
	return d, nil
}

// check refuses what would make Home Assistant ignore every device, which it would not tell us.
func check(cfg Config) error {
	if !idPattern.MatchString(cfg.BridgeID) {
		return fmt.Errorf("describe bridge %q: its id may hold letters, digits, _ and -", cfg.BridgeID)
	}
	for _, topic := range []string{cfg.Prefix, cfg.BirthTopic} {
		if strings.ContainsAny(topic, "+#\x00") {
			return fmt.Errorf("describe bridge: %q is not a topic", topic)
		}
	}
	if cfg.PageURL == "" {
		return nil
	}
	u, err := url.Parse(cfg.PageURL)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("describe bridge: the page's address is not an http address")
	}
	return nil
}

// AvailabilityTopic is where the broker's last will of a bridge belongs, with the retained payload "offline".
func AvailabilityTopic(bridgeID string) string { return "earshot/" + bridgeID + "/availability" }

// SetState shows a satellite's state; only what changed is published. It does not wait.
func (d *Discovery) SetState(satellite string, s State) {
	d.put(satellite, func(in *inbox) { in.states[satellite] = s })
}

// Wake tells of a detected wake word. It does not wait; while the broker is away it is forgotten.
func (d *Discovery) Wake(satellite string, w Wake) {
	d.put(satellite, func(in *inbox) {
		if len(in.wakes) == maxWakes {
			in.lost++
			return
		}
		in.wakes = append(in.wakes, wakeOf{satellite, w})
	})
}

// Ignored counts messages on command topics that were not obeyed: neither ON nor OFF, or retained.
func (d *Discovery) Ignored() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.inbox.ignored
}

// put changes the inbox for a known satellite and wakes Run.
func (d *Discovery) put(satellite string, change func(*inbox)) {
	if d.byID[satellite] == nil {
		d.deps.Log.Debug().Str("satellite", satellite).Msg("no such device in Home Assistant")
		return
	}
	d.post(change)
}

func (d *Discovery) post(change func(*inbox)) {
	d.mu.Lock()
	change(&d.inbox)
	d.mu.Unlock()
	signal(d.mail)
}

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
