package main

import (
	"earshot/detector"
	"earshot/internal/server"
)

// wakeSamples is the part of a recording that its wake word is in: the 2 s that go before the wake instant, and the second after it, in which a
// score still rises. What is said later is not why it woke.
const wakeSamples = 3 * detector.SampleRate

// Meter finds out what a wake word of a satellite makes of recordings, with models of its own: what listens is not disturbed.
func (h *house) Meter(id, word string, now server.Cutoffs) (func(pcm []int16) server.Cutoffs, error) {
	r := h.byID[id]
	switch {
	case r == nil:
		return nil, server.ErrUnknownSatellite
	case r.configuredWord(word).Model == "":
		return nil, server.ErrUnknownWakeWord
	case r.models[word] == nil:
		return nil, server.Refusal("A wake engine on another machine listens for this wake word; what it makes of recordings is not known here.")
	}
	meter, err := detector.NewMeter(r.models[word])
	if err != nil {
		return nil, err
	}
	return func(pcm []int16) server.Cutoffs {
		scores := meter.Measure(pcm[:min(len(pcm), wakeSamples)])
		return server.Cutoffs{First: scores.First(now.Second), Second: scores.Second(now.First)}
	}, nil
}
