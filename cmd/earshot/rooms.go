package main

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"earshot/bridge"
)

// open makes a room listen until ctx ends or closeRooms is called. settled is told when it has ended.
func (r *room) open(ctx context.Context, g *errgroup.Group, settled *sync.WaitGroup, follow func(*room, *bridge.Subscription)) {
	ctx, r.stop = context.WithCancel(ctx)
	events := r.Subscribe(eventQueue)
	parts := []func() error{
		func() error { follow(r, events); return nil },
		func() error { return r.Run(ctx) },
	}
	if r.engine != nil {
		parts = append(parts, func() error { return r.engine.Run(ctx) })
	}
	for _, run := range parts {
		settled.Add(1)
		r.running.Add(1)
		g.Go(func() error {
			defer settled.Done()
			defer r.running.Done()
			return run()
		})
	}
}

// closeRooms ends what open has started, and returns when the devices are free and everything is stored. A command that is being carried out is cancelled.
func closeRooms(rooms []*room) {
	for _, r := range rooms {
		r.stop()
	}
	for _, r := range rooms {
		r.running.Wait()
	}
}

// furnish builds the rooms of a configuration: those of satellites that are to stay as they are, and new ones that do not listen yet.
func (h *house) furnish(p *parts, changed []string) (rooms []*room, err error) {
	for _, cfg := range p.cfg.Satellites {
		r := h.room(cfg.ID)
		if r == nil || slices.Contains(changed, cfg.ID) || !r.hearsWith(p.models) {
			if r, err = p.room(cfg, archive{p.history, h}); err != nil {
				return nil, fmt.Errorf("set up satellite %q: %w", cfg.ID, err)
			}
		}
		rooms = append(rooms, r)
	}
	return rooms, nil
}

// hearsWith tells whether a room has the models that it would be given now.
func (r *room) hearsWith(models *wakeModels) bool {
	for _, w := range r.configured.WakeWords {
		if r.models == nil {
			break // an engine elsewhere hears
		}
		if model, err := models.word(w); err != nil || model != r.models[w.Model] {
			return false
		}
	}
	return true
}

// move has other rooms in the place of those there are; what is in both lists goes on listening. Nobody else may do that meanwhile.
func (h *house) move(ctx context.Context, rooms []*room) {
	var leaving []*room
	for _, old := range h.all() {
		if !slices.Contains(rooms, old) {
			leaving = append(leaving, old)
		}
	}
	closeRooms(leaving) // all of them, before a new one opens a device that another one has had
	for _, old := range leaving {
		if !slices.ContainsFunc(rooms, func(r *room) bool { return r.id == old.id }) {
			h.replace(old, nil)
			h.metrics.End(old.id)
			h.log.Info().Str("satellite", old.id).Msg("satellite stopped: it was taken out of the configuration")
		}
	}
	for _, r := range rooms {
		old := h.room(r.id)
		if old == r {
			continue
		}
		what := "satellite started: it is new in the configuration"
		if old != nil {
			what = "satellite started anew: its configuration, or a model of its wake words, has changed"
			h.inherit(r, old)
		}
		h.restore(ctx, r)
		h.verifying.Lock()
		h.restoreVerifiers(ctx, r)
		h.replace(old, r)
		h.verifying.Unlock()
		h.metrics.Begin(r.measured())
		h.open(r)
		h.log.Info().Str("satellite", r.id).Msg(what)
	}
	h.rooms.Store(&rooms)
	if h.devices == nil {
		return
	}
	h.formerDevices(ctx)
	if err := h.devices.SetDevices(h.deviceList()); err != nil {
		h.log.Error().Err(err).Msg("Home Assistant is not told of the new satellites")
	}
	h.markUncounted("")
	h.markStale(func(*room) bool { return true })
}

// inherit lets a room know what was known of the one in whose place it comes.
func (h *house) inherit(r, old *room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.counted, r.replied, r.hearing = old.counted, old.replied, old.hearing
}

// replace puts a room in the place of another one; nil is for none.
func (h *house) replace(old, r *room) {
	list := slices.Clone(h.all())
	at := slices.Index(list, old)
	switch {
	case at < 0:
		list = append(list, r)
	case r == nil:
		list = slices.Delete(list, at, at+1)
	default:
		list[at] = r
	}
	h.rooms.Store(&list)
}
