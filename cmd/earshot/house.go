package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"earshot/bridge"
	"earshot/detector"
	"earshot/detector/openwakeword"
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
	assistant assistant
	rooms     atomic.Pointer[[]*room] // in the order of the configuration; a list is replaced, never changed
	devices   *discovery.Discovery    // nil without MQTT; set before start, as is broker
	broker    *mqtt.Session           // nil without MQTT
	metrics   *metrics.Metrics
	open      func(*room) // makes a room listen; set by start, before anybody calls it
	tells     atomic.Bool // Home Assistant is told what was said
	modelsDir string
	stored    history.Config                       // as at the start: where and how, which no later configuration changes
	network   atomic.Pointer[openwakeword.Network] // nil when no word is told from speech
	verifying sync.Mutex                           // held while verifiers, or the rooms that ask them, are exchanged

	news chan struct{} // a value waits when a room's stale is set

	mu        sync.Mutex // guards what follows, and what rooms say it guards
	pipelines []pipeline
	hub       discovery.Hub
	reading   reading
}

// room is one satellite with what others want to know about it.
type room struct {
	*bridge.Satellite
	engine        *wakeengine.Engine // nil when this machine listens
	id            string
	ears          *choosyEars
	models        map[string]*detector.Model // by the ids of the wake words; nil when an engine elsewhere listens
	microphone    *audio.Microphone
	newEndpointer func(detector.EndpointConfig) *detector.Endpointer
	configured    bridge.Config
	stop          context.CancelFunc // of what open has started
	running       sync.WaitGroup     // the same

	stale     bool // Home Assistant has not been told of the newest change; house.mu guards this and what follows
	uncounted bool // the history has changed since it was counted
	counted   counted
	assistant string        // id of the pipeline that a person has chosen; "" for none
	replied   time.Duration // how long the last reply took
	hearing   string        // what the last microphone test says
}

// newHouse builds the satellites as people have last set them; nothing listens yet.
func newHouse(ctx context.Context, p *parts) (*house, error) {
	h := &house{
		history: p.history, log: p.log, assistant: p.assistant, news: make(chan struct{}, 1), modelsDir: p.cfg.Models.Dir, stored: p.cfg.History,
	}
	h.tells.Store(p.cfg.Discovery.PublishTranscripts)
	h.network.Store(p.models.network)
	h.restorePipelines(ctx)
	var rooms []*room
	for _, cfg := range p.cfg.Satellites {
		r, err := p.room(cfg, archive{p.history, h})
		if err != nil {
			return nil, fmt.Errorf("set up satellite %q: %w", cfg.ID, err)
		}
		h.restore(ctx, r)
		rooms = append(rooms, r)
	}
	h.rooms.Store(&rooms)
	h.restoreVerifiers(ctx, rooms...)
	var err error
	h.metrics, err = newMetrics(h)
	return h, err
}

// all are the rooms, in the order of the configuration. Nobody changes the list.
func (h *house) all() []*room {
	if list := h.rooms.Load(); list != nil {
		return *list
	}
	return nil // while the house is being built
}

// room is the one of a satellite, nil when there is none.
func (h *house) room(id string) *room {
	for _, r := range h.all() {
		if r.id == id {
			return r
		}
	}
	return nil
}

// eventQueue is how many events of a satellite may wait to be shown.
const eventQueue = 64

// start makes every satellite listen, and Home Assistant see it. The rooms are run by reloads from then on, where there are any.
func (h *house) start(ctx context.Context, g *errgroup.Group, reloads *reloader) {
	var settled sync.WaitGroup // everybody who may have rooms running
	h.open = func(r *room) { r.open(ctx, g, &settled, h.follow) }
	for _, r := range h.all() {
		h.open(r)
	}
	if reloads != nil {
		settled.Add(1)
		g.Go(func() error { defer settled.Done(); return reloads.Run(ctx) })
	}
	if h.devices != nil {
		for _, run := range []func(context.Context){h.tell, h.count, h.followPipelines} {
			g.Go(func() error { run(ctx); return nil })
		}
	}
	if home := h.assistant.home; home != nil {
		outlive, stop := context.WithCancel(context.WithoutCancel(ctx)) // a reply that is being spoken is stopped through it
		g.Go(func() error { return home.Run(outlive) })
		g.Go(func() error { <-ctx.Done(); settled.Wait(); stop(); return nil })
	}
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
	for _, r := range h.all() {
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
	list := make([]server.Satellite, 0, len(h.all()))
	for _, r := range h.all() {
		s := r.Status()
		out := server.Satellite{
			ID: s.ID, Name: s.Name, Area: s.Area, State: string(s.State), Muted: s.Muted, LastHeard: known(s.LastHeard),
			Microphone: server.Microphone{
				State: string(s.Microphone.State), Device: s.Microphone.Device, Reason: s.Microphone.Reason,
				Since: known(s.Microphone.Since), LastFrame: known(s.Microphone.LastFrame),
				Dropped: s.Microphone.Dropped, LevelDBFS: s.Microphone.LevelDBFS,
			},
		}
		for _, f := range s.Microphone.Findings {
			out.Microphone.Findings = append(out.Microphone.Findings, server.Finding(f))
		}
		for _, w := range s.WakeWords {
			out.WakeWords = append(out.WakeWords, r.wakeWord(w.Model))
		}
		list = append(list, out)
	}
	return list
}

// wakeWord is a word of a satellite as it is now.
func (r *room) wakeWord(id string) server.WakeWord {
	w := server.WakeWord{ID: id, Phrase: r.phrase(id), Threshold: r.ears.Cutoff(id), Active: r.ears.active(id)}
	if m := r.models[id]; m != nil {
		w.SecondLook, w.SecondThreshold, w.Verifier = m.SecondLook(), r.ears.secondThreshold(id), r.ears.hasVerifier(id)
	}
	return w
}

// phrase is what people say to wake a satellite; of an engine elsewhere only the name is known.
func (r *room) phrase(id string) string {
	if m := r.models[id]; m != nil {
		return m.WakeWord
	}
	return id
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
	for _, r := range h.all() {
		if s.CoversSatellite(r.id) {
			n += count(r.Satellite, s.From, s.To)
		}
	}
	return n
}

// Remains tells what is kept of a deleted recording.
func (h *house) Remains() []string {
	var list []string
	if h.assistant.home != nil {
		list = append(list, "Home Assistant keeps the texts of the last ten runs of each Assist pipeline in its memory until it restarts.")
	}
	if h.verifies() {
		list = append(list, "A verifier of a wake word was made from marked recordings: 961 numbers, of no sound; `earshot tune --no-verifier` removes it.")
	}
	if h.tells.Load() {
		list = append(list, "discovery.publish_transcripts is on: Home Assistant keeps what was said in its database and in .storage/core.restore_state.")
	}
	return list
}
