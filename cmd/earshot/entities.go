package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net"
	"slices"
	"strconv"
	"time"

	"earshot/bridge"
	"earshot/discovery"
	"earshot/history"
	"earshot/internal/assist"
	"earshot/internal/audio"
)

// follow passes a satellite's events on until it has ended.
func (h *house) follow(r *room, events *bridge.Subscription) {
	for e := range events.C() {
		h.measure(r, e)
		if h.devices == nil {
			continue
		}
		switch e.Kind {
		case bridge.Woke:
			h.devices.Wake(r.id, discovery.Wake{WakeWord: e.Wake.Model, Score: e.Wake.Score, Threshold: e.Wake.Threshold})
		case bridge.Concluded:
			h.concluded(r, e.Entry)
		}
		h.markStale(func(o *room) bool { return o == r })
	}
}

// markStale has the state of some rooms shown anew.
func (h *house) markStale(which func(*room) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.all() {
		r.stale = r.stale || which(r)
	}
	select {
	case h.news <- struct{}{}:
	default:
	}
}

// takeStale returns the rooms whose state is to be shown anew.
func (h *house) takeStale() []*room {
	h.mu.Lock()
	defer h.mu.Unlock()
	var stale []*room
	for _, r := range h.all() {
		if r.stale {
			r.stale = false
			stale = append(stale, r)
		}
	}
	return stale
}

// concluded tells Home Assistant how a command has ended, and never what was said, unless the household wants that.
func (h *house) concluded(r *room, e history.Entry) {
	command := discovery.Command{
		Outcome: string(e.Outcome), EntryID: e.ID, WakeWord: e.WakeWord,
		SpeechEnd: e.Timings.SpeechEnd, Transcript: e.Timings.Transcript, Reply: e.Timings.Reply,
	}
	if h.tells.Load() {
		command.Text, command.Answer = e.Transcript, e.Reply
	}
	if e.Timings.Reply > 0 {
		h.mu.Lock()
		r.replied = e.Timings.Reply - e.Timings.SpeechEnd
		h.mu.Unlock()
	}
	h.devices.Command(r.id, command)
}

// levelEvery is how often levels are looked at.
const levelEvery = 5 * time.Second

// tell keeps Home Assistant's entities in step with the satellites.
func (h *house) tell(ctx context.Context) {
	var assistant <-chan struct{}
	if home := h.assistant.home; home != nil {
		var stop func()
		assistant, stop = home.Watch()
		defer stop()
	}
	tick := time.NewTicker(levelEvery) // being away becomes a problem by time alone, and levels always change
	defer tick.Stop()
	every := func(*room) bool { return true }
	h.markStale(every)
	for {
		select {
		case <-ctx.Done():
			return
		case <-assistant:
			h.markStale(every)
		case <-tick.C:
			h.markStale(every)
		case <-h.news:
			for _, r := range h.takeStale() {
				h.show(ctx, r)
			}
			h.showHub()
		}
	}
}

// show tells Home Assistant one satellite's state. What is in a history that is away does not hold up the rest.
func (h *house) show(ctx context.Context, r *room) {
	s := r.Status()
	state := discovery.State{
		Satellite: string(s.State), Muted: s.Muted, LastHeard: s.LastHeard, MicrophoneProblem: microphoneProblem(s) != "",
		AssistProblem: h.assistant.problem() != "", StorageProblem: s.StorageProblem != "" || h.history.Problem() != "",
		GainDB: r.microphone.Gain(), LevelDBFS: s.Microphone.LevelDBFS, Dropped: s.Microphone.Dropped, DetectorCPU: r.ears.effort.percent(),
		WakeWords: map[string]discovery.WordState{}, Quality: quality(s.Microphone),
	}
	for _, w := range s.WakeWords {
		state.WakeWords[w.Model] = discovery.WordState{Active: r.ears.active(w.Model), Threshold: w.Threshold}
	}
	save, err := h.history.Save(ctx, r.id)
	if err != nil {
		if ctx.Err() == nil {
			h.log.Error().Err(err).Str("satellite", r.id).Msg("what is saved cannot be read")
		}
		return
	}
	state.SaveRecordings, state.SaveText = save == history.SaveAll, save != history.SaveNothing
	h.mu.Lock()
	defer h.mu.Unlock()
	state.Keep = r.counted.keep
	if save == history.SaveNothing {
		state.Keep = discovery.KeepNothing
	}
	if r.counted.known {
		state.Counts = &r.counted.Counts
		if state.LastHeard.IsZero() {
			state.LastHeard = r.counted.newest
		}
	}
	state.Assistant, state.ReplyTime, state.MicrophoneTest = h.assistantName(r), r.replied, r.hearing
	h.devices.SetState(r.id, state)
}

// quality is the worst that is known of a microphone's sound, "" while none comes.
func quality(s audio.Status) string {
	switch {
	case len(s.Findings) > 0:
		return s.Findings[0].Code
	case s.State == audio.Listening:
		return discovery.QualityGood
	default:
		return ""
	}
}

// showHub tells Home Assistant how the bridge is.
func (h *house) showHub() {
	if h.devices == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	hub := h.hub
	hub.Configuration = h.reading.problem != ""
	if home := h.assistant.home; home != nil {
		hub.HomeAssistant = home.Status().State == assist.Ready
	}
	h.devices.SetHub(hub)
}

// deviceList is the satellites as Home Assistant's devices.
func (h *house) deviceList() []discovery.Device {
	var list []discovery.Device
	for _, r := range h.all() {
		s := r.Status()
		d := discovery.Device{ID: s.ID, Name: "Earshot " + s.Name, Area: s.Area}
		for _, w := range s.WakeWords {
			d.WakeWords = append(d.WakeWords, discovery.WakeWord{ID: w.Model, Phrase: r.phrase(w.Model), Adjustable: r.engine == nil})
		}
		list = append(list, d)
	}
	return list
}

// outcomes are the ways in which a command can end.
func outcomes() (names []string) {
	for _, o := range history.CommandOutcomes() {
		names = append(names, string(o))
	}
	return names
}

// What is remembered of what was shown in Home Assistant.
const (
	devicesSetting  = "devices"  // ids of satellites
	bridgesSetting  = "bridges"  // ids of this bridge
	prefixesSetting = "prefixes" // discovery prefixes
	instanceSetting = "instance" // tells this installation from others
)

// formerDevices lists every satellite that was ever shown, and remembers those of today among them.
func (h *house) formerDevices(ctx context.Context) []string {
	var ids []string
	for _, r := range h.all() {
		ids = append(ids, r.id)
	}
	return h.ever(ctx, devicesSetting, ids)
}

// ever lists the ids that were ever given for a setting, and remembers those of today among them.
func (h *house) ever(ctx context.Context, setting string, today []string) (ids []string) {
	value, err := h.history.Setting(ctx, setting)
	if err == nil && value != "" {
		err = json.Unmarshal([]byte(value), &ids)
	}
	before := len(ids)
	for _, id := range today {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if err == nil && len(ids) > before {
		var data []byte
		if data, err = json.Marshal(ids); err == nil {
			err = h.history.SetSetting(ctx, setting, string(data))
		}
	}
	if err != nil {
		h.log.Error().Err(err).Str("setting", setting).Msg("what is not configured any more may stay in Home Assistant")
	}
	return ids
}

// instance is a random name that this installation keeps.
func (h *house) instance(ctx context.Context) string {
	name, err := h.history.Setting(ctx, instanceSetting)
	if err == nil && name == "" {
		name = rand.Text()
		err = h.history.SetSetting(ctx, instanceSetting, name)
	}
	if err != nil {
		h.log.Error().Err(err).Msg("the bridge will not know what is its own on the broker when it gets another bridge_id")
		return rand.Text()
	}
	return name
}

// announcement is what the bridge says of itself on MQTT.
func announcement(bridge, instance, scheme, addr string) discovery.Announcement {
	_, number, _ := net.SplitHostPort(addr) // it listens there
	port, _ := strconv.Atoi(number)
	return discovery.Announcement{
		ID: bridge, Instance: instance, Name: "Earshot", Version: version,
		URL: knownURL(scheme, addr), Scheme: scheme, Port: port, API: "/api/websocket", Listen: addr,
	}
}

// knownURL is the page's address, "" when addr does not name a machine.
func knownURL(scheme, addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsUnspecified() {
		return ""
	}
	return scheme + "://" + addr + "/"
}
