package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"earshot/discovery"
	"earshot/internal/assist"
)

// pipeline is one of the household's voice assistants.
type pipeline struct {
	ID   string `json:"id"`
	Name string `json:"name"` // like no other one's
}

// pipelinesEvery is how often Home Assistant is asked which assistants there are.
const pipelinesEvery = time.Minute

// followPipelines keeps the list of assistants that can be chosen.
func (h *house) followPipelines(ctx context.Context) {
	home := h.assistant.home
	if home == nil {
		return
	}
	changes, stop := home.Watch()
	defer stop()
	tick := time.NewTicker(pipelinesEvery)
	defer tick.Stop()
	for {
		if home.Status().State == assist.Ready {
			list, err := home.Pipelines(ctx)
			if err == nil {
				h.setPipelines(ctx, named(list))
			} else if ctx.Err() == nil {
				h.log.Debug().Err(err).Msg("the assistants are not known")
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-changes:
		case <-tick.C:
		}
	}
}

// named gives every pipeline a name of its own: Home Assistant lets two have the same.
func named(list []assist.Pipeline) (named []pipeline) {
	taken := map[string]bool{discovery.AsConfigured: true}
	for _, p := range list {
		name := p.Name
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%s (%d)", p.Name, n)
		}
		taken[name] = true
		named = append(named, pipeline{p.ID, name})
	}
	return named
}

// pipelinesSetting remembers the assistants, so that after a start the entity can at once be the one that was chosen.
const pipelinesSetting = "pipelines"

// restorePipelines reads the assistants as they were.
func (h *house) restorePipelines(ctx context.Context) {
	value, err := h.history.Setting(ctx, pipelinesSetting)
	if err == nil && value != "" {
		err = json.Unmarshal([]byte(value), &h.pipelines)
	}
	if err != nil {
		h.log.Warn().Err(err).Msg("the assistants are not known until Home Assistant tells them")
	}
}

func pipelineNames(list []pipeline) (names []string) {
	for _, p := range list {
		names = append(names, p.Name)
	}
	return names
}

func (h *house) setPipelines(ctx context.Context, list []pipeline) {
	h.mu.Lock()
	same := slices.Equal(list, h.pipelines)
	h.pipelines = list
	h.mu.Unlock()
	if same {
		return
	}
	h.devices.SetAssistants(pipelineNames(list))
	if data, err := json.Marshal(list); err != nil || h.history.SetSetting(ctx, pipelinesSetting, string(data)) != nil {
		h.log.Warn().Msg("the assistants are not remembered; after the next start they are known when Home Assistant tells them")
	}
	h.markStale(func(*room) bool { return true })
}

// assistantName is the name of the assistant that a person has chosen for a satellite, "" while it is not there. It needs mu.
func (h *house) assistantName(r *room) string {
	if r.assistant == "" {
		return discovery.AsConfigured
	}
	for _, p := range h.pipelines {
		if p.ID == r.assistant {
			return p.Name
		}
	}
	return ""
}
