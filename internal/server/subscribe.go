package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"

	"earshot/history"
)

// changeBuffer is how many changes may wait for a subscriber to be told of them.
const changeBuffer = 256

// listener hears what a subscription is about.
type listener interface {
	// forward sends events until ctx ends, there are no more, or send is false: then the client is not there any more.
	// An error is why the client has to connect anew.
	forward(ctx context.Context, send func(event any) bool) error
	// Close ends the listening at once.
	Close()
}

// subscription sends events to one client, from the answer to the command that made it on.
type subscription struct {
	listener
	stop context.CancelFunc // nil before the answer has been sent
	over atomic.Bool        // there are no more events
}

// listen makes the command that by sent a subscription. It hears at once; the events are sent after the answer.
func (s *Server) listen(by call, begin func() (listener, error)) error {
	open := by.socket.subscriptions
	for id, sub := range open {
		if sub.over.Load() {
			delete(open, id)
		}
	}
	if len(open) >= maxSubscriptions {
		return invalidFormat(fmt.Sprintf("a connection may have %d subscriptions; end one first", maxSubscriptions))
	}
	l, err := begin()
	if err == nil {
		open[by.id] = &subscription{listener: l}
	}
	return err
}

// end closes a subscription.
func (sub *subscription) end() {
	if sub.stop != nil {
		sub.stop()
	}
	sub.Close()
}

func (s *Server) unsubscribe(f *fields) action {
	id := f.number("subscription", 1, maxID, "id of the message that subscribed")
	f.require("subscription")
	return func(_ context.Context, by call) (any, error) {
		sub, there := by.socket.subscriptions[*id]
		if !there {
			return nil, &commandError{Code: codeNotFound, Message: "Subscription not found."}
		}
		delete(by.socket.subscriptions, *id)
		sub.end()
		return nil, nil
	}
}

// forward sends what a subscription hears to the client, until either ends. A client that may have missed something is dropped:
// it connects again and asks anew, and does not show for ever what was deleted.
func (c *socket) forward(id int64, sub *subscription) {
	var ctx context.Context
	ctx, sub.stop = context.WithCancel(c.ctx)
	c.forwarders.Go(func() {
		defer sub.over.Store(true)
		err := sub.forward(ctx, func(event any) bool {
			if ctx.Err() != nil {
				return false
			}
			sent := c.push(id, event)
			if !sent {
				c.drop(errTooSlow.Error())
			}
			return sent
		})
		if err != nil && ctx.Err() == nil {
			c.drop(err.Error())
		}
	})
}

// errTooSlow is why a client is dropped that takes its events slower than they come.
var errTooSlow = errors.New("it does not keep up with the events")

// push queues one event; false when there is no room for it.
func (c *socket) push(id int64, event any) bool {
	data, err := json.Marshal(eventMessage{ID: id, Type: "event", Event: event})
	if err != nil {
		c.server.deps.Log.Error().Err(err).Msg("encode an event")
		return false
	}
	size := int64(len(data))
	if all := c.waiting.Add(size); all > maxWaiting && all > size {
		return false
	}
	select {
	case c.events <- data:
		return true
	default:
		return false
	}
}

// changeEvent tells a subscriber what became of entries.
type changeEvent struct {
	Action  string      `json:"action"` // added, updated, deleted or reset
	Entries []entryJSON `json:"entries,omitempty"`
	IDs     []string    `json:"ids,omitempty"` // of what was deleted, or updated when they were many
}

func (s *Server) subscribe(_ context.Context, by call) (any, error) {
	return nil, s.listen(by, func() (listener, error) {
		return historyListener{s.deps.History.Subscribe(changeBuffer), s}, nil
	})
}

// historyListener hears what becomes of entries.
type historyListener struct {
	*history.Subscription
	server *Server
}

func (l historyListener) forward(ctx context.Context, send func(any) bool) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case change, open := <-l.C():
			if !open {
				return nil
			}
			if l.Dropped() > 0 {
				return errTooSlow
			}
			event := changeEvent{Action: change.Action, IDs: change.IDs}
			for _, e := range change.Entries {
				event.Entries = append(event.Entries, l.server.entryJSON(e))
			}
			if !send(event) {
				return nil
			}
		}
	}
}
