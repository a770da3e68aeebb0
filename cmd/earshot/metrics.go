package main

import (
	"slices"

	"earshot/bridge"
	"earshot/detector"
	"earshot/internal/assist"
	"earshot/internal/audio"
	"earshot/internal/metrics"
)

// newMetrics measures the satellites of a house.
func newMetrics(h *house) (*metrics.Metrics, error) {
	cfg := metrics.Config{Version: version, State: h.measured, History: h.history}
	for _, r := range h.all() {
		cfg.Satellites = append(cfg.Satellites, r.measured())
	}
	return metrics.New(cfg)
}

// measured is the satellite as the metrics name it.
func (r *room) measured() metrics.Satellite {
	s := metrics.Satellite{ID: r.id}
	for _, w := range r.configured.WakeWords {
		s.WakeWords = append(s.WakeWords, w.Model)
	}
	return s
}

// measure counts an event of a satellite.
func (h *house) measure(r *room, e bridge.Event) {
	switch e.Kind {
	case bridge.Woke:
		h.metrics.Woke(r.id, e.Wake.Model)
		if e.Wake.SecondLook != 0 {
			h.metrics.Decided(r.id, e.Wake.SecondLook)
		}
	case bridge.Added:
		h.metrics.Recorded(e.Entry)
	}
}

// looks are the second looks that a satellite has taken.
func (r *room) looks() (all []metrics.Looks) {
	local, ok := r.ears.ears.(*detector.Detector)
	for _, w := range r.configured.WakeWords {
		if ok && r.models[w.Model].SecondLook() != "" {
			taken, agreed := local.Looks(w.Model)
			all = append(all, metrics.Looks{WakeWord: w.Model, Taken: taken, Agreed: agreed})
		}
	}
	return all
}

// opinions are what verifiers were asked about.
func (r *room) opinions() (all []metrics.Looks) {
	local, ok := r.ears.ears.(*detector.Detector)
	for _, w := range r.configured.WakeWords {
		if !ok {
			break
		}
		if asked, agreed := local.Opinions(w.Model); asked > 0 || local.HasVerifier(w.Model) {
			all = append(all, metrics.Looks{WakeWord: w.Model, Taken: asked, Agreed: agreed})
		}
	}
	return all
}

// measured is the state of the house in numbers.
func (h *house) measured() metrics.State {
	var state metrics.State
	for _, r := range h.all() {
		s := r.Status()
		found := map[string]bool{}
		for _, code := range audio.FindingCodes() {
			found[code] = slices.ContainsFunc(s.Microphone.Findings, func(f audio.Finding) bool { return f.Code == code })
		}
		state.Satellites = append(state.Satellites, metrics.SatelliteState{
			Findings: found, Looks: r.looks(), Opinions: r.opinions(),
			ID: s.ID, MicrophoneUp: s.Microphone.State == audio.Listening, Muted: s.Muted,
			Dropped: s.Microphone.Dropped, LevelDBFS: s.Microphone.LevelDBFS, StorageProblem: s.StorageProblem != "",
		})
	}
	if home := h.assistant.home; home != nil {
		ready := home.Status().State == assist.Ready
		state.HomeAssistant = &ready
	}
	if h.broker != nil {
		connected := h.broker.Connected()
		state.MQTT = &connected
	}
	if d, err := diskOf(h.stored.Dir); err == nil {
		state.Disk = &metrics.Disk{Database: databaseSize(h.stored), Free: d.free, Size: d.size}
	}
	return state
}
