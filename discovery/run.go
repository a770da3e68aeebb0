package discovery

import (
	"context"
	"encoding/json"
	"maps"
	"sync"
	"time"
)

// The paces of publishing.
const (
	birthSpacing  = 2 * time.Second // between answers to births, which anybody on the broker can send
	onlineSpacing = time.Second     // between contradictions to "offline", so that two bridges of one name do not race
	pacedSpacing  = 5 * time.Second // between two values of a level or a count
	idle          = time.Hour       // longest sleep, only so that there is always a timer
)

// due is when the next thing must be done that nothing will signal.
type due struct {
	birth  time.Time // answer the last birth; zero: nothing to answer
	online time.Time // contradict "offline"; zero: nothing to contradict
}

// Run publishes and obeys until ctx ends. The broker's session then says that we are offline.
func (d *Discovery) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for lane := range lanes {
		wg.Go(func() { d.obey(ctx, lane) })
	}
	defer wg.Wait()
	timer := time.NewTimer(idle)
	defer timer.Stop()
	r := &runner{Discovery: d, former: map[string][]string{}}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.mail:
		case <-timer.C:
		}
		d.mu.Lock()
		in := d.inbox.empty()
		d.mu.Unlock()
		timer.Reset(r.step(in, time.Now()))
	}
}

// runner is what only Run's goroutine touches.
type runner struct {
	*Discovery
	due       due
	announced time.Time           // when everything was last published
	contended time.Time           // when "offline" was last contradicted
	former    map[string][]string // topics to empty, by that of the description of what is no device any more

	assistants []string // what SetAssistants has said; nil: nothing yet
}

// step deals with the inbox and returns how long nothing else is to be done.
func (r *runner) step(in inbox, now time.Time) time.Duration {
	if in.lost > 0 {
		r.deps.Log.Warn().Uint64("lost", in.lost).Msg("events were lost")
	}
	r.note(in, now)
	r.plan(in, now)
	if in.connected || !r.due.birth.IsZero() && !now.Before(r.due.birth) {
		r.announce(now)
	}
	if !r.due.online.IsZero() && !now.Before(r.due.online) {
		r.due.online, r.contended = time.Time{}, now
		r.publish(AvailabilityTopic(r.cfg.BridgeID), []byte(online), true)
	}
	r.forget()
	next := now.Add(idle)
	for _, n := range r.nodes {
		if at := n.published.due; !at.IsZero() && !now.Before(at) {
			r.describe(n, now, false)
		}
		next = earlier(earlier(next, r.show(n, now)), n.published.due)
	}
	for _, e := range in.events {
		r.tell(e)
	}
	next = earlier(earlier(next, r.due.birth), r.due.online)
	return next.Sub(now)
}

// note writes down what the inbox says of the devices. What it says of one that is no more is let go.
func (r *runner) note(in inbox, now time.Time) {
	if in.devicesChanged {
		r.setDevices(in.devices, now)
	}
	for id := range in.removed {
		if n := r.byID[id]; n != nil {
			r.remove(n)
		}
	}
	maps.Copy(r.former, in.former)
	for id, values := range in.values {
		if n := r.byID[id]; n != nil {
			n.values = values
		}
	}
	for id, known := range in.known {
		if n := r.byID[id]; n != nil {
			r.remnants(n, known, now)
		}
	}
	if in.assistantsChanged {
		r.setAssistants(in.assistants, now)
	}
}

// plan decides when births and claims that we are away are answered: at once, unless that was done a moment ago.
func (r *runner) plan(in inbox, now time.Time) {
	if in.birth && r.due.birth.IsZero() {
		r.due.birth = later(now, r.announced.Add(birthSpacing))
	}
	if in.offline && r.due.online.IsZero() {
		r.due.online = later(now, r.contended.Add(onlineSpacing))
	}
}

func (r *runner) remove(n *node) {
	if n.removed {
		return
	}
	n.removed = true
	r.deps.Log.Info().Str("satellite", n.id).
		Msg("the device was deleted in Home Assistant; it stays away until Earshot is started again")
}

// announce publishes everything, as Home Assistant or the broker may have forgotten it: devices, then that we are here;
// the states follow because none counts as shown any more.
func (r *runner) announce(now time.Time) {
	r.announced, r.due.birth = now, time.Time{}
	for _, n := range r.nodes {
		r.describe(n, now, true)
		clear(n.shown)
		clear(n.paced)
	}
	r.publish(AvailabilityTopic(r.cfg.BridgeID), []byte(online), true)
	if r.cfg.Announcement.Instance != "" {
		data, _ := json.Marshal(r.cfg.Announcement) // strings and a number: it cannot go wrong
		r.publish(AnnounceTopic(r.cfg.BridgeID), data, true)
	}
}

// show publishes the states of a device that are not shown yet, and returns when one that must wait is due.
func (r *runner) show(n *node, now time.Time) (next time.Time) {
	if n.removed || r.announced.IsZero() { // before that, all of it would be said twice
		return time.Time{}
	}
	for key, value := range n.values {
		if key == string(SetAssistant) {
			shown, at := n.published.selectable(value, now)
			if next = earlier(next, at); shown == "" {
				continue
			}
			value = shown
		}
		if _, there := n.entities[key]; !there || n.shown[key] == value {
			continue
		}
		if paced(key) {
			if at := n.paced[key].Add(pacedSpacing); now.Before(at) {
				next = earlier(at, next)
				continue
			}
			n.paced[key] = now
		}
		if r.publish(n.stateTopic(key), []byte(value), true) {
			n.shown[key] = value
		}
	}
	return next
}

// tell publishes an event. It is never retained: a past event must not look like a new one.
func (r *runner) tell(e event) {
	n := r.byID[e.node]
	if n == nil {
		return
	}
	if _, there := n.entities[e.key]; there && !n.removed {
		r.publish(n.stateTopic(e.key), e.payload, false)
	}
}

// publish reports whether the broker's session took the message. While the broker is away it takes none, which
// is no news: everything but events is published again on connect.
func (r *runner) publish(topic string, payload []byte, retain bool) bool {
	err := r.deps.Broker.Publish(topic, payload, retain)
	if err != nil {
		r.deps.Log.Debug().Err(err).Str("topic", topic).Msg("not published")
	}
	return err == nil
}

// earlier is the first of two times, where zero is never.
func earlier(a, b time.Time) time.Time {
	if b.IsZero() || (!a.IsZero() && a.Before(b)) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
