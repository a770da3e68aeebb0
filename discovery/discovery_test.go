package discovery_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"earshot/discovery"
)

const (
	kitchenConfig = "homeassistant/device/earshot_kitchen/config"
	hubConfig     = "homeassistant/device/earshot_hub_bridge/config"
)

var kitchen = discovery.Device{ID: "kitchen", Name: "Kitchen", Area: "Kitchen", WakeWords: []discovery.WakeWord{
	{ID: "okay_nabu", Phrase: "Okay Nabu", Adjustable: true}, {ID: "alexa", Phrase: "Alexa"},
}}

// household has everything that can be had.
var household = discovery.Config{
	BridgeID: "bridge", Version: "0.1.0", HomeAssistant: true, DeleteButtons: true, Outcomes: []string{"understood", "not_understood", "not_intended", "failed"},
	Findings:     []string{"flat", "narrow"},
	Announcement: discovery.Announcement{ID: "bridge", Instance: "i"},
}

// inBubble runs a test with a running Discovery for the kitchen, in synthetic time.
func inBubble(t *testing.T, log *bytes.Buffer, test func(t *testing.T, d *discovery.Discovery, w *wire, o *orders)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w, o := &wire{}, &orders{}
		d, err := discovery.New(household, []discovery.Device{kitchen},
			discovery.Deps{Broker: w, Commands: o, Log: zerolog.New(zerolog.SyncWriter(log)).Level(zerolog.DebugLevel)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		synctest.Wait()
		test(t, d, w, o)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

var listening = discovery.State{
	Satellite: "listening", SaveRecordings: true, SaveText: true, LastHeard: time.Date(2026, 11, 24, 19, 2, 3, 0, time.FixedZone("", 3600)),
	Counts: &discovery.Counts{Recordings: 7, Today: 3, FalseToday: 1}, Keep: discovery.KeepForever, Assistant: discovery.AsConfigured, GainDB: 1.5,
	WakeWords: map[string]discovery.WordState{"okay_nabu": {Active: true, Threshold: 0.85}, "alexa": {}}, LevelDBFS: -41.4, Dropped: 2, DetectorCPU: 2.34,
}

// listeningValues are the states that go with it, by the last part of the topic.
var listeningValues = map[string]string{
	"assist_problem": "OFF", "storage_problem": "OFF", "problem": "OFF", "state": "listening", "last_heard": "2026-11-24T18:02:03Z",
	"recordings": "7", "recordings_today": "3", "false_triggers_today": "1", "last_deletion": "None", "level": "-41", "dropped_frames": "2", "detector_cpu": "2.3",
	"reply_time": "None", "microphone_test": "None", "microphone_quality": "None", "mute": "OFF", "save": "ON", "save_text": "ON", "gain": "1.5", "keep": "forever",
	"assistant": "As configured", "listen_okay_nabu": "ON", "threshold_okay_nabu": "0.85", "listen_alexa": "OFF",
}

func topicsOf(values map[string]string) (lines []string) {
	for key, value := range values {
		lines = append(lines, "earshot/kitchen/"+key+" "+value+" true")
	}
	slices.Sort(lines)
	return lines
}

var listeningTopics = topicsOf(listeningValues)

// announced is what every announcement begins with.
var announced = []sent{
	{0, hubConfig, "(device)", true}, {0, kitchenConfig, "(device)", true}, {0, "earshot/bridge/availability", "online", true},
	{0, "earshot/bridge/announce", `{"id":"bridge","instance":"i","name":"","version":"","url":"","scheme":"","port":0,"api":"","listen":""}`, true},
}

func TestAnnounce(t *testing.T) {
	inBubble(t, &bytes.Buffer{}, func(t *testing.T, d *discovery.Discovery, w *wire, _ *orders) {
		w.onConnect()
		if diff := cmp.Diff(announced, w.take()); diff != "" {
			t.Errorf("without a state:\n%s", diff)
		}
		d.SetState("kitchen", listening)
		if diff := cmp.Diff(listeningTopics, sorted(w.take())); diff != "" {
			t.Errorf("the first state:\n%s", diff)
		}
		w.onConnect()
		got := w.take()
		if diff := cmp.Diff(announced, got[:4]); diff != "" {
			t.Errorf("on reconnect:\n%s", diff)
		}
		if diff := cmp.Diff(listeningTopics, sorted(got[4:])); diff != "" {
			t.Errorf("on reconnect:\n%s", diff)
		}
	})
}

// Births are answered at once, but a flood of them only every two seconds.
func TestBirth(t *testing.T) {
	inBubble(t, &bytes.Buffer{}, func(t *testing.T, d *discovery.Discovery, w *wire, _ *orders) {
		d.SetState("kitchen", listening)
		w.onConnect()
		w.take()
		time.Sleep(time.Minute)
		w.say(t, "homeassistant/status", "offline", false)
		w.say(t, "homeassistant/status", "ONLINE?", false)
		if got := w.take(); len(got) > 0 {
			t.Errorf("published without a birth: %v", got)
		}
		for range 50 {
			w.say(t, "homeassistant/status", "online", false)
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		var at []time.Duration
		states := 0
		for _, s := range w.take() {
			if s.Topic == kitchenConfig {
				at = append(at, s.At)
			}
			if s.Topic == "earshot/kitchen/state" {
				states++
			}
		}
		want := []time.Duration{60 * time.Second, 62 * time.Second, 64 * time.Second, 66 * time.Second}
		if diff := cmp.Diff(want, at); diff != "" {
			t.Error(diff)
		}
		if states != len(at) {
			t.Errorf("%d announcements, the state came with %d", len(at), states)
		}
	})
}

func TestStatesOnlyWhenChanged(t *testing.T) {
	inBubble(t, &bytes.Buffer{}, func(t *testing.T, d *discovery.Discovery, w *wire, _ *orders) {
		w.onConnect()
		d.SetState("kitchen", listening)
		w.take()
		d.SetState("kitchen", listening)
		d.SetState("cellar", listening)
		if got := w.take(); len(got) > 0 {
			t.Errorf("published what was known: %v", got)
		}

		time.Sleep(time.Minute)
		s := listening
		s.Satellite, s.Muted, s.SaveRecordings, s.MicrophoneProblem, s.LastHeard = "idle", true, false, true, time.Time{}
		d.SetState("kitchen", s)
		want := []string{
			"earshot/kitchen/last_heard None true",
			"earshot/kitchen/mute ON true",
			"earshot/kitchen/problem ON true",
			"earshot/kitchen/save OFF true",
			"earshot/kitchen/state idle true",
		}
		if diff := cmp.Diff(want, sorted(w.take())); diff != "" {
			t.Error(diff)
		}

		s.Satellite = "dancing"
		d.SetState("kitchen", s)
		if got := w.take(); len(got) > 0 {
			t.Errorf("published a state Home Assistant would refuse: %v", got)
		}
	})
}

// Counts and levels wait for their turn while everything else goes at once.
func TestCountsAndLevelsArePaced(t *testing.T) {
	inBubble(t, &bytes.Buffer{}, func(t *testing.T, d *discovery.Discovery, w *wire, _ *orders) {
		w.onConnect()
		w.take()
		s := listening
		for i := range 200 {
			s.Counts = &discovery.Counts{Recordings: int64(i)}
			s.LevelDBFS = -float64(i % 100)
			s.Satellite = []string{"idle", "processing"}[i%2]
			d.SetState("kitchen", s)
			time.Sleep(110 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		var counts, levels []string
		states := 0
		for _, m := range w.take() {
			switch m.Topic {
			case "earshot/kitchen/recordings":
				counts = append(counts, fmt.Sprintf("%v %s", m.At, m.Payload))
			case "earshot/kitchen/level":
				levels = append(levels, fmt.Sprintf("%v %s", m.At, m.Payload))
			case "earshot/kitchen/state":
				states++
			}
		}
		if diff := cmp.Diff([]string{"0s 0", "5s 45", "10s 90", "15s 136", "20s 181", "25s 199"}, counts); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"0s 0", "5s -45", "10s -90", "15s -36", "20s -81", "25s -99"}, levels); diff != "" {
			t.Error(diff)
		}
		if states != 200 {
			t.Errorf("the state was published %d times, want 200", states)
		}
	})
}

func TestWake(t *testing.T) {
	var log bytes.Buffer
	inBubble(t, &log, func(t *testing.T, d *discovery.Discovery, w *wire, _ *orders) {
		w.away = true
		d.Wake("kitchen", discovery.Wake{WakeWord: "old"})
		synctest.Wait()
		w.away = false
		w.onConnect()
		w.take()
		d.Wake("kitchen", discovery.Wake{WakeWord: "okay_nabu", Score: 0.98765432, Threshold: 0.85, EntryID: "01J"})
		d.Wake("kitchen", discovery.Wake{WakeWord: "alexa \"x\"", Score: 1, Threshold: 0.9})
		d.Wake("kitchen", discovery.Wake{WakeWord: "broken", Score: math.NaN()})
		d.Wake("cellar", discovery.Wake{WakeWord: "unknown"})
		want := []sent{
			{0, "earshot/kitchen/wake", `{"event_type":"detected","wake_word":"okay_nabu","score":0.9877,"threshold":0.85,"entry_id":"01J"}`, false},
			{0, "earshot/kitchen/wake", `{"event_type":"detected","wake_word":"alexa \"x\"","score":1,"threshold":0.9}`, false},
		}
		if diff := cmp.Diff(want, w.take()); diff != "" {
			t.Error(diff)
		}
		w.onConnect()
		for _, m := range w.take() {
			if m.Topic == "earshot/kitchen/wake" {
				t.Error("an announcement repeated an event")
			}
		}
	})
}

func TestWakesAreBounded(t *testing.T) {
	var log bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		d, err := discovery.New(discovery.Config{}, []discovery.Device{kitchen}, discovery.Deps{Broker: w, Commands: &orders{}, Log: zerolog.New(zerolog.SyncWriter(&log))})
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			d.Wake("kitchen", discovery.Wake{WakeWord: "okay_nabu"})
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		if n := len(w.take()); n != 64 {
			t.Errorf("%d events, want 64", n)
		}
		cancel()
		<-ended
		if !strings.Contains(log.String(), `"lost":36`) {
			t.Errorf("the loss was not logged: %s", log.String())
		}
	})
}

// A device that a person deleted stays away until the next start.
func TestDeletedByPerson(t *testing.T) {
	var log bytes.Buffer
	inBubble(t, &log, func(t *testing.T, d *discovery.Discovery, w *wire, _ *orders) {
		d.SetState("kitchen", listening)
		w.onConnect()
		w.say(t, kitchenConfig, `{"dev":"our own echo"}`, false)
		w.take()
		w.say(t, "homeassistant/status", "online", true)
		time.Sleep(time.Minute)
		if len(w.take()) != len(announced)+len(listeningTopics) {
			t.Fatal("no announcement before the deletion")
		}
		for range 8 { // Home Assistant says it once per entity
			w.say(t, kitchenConfig, "", false)
		}
		w.onConnect()
		w.say(t, "homeassistant/status", "online", false)
		s := listening
		s.Muted = true
		d.SetState("kitchen", s)
		d.Wake("kitchen", discovery.Wake{WakeWord: "okay_nabu"})
		time.Sleep(time.Hour)
		for _, m := range w.take() {
			if m.Topic != "earshot/bridge/availability" && m.Topic != "earshot/bridge/announce" && m.Topic != hubConfig {
				t.Errorf("published %v", m)
			}
		}
	})
	if n := strings.Count(log.String(), "the device was deleted in Home Assistant; it stays away until Earshot is started again"); n != 1 {
		t.Errorf("said %d times: %s", n, log.String())
	}
}

// The will of a connection that died long ago must not leave the devices unavailable.
func TestLateWill(t *testing.T) {
	inBubble(t, &bytes.Buffer{}, func(t *testing.T, d *discovery.Discovery, w *wire, _ *orders) {
		w.onConnect()
		w.say(t, "earshot/bridge/availability", "online", false)
		w.take()
		time.Sleep(time.Minute)
		for range 30 {
			w.say(t, "earshot/bridge/availability", "offline", false)
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		var at []time.Duration
		for _, m := range w.take() {
			if m.Topic != "earshot/bridge/availability" || m.Payload != "online" || !m.Retain {
				t.Errorf("published %v", m)
			}
			at = append(at, m.At)
		}
		if diff := cmp.Diff([]time.Duration{60 * time.Second, 61 * time.Second, 62 * time.Second, 63 * time.Second}, at); diff != "" {
			t.Error(diff)
		}
		if want := "earshot/bridge/availability"; discovery.AvailabilityTopic("bridge") != want {
			t.Errorf("AvailabilityTopic %q", discovery.AvailabilityTopic("bridge"))
		}
	})
}

// A hundred satellites do not wait for each other.
func TestManySatellites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		var devices []discovery.Device
		for i := range 100 {
			devices = append(devices, discovery.Device{ID: fmt.Sprintf("room%d", i)})
		}
		d, err := discovery.New(discovery.Config{}, devices, discovery.Deps{Broker: w, Commands: &orders{}, Log: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		for _, dev := range devices {
			d.SetState(dev.ID, listening)
		}
		w.onConnect()
		synctest.Wait()
		last := map[string]string{}
		for _, m := range w.take() {
			last[m.Topic] = m.Payload
		}
		if want := 100*21 + 2; len(last) != want {
			t.Errorf("%d topics, want %d", len(last), want)
		}
		cancel()
		<-ended
	})
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg     discovery.Config
		devices []discovery.Device
		want    string
	}{
		"dot":        {devices: []discovery.Device{{ID: "a.b"}}, want: `describe satellite "a.b": its id may hold letters, digits, _ and -`},
		"empty":      {devices: []discovery.Device{{}}, want: `describe satellite "": its id may hold letters, digits, _ and -`},
		"twice":      {devices: []discovery.Device{{ID: "a"}, {ID: "a"}}, want: `describe satellite "a": its id is taken`},
		"bridge id":  {cfg: discovery.Config{BridgeID: "a/b"}, want: `describe bridge "a/b": its id may hold letters, digits, _ and -`},
		"prefix":     {cfg: discovery.Config{Prefix: "#"}, want: `describe bridge: "#" is not a topic`},
		"birth":      {cfg: discovery.Config{BirthTopic: "+/status"}, want: `describe bridge: "+/status" is not a topic`},
		"page":       {cfg: discovery.Config{PageURL: "ftp://x"}, want: "describe bridge: the page's address is not an http address"},
		"page alone": {cfg: discovery.Config{PageURL: "127.0.0.1:8127"}, want: "describe bridge: the page's address is not an http address"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := discovery.New(c.cfg, c.devices, discovery.Deps{Broker: &wire{}})
			if err == nil || err.Error() != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

// Home Assistant is never told two different things of a device within two seconds.
func TestChangesAreSpaced(t *testing.T) {
	inBubble(t, &bytes.Buffer{}, func(t *testing.T, d *discovery.Discovery, w *wire, _ *orders) {
		w.onConnect()
		w.take()
		for i := range 30 {
			d.SetAssistants([]string{fmt.Sprintf("Assistant %d", i)})
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		var at []time.Duration
		last := ""
		synctest.Wait()
		for _, m := range w.sent {
			if m.Topic == kitchenConfig {
				at, last = append(at, m.At), m.Payload
			}
		}
		if diff := cmp.Diff([]time.Duration{2 * time.Second, 4 * time.Second}, at); diff != "" {
			t.Error(diff)
		}
		if !strings.Contains(last, `"ops":["As configured","Assistant 29"]`) {
			t.Errorf("the last description is %s", last)
		}
		w.sent = nil
		s := listening
		s.Assistant = "Assistant 29"
		d.SetState("kitchen", s)
		if got := sorted(w.take()); !slices.Contains(got, "earshot/kitchen/assistant Assistant 29 true") {
			t.Errorf("the chosen assistant is not shown: %v", got)
		}
		s.Assistant = "Assistant 30"
		d.SetState("kitchen", s)
		if got := sorted(w.take()); !slices.Equal(got, []string{"earshot/kitchen/assistant None true"}) {
			t.Errorf("an assistant that Home Assistant does not know of: %v", got)
		}
		d.SetAssistants([]string{"Assistant 29", "Assistant 30"})
		time.Sleep(time.Minute)
		got := w.take()
		if len(got) != 2 || got[0].Topic != kitchenConfig || got[1].Payload != "Assistant 30" || got[1].At-got[0].At != time.Second {
			t.Errorf("a new assistant: %v", got)
		}
		d.SetAssistants([]string{"Assistant 29"})
		if got := w.take(); len(got) != 2 || got[0].Payload != "None" || got[1].Topic != kitchenConfig {
			t.Errorf("an assistant that is gone: %v", got)
		}
		d.SetAssistants([]string{"Assistant 29"})
		if got := w.take(); len(got) > 0 {
			t.Errorf("published what was known: %v", got)
		}
	})
}

// TestCommandEvent holds what is told of a command, and that what was said is told only when it is given.
func TestCommandEvent(t *testing.T) {
	inBubble(t, &bytes.Buffer{}, func(t *testing.T, d *discovery.Discovery, w *wire, _ *orders) {
		w.onConnect()
		w.take()
		d.Command("kitchen", discovery.Command{
			Outcome: "understood", EntryID: "01J", WakeWord: "okay_nabu", SpeechEnd: 1500 * time.Millisecond, Transcript: 2 * time.Second, Reply: 2100 * time.Millisecond,
		})
		d.Command("kitchen", discovery.Command{Outcome: "not_intended", WakeWord: "alexa"})
		d.Command("kitchen", discovery.Command{Outcome: "danced"})
		d.Command("kitchen", discovery.Command{Outcome: "failed", WakeWord: "alexa", Text: "light on", Answer: "Sorry"})
		want := []sent{
			{0, "earshot/kitchen/command", `{"event_type":"understood","entry_id":"01J","wake_word":"okay_nabu","speech_end_ms":1500,"transcript_ms":2000,"reply_ms":2100}`, false},
			{0, "earshot/kitchen/command", `{"event_type":"not_intended","wake_word":"alexa"}`, false},
			{0, "earshot/kitchen/command", `{"event_type":"failed","wake_word":"alexa","text":"light on","answer":"Sorry"}`, false},
		}
		if diff := cmp.Diff(want, w.take()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestHub(t *testing.T) {
	inBubble(t, &bytes.Buffer{}, func(t *testing.T, d *discovery.Discovery, w *wire, _ *orders) {
		w.onConnect()
		w.take()
		d.SetHub(discovery.Hub{HomeAssistant: true})
		want := []string{
			"earshot/bridge/hub/configuration_problem OFF true", "earshot/bridge/hub/home_assistant ON true", "earshot/bridge/hub/improve OFF true", "earshot/bridge/hub/version 0.1.0 true",
		}
		if diff := cmp.Diff(want, sorted(w.take())); diff != "" {
			t.Errorf("before it was counted:\n%s", diff)
		}
		d.SetHub(discovery.Hub{Counted: true, StoredBytes: 12_340_000, Recordings: 5, NextCleanup: time.Date(2026, 11, 25, 3, 30, 0, 0, time.UTC), Improve: true, Configuration: true})
		want = []string{
			"earshot/bridge/hub/configuration_problem ON true", "earshot/bridge/hub/home_assistant OFF true", "earshot/bridge/hub/improve ON true", "earshot/bridge/hub/next_cleanup 2026-11-25T03:30:00Z true",
			"earshot/bridge/hub/recordings 5 true", "earshot/bridge/hub/storage_used 12.3 true",
		}
		if diff := cmp.Diff(want, sorted(w.take())); diff != "" {
			t.Error(diff)
		}
	})
}
