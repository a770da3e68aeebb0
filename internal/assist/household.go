package assist

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// pollEvery is how often a Home Assistant that starts is asked whether it is done.
const pollEvery = 500 * time.Millisecond

// settle waits until Home Assistant runs and knows Assist. It returns false when the connection or ctx ended first.
//
// Being let in is not enough: for seconds after that, commands of Assist are unknown.
func (c *Client) settle(ctx context.Context, conn *connection) bool {
	version := c.Status().Version
	for {
		problem, err := c.notYet(ctx, conn)
		switch {
		case errors.Is(err, errLost) || ctx.Err() != nil:
			return false
		case err == nil && problem == "":
			return true
		case err != nil:
			problem = "Home Assistant cannot be asked whether it is ready: " + err.Error()
		}
		c.set(nil, Status{State: Starting, Problem: problem, Version: version}, nil)
		if sleep(ctx, pollEvery) != nil {
			return false
		}
	}
}

// notYet says in a sentence what Home Assistant still lacks, or nothing.
func (c *Client) notYet(ctx context.Context, conn *connection) (problem string, err error) {
	var config struct {
		State    string `json:"state"`
		TimeZone string `json:"time_zone"`
	}
	if err := conn.ask(ctx, c.cfg.StartWait, map[string]any{"type": "get_config"}, &config); err != nil {
		return "", err
	}
	c.mu.Lock()
	c.timeZone = config.TimeZone
	c.mu.Unlock()
	if config.State != "RUNNING" {
		return "Home Assistant is starting", nil
	}
	_, err = conn.pipelines(ctx, c.cfg.StartWait)
	if isCode(err, codeUnknownCommand) {
		return "Home Assistant runs without Assist: it needs the integration assist_pipeline, which default_config brings", nil
	}
	return "", err
}

// Pipeline is one of Home Assistant's voice assistants.
type Pipeline struct {
	ID, Name, Language string
	Preferred          bool
	SpeechToText       string // engine, empty when there is none
	TextToSpeech       string // engine, empty when there is none
}

// Pipelines returns the pipelines of the household, the preferred one first.
func (c *Client) Pipelines(ctx context.Context) ([]Pipeline, error) {
	var list []Pipeline
	err := c.try(ctx, func(conn *connection, _ int) (err error) {
		list, err = conn.pipelines(ctx, c.cfg.StartWait)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the pipelines: %w", err)
	}
	return list, nil
}

func (c *connection) pipelines(ctx context.Context, wait time.Duration) ([]Pipeline, error) {
	var answer struct {
		Pipelines []struct {
			ID       string  `json:"id"`
			Name     string  `json:"name"`
			Language string  `json:"language"`
			STT      *string `json:"stt_engine"`
			TTS      *string `json:"tts_engine"`
		} `json:"pipelines"`
		Preferred string `json:"preferred_pipeline"`
	}
	if err := c.ask(ctx, wait, map[string]any{"type": "assist_pipeline/pipeline/list"}, &answer); err != nil {
		return nil, err
	}
	var list []Pipeline
	for _, p := range answer.Pipelines {
		one := Pipeline{ID: p.ID, Name: p.Name, Language: p.Language, Preferred: p.ID == answer.Preferred}
		if p.STT != nil {
			one.SpeechToText = *p.STT
		}
		if p.TTS != nil {
			one.TextToSpeech = *p.TTS
		}
		at := len(list)
		if one.Preferred {
			at = 0
		}
		list = slices.Insert(list, at, one)
	}
	return list, nil
}

// choose finds a pipeline by its id or its name; "" stands for the preferred one.
func choose(list []Pipeline, wanted string) (Pipeline, error) {
	matches := []func(p Pipeline) bool{
		func(p Pipeline) bool { return p.ID == wanted },
		func(p Pipeline) bool { return p.Name == wanted },
		func(p Pipeline) bool { return strings.EqualFold(p.Name, strings.TrimSpace(wanted)) },
	}
	if wanted == "" {
		matches = []func(p Pipeline) bool{func(p Pipeline) bool { return p.Preferred }}
	}
	for _, match := range matches {
		if i := slices.IndexFunc(list, match); i >= 0 {
			return list[i], nil
		}
	}
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = fmt.Sprintf("%q", p.Name)
	}
	switch {
	case len(list) == 0:
		return Pipeline{}, fmt.Errorf("%w in Home Assistant: make one under Settings, Voice assistants", ErrUnknownPipeline)
	case wanted == "":
		return Pipeline{}, fmt.Errorf("%w that is preferred: choose one of %s in Home Assistant", ErrUnknownPipeline, strings.Join(names, ", "))
	}
	return Pipeline{}, fmt.Errorf("%w %q: there are %s", ErrUnknownPipeline, wanted, strings.Join(names, ", "))
}

// How long what is known of devices counts. A device keeps its id even when it is deleted and comes back.
const (
	deviceKnown   = 10 * time.Minute
	deviceUnknown = 30 * time.Second
)

// deviceCache remembers which of Home Assistant's devices an MQTT identifier belongs to.
type deviceCache struct {
	mu    sync.Mutex
	asked map[string]knownDevice
}

type knownDevice struct {
	id string // empty: there is none
	at time.Time
}

// device returns the registry id of an MQTT device, or "" when Home Assistant does not know it.
func (c *connection) device(ctx context.Context, wait time.Duration, identifier string) (string, error) {
	if identifier == "" {
		return "", nil
	}
	c.devices.mu.Lock()
	known, asked := c.devices.asked[identifier]
	c.devices.mu.Unlock()
	age := time.Since(known.at)
	if asked && (age < deviceUnknown || (known.id != "" && age < deviceKnown)) {
		return known.id, nil
	}
	id, err := c.lookUp(ctx, wait, identifier)
	if err != nil {
		return "", err
	}
	c.devices.mu.Lock()
	defer c.devices.mu.Unlock()
	if c.devices.asked == nil || len(c.devices.asked) > 1000 {
		c.devices.asked = map[string]knownDevice{}
	}
	c.devices.asked[identifier] = knownDevice{id, time.Now()}
	return id, nil
}

type device struct {
	ID          string              `json:"id"`
	Identifiers [][]json.RawMessage `json:"identifiers"` // of strings, except for integrations that know no better
	Entry       string              `json:"config_entry_id"`
	Primary     string              `json:"primary_config_entry"`
	Entries     []string            `json:"config_entries"`
}

func (d device) is(domain, identifier string) bool {
	return slices.ContainsFunc(d.Identifiers, func(pair []json.RawMessage) bool {
		var got [2]string
		return len(pair) == 2 && json.Unmarshal(pair[0], &got[0]) == nil && json.Unmarshal(pair[1], &got[1]) == nil &&
			got == [2]string{domain, identifier}
	})
}

// lookUp asks the device registry. Since 2026.8, several integrations may have a device each with the same
// identifiers; the one of MQTT is meant then.
func (c *connection) lookUp(ctx context.Context, wait time.Duration, identifier string) (string, error) {
	var all []device
	if err := c.request(ctx, wait, map[string]any{"type": "config/device_registry/list"}, &all); err != nil {
		return "", err
	}
	found := slices.DeleteFunc(all, func(d device) bool { return !d.is("mqtt", identifier) })
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0].ID, nil
	}
	var entries []struct {
		ID string `json:"entry_id"`
	}
	if err := c.request(ctx, wait, map[string]any{"type": "config_entries/get", "domain": "mqtt"}, &entries); err != nil {
		if errors.Is(err, errLost) || ctx.Err() != nil {
			return "", err
		}
		return found[0].ID, nil
	}
	for _, d := range found {
		for _, e := range entries {
			if d.Entry == e.ID || d.Primary == e.ID || slices.Contains(d.Entries, e.ID) {
				return d.ID, nil
			}
		}
	}
	return found[0].ID, nil
}
