package server

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Announcer plays announcements.
type Announcer interface {
	// Announce plays a sound on what a satellite's replies are played on, and returns when it has been played; played is false when a wake word
	// has ended it before. The end of ctx ends it. An id that is not configured is an ErrUnknownSatellite; what keeps it from being played is a Refusal.
	Announce(ctx context.Context, satellite string, a Announcement) (played bool, err error)
}

// Announcement is a sound for the people around a satellite.
type Announcement struct {
	URL         string // of Home Assistant, http or https; "" when there is only Media
	Media       string // what Home Assistant calls the sound, for media players; "" when there is only URL
	Preannounce bool   // a feedback sound comes first, where the satellite has a speaker of its own
}

// mediaSource is what Home Assistant's own names of sounds begin with.
const mediaSource = "media-source://"

// announceResult tells how an announcement has ended.
type announceResult struct {
	Played bool `json:"played"` // false: a wake word has ended it
}

func (s *Server) announce(f *fields) action {
	satellite, announcement := s.declareAnnouncement(f)
	return func(ctx context.Context, by call) (any, error) {
		a, err := announcement()
		if err != nil {
			return nil, err
		}
		played, err := s.deps.Satellites.Announce(ctx, *satellite, a)
		if err != nil {
			return nil, fmt.Errorf("announce on satellite %q: %w", *satellite, err)
		}
		s.deps.Log.Info().Str("satellite", *satellite).Bool("played", played).Str("by", by.who.Name).Msg("announcement")
		return announceResult{played}, nil
	}
}

// declareAnnouncement declares where something is played, and what.
func (s *Server) declareAnnouncement(f *fields) (satellite *string, announcement func() (Announcement, error)) {
	satellite = f.text("satellite", "id of the satellite")
	address := f.text("url", "of a WAV or MP3 (at most 16 MiB, 10 minutes) at home_assistant.url or external_url, or its path there")
	media := f.text("media", "media-source://… instead, when a media player speaks the satellite's replies")
	preannounce := f.flag("preannounce", "true: a feedback sound comes first, where the satellite has a speaker of its own")
	f.require("satellite")
	f.aside = true
	return satellite, func() (a Announcement, err error) {
		switch {
		case (*address == "") == (*media == ""):
			return a, invalidFormat("url: send either url or media")
		case *media != "" && !strings.HasPrefix(*media, mediaSource):
			return a, invalidFormat("media: begins with " + mediaSource)
		case s.home == nil:
			return a, Refusal("No Home Assistant is set up; set home_assistant.url.")
		}
		a = Announcement{Media: *media, Preannounce: isTrue(*preannounce)}
		if *address != "" {
			if a.URL, err = s.home.sound(*address); err != nil {
				return a, invalidFormat("url: " + err.Error())
			}
		}
		return a, nil
	}
}

// sound is the whole address of something that Home Assistant serves. This machine may reach what others may not: nothing else is fetched.
func (h *home) sound(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.User != nil {
		return "", errors.New("is not an address of http or https")
	}
	if !u.IsAbs() && u.Host == "" && strings.HasPrefix(u.Path, "/") {
		whole := *h.url
		whole.RawQuery = u.RawQuery
		return whole.JoinPath(u.EscapedPath()).String(), nil
	}
	origin, ok := originOf(u)
	for _, known := range []*url.URL{h.url, h.external} {
		if own, _ := originOf(known); ok && own == origin {
			return u.String(), nil
		}
	}
	return "", errors.New("is not of home_assistant.url or home_assistant.external_url; nothing else is fetched. A path alone, as /api/…, is taken too")
}

// originOf is scheme, host and port of an address.
func originOf(u *url.URL) (origin string, ok bool) { return parseOrigin(u.Scheme + "://" + u.Host) }
