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
func (d *Discovery) described(n *node, config []byte, retained bool) {
	if len(config) == 0 {
		d.post(func(in *inbox) { in.removed[n.id] = true })
		return
	}
	if !retained {
		return
	}
	p, ours := d.parse(config)
	if !ours {
		return
	}
	gone := map[string]string{}
	for key, c := range p.Components {
		if _, there := n.entities[key]; !there && c.UniqueID != "" {
			gone[key] = c.Platform
		}
	}
	if len(gone) > 0 {
		d.post(func(in *inbox) { in.remnants[n.id] = gone })
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

// parse reads a description, and tells whether this bridge has written it.
func (d *Discovery) parse(config []byte) (p description, ours bool) {
	err := json.Unmarshal(config, &p)
	return p, err == nil && p.Origin.Name == originName && p.Availability == AvailabilityTopic(d.cfg.BridgeID)
}

// subscribeFormer looks for satellites that this bridge has shown and does not have any more. Another bridge's device of the same name stays.
func (d *Discovery) subscribeFormer() {
	for _, id := range d.cfg.Former {
		if d.byID[id] != nil || !idPattern.MatchString(id) {
			continue
		}
		topic := configTopic(d.cfg, Identifier(id))
		d.deps.Broker.Subscribe(topic, func(_ string, config []byte, retained bool) {
			p, ours := d.parse(config)
			if !ours || !retained {
				return
			}
			topics := []string{topic}
			for _, c := range p.Components {
				if strings.HasPrefix(c.StateTopic, "earshot/"+id+"/") {
					topics = append(topics, c.StateTopic)
				}
			}
			d.post(func(in *inbox) { in.former[id] = topics })
		})
	}
}

// forget empties what is retained of satellites that are not configured any more. They may be heard of before anything can be published.
func (r *runner) forget() {
	for id, topics := range r.former {
		if r.announced.IsZero() || !r.publish(topics[0], nil, true) {
			continue
		}
		for _, topic := range topics[1:] {
			r.publish(topic, nil, true)
		}
		delete(r.former, id)
		r.deps.Log.Info().Str("satellite", id).Msg("it is not configured any more; its device is taken out of Home Assistant")
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
