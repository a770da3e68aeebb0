package main

import (
	"context"
	"time"

	"earshot/internal/assist"
	"earshot/internal/server"
)

const (
	// readyPatience is how long the database may take to answer.
	readyPatience = 2 * time.Second
	// fullDisk is what has to be free, in bytes, for a recording and for the database to grow.
	fullDisk = 1 << 20
)

// lacks are what this bridge lacks to do all that it was set up for. Its models are not among them: it does not start without them.
func (h *house) lacks(ctx context.Context) []server.Reason {
	list := h.lacksHistory(ctx)
	if problem := h.lastReading().problem; problem != "" {
		list = append(list, server.Reason{Code: "configuration_rejected", Text: problem, Do: "correct the file; it is read again by itself"})
	}
	for _, r := range h.all() {
		s := r.Status()
		if !s.Muted && s.Microphone.LastFrame.IsZero() {
			list = append(list, server.Reason{
				Code: "microphone_not_opened", Satellite: s.ID, Text: s.Name + ": the microphone has delivered no sound since the start",
				Do: "see that it is plugged in and that satellites.microphone names it; `earshot devices` lists those that are there",
			})
		}
		if problem := r.engineProblem(); problem != "" {
			list = append(list, server.Reason{
				Code: "wake_engine_away", Satellite: s.ID, Text: s.Name + ": " + problem, Do: "see that the engine runs, and that satellites.wake has its address",
			})
		}
		if s.StorageProblem != "" {
			list = append(list, server.Reason{
				Code: "recording_not_stored", Satellite: s.ID, Text: s.Name + ": " + s.StorageProblem, Do: "see the reasons of the history, and the log",
			})
		}
	}
	if h.broker != nil && !h.broker.Connected() {
		list = append(list, server.Reason{
			Code: "mqtt_not_connected", Text: "The MQTT broker is not connected.", Do: "see that it runs, and that mqtt.url, username and password are right; `earshot doctor` tries them",
		})
	}
	if home := h.assistant.home; home != nil {
		if s := home.Status(); s.State != assist.Ready {
			text := s.Problem
			if text == "" {
				text = "Home Assistant is not connected yet."
			}
			list = append(list, server.Reason{
				Code: "home_assistant_not_connected", Text: text, Do: "see that it runs, and that home_assistant.url and the token are right; `earshot doctor` tries them",
			})
		}
	}
	return list
}

// lacksHistory is why recordings could not be read or stored. A shared history that is away is no such reason: they are kept on this machine.
func (h *house) lacksHistory(ctx context.Context) (list []server.Reason) {
	ctx, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	if _, err := h.history.Setting(ctx, "ready"); err != nil { // any key
		list = append(list, server.Reason{Code: "history_not_readable", Text: "The history database does not answer.", Do: "see the log, and restart the bridge"})
	}
	if h.history.Damaged() {
		list = append(list, server.Reason{Code: "history_damaged", Text: h.history.Problem(), Do: "restart the bridge, and see docs/backup.md"})
	}
	d, err := diskOf(h.stored.Dir)
	switch {
	case err != nil:
		list = append(list, server.Reason{Code: "history_not_writable", Text: "The folder of the history is not there.", Do: "see that its disk is mounted"})
	case d.readOnly:
		list = append(list, server.Reason{Code: "history_not_writable", Text: "The disk of the history is read-only.", Do: "mount it for writing; a damaged disk becomes read-only by itself"})
	case d.free < fullDisk:
		list = append(list, server.Reason{Code: "disk_full", Text: "The disk of the history is full.", Do: "make room, or set history.retention.max_megabytes"})
	}
	return list
}
