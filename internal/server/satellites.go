package server

import (
	"context"
	"math"
	"reflect"
	"time"
)

// satellitesResult is every microphone as it is now.
type satellitesResult struct {
	Satellites []Satellite `json:"satellites"`
}

func (s *Server) listSatellites(context.Context, call) (any, error) {
	return satellitesResult{s.satellites()}, nil
}

// satellites is every microphone, with lists where there may be nil.
func (s *Server) satellites() []Satellite {
	list := s.deps.Satellites.List()
	if list == nil {
		list = []Satellite{}
	}
	for i := range list {
		if list[i].WakeWords == nil {
			list[i].WakeWords = []WakeWord{}
		}
		if list[i].Microphone.Findings == nil {
			list[i].Microphone.Findings = []Finding{}
		}
	}
	return list
}

// satelliteEvery is how often satellites are looked at for those who subscribe to them, and how often these are told the levels.
const satelliteEvery = 250 * time.Millisecond

// levelsEvent tells how loud it is.
type levelsEvent struct {
	Levels map[string]float64 `json:"levels"` // dBFS, by the ids of the microphones that listen
}

func (s *Server) subscribeSatellites(f *fields) action {
	levels := f.flag("levels", "true: send the loudness of each microphone too, four times a second")
	return func(_ context.Context, by call) (any, error) {
		return nil, s.listen(by, func() (listener, error) { return satelliteListener{s, isTrue(*levels)}, nil })
	}
}

// satelliteListener looks at the satellites again and again.
type satelliteListener struct {
	server *Server
	levels bool
}

// Close has nothing to give back.
func (satelliteListener) Close() {}

func (l satelliteListener) forward(ctx context.Context, send func(any) bool) error {
	tick := time.NewTicker(satelliteEvery)
	defer tick.Stop()
	var shown []Satellite
	for {
		list := l.server.satellites()
		steady := steadyPart(list)
		if shown == nil || !reflect.DeepEqual(shown, steady) {
			shown = steady
			if !send(satellitesResult{list}) {
				return nil
			}
		}
		if l.levels && !send(levelsEvent{levelsOf(list)}) {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// steadyPart is the list without what changes all the time.
func steadyPart(list []Satellite) []Satellite {
	steady := make([]Satellite, len(list))
	for i, sat := range list {
		sat.Microphone.LevelDBFS, sat.Microphone.LastFrame, sat.Microphone.Dropped = 0, nil, 0
		steady[i] = sat
	}
	return steady
}

// listening is the state of a microphone that hears.
const listening = "listening"

func levelsOf(list []Satellite) map[string]float64 {
	levels := map[string]float64{}
	for _, sat := range list {
		if sat.Microphone.State == listening {
			levels[sat.ID] = tenths(sat.Microphone.LevelDBFS)
		}
	}
	return levels
}

// tenths rounds what people see as a bar or a curve.
func tenths(v float64) float64 { return math.Round(v*10) / 10 }
