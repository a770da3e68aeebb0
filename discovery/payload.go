package discovery

import (
	"cmp"
	"encoding/json"
	"strings"
)

// The keys of a device's entities. With the satellite's id they make the entity's unique id, which must never change:
// Home Assistant keeps people's own settings under it.
const (
	keyWake       = "wake"
	keyState      = "state"
	keyRecordings = "recordings"
	keyLastHeard  = "last_heard"
	keyProblem    = "microphone_problem"
	keyAssist     = "assist_problem"
	keyMute       = "mute"
	keySave       = "save"
)

// The payloads of switches, binary sensors and availability that Home Assistant expects unless told otherwise.
const (
	switchOn  = "ON"
	switchOff = "OFF"
	online    = "online"
	offline   = "offline"
	unknown   = "None" // a sensor without a value
)

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

type component struct {
	Platform       string   `json:"p"`
	UniqueID       string   `json:"uniq_id"`
	Name           string   `json:"name"`
	StateTopic     string   `json:"stat_t"`
	CommandTopic   string   `json:"cmd_t,omitempty"`
	QoS            int      `json:"qos"`
	DeviceClass    string   `json:"dev_cla,omitempty"`
	StateClass     string   `json:"stat_cla,omitempty"`
	EntityCategory string   `json:"ent_cat,omitempty"`
	Icon           string   `json:"ic,omitempty"`
	EventTypes     []string `json:"evt_typ,omitempty"`
	Options        []string `json:"ops,omitempty"`
}

// wakeEvent is the payload of the event entity; what follows event_type becomes attributes.
type wakeEvent struct {
	EventType string  `json:"event_type"`
	WakeWord  string  `json:"wake_word"`
	Score     float64 `json:"score"`
	Threshold float64 `json:"threshold"`
	EntryID   string  `json:"entry_id,omitempty"`
}

const wakeDetected = "detected"

// components are the entities every satellite has.
func components() map[string]component {
	return map[string]component{
		keyWake:       {Platform: "event", Name: "Wake word", Icon: "mdi:account-voice", EventTypes: []string{wakeDetected}},
		keyState:      {Platform: "sensor", Name: "State", Icon: "mdi:microphone-message", DeviceClass: "enum", Options: SatelliteStates()},
		keyRecordings: {Platform: "sensor", Name: "Recordings", Icon: "mdi:playlist-music", StateClass: "measurement"},
		keyLastHeard:  {Platform: "sensor", Name: "Last heard", Icon: "mdi:ear-hearing", DeviceClass: "timestamp"},
		keyProblem:    {Platform: "binary_sensor", Name: "Microphone problem", DeviceClass: "problem", EntityCategory: "diagnostic"},
		keyAssist:     {Platform: "binary_sensor", Name: "Assist problem", DeviceClass: "problem", EntityCategory: "diagnostic"},
		keyMute:       {Platform: "switch", Name: "Microphone mute", Icon: "mdi:microphone-off"},
		keySave:       {Platform: "switch", Name: "Save recordings", Icon: "mdi:content-save", EntityCategory: "config"},
	}
}

// describe builds a satellite's payload. Encoding sorts the entities, so that the same device is the same bytes.
func describe(cfg Config, dev Device) ([]byte, error) {
	id := Identifier(dev.ID)
	p := payload{
		Device: device{
			IDs:              []string{id},
			Connections:      []string{},
			Name:             cmp.Or(dev.Name, dev.ID),
			Manufacturer:     "Earshot",
			Model:            "Voice satellite",
			SoftwareVersion:  cfg.Version,
			SuggestedArea:    dev.Area,
			ConfigurationURL: cfg.PageURL,
		},
		Origin:       origin{Name: "Earshot", SoftwareVersion: cfg.Version},
		Availability: AvailabilityTopic(cfg.BridgeID),
		Components:   components(),
	}
	if len(dev.WakeWords) > 0 {
		p.Device.Model += " for " + strings.Join(dev.WakeWords, ", ")
	}
	for key, c := range p.Components {
		c.UniqueID = id + "_" + key
		c.StateTopic = stateTopic(dev.ID, key)
		c.QoS = entityQoS
		if c.Platform == "switch" {
			c.CommandTopic = c.StateTopic + "/set"
		}
		p.Components[key] = c
	}
	return json.Marshal(p)
}

// Identifier is the identifier of a satellite's device in Home Assistant.
func Identifier(satellite string) string { return "earshot_" + satellite }

// stateTopic is where an entity's state is found.
func stateTopic(satellite, key string) string {
	if key == keyProblem {
		key = "problem"
	}
	return "earshot/" + satellite + "/" + key
}
