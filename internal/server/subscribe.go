package server

import (
	"context"
	"encoding/json"
	"fmt"

	"earshot/history"
)

// changeBuffer is how many changes may wait for a subscriber to be told of them.
const changeBuffer = 256

// changeEvent tells a subscriber what became of entries.
type changeEvent struct {
	Action  string      `json:"action"` // added, updated, deleted or reset
	Entries []entryJSON `json:"entries,omitempty"`
	IDs     []string    `json:"ids,omitempty"` // of what was deleted, or updated when they were many
}

// subscribe begins to listen at once; the events start after the answer has been sent.
func (s *Server) subscribe(_ context.Context, by call) (any, error) {
	if len(by.socket.subscriptions) >= maxSubscriptions {
		return nil, invalidFormat(fmt.Sprintf("a connection may have %d subscriptions; end one first", maxSubscriptions))
	}
	by.socket.subscriptions[by.id] = s.deps.History.Subscribe(changeBuffer)
	return nil, nil
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
		sub.Close()
		return nil, nil
	}
}

// forward sends what a subscription hears to the client, until either ends. A client that may have missed something is dropped:
// it connects again and asks anew, and does not show for ever what was deleted.
func (c *socket) forward(id int64, sub *history.Subscription) {
	c.forwarders.Go(func() {
		for {
			select {
			case <-c.done:
				return
			case change, open := <-sub.C():
				if !open {
					return
				}
				if sub.Dropped() > 0 || !c.push(id, change) {
					c.drop("it does not keep up with the events")
					return
				}
			}
		}
	})
}

// push queues one event; false when there is no room for it.
func (c *socket) push(id int64, change history.Change) bool {
	event := changeEvent{Action: change.Action, IDs: change.IDs}
	for _, e := range change.Entries {
		event.Entries = append(event.Entries, c.server.entryJSON(e))
	}
	data, err := json.Marshal(eventMessage{ID: id, Type: "event", Event: event})
	if err != nil {
		c.server.deps.Log.Error().Err(err).Msg("encode an event")
		return false
	}
	select {
	case c.events <- data:
		return true
	default:
		return false
	}
}
