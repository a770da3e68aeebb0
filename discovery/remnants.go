package discovery

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// changeSpacing is between two different descriptions of a device: Home Assistant loses parts of the second one while it still works on the first.
const changeSpacing = 2 * time.Second

// publication is what was last said of a device.
type publication struct {
	config     []byte
	at         time.Time
	assistants []string          // that it named
	gone       map[string]string // platforms by key of entities that are to be taken away, which has not been said yet
	due        time.Time         // when there is more to say; zero: never
}

// described takes a description of one of our devices: our own, that of an earlier run, or none because a person deleted the device.
func (d *Discovery) described(id, topic string, config []byte, retained bool) {
	if len(config) == 0 {
		d.post(func(in *inbox) { in.removed[id] = true })
		return
	}
	if !retained {
		return
	}
	p, bridge := parse(config)
	known := map[string]string{}
	for key, c := range p.Components {
		if c.UniqueID != "" {
			known[key] = c.Platform
		}
	}
	d.whenOurs(bridge, topic, func() { d.post(func(in *inbox) { in.known[id] = known }) })
}

// remnants has the entities taken away that the broker knows of a device and that it has no more.
func (r *runner) remnants(n *node, known map[string]string, now time.Time) {
	gone := map[string]string{}
	for key, platform := range known {
		if _, there := n.entities[key]; !there {
			gone[key] = platform
		}
	}
	if len(gone) > 0 {
		n.published.gone = gone
		r.describe(n, now, false)
	}
}

// description is what has to be known of a retained one.
type description struct {
	Origin       origin `json:"o"`
	Availability string `json:"avty_t"`
	Components   map[string]struct {
		Platform   string `json:"p"`
		UniqueID   string `json:"uniq_id"`
		StateTopic string `json:"stat_t"`
	} `json:"cmps"`
}

// parse reads a description, and tells the id of the bridge that has written it, "" when it was none.
func parse(config []byte) (p description, bridge string) {
	if json.Unmarshal(config, &p) != nil || p.Origin.Name != originName {
		return p, ""
	}
	bridge, _ = strings.CutPrefix(p.Availability, "earshot/")
	bridge, _ = strings.CutSuffix(bridge, "/availability")
	if p.Availability != AvailabilityTopic(bridge) {
		return p, ""
	}
	return p, bridge
}

// formerBridge is an id that this bridge has had. Another bridge may have it now, and then all of it is that bridge's: one that has announced
// itself since, or one that was made by copying this one's disk, and is online.
type formerBridge struct {
	announced bool              // by this installation
	offline   bool              // since before we came
	waiting   map[string]func() // what is to be done if it is ours, by the topic it is about
}

func (f *formerBridge) ours() bool { return f.announced && f.offline }

// whenOurs does something about a topic if a bridge is this one, or once it is known to have been.
func (d *Discovery) whenOurs(bridge, topic string, do func()) {
	f := d.former[bridge]
	switch {
	case bridge == d.cfg.BridgeID || f != nil && f.ours():
		do()
	case f != nil:
		f.waiting[topic] = do
	}
}

// subscribeFormer looks for what this bridge has shown and does not have any more: satellites, and itself by another id. What another bridge
// shows stays.
func (d *Discovery) subscribeFormer() {
	for _, id := range d.cfg.FormerBridges {
		if id != d.cfg.BridgeID && idPattern.MatchString(id) && d.cfg.Announcement.Instance != "" {
			d.subscribeFormerBridge(id)
		}
	}
	identifiers := []string{}
	for _, n := range d.nodes {
		identifiers = append(identifiers, n.device.IDs[0])
	}
	for _, id := range d.cfg.Former {
		if d.byID[id] == nil && idPattern.MatchString(id) {
			identifiers = append(identifiers, Identifier(id))
			d.subscribeFormerDevice(configTopic(d.cfg, Identifier(id)), "earshot/"+id+"/")
		}
	}
	for _, cfg := range d.formerPrefixes() {
		for _, identifier := range identifiers {
			d.subscribeFormerDevice(configTopic(cfg, identifier), "")
		}
	}
}

// formerPrefixes are the configuration as it was with other discovery prefixes.
func (d *Discovery) formerPrefixes() (all []Config) {
	for _, prefix := range d.cfg.FormerPrefixes {
		cfg := d.cfg
		if cfg.Prefix = prefix; prefix != "" && prefix != d.cfg.Prefix && check(cfg) == nil {
			all = append(all, cfg)
		}
	}
	return all
}

// subscribeFormerDevice looks for a description that nobody needs any more, and for the states beneath a topic that go with it.
func (d *Discovery) subscribeFormerDevice(topic, states string) {
	d.deps.Broker.Subscribe(topic, func(_ string, config []byte, retained bool) {
		if !retained {
			return
		}
		p, bridge := parse(config)
		topics := []string{topic}
		for _, c := range p.Components {
			if states != "" && strings.HasPrefix(c.StateTopic, states) {
				topics = append(topics, c.StateTopic)
			}
		}
		d.whenOurs(bridge, topic, func() { d.post(func(in *inbox) { in.former[topic] = topics }) })
	})
}

func (d *Discovery) subscribeFormerBridge(id string) {
	f := &formerBridge{waiting: map[string]func(){}}
	d.former[id] = f
	d.deps.Broker.Subscribe(AnnounceTopic(id), func(_ string, payload []byte, _ bool) {
		var a Announcement
		f.announced = json.Unmarshal(payload, &a) == nil && a.Instance == d.cfg.Announcement.Instance
		d.leave(id, f)
	})
	d.deps.Broker.Subscribe(AvailabilityTopic(id), func(_ string, payload []byte, retained bool) {
		f.offline = retained && string(payload) == offline
		d.leave(id, f)
	})
}

// leave takes away what is retained by an id that this bridge has had, the announcement last: by it the rest is known to be ours.
func (d *Discovery) leave(bridge string, f *formerBridge) {
	if !f.ours() {
		return
	}
	cfg := d.cfg
	cfg.BridgeID = bridge
	n := hubNode(cfg)
	topics := []string{n.configTopic}
	for _, e := range n.entities {
		if e.StateTopic != "" && e.StateTopic != AvailabilityTopic(bridge) {
			topics = append(topics, e.StateTopic)
		}
	}
	for _, cfg := range d.formerPrefixes() {
		topics = append(topics, configTopic(cfg, n.device.IDs[0]))
	}
	topics = append(topics, AvailabilityTopic(bridge), AnnounceTopic(bridge))
	for _, do := range f.waiting {
		do()
	}
	clear(f.waiting)
	d.post(func(in *inbox) { in.former[n.configTopic] = topics })
}

// forget empties what is retained of devices that are not configured any more. They may be heard of before anything can be published.
func (r *runner) forget() {
	for config, topics := range r.former {
		if r.announced.IsZero() || !r.publish(topics[0], nil, true) {
			continue
		}
		for _, topic := range topics[1:] {
			r.publish(topic, nil, true)
		}
		delete(r.former, config)
		r.deps.Log.Info().Str("topic", config).Msg("it is not configured any more; its device is taken out of Home Assistant")
	}
}

// optionsSettle is how long Home Assistant gets to take up new options before one of them is the state.
const optionsSettle = time.Second

// selectable is the assistant as it can be shown now: one that Home Assistant has not been told of has to wait.
func (p *publication) selectable(value string, now time.Time) (shown string, next time.Time) {
	switch {
	case value == unknown || value == AsConfigured:
		return value, time.Time{}
	case !slices.Contains(p.assistants, value):
		return unknown, time.Time{}
	case now.Before(p.at.Add(optionsSettle)):
		return "", p.at.Add(optionsSettle)
	}
	return value, time.Time{}
}

// describe publishes what a device is, when that has changed or has to be said again, and never two different things within changeSpacing.
func (r *runner) describe(n *node, now time.Time, again bool) {
	if n.removed {
		return
	}
	p := &n.published
	config := n.config
	if len(p.gone) > 0 {
		var err error
		if config, err = n.encode(r.cfg, p.gone); err != nil {
			r.deps.Log.Error().Err(err).Str("satellite", n.id).Msg("the device cannot be described")
			return
		}
	}
	same := bytes.Equal(config, p.config)
	if same && !again {
		return
	}
	if at := p.at.Add(changeSpacing); !same && now.Before(at) {
		p.due = at
		return
	}
	p.due = time.Time{}
	if !r.publish(n.configTopic, config, true) {
		return // said again on connect
	}
	p.config, p.at, p.assistants = config, now, n.entities[string(SetAssistant)].Options
	if len(p.gone) > 0 {
		p.gone, p.due = nil, now.Add(changeSpacing)
	}
}

// setAssistants has every device say what the assistants are now.
func (r *runner) setAssistants(names []string, now time.Time) {
	r.assistants = names
	for _, n := range r.nodes {
		if !n.setAssistants(names) {
			continue
		}
		config, err := n.encode(r.cfg, nil)
		if err != nil {
			r.deps.Log.Error().Err(err).Str("satellite", n.id).Msg("the device cannot be described")
			continue
		}
		n.config = config
		if key := string(SetAssistant); n.shown[key] != unknown && !slices.Contains(names, n.shown[key]) && n.shown[key] != "" {
			if r.publish(n.stateTopic(key), []byte(unknown), true) { // Home Assistant complains of what it cannot choose
				n.shown[key] = unknown
			}
		}
		r.describe(n, now, false)
	}
}
