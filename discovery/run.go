package discovery

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"
)

// The paces of publishing.
const (
	birthSpacing      = 2 * time.Second // between answers to births, which anybody on the broker can send
	onlineSpacing     = time.Second     // between contradictions to "offline", so that two bridges of one name do not race
	recordingsSpacing = time.Second     // between counts of recordings
	idle              = time.Hour       // longest sleep, only so that there is always a timer
)

// satellite is one device as Run knows it.
type satellite struct {
	id          string
	configTopic string
	config      []byte
	state       *State            // nil until somebody said it
	shown       map[string]string // newest payload by state topic
	counted     time.Time         // when the number of recordings was last published
	removed     bool              // a person deleted the device in Home Assistant
}

func newSatellite(cfg Config, dev Device) (*satellite, error) {
	config, err := describe(cfg, dev)
	if err != nil {
		return nil, err
	}
	return &satellite{
		id:          dev.ID,
		configTopic: cfg.Prefix + "/device/" + Identifier(dev.ID) + "/config",
		config:      config,
		shown:       map[string]string{},
	}, nil
}

func (s *satellite) commandTopic(key string) string { return stateTopic(s.id, key) + "/set" }

// due is when the next thing must be done that nothing will signal.
type due struct {
	birth  time.Time // answer the last birth; zero: nothing to answer
	online time.Time // contradict "offline"; zero: nothing to contradict
}

// Run publishes and obeys until ctx ends. The broker's session then says that we are offline.
func (d *Discovery) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { d.obey(ctx) })
	defer wg.Wait()
	timer := time.NewTimer(idle)
	defer timer.Stop()
	r := &runner{Discovery: d}
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
	announced time.Time // when everything was last published
	contended time.Time // when "offline" was last contradicted
}

// step deals with the inbox and returns how long nothing else is to be done.
func (r *runner) step(in inbox, now time.Time) time.Duration {
	if in.lost > 0 {
		r.deps.Log.Warn().Uint64("lost", in.lost).Msg("wake events were lost")
	}
	for id := range in.removed {
		r.remove(r.byID[id])
	}
	for id, state := range in.states {
		r.byID[id].state = &state
	}
	r.plan(in, now)
	if in.connected || !r.due.birth.IsZero() && !now.Before(r.due.birth) {
		r.announce(now)
	}
	if !r.due.online.IsZero() && !now.Before(r.due.online) {
		r.due.online, r.contended = time.Time{}, now
		r.publish(AvailabilityTopic(r.cfg.BridgeID), []byte(online), true)
	}
	next := now.Add(idle)
	for _, s := range r.satellites {
		next = earlier(next, r.show(s, now))
	}
	for _, w := range in.wakes {
		r.tell(w)
	}
	next = earlier(earlier(next, r.due.birth), r.due.online)
	return next.Sub(now)
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

func (r *runner) remove(s *satellite) {
	if s.removed {
		return
	}
	s.removed = true
	r.deps.Log.Info().Str("satellite", s.id).
		Msg("the device was deleted in Home Assistant; it stays away until Earshot is started again")
}

// announce publishes everything, as Home Assistant or the broker may have forgotten it: devices, then that we are here;
// the states follow because none counts as shown any more.
func (r *runner) announce(now time.Time) {
	r.announced, r.due.birth = now, time.Time{}
	for _, s := range r.satellites {
		if !s.removed {
			r.publish(s.configTopic, s.config, true)
		}
		clear(s.shown)
		s.counted = time.Time{}
	}
	r.publish(AvailabilityTopic(r.cfg.BridgeID), []byte(online), true)
}

// show publishes the states of a satellite that are not shown yet, and returns when one that must wait is due.
func (r *runner) show(s *satellite, now time.Time) (next time.Time) {
	if s.state == nil || s.removed {
		return time.Time{}
	}
	for key, value := range s.state.values() {
		topic := stateTopic(s.id, key)
		if s.shown[topic] == value {
			continue
		}
		if key == keyRecordings {
			if at := s.counted.Add(recordingsSpacing); now.Before(at) {
				next = at
				continue
			}
			s.counted = now
		}
		if r.publish(topic, []byte(value), true) {
			s.shown[topic] = value
		}
	}
	return next
}

// values are the payloads of a state by entity. A satellite state that Home Assistant would refuse is left out.
func (s *State) values() map[string]string {
	v := map[string]string{
		keyRecordings: strconv.FormatInt(s.Recordings, 10),
		keyLastHeard:  unknown,
		keyProblem:    onOff(s.MicrophoneProblem),
		keyAssist:     onOff(s.AssistProblem),
		keyMute:       onOff(s.Muted),
		keySave:       onOff(s.SaveRecordings),
	}
	if !s.LastHeard.IsZero() {
		v[keyLastHeard] = s.LastHeard.UTC().Format(time.RFC3339)
	}
	if slices.Contains(SatelliteStates(), s.Satellite) {
		v[keyState] = s.Satellite
	}
	return v
}

func onOff(on bool) string {
	if on {
		return switchOn
	}
	return switchOff
}

// tell publishes a detection. It is never retained: a past event must not look like a new one.
func (r *runner) tell(w wakeOf) {
	if r.byID[w.satellite].removed {
		return
	}
	event, err := json.Marshal(wakeEvent{wakeDetected, w.wake.WakeWord, rounded(w.wake.Score), rounded(w.wake.Threshold), w.wake.EntryID})
	if err != nil {
		r.deps.Log.Warn().Err(fmt.Errorf("encode wake event: %w", err)).Str("satellite", w.satellite).Msg("wake event lost")
		return
	}
	r.publish(stateTopic(w.satellite, keyWake), event, false)
}

// rounded keeps a probability short enough to read.
func rounded(p float64) float64 { return math.Round(p*1e4) / 1e4 }

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
