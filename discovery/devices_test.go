package discovery_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"earshot/discovery"
)

// said is what was last published on a topic, and whether anything was.
func said(all []sent, topic string) (payload string, there bool) {
	for _, s := range all {
		if s.Topic == topic {
			payload, there = s.Payload, true
		}
	}
	return payload, there
}

// TestSetDevices changes which satellites there are while the devices are shown: one comes, one goes, and one that is as it was is not touched.
func TestSetDevices(t *testing.T) {
	var log bytes.Buffer
	inBubble(t, &log, func(t *testing.T, d *discovery.Discovery, w *wire, o *orders) {
		w.onConnect()
		d.SetState("kitchen", listening)
		w.take()
		hall := discovery.Device{ID: "hall", WakeWords: []discovery.WakeWord{{ID: "alexa", Adjustable: true}}}
		if err := d.SetDevices([]discovery.Device{kitchen, hall}); err != nil {
			t.Fatal(err)
		}
		d.SetState("hall", discovery.State{Satellite: "idle"})
		now := w.take()
		if _, there := said(now, "homeassistant/device/earshot_hall/config"); !there {
			t.Errorf("the new device was not described: %v", now)
		}
		if state, _ := said(now, "earshot/hall/state"); state != "idle" {
			t.Errorf("the new device's state is %q", state)
		}
		for _, s := range now {
			if strings.Contains(s.Topic, "kitchen") {
				t.Errorf("what has not changed was said again: %v", s)
			}
		}
		w.say(t, "earshot/hall/mute/set", "ON", false)
		if got := o.take(); len(got) != 1 || got[0] != "hall mute true" {
			t.Errorf("orders are %v", got)
		}

		if err := d.SetDevices([]discovery.Device{hall}); err != nil {
			t.Fatal(err)
		}
		now = w.take()
		for _, topic := range []string{kitchenConfig, "earshot/kitchen/state", "earshot/kitchen/listen_okay_nabu"} {
			if payload, there := said(now, topic); !there || payload != "" {
				t.Errorf("%s is %q, %v: not emptied", topic, payload, there)
			}
		}
		d.SetState("kitchen", listening) // of a satellite that was being stopped
		d.Wake("kitchen", discovery.Wake{WakeWord: "okay_nabu"})
		if now = w.take(); len(now) > 0 {
			t.Errorf("what is gone still speaks: %v", now)
		}

		if err := d.SetDevices([]discovery.Device{hall, kitchen}); err != nil {
			t.Fatal(err)
		}
		if _, there := said(w.take(), kitchenConfig); !there {
			t.Error("a device that comes back was not described")
		}
	})
}

// TestChangedDevice takes an entity away, and adds one, in two steps that Home Assistant can follow.
func TestChangedDevice(t *testing.T) {
	var log bytes.Buffer
	inBubble(t, &log, func(t *testing.T, d *discovery.Discovery, w *wire, o *orders) {
		w.onConnect()
		d.SetState("kitchen", listening)
		d.SetAssistants([]string{"Downstairs"})
		synctest.Wait()
		time.Sleep(10 * time.Second)
		w.take()
		changed := kitchen
		changed.WakeWords = []discovery.WakeWord{{ID: "okay_nabu", Phrase: "Okay Nabu", Adjustable: true}, {ID: "hey_jarvis", Phrase: "Hey Jarvis"}}
		if err := d.SetDevices([]discovery.Device{changed}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		time.Sleep(10 * time.Second)
		var configs []string
		for _, s := range w.whole() {
			if s.Topic == kitchenConfig {
				configs = append(configs, s.Payload)
			}
		}
		if len(configs) != 2 {
			t.Fatalf("%d descriptions were published, want the one that takes an entity away, and the one without it", len(configs))
		}
		if !strings.Contains(configs[0], `"listen_alexa":{"p":"switch"}`) || strings.Contains(configs[1], "alexa") || !strings.Contains(configs[1], "listen_hey_jarvis") {
			t.Errorf("the descriptions are\n%s\n%s", configs[0], configs[1])
		}
		if !strings.Contains(configs[1], "Downstairs") {
			t.Error("the assistants were forgotten")
		}
		w.say(t, "earshot/kitchen/listen_hey_jarvis/set", "OFF", false)
		if got := o.take(); len(got) != 1 || got[0] != "kitchen listen hey_jarvisfalse" {
			t.Errorf("orders are %v", got)
		}
	})
}

// TestSetDevicesRefuses leaves everything as it is when a device cannot be one.
func TestSetDevicesRefuses(t *testing.T) {
	var log bytes.Buffer
	inBubble(t, &log, func(t *testing.T, d *discovery.Discovery, w *wire, _ *orders) {
		w.onConnect()
		w.take()
		for _, wrong := range [][]discovery.Device{{kitchen, kitchen}, {{ID: "a b"}}} {
			if d.SetDevices(wrong) == nil {
				t.Errorf("%v was taken", wrong)
			}
		}
		if now := w.take(); len(now) > 0 {
			t.Errorf("published: %v", now)
		}
	})
}
