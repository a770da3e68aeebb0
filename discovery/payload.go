package discovery

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"
)

// The payloads of switches, buttons, binary sensors and availability that Home Assistant expects unless told otherwise.
const (
	switchOn    = "ON"
	switchOff   = "OFF"
	buttonPress = "PRESS"
	online      = "online"
	offline     = "offline"
	unknown     = "None" // a sensor or select without a value
)

// originName is how our descriptions are told from those of others.
const originName = "Earshot"

// entityQoS is the same for all: the availability topic is shared, and Home Assistant would subscribe to it anew for each level.
const entityQoS = 1

// payload describes a device with all its entities.
// ref: home-assistant.io/integrations/mqtt, device discovery payload and supported abbreviations
type payload struct {
	Device       device               `json:"dev"`
	Origin       origin               `json:"o"`
	Availability string               `json:"avty_t"`
	Components   map[string]component `json:"cmps"`
}

type device struct {
	IDs []string `json:"ids"`
	// Connections is empty but there: without it Home Assistant 2025.4 can trip over its own lookup while it starts.
	Connections      []string `json:"cns"`
	Name             string   `json:"name"`
	Manufacturer     string   `json:"mf"`
	Model            string   `json:"mdl"`
	SoftwareVersion  string   `json:"sw,omitempty"`
	SuggestedArea    string   `json:"sa,omitempty"`
	ConfigurationURL string   `json:"cu,omitempty"`
}

type origin struct {
	Name            string `json:"name"`
	SoftwareVersion string `json:"sw,omitempty"`
}

// component describes an entity. One with nothing but a platform takes the entity away.
type component struct {
	Platform       string   `json:"p"`
	UniqueID       string   `json:"uniq_id,omitempty"`
	Name           string   `json:"name,omitempty"`
	StateTopic     string   `json:"stat_t,omitempty"`
	CommandTopic   string   `json:"cmd_t,omitempty"`
	QoS            int      `json:"qos,omitempty"`
	DeviceClass    string   `json:"dev_cla,omitempty"`
	StateClass     string   `json:"stat_cla,omitempty"`
	Unit           string   `json:"unit_of_meas,omitempty"`
	EntityCategory string   `json:"ent_cat,omitempty"`
	Icon           string   `json:"ic,omitempty"`
	EventTypes     []string `json:"evt_typ,omitempty"`
	Options        []string `json:"ops,omitempty"`
	Enabled        *bool    `json:"en,omitempty"` // nil: yes
	*span
	*presence
}

// span is what a number can be.
type span struct {
	Min  float64 `json:"min"`
	Max  float64 `json:"max"`
	Step float64 `json:"step"`
	Mode string  `json:"mode"`
}

// presence is a binary sensor that shows an availability.
type presence struct {
	On           string `json:"pl_on"`
	Off          string `json:"pl_off"`
	Availability string `json:"avty_t"`
	Unavailable  string `json:"pl_not_avail"`
}

// node is one device as Run knows it.
type node struct {
	id          string // of the satellite; hubID for the bridge
	topics      string // what its topics begin with
	configTopic string
	device      device
	entities    map[string]entity

	config    []byte               // its description as it should be now
	published publication          // what was last said of it
	values    map[string]string    // nil until somebody said it
	shown     map[string]string    // newest payload by entity
	paced     map[string]time.Time // when an entity that must wait for its turn was last published
	removed   bool                 // a person deleted the device in Home Assistant
}

// hubID is the id of the bridge's own device among those of satellites, which have one.
const hubID = ""

// satelliteNode is a satellite's device.
func satelliteNode(cfg Config, dev Device) *node {
	d := device{Name: cmp.Or(dev.Name, dev.ID), Model: "Voice satellite", SuggestedArea: dev.Area}
	var phrases []string
	for _, w := range dev.WakeWords {
		phrases = append(phrases, cmp.Or(w.Phrase, w.ID))
	}
	if len(phrases) > 0 {
		d.Model += " for " + strings.Join(phrases, ", ")
	}
	return newNode(cfg, Identifier(dev.ID), node{id: dev.ID, topics: "earshot/" + dev.ID + "/", device: d, entities: satelliteEntities(cfg, dev)})
}

// hubNode is the device of the bridge itself.
func hubNode(cfg Config) *node {
	return newNode(cfg, "earshot_hub_"+cfg.BridgeID, node{
		id: hubID, topics: "earshot/" + cfg.BridgeID + "/hub/", device: device{Name: "Earshot", Model: "Voice bridge"}, entities: hubEntities(cfg),
	})
}

// newNode fills in what all devices have alike.
func newNode(cfg Config, identifier string, n node) *node {
	n.configTopic = configTopic(cfg, identifier)
	n.device.IDs, n.device.Connections = []string{identifier}, []string{}
	n.device.Manufacturer, n.device.SoftwareVersion, n.device.ConfigurationURL = "Earshot", cfg.Version, cfg.PageURL
	for key, e := range n.entities {
		e.UniqueID = identifier + "_" + key
		e.QoS = entityQoS
		if e.Platform != platformButton {
			e.StateTopic = cmp.Or(e.StateTopic, n.stateTopic(key))
		}
		if e.asks != nil {
			e.CommandTopic = n.commandTopic(key)
		}
		n.entities[key] = e
	}
	n.shown, n.paced = map[string]string{}, map[string]time.Time{}
	return &n
}

// encode describes the device. Encoding sorts the entities, so that the same device is the same bytes. gone are the platforms of entities that
// it had and has no more.
func (n *node) encode(cfg Config, gone map[string]string) ([]byte, error) {
	p := payload{
		Device: n.device, Origin: origin{Name: originName, SoftwareVersion: cfg.Version}, Availability: AvailabilityTopic(cfg.BridgeID),
		Components: map[string]component{},
	}
	for key, platform := range gone {
		p.Components[key] = component{Platform: platform}
	}
	for key, e := range n.entities {
		p.Components[key] = e.component
	}
	return json.Marshal(p)
}

// Identifier is the identifier of a satellite's device in Home Assistant.
func Identifier(satellite string) string { return "earshot_" + satellite }

func configTopic(cfg Config, identifier string) string {
	return cfg.Prefix + "/device/" + identifier + "/config"
}

// stateTopic is where an entity's state is found.
func (n *node) stateTopic(key string) string {
	if key == keyProblem {
		key = "problem"
	}
	return n.topics + key
}

func (n *node) commandTopic(key string) string { return n.stateTopic(key) + "/set" }

// setAssistants changes what the Assistant can be, and tells whether there is one.
func (n *node) setAssistants(names []string) bool {
	e, there := n.entities[string(SetAssistant)]
	if !there {
		return false
	}
	e.Options = names
	n.entities[string(SetAssistant)] = e
	return true
}
