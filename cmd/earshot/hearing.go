package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"earshot/bridge"
	"earshot/detector"
	"earshot/discovery"
	"earshot/internal/assist"
	"earshot/internal/audio"
	"earshot/internal/server"
)

const (
	hearingTime  = 5 * time.Second // how long a microphone test listens
	hearingQueue = 100             // frames
	quietDBFS    = -60             // a microphone that is this quiet while somebody speaks to it is too quiet to be understood
)

// testHearing listens for some seconds, and shows what was heard. Nothing of the sound is kept.
func (h *house) testHearing(ctx context.Context, r *room) error {
	h.setHearing(r, discovery.TestRuns)
	h.setHearing(r, listenTo(ctx, r.microphone, r.newEndpointer(detector.EndpointConfig{})))
	return nil
}

func (h *house) setHearing(r *room, result string) {
	h.mu.Lock()
	r.hearing = result
	h.mu.Unlock()
	line := h.log.Info().Str("satellite", r.id).Str("result", result)
	for _, f := range r.microphone.Status().Findings {
		line.Str("finding_"+f.Code, f.Text)
	}
	line.Msg("microphone test")
	h.markStale(func(other *room) bool { return other == r })
}

// listenTo tells what comes from a microphone.
func listenTo(ctx context.Context, microphone *audio.Microphone, endpointer *detector.Endpointer) string {
	reader := microphone.Subscribe("microphone test", hearingQueue)
	defer reader.Close()
	over := time.NewTimer(hearingTime)
	defer over.Stop()
	result, loudest := discovery.TestNone, -120.0
	for {
		select {
		case <-ctx.Done():
			return result
		case <-over.C:
			return result
		case frame, ok := <-reader.C():
			if !ok {
				return result
			}
			if state := endpointer.Process(frame.PCM[:]); state == detector.Speaking || state == detector.Ended || state == detector.TooLong {
				return discovery.TestSpeech
			}
			loudest = max(loudest, microphone.Status().LevelDBFS)
			result = discovery.TestQuiet
			if loudest > quietDBFS {
				result = discovery.TestSound
			}
		}
	}
}

// Try lets a person try the wake words of a satellite.
func (h *house) Try(_ context.Context, id string, length time.Duration) (server.Trial, error) {
	r := h.room(id)
	if r == nil {
		return nil, server.ErrUnknownSatellite
	}
	t, err := r.Satellite.Try(length)
	if err != nil {
		return nil, refusal(err)
	}
	return trial{t}, nil
}

// refusal puts a satellite's into the words of the services.
func refusal(err error) error {
	if refused := bridge.Refusal(""); errors.As(err, &refused) {
		return server.Refusal(refused)
	}
	return err
}

// Announce plays a sound on what a satellite's replies are played on. A media player takes the address, too.
func (h *house) Announce(ctx context.Context, id string, a server.Announcement) (played bool, err error) {
	r, sound, err := h.announcement(id, a)
	if err != nil {
		return false, err
	}
	played, err = r.Satellite.Announce(ctx, sound)
	return played, refusal(err)
}

// Listen plays such a sound, and listens for what is said to it.
func (h *house) Listen(ctx context.Context, id string, p server.Prompt) (server.Said, error) {
	r, sound, err := h.announcement(id, p.Announcement)
	if err != nil {
		return server.Said{}, err
	}
	said, err := r.Satellite.Listen(ctx, bridge.Prompt{Announcement: sound, Conversation: p.Conversation, WordsOnly: p.WordsOnly})
	return server.Said(said), refusal(err)
}

// announcement is one as a satellite takes it.
func (h *house) announcement(id string, a server.Announcement) (r *room, sound bridge.Announcement, err error) {
	r = h.room(id)
	switch {
	case r == nil:
		return nil, sound, server.ErrUnknownSatellite
	case a.URL == "" && r.configured.Reply.MediaPlayer == "":
		return nil, sound, server.Refusal("The satellite's replies are not spoken by a media player, which alone could play media; send url.")
	}
	return r, bridge.Announcement{Reply: assist.Reply{AudioURL: a.URL, MediaID: cmp.Or(a.Media, a.URL)}, Chime: a.Preannounce}, nil
}

// trial is a satellite's as the services know it.
type trial struct{ *bridge.Trial }

// Next waits for the next thing that is heard.
func (t trial) Next(ctx context.Context) (server.Heard, bool) {
	select {
	case <-ctx.Done():
		return server.Heard{}, false
	case e, ok := <-t.Events():
		return server.Heard(e), ok
	}
}
