package main

import (
	"context"

	"github.com/rs/zerolog"

	"earshot/discovery"
	"earshot/internal/mqtt"
	"earshot/internal/server"
)

// deletions are what automations ask for over MQTT, where the broker decides who may.
type deletions struct{ web *server.Server }

// Do deletes what a message asks for.
func (d deletions) Do(ctx context.Context, message []byte) (answer []byte) {
	return d.web.Do(ctx, "MQTT", "history/delete_range", message)
}

// Busy refuses a message.
func (d deletions) Busy(message []byte) (answer []byte) { return d.web.Busy(message) }

// takeDeletions is the service behind the topic for deletions, none when it is switched off.
func takeDeletions(cfg mqtt.Config, session *mqtt.Session, web *server.Server, log zerolog.Logger) []service {
	if !cfg.DeleteTopic {
		return nil
	}
	return []service{discovery.NewRequests(discovery.DeleteTopic(cfg.BridgeID), session, deletions{web}, log)}
}
