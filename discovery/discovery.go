// Package discovery shows each satellite, and the bridge itself, as devices of Home Assistant over MQTT.
package discovery

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/rs/zerolog"
)

// Config is what all devices share.
type Config struct {
	Prefix        string   // of discovery topics; empty: homeassistant
	BridgeID      string   // names this bridge in topics; empty: bridge
	Version       string   // of this program; may be empty
	PageURL       string   // the page people manage satellites on, http or https; may be empty
	BirthTopic    string   // where Home Assistant says "online"; empty: homeassistant/status
	Outcomes      []string // how a command can end; none: there is no Command event
	Findings      []string // what can be wrong with a microphone's sound; none: Microphone quality is only ever good
	Assistants    []string // what the Assistant could be when it was last known; see SetAssistants
	HomeAssistant bool     // commands are carried out there: which assistant can be chosen
	DeleteButtons bool     // recordings can be deleted by button
	Former        []string // ids of satellites that this bridge has shown before; those that are no devices any more are taken away
	Announcement  Announcement

	FormerBridges  []string // ids that this bridge has had before; what is left of them is taken away
	FormerPrefixes []string // that it has used before; its descriptions there are taken away
}

// Announcement is what the bridge says of itself on AnnounceTopic, retained, for programs that look for it. It holds no secret.
type Announcement struct {
	ID       string `json:"id"`
	Instance string `json:"instance"` // tells this installation from others; empty: nothing is announced, and no FormerBridges are taken away
	Name     string `json:"name"`
	Version  string `json:"version"`
	URL      string `json:"url"`    // of the page; empty: it listens at every address of its machine, and does not know which of them is yours
	Scheme   string `json:"scheme"` // http or https
	Port     int    `json:"port"`   // of the page and the WebSocket
	API      string `json:"api"`    // path of the WebSocket
	Listen   string `json:"listen"` // host and port
}

// Device is one satellite.
type Device struct {
	ID        string // letters, digits, _ and -
	Name      string // as people call it; empty: ID
	Area      string // the room, suggested to Home Assistant when it first sees the device; may be empty
	WakeWords []WakeWord
}

// WakeWord is a word that a satellite may listen for.
type WakeWord struct {
	ID         string // of its model
	Phrase     string // what people say
	Adjustable bool   // its threshold can be changed
}

// Broker carries messages. OnConnect is called before it runs; it calls the functions that it was given one at a time.
type Broker interface {
	Publish(topic string, payload []byte, retain bool) error
	Subscribe(filter string, fn func(topic string, payload []byte, retained bool))
	Unsubscribe(filter string)
	OnConnect(fn func())
}

// Commands carries out what people ask for in Home Assistant.
type Commands interface {
	Obey(ctx context.Context, o Order) error
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
	cfg   Config
	deps  Deps
	nodes []*node          // the bridge's own first; Run's alone once it runs, as is byID
	byID  map[string]*node // the bridge's own is under ""

	former map[string]*formerBridge // what is known of FormerBridges; only the broker's goroutine touches it

	mail   chan struct{}        // a signal is waiting when the inbox may hold something
	orders [lanes]chan struct{} // the same for the inbox's commands

	mu    sync.Mutex // guards what follows
	inbox inbox
}

// idPattern is what Home Assistant takes as an id in a discovery topic.
var idPattern = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

// New builds the devices, that of the bridge itself among them, and subscribes; it must be called before the broker runs.
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
		byID:   map[string]*node{},
		former: map[string]*formerBridge{},
		mail:   make(chan struct{}, 1),
		inbox:  newInbox(),
	}
	for lane := range d.orders {
		d.orders[lane] = make(chan struct{}, 1)
	}
	satellites, err := d.satelliteNodes(devices)
	if err != nil {
		return nil, err
	}
	hub := hubNode(cfg)
	if hub.config, err = hub.encode(cfg, nil); err != nil {
		return nil, fmt.Errorf("describe the bridge: %w", err)
	}
	d.nodes = append([]*node{hub}, satellites...)
	for _, n := range d.nodes {
		d.byID[n.id] = n
	}
	d.subscribe()
	return d, nil
}

// satelliteNodes are the devices of satellites.
func (d *Discovery) satelliteNodes(devices []Device) ([]*node, error) {
	var nodes []*node
	taken := map[string]bool{hubID: true}
	for _, device := range devices {
		if !idPattern.MatchString(device.ID) {
			return nil, fmt.Errorf("describe satellite %q: its id may hold letters, digits, _ and -", device.ID)
		}
		if taken[device.ID] {
			return nil, fmt.Errorf("describe satellite %q: its id is taken", device.ID)
		}
		taken[device.ID] = true
		n := satelliteNode(d.cfg, device)
		var err error
		if n.config, err = n.encode(d.cfg, nil); err != nil {
			return nil, fmt.Errorf("describe satellite %q: %w", device.ID, err)
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

// SetDevices says which satellites there are from now on: devices of others are taken out of Home Assistant. It does not wait. Its error is New's, and
// then nothing changes.
func (d *Discovery) SetDevices(devices []Device) error {
	nodes, err := d.satelliteNodes(devices)
	if err != nil {
		return err
	}
	d.post(func(in *inbox) { in.devices, in.devicesChanged = nodes, true })
	return nil
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

// AnnounceTopic is where a bridge says what programs need to find it.
func AnnounceTopic(bridgeID string) string { return "earshot/" + bridgeID + "/announce" }

// SetState shows a satellite's state; only what changed is published. It does not wait.
func (d *Discovery) SetState(satellite string, s State) {
	d.post(func(in *inbox) { in.values[satellite] = s.values() })
}

// SetHub shows how the bridge is; only what changed is published. It does not wait.
func (d *Discovery) SetHub(h Hub) {
	d.post(func(in *inbox) { in.values[hubID] = h.values(d.cfg.Version) })
}

// SetAssistants says what every satellite's Assistant can be besides AsConfigured. It does not wait.
func (d *Discovery) SetAssistants(names []string) {
	d.post(func(in *inbox) {
		in.assistants = append([]string{AsConfigured}, names...)
		in.assistantsChanged = true
	})
}

// Wake tells of a detected wake word. It does not wait; while the broker is away it is forgotten.
func (d *Discovery) Wake(satellite string, w Wake) {
	d.happened(satellite, keyWake, wakeEvent{wakeDetected, w.WakeWord, rounded(w.Score), rounded(w.Threshold), w.EntryID})
}

// Command tells how a command has ended. It does not wait; while the broker is away it is forgotten.
func (d *Discovery) Command(satellite string, c Command) {
	if slices.Contains(d.cfg.Outcomes, c.Outcome) { // Home Assistant warns of others
		d.happened(satellite, keyCommand, c.event())
	}
}

// happened queues an event.
func (d *Discovery) happened(satellite, key string, e any) {
	payload, err := json.Marshal(e)
	if err != nil {
		d.deps.Log.Warn().Err(fmt.Errorf("encode event: %w", err)).Str("satellite", satellite).Msg("event lost")
		return
	}
	d.post(func(in *inbox) {
		if len(in.events) == maxEvents {
			in.lost++
			return
		}
		in.events = append(in.events, event{satellite, key, payload})
	})
}

// Ignored counts messages on command topics that were not obeyed: what the entity cannot be, or retained.
func (d *Discovery) Ignored() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.inbox.ignored
}

// post changes the inbox and wakes Run.
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
