package assist

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// longestReply bounds how long a media player is followed.
	longestReply = 2 * time.Minute
	// bytePace is how long a byte of a reply's text takes to be said, at a slow pace: 12 letters a second.
	bytePace = time.Second / 12
	// stopWait is how long a media player is given to fall silent.
	stopWait = 2 * time.Second
)

// PlayReply lets a media player of the household, such as media_player.kitchen, speak a reply that has audio, and returns when the
// player has ended it. When ctx ends before that, the player is stopped.
//
// The player gets Home Assistant's own name for the audio and not AudioURL: it may reach Home Assistant under another address than we
// do. A player whose state does not tell when it ends, because it plays something else as well, is taken to need as long as the text
// is; it is not stopped, for that would end what the household listens to.
func (c *Client) PlayReply(ctx context.Context, mediaPlayer string, reply Reply) error {
	if reply.MediaID == "" {
		return errors.New("play the reply: it has no audio")
	}
	err := c.try(ctx, func(conn *connection, _ int) error {
		p := playback{client: c, conn: conn, entity: mediaPlayer}
		return p.run(ctx, reply)
	})
	if err != nil {
		return fmt.Errorf("play the reply: %w", err)
	}
	return nil
}

// playback is one reply on a media player.
type playback struct {
	client *Client
	conn   *connection
	entity string

	known bool // the player's first state has come, or that there is none
	busy  bool // it was playing something else before
	began bool // it has begun to play ours
	over  bool // and has ended it
}

// run has the reply played and follows the player's state from before that, so that the shortest reply is not missed.
func (p *playback) run(ctx context.Context, reply Reply) error {
	states, err := p.conn.start(ctx, map[string]any{"type": "subscribe_entities", "entity_ids": []string{p.entity}})
	if err != nil {
		return err
	}
	defer p.conn.drop(states, true)
	if err := p.look(ctx, states); err != nil {
		return err
	}
	asked := time.Now()
	calling, cancel := context.WithCancel(ctx)
	result := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { result <- p.conn.request(calling, longestReply, p.command("play_media", reply), nil) })
	defer wg.Wait()
	defer cancel()

	limit := time.NewTimer(longestReply)
	defer limit.Stop()
	var lost <-chan struct{} // before the call has returned, that tells
	for taken := false; !taken || !p.over; {
		select {
		case m, ok := <-states.messages:
			if !ok { // too many came: the state tells nothing any more
				states.messages = nil
				continue
			}
			if before := p.began; p.take(m) && !before {
				limit.Reset(longestReply)
			}
		case err := <-result:
			if err != nil {
				return p.refused(ctx, err)
			}
			taken, lost = true, p.conn.done
			if !p.began {
				limit.Reset(max(p.client.cfg.PlayWait, time.Until(asked.Add(p.client.cfg.PlayWait+time.Duration(len(reply.Text))*bytePace))))
			}
		case <-lost:
			return fmt.Errorf("follow the media player: %w", ErrInterrupted)
		case <-limit.C:
			return nil
		case <-ctx.Done():
			return p.stop(ctx)
		}
	}
	return nil
}

// look waits for the player's state before it is told anything. There may be none.
func (p *playback) look(ctx context.Context, states *call) error {
	ctx, cancel := context.WithTimeoutCause(ctx, p.client.cfg.StartWait, errNoAnswer)
	defer cancel()
	for !p.known {
		m, err := p.conn.next(ctx, states)
		if err != nil {
			if errors.Is(context.Cause(ctx), errNoAnswer) {
				return nil
			}
			return err
		}
		p.take(m)
		p.known = p.known || m.Type == typeEvent || m.failure() != nil
	}
	return nil
}

// command is an action of the player.
func (p *playback) command(service string, reply Reply) map[string]any {
	command := map[string]any{"type": "call_service", "domain": "media_player", "service": service, "target": map[string]any{"entity_id": p.entity}}
	if reply.MediaID != "" {
		command["service_data"] = map[string]any{
			"media_content_id": reply.MediaID,
			// ref: homeassistant/components/tts/entity.py, async_speak: what Home Assistant itself asks for
			"media_content_type": "music",
			"announce":           true,
		}
	}
	return command
}

// take notes the player's state, and tells whether it plays our reply or has done so.
//
// ref: homeassistant/components/websocket_api/messages.py, _state_diff_event: "a" added, "c" changed, "r" removed, "s" state
func (p *playback) take(m message) bool {
	type entity struct {
		State string `json:"s"`
	}
	var e struct {
		Added   map[string]entity `json:"a"`
		Changed map[string]struct {
			Now entity `json:"+"`
		} `json:"c"`
	}
	if m.Type != typeEvent || json.Unmarshal(m.Event, &e) != nil {
		return p.began
	}
	state := e.Added[p.entity].State
	if state == "" {
		state = e.Changed[p.entity].Now.State
	}
	playing := state == "playing" || state == "buffering"
	switch {
	case state == "":
	case !p.known:
		p.known, p.busy = true, playing
	case p.busy:
	case playing:
		p.began = true
	case p.began:
		p.over = true
	}
	return p.began
}

// refused says what it means that the player was not told, or may not have been.
func (p *playback) refused(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return p.stop(ctx)
	case errors.Is(err, ErrInterrupted):
		return ErrInterrupted // not to be repeated
	}
	return err
}

// stop makes the player fall silent, and returns why.
func (p *playback) stop(ctx context.Context) error {
	if !p.busy {
		err := p.conn.request(context.WithoutCancel(ctx), stopWait, p.command("media_stop", Reply{}), nil)
		if err != nil {
			p.client.log.Warn().Err(err).Msg("the media player was not stopped")
		}
	}
	return ctx.Err()
}
