package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"earshot/e2e/lab"
	"earshot/internal/testkit"
)

// TestSatelliteEntity plays announcements and the sound of a timer through the integration's entity in the real Home Assistant, the current one and
// the oldest that is supported.
func TestSatelliteEntity(t *testing.T) {
	sound, err := os.ReadFile("../custom_components/earshot/sounds/timer.wav")
	if err != nil {
		t.Fatal(err)
	}
	pcm := sound[44:]
	for _, version := range []string{lab.Current, lab.Oldest} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			bin := t.TempDir()
			file := filepath.Join(bin, "played")
			if err := os.WriteFile(filepath.Join(bin, "aplay"), []byte("#!/bin/sh\ncat >> "+file+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			played := func() int {
				data, err := os.ReadFile(file)
				if err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
				return bytes.Count(data, pcm)
			}
			home := lab.Start(t, lab.Options{Version: version, Integration: absolute(t, "../custom_components/earshot")})
			b := startBridge(t, fmt.Sprintf(`
satellites:
  - {id: kitchen, wake_words: [okay_nabu], microphone: {driver: file, device: %s, loop: true}, reply: {speaker: {driver: alsa}}}
models: {dir: MODELS}
mqtt: {url: "%s"}
home_assistant: {url: "%s", token: "%s"}
history: {dir: DATA, time_zone: Europe/Berlin}
server: {listen: LISTEN}
`, silence(t), home.Broker(), home.URL(), home.Token()), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			testkit.Within(t, 30*time.Second, "the bridge answers", func() bool { return b.health() != 0 })
			h := &integrated{t, home, b, b.dial(t, "admin")}
			h.checkDiscovery()

			var entity, device string
			testkit.Within(t, 30*time.Second, "the satellite's entity", func() bool {
				entity, device = home.EntityByUniqueID(t, "earshot", "bridge_kitchen_assist_satellite")
				return entity != ""
			})
			if _, want := home.EntityByUniqueID(t, "mqtt", "earshot_kitchen_wake"); device == "" || device != want {
				t.Fatalf("the entity is on device %q, MQTT's is %q", device, want)
			}
			home.WaitState(t, entity, "idle", 10*time.Second)
			home.Call(t, "assist_satellite", "announce", map[string]any{
				"entity_id": entity, "media_id": "/api/earshot/static/timer.wav", "preannounce": false,
			})
			if got := played(); got != 1 {
				t.Errorf("the announcement was played %d times", got)
			}
			home.WaitState(t, entity, "idle", 10*time.Second)

			home.Say(t, "set a timer for 1 second", device)
			testkit.Within(t, 30*time.Second, "the timer's sound, twice", func() bool { return played() >= 3 })
			if s := home.States(t)[entity]; s.Attributes["ringing"] != true || s.State != "responding" {
				t.Errorf("while the timer rings: %+v", s)
			}
			home.Call(t, "earshot", "stop_ringing", map[string]any{"entity_id": entity})
			testkit.Within(t, 10*time.Second, "silence", func() bool { return home.States(t)[entity].Attributes["ringing"] == false })

			home.Say(t, "set a timer for 10 minutes", device)
			timers := func() int { return len(home.States(t)[entity].Attributes["timers"].([]any)) }
			if got := timers(); got != 1 {
				t.Errorf("%d timers", got)
			}
			home.Say(t, "cancel the timer", device)
			if got := timers(); got != 0 {
				t.Errorf("%d timers after it was cancelled", got)
			}
			h.checkLog()
		})
	}
}
