package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"earshot/e2e/lab"
	"earshot/history"
	"earshot/internal/audio"
	"earshot/internal/audio/audiotest"
	"earshot/internal/testkit"
)

// TestSatelliteEntity plays announcements, broadcasts, and the sound of a timer, starts conversations and asks questions through the integration's
// entity in the real Home Assistant, the current one and the oldest that is supported; then the entity's device is deleted.
func TestSatelliteEntity(t *testing.T) {
	t.Parallel()
	sound, err := os.ReadFile("../custom_components/earshot/sounds/timer.wav")
	if err != nil {
		t.Fatal(err)
	}
	pcm := sound[44:]
	for _, version := range []string{lab.Current, lab.Oldest} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			speakers := newLoudspeakers(t)
			played := func() int { return speakers.times("kitchen", pcm) }
			home := lab.Start(t, lab.Options{Version: version, Integration: absolute(t, "../custom_components/earshot"), STT: true, Talker: true})
			pulse := audiotest.StartPulse(t)
			pulse.LoadNullSink("mic")
			pulse.LoadNullSink("quiet")
			b := startBridge(t, fmt.Sprintf(`
satellites:
  - {id: kitchen, wake_words: [okay_nabu], microphone: {driver: pulse, device: mic.monitor}, reply: {speaker: {driver: alsa, device: kitchen}}}
  - {id: office, wake_words: [okay_nabu], microphone: {driver: pulse, device: quiet.monitor}, reply: {speaker: {driver: alsa, device: office}}}
models: {dir: MODELS}
mqtt: {url: "%s"}
home_assistant: {url: "%s", token: "%s"}
history: {dir: DATA, time_zone: Europe/Berlin}
server: {listen: LISTEN}
`, home.Broker(), home.URL(), home.PlainToken()), append(pulse.Env(), speakers.path())...)
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
			var settings struct {
				Select string `json:"pipeline_entity_id"`
			}
			home.Do(t, "assist_satellite/get_configuration", map[string]any{"entity_id": entity}, &settings)
			if want, _ := home.EntityByUniqueID(t, "mqtt", "earshot_kitchen_assistant"); settings.Select == "" || settings.Select != want {
				t.Errorf("the satellite's assistant is told by %q, want %q", settings.Select, want)
			}
			home.WaitState(t, entity, "idle", 10*time.Second)
			home.Call(t, "assist_satellite", "announce", map[string]any{
				"entity_id": entity, "media_id": "/api/earshot/static/timer.wav", "preannounce": false,
			})
			if got := played(); got != 1 {
				t.Errorf("the announcement was played %d times", got)
			}
			home.WaitState(t, entity, "idle", 10*time.Second)
			h.checkMessage(speakers, entity)
			testkit.Within(t, 30*time.Second, "the other satellite's entity", func() bool {
				office, _ := home.EntityByUniqueID(t, "earshot", "bridge_office_assist_satellite")
				return office != "" && home.State(t, office) == "idle"
			})
			h.checkBroadcast(speakers, device)

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
			asking := &asking{h, pulse, entity, answerFile(t)}
			asking.checkConversations()
			if version == lab.Current {
				asking.checkQuestions()
			}
			h.checkDeletedDevice(speakers, entity, device)
			h.checkLog()
		})
	}
}

// answerFile is "turn on the kitchen light", without a wake word.
func answerFile(t *testing.T) string {
	t.Helper()
	file, err := os.Open("../testdata/audio/okay_nabu_light_on.wav")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	pcm, err := audio.ReadWAV(file)
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "answer.wav", string(history.WAV(audiotest.Command(pcm))))
}

// asking has a satellite ask, and somebody in the kitchen who answers.
type asking struct {
	*integrated
	pulse          *audiotest.Pulse
	entity, answer string
}

// reply waits until the satellite listens, and says what is to be said.
func (a *asking) reply() {
	a.t.Helper()
	testkit.Within(a.t, 30*time.Second, "the satellite listens", func() bool {
		return a.admin.must("satellites/list", nil)["satellites"].([]any)[0].(map[string]any)["state"] == "listening"
	})
	a.home.WaitState(a.t, a.entity, "listening", 5*time.Second)
	if err := a.pulse.Play(a.answer, "mic"); err != nil {
		a.t.Fatal(err)
	}
}

// checkNewest looks at the newest of n recordings.
func (a *asking) checkNewest(n int, reply string) {
	a.t.Helper()
	entries := a.admin.entries()
	if len(entries) != n {
		a.t.Fatalf("%d entries, want %d", len(entries), n)
	}
	e := entries[0]
	text, _ := e["transcript"].(string)
	said, _ := e["reply"].(string)
	if e["outcome"] != "understood" || !strings.Contains(strings.ToLower(text), "kitchen light") || e["wake_word"] != "" || !strings.Contains(said, reply) {
		a.t.Errorf("entry is %v", e)
	}
}

// checkConversations answers two: one that the built-in agent carries out, and one of which an agent knows how it began.
func (a *asking) checkConversations() {
	a.t.Helper()
	ask := map[string]any{
		"entity_id": a.entity, "start_message": "It is dark.", "start_media_id": "/api/earshot/static/timer.wav", "extra_system_prompt": "Be brief.",
	}
	a.home.Converse(a.t, "conversation.talker", true)
	a.home.Call(a.t, "light", "turn_off", map[string]any{"entity_id": lab.Light})
	a.home.WaitState(a.t, lab.Light, "off", 10*time.Second)
	wait := a.home.Begin(a.t, "assist_satellite", "start_conversation", ask)
	a.reply()
	wait(nil)
	a.home.WaitState(a.t, lab.Light, "on", 10*time.Second)
	a.checkNewest(1, "light")

	a.home.WaitState(a.t, a.entity, "idle", 30*time.Second)
	a.home.Converse(a.t, "conversation.talker", false)
	delete(ask, "start_media_id") // Home Assistant speaks the message
	wait = a.home.Begin(a.t, "assist_satellite", "start_conversation", ask)
	a.reply()
	wait(nil)
	a.checkNewest(2, "Be brief. After It is dark.")
	a.home.WaitState(a.t, a.entity, "idle", 30*time.Second)
}

// checkQuestions has Home Assistant match an answer, of which nothing is stored and that moves no light, and ends one that nobody answers.
func (a *asking) checkQuestions() {
	a.t.Helper()
	a.admin.must("settings/update", map[string]any{"save": "nothing"})
	a.home.Call(a.t, "light", "turn_off", map[string]any{"entity_id": lab.Light})
	a.home.WaitState(a.t, lab.Light, "off", 10*time.Second)
	ask := map[string]any{
		"entity_id": a.entity, "question": "What shall I do with the light?",
		"answers": []map[string]any{{"id": "off", "sentences": []string{"turn off [the] {thing}"}}, {"id": "on", "sentences": []string{"turn on [the] {thing}"}}},
	}
	var got struct {
		ID       string            `json:"id"`
		Sentence string            `json:"sentence"`
		Slots    map[string]string `json:"slots"`
	}
	wait := a.home.Begin(a.t, "assist_satellite", "ask_question", ask)
	a.reply()
	wait(&got)
	if got.ID != "on" || got.Slots["thing"] != "kitchen light" || !strings.Contains(got.Sentence, "kitchen light") {
		a.t.Errorf("the answer: %+v", got)
	}
	if n := len(a.admin.entries()); n != 2 || a.home.State(a.t, lab.Light) != "off" {
		a.t.Errorf("%d entries, the light is %s", n, a.home.State(a.t, lab.Light))
	}
	a.home.WaitState(a.t, a.entity, "idle", 10*time.Second)
	err := a.home.DoAs(a.t, a.home.Token(), "call_service", map[string]any{
		"domain": "assist_satellite", "service": "ask_question", "service_data": ask, "return_response": true,
	}, nil)
	if err == nil || !strings.Contains(err.Error(), "answer") {
		a.t.Errorf("when nobody answers: %v", err)
	}
}
