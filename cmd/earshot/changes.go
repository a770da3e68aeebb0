package main

import (
	"reflect"
	"slices"
	"strings"

	"earshot/bridge"
	"earshot/internal/config"
)

// changes is what another configuration asks for.
type changes struct {
	running config.Config // the new one as far as it can be had without a restart of the program

	added, removed, changed []string // ids of satellites
	taken                   []string // other keys that are taken over
	later                   []string // keys that need a restart of the program
}

// houseKeys are the keys that are taken over by the house as a whole; a section ends with a dot.
func houseKeys() []string {
	return []string{"log.level", "discovery.publish_transcripts", "history.save", "history.retention."}
}

// satelliteKeys are those that every satellite goes by, which begins anew.
func satelliteKeys() []string { return []string{"history.near_misses", "privacy.", "stt.language"} }

// among tells whether a key is one of a list, or of one of its sections.
func among(list []string, key string) bool {
	return slices.ContainsFunc(list, func(k string) bool { return k == key || strings.HasSuffix(k, ".") && strings.HasPrefix(key, k) })
}

// compare says what has to be done so that next is what runs.
func compare(now, next config.Config) changes {
	c := changes{running: now}
	c.running.Satellites, c.running.Log.Level, c.running.Discovery.PublishTranscripts = next.Satellites, next.Log.Level, next.Discovery.PublishTranscripts
	c.running.History.Save, c.running.History.Retention, c.running.History.NearMisses = next.History.Save, next.History.Retention, next.History.NearMisses
	c.running.Privacy, c.running.STT.Language = next.Privacy, next.STT.Language
	everySatellite := false
	for _, key := range config.Differences(now, next) {
		switch {
		case among(satelliteKeys(), key):
			everySatellite = true
			c.taken = append(c.taken, key)
		case among(houseKeys(), key):
			c.taken = append(c.taken, key)
		default:
			c.later = append(c.later, key)
		}
	}
	for _, sat := range next.Satellites {
		switch before, there := satellite(now, sat.ID); {
		case !there:
			c.added = append(c.added, sat.ID)
		case everySatellite || !reflect.DeepEqual(before, sat):
			c.changed = append(c.changed, sat.ID)
		}
	}
	for _, sat := range now.Satellites {
		if _, stays := satellite(next, sat.ID); !stays {
			c.removed = append(c.removed, sat.ID)
		}
	}
	return c
}

func satellite(cfg config.Config, id string) (bridge.Config, bool) {
	for _, sat := range cfg.Satellites {
		if sat.ID == id {
			return sat, true
		}
	}
	return bridge.Config{}, false
}
