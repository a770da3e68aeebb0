package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"earshot/bridge"
	"earshot/detector"
	wakeengine "earshot/detector/wyoming"
	"earshot/discovery"
	"earshot/history"
	"earshot/internal/audio"
	"earshot/internal/metrics"
	"earshot/internal/mqtt"
	"earshot/internal/server"
)

// house is every satellite of this process, as the services and Home Assistant see them.
type house struct {
	history   *history.History
	log       zerolog.Logger
	models    map[string]*detector.Model
	assistant assistant
	rooms     []*room
	byID      map[string]*room
	devices   *discovery.Discovery // nil without MQTT; set before start, as is broker
	broker    *mqtt.Session        // nil without MQTT
	metrics   *metrics.Metrics

	news chan struct{} // a value waits when a room's stale is set

	mu sync.Mutex // guards every room's stale
}

// room is one satellite with what others want to know about it.
type room struct {
	*bridge.Satellite
	engine *wakeengine.Engine // nil when this machine listens
	id     string
	stale  bool // Home Assistant has not been told of the newest change
}

// newHouse builds the satellites; nothing listens yet.
func newHouse(p *parts) (*house, error) {
	h := &house{history: p.history, log: p.log, models: p.models, assistant: p.assistant, byID: map[string]*room{}, news: make(chan struct{}, 1)}
	for _, cfg := range p.cfg.Satellites {
		satellite, engine, err := p.satellite(cfg, archive{p.history, h})
		if err != nil {
			return nil, fmt.Errorf("set up satellite %q: %w", cfg.ID, err)
		}
		r := &room{Satellite: satellite, engine: engine, id: cfg.ID}
		h.rooms = append(h.rooms, r)
		h.byID[cfg.ID] = r
	}
	var err error
	h.metrics, err = newMetrics(h)
	return h, err
}

// eventQueue is how many events of a satellite may wait to be shown.
const eventQueue = 64

// start makes every satellite listen, and Home Assistant see it.
func (h *house) start(ctx context.Context, g *errgroup.Group) {
	var listening sync.WaitGroup
	for _, r := range h.rooms {
		events := r.Subscribe(eventQueue)
		g.Go(func() error { h.follow(r, events); return nil })
		listening.Add(1)
		g.Go(func() error { defer listening.Done(); return r.Run(ctx) })
		if r.engine != nil {
			g.Go(func() error { return r.engine.Run(ctx) })
		}
	}
	if h.devices != nil {
		g.Go(func() error { h.tell(ctx); return nil })
	}
	if home := h.assistant.home; home != nil {
		outlive, stop := context.WithCancel(context.WithoutCancel(ctx)) // a reply that is being spoken is stopped through it
		g.Go(func() error { return home.Run(outlive) })
		g.Go(func() error { listening.Wait(); stop(); return nil })
	}
}

// follow passes a satellite's events on until it has ended.
func (h *house) follow(r *room, events *bridge.Subscription) {
	for e := range events.C() {
		h.measure(r, e)
		if h.devices == nil {
			continue
		}
		if e.Kind == bridge.Woke {
			h.devices.Wake(r.id, discovery.Wake{WakeWord: e.Wake.Model, Score: e.Wake.Score, Threshold: e.Wake.Threshold})
		}
		h.markStale(func(o *room) bool { return o == r })
	}
}

// markStale has the state of some rooms shown anew.
func (h *house) markStale(which func(*room) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.rooms {
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
	for _, r := range h.rooms {
		if r.stale {
			r.stale = false
			stale = append(stale, r)
		}
	}
	return stale
}

// tell keeps Home Assistant's entities in step with the satellites and the history.
func (h *house) tell(ctx context.Context) {
	changes := h.history.Subscribe(eventQueue)
	defer changes.Close()
	var assistant <-chan struct{}
	if home := h.assistant.home; home != nil {
		var stop func()
		assistant, stop = home.Watch()
		defer stop()
	}
	tick := time.NewTicker(awayPatience / 2) // being away becomes a problem by time alone
	defer tick.Stop()
	every := func(*room) bool { return true }
	h.markStale(every)
	for {
		select {
		case <-ctx.Done():
			return
		case <-changes.C():
			h.markStale(every) // a deletion tells ids only
		case <-assistant:
			h.markStale(every)
		case <-tick.C:
			h.markStale(every)
		case <-h.news:
			for _, r := range h.takeStale() {
				h.show(ctx, r)
			}
		}
	}
}

// show tells Home Assistant one satellite's state.
func (h *house) show(ctx context.Context, r *room) {
	s := r.Status()
	state := discovery.State{
		Satellite: string(s.State), Muted: s.Muted, LastHeard: s.LastHeard, MicrophoneProblem: microphoneProblem(s) != "",
		AssistProblem: h.assistant.problem() != "",
	}
	totals, err := h.history.Totals(ctx, history.Filter{Satellites: []string{r.id}})
	if err == nil {
		state.Recordings = totals.Entries
		if state.LastHeard.IsZero() {
			state.LastHeard = totals.Newest
		}
		var save history.Save
		save, err = h.history.Save(ctx, r.id)
		state.SaveRecordings = save != history.SaveNothing
	}
	if err != nil {
		if ctx.Err() == nil {
			h.log.Error().Err(err).Str("satellite", r.id).Msg("the history cannot be counted")
		}
		return
	}
	h.devices.SetState(r.id, state)
}

// openingPatience is how long a microphone may take to give its first sound before that is a problem.
const openingPatience = 5 * time.Second

// microphoneProblem is what keeps a satellite from hearing, "" when nothing does. A muted microphone and a file that was played are not problems.
func microphoneProblem(s bridge.Status) string {
	if s.Muted {
		return ""
	}
	switch s.Microphone.State {
	case audio.Lost:
		return s.Microphone.Reason
	case audio.Opening:
		if time.Since(s.Microphone.Since) > openingPatience {
			return "the microphone does not open"
		}
	}
	return ""
}

// problems is what keeps the bridge from hearing, acting or storing.
func (h *house) problems() []string {
	var list []string
	if problem := h.assistant.problem(); problem != "" {
		list = append(list, problem)
	}
	if problem := h.history.Problem(); problem != "" {
		list = append(list, problem)
	}
	for _, r := range h.rooms {
		s := r.Status()
		for _, problem := range []string{microphoneProblem(s), r.engineProblem(), s.StorageProblem} {
			if problem != "" {
				list = append(list, s.Name+": "+problem)
			}
		}
		if !s.Muted && s.Microphone.State == audio.Opening && microphoneProblem(s) == "" {
			list = append(list, s.Name+": the microphone is being opened")
		}
	}
	return list
}

// List describes every satellite for the services.
func (h *house) List() []server.Satellite {
	list := make([]server.Satellite, 0, len(h.rooms))
	for _, r := range h.rooms {
		s := r.Status()
		out := server.Satellite{
			ID: s.ID, Name: s.Name, Area: s.Area, State: string(s.State), Muted: s.Muted, LastHeard: known(s.LastHeard),
			Microphone: server.Microphone{
				State: string(s.Microphone.State), Device: s.Microphone.Device, Reason: s.Microphone.Reason,
				Since: known(s.Microphone.Since), LastFrame: known(s.Microphone.LastFrame),
				Dropped: s.Microphone.Dropped, LevelDBFS: s.Microphone.LevelDBFS,
			},
		}
		for _, w := range s.WakeWords {
			out.WakeWords = append(out.WakeWords, server.WakeWord{ID: w.Model, Phrase: h.phrase(w.Model), Threshold: w.Threshold})
		}
		list = append(list, out)
	}
	return list
}

// phrase is what people say to wake a satellite; of an engine elsewhere only the name is known.
func (h *house) phrase(model string) string {
	if m := h.models[model]; m != nil {
		return m.WakeWord
	}
	return model
}

// engineProblem is what keeps a wake engine elsewhere from hearing, "" when nothing does.
func (r *room) engineProblem() string {
	if r.engine == nil {
		return ""
	}
	return r.engine.Status().Problem
}

// known is nil for a time that has not come yet.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// SetMuted closes or opens a satellite's microphone.
func (h *house) SetMuted(ctx context.Context, id string, muted bool) error {
	r := h.byID[id]
	if r == nil {
		return server.ErrUnknownSatellite
	}
	h.log.Info().Str("satellite", id).Bool("muted", muted).Msg("microphone switched")
	return r.Satellite.SetMuted(ctx, muted)
}

// SetSaveRecordings turns storing off, or on again as it is configured.
func (h *house) SetSaveRecordings(ctx context.Context, id string, on bool) error {
	if h.byID[id] == nil {
		return server.ErrUnknownSatellite
	}
	save := history.SaveNothing
	if on {
		if save = h.history.DefaultSave(); save == history.SaveNothing {
			save = history.SaveAll
		}
	}
	if err := h.history.SetSave(ctx, id, save); err != nil {
		return err
	}
	h.log.Info().Str("satellite", id).Str("save", string(save)).Msg("saving switched")
	h.markStale(func(r *room) bool { return r.id == id })
	return nil
}

// deviceList is the satellites as Home Assistant's devices.
func (h *house) deviceList() []discovery.Device {
	var list []discovery.Device
	for _, r := range h.rooms {
		s := r.Status()
		d := discovery.Device{ID: s.ID, Name: "Earshot " + s.Name, Area: s.Area}
		for _, w := range s.WakeWords {
			d.WakeWords = append(d.WakeWords, h.phrase(w.Model))
		}
		list = append(list, d)
	}
	return list
}

// archive is the history as spoken privacy commands change it.
type archive struct {
	*history.History
	house *house
}

// SetSaveRecordings turns storing off for a satellite, or on again.
func (a archive) SetSaveRecordings(ctx context.Context, id string, on bool) error {
	return a.house.SetSaveRecordings(ctx, id, on)
}

// Covered counts the recordings in progress that a deletion would drop.
func (h *house) Covered(s history.Selection) int {
	return h.inProgress(s, (*bridge.Satellite).Covered)
}

// Discard drops the recordings in progress that a deletion covers.
func (h *house) Discard(s history.Selection) int {
	return h.inProgress(s, (*bridge.Satellite).DiscardCovered)
}

func (h *house) inProgress(s history.Selection, count func(r *bridge.Satellite, from, to time.Time) int) (n int) {
	for _, r := range h.rooms {
		if s.CoversSatellite(r.id) {
			n += count(r.Satellite, s.From, s.To)
		}
	}
	return n
}

// Remains tells what Home Assistant keeps of a deleted recording.
func (h *house) Remains() []string {
	if h.assistant.home == nil {
		return nil
	}
	return []string{"Home Assistant keeps the texts of the last ten runs of each Assist pipeline in its memory until it restarts."}
}
