package bridge

import (
	"context"

	"earshot/detector"
	"earshot/internal/audio"
)

// nearMiss has the sound stored that led to a wake word which the second look has refused: what the ring holds by the time of the decision.
// Nobody is told, and nothing else happens.
//
// It does not while a command is being recorded, which may hold that sound, while the satellite itself speaks, when what the first stage has heard is
// not in the ring any more (a trial, or a gap), and for a word that was nearly heard a moment ago. One at a time is in memory; others are let go.
func (s *Satellite) nearMiss(ctx context.Context, hit detector.Detection, f *audio.Frame) {
	ago := int(hit.Delay)
	last, before := s.missed[hit.Model]
	if s.session != nil || ago >= s.ring.held() || (before && f.Sample-last < refractory) {
		return
	}
	o := &session{
		miss: true, stored: make(chan struct{}),
		wake: Wake{At: f.Time.Add(-duration(ago)), Model: hit.Model, Phrase: hit.WakeWord, Score: hit.Score, Threshold: hit.Cutoff},
	}
	refused := false
	s.change(func() {
		if refused = s.muted || s.talking() || s.count(true) > 0; !refused {
			s.open[o] = Idle
		}
	})
	if refused {
		return
	}
	s.missed[hit.Model] = f.Sample
	o.pcm = s.ring.appendTo(make([]int16, 0, preRoll))
	o.start = len(o.pcm) - ago
	s.finishing.Go(func() {
		s.store(ctx, o, s.conclude(ctx, o))
		s.release(o)
	})
}
