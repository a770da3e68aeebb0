package discovery

import (
	"bytes"
	"slices"
	"time"
)

// setDevices puts other satellites in the place of those there are. One that is as it was stays untouched.
func (r *runner) setDevices(satellites []*node, now time.Time) {
	before := r.nodes
	r.nodes = before[:1:1] // the bridge's own
	for _, n := range satellites {
		r.nodes = append(r.nodes, r.take(n, now))
	}
	for _, n := range before {
		if !slices.ContainsFunc(r.nodes, func(other *node) bool { return other.id == n.id }) {
			r.leaveDevice(n)
		}
	}
}

// take adds a device, or puts it in the place of the one there was of that id, and returns the one that counts.
func (r *runner) take(n *node, now time.Time) *node {
	if r.assistants != nil && n.setAssistants(r.assistants) {
		if config, err := n.encode(r.cfg, nil); err == nil { // it was encoded before
			n.config = config
		}
	}
	old := r.byID[n.id]
	if old != nil && bytes.Equal(old.config, n.config) {
		return old
	}
	r.byID[n.id] = n
	if old == nil {
		delete(r.former, n.configTopic) // it was taken away a moment ago, and is back
		r.listenTo(n)
		if !r.announced.IsZero() {
			r.describe(n, now, false)
		}
		return n
	}
	r.leaveAlone(old)
	r.listenTo(n)
	n.published, n.values, n.removed = old.published, old.values, old.removed
	known := map[string]string{}
	for key, e := range old.entities {
		if _, there := n.entities[key]; !there {
			known[key] = e.Platform
			r.publish(e.StateTopic, nil, true) // best effort: what it says is shown nowhere any more
			continue
		}
		if shown, there := old.shown[key]; there {
			n.shown[key], n.paced[key] = shown, old.paced[key]
		}
	}
	r.remnants(n, known, now)
	if !r.announced.IsZero() {
		r.describe(n, now, false)
	}
	return n
}

// leaveDevice takes a device out of Home Assistant, with what is retained of its states.
func (r *runner) leaveDevice(n *node) {
	r.leaveAlone(n)
	delete(r.byID, n.id)
	topics := []string{n.configTopic}
	for _, e := range n.entities {
		if e.StateTopic != "" {
			topics = append(topics, e.StateTopic)
		}
	}
	r.former[n.configTopic] = topics
}
