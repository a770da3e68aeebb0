package lab_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"earshot/e2e/lab"
	"earshot/internal/audio"
	"earshot/internal/audio/audiotest"
)

func TestLab(t *testing.T) {
	for _, version := range []string{lab.Current, lab.Oldest} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			home := lab.Start(t, lab.Options{Version: version, STT: true})
			t.Logf("ready after %.1f s", time.Since(start).Seconds())
			t.Run("spoken command", func(t *testing.T) { testSpokenCommand(t, home) })
			t.Run("discovery", func(t *testing.T) { testDiscovery(t, home) })
			t.Run("tokens", func(t *testing.T) { testTokens(t, home) })
			t.Run("restart", func(t *testing.T) { testRestart(t, home) })
			t.Run("kill", func(t *testing.T) { testKill(t, home) })
		})
	}
}

// refused is a test that keeps how it was stopped.
type refused struct {
	testing.TB
	skip, fatal string
}

func (r *refused) Skipf(format string, args ...any) {
	r.skip = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *refused) Fatal(args ...any) {
	r.fatal = fmt.Sprint(args...)
	runtime.Goexit()
}

func TestMissingPart(t *testing.T) {
	const want = `the lab has no .lab/ha-1.0: run "scripts/lab/setup.sh" as root`
	for ci, check := range map[string]func(*refused) bool{
		"true": func(r *refused) bool { return r.fatal == want },
		"":     func(r *refused) bool { return r.skip == "NOT TESTED: "+want },
	} {
		t.Setenv("CI", ci)
		r := &refused{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			lab.Start(r, lab.Options{Version: "1.0"})
		}()
		if <-done; !check(r) {
			t.Errorf("CI=%q: skipped with %q, failed with %q", ci, r.skip, r.fatal)
		}
	}
}

// testSpokenCommand turns the light on by voice with the token of a plain user, and has the reply played in the kitchen.
func testSpokenCommand(t *testing.T, home *lab.Home) {
	if got := home.State(t, lab.Light); got != "off" {
		t.Fatalf("light before the command: %q, want off", got)
	}
	run := speak(t, home, home.PlainToken(), command(t))
	if text := strings.ToLower(run.text); !strings.Contains(text, "turn on the kitchen light") {
		t.Errorf("Whisper heard %q, want turn on the kitchen light", run.text)
	}
	home.WaitState(t, lab.Light, "on", 5*time.Second)
	if runs := home.PipelineRuns(t, home.Pipeline()); len(runs) != 1 {
		t.Errorf("runs of the pipeline: %v, want one", runs)
	}
	if mp3 := get(t, home.URL()+run.reply); len(mp3) < 2000 {
		t.Errorf("the spoken reply has %d bytes, want at least half a second of MP3", len(mp3))
	}
	home.Call(t, "media_player", "play_media", map[string]any{
		"entity_id": lab.Speaker, "media_content_id": run.reply, "media_content_type": "music",
	})
	home.WaitState(t, lab.Played, run.reply, 5*time.Second)
}

// testDiscovery announces an entity through the broker.
func testDiscovery(t *testing.T, home *lab.Home) {
	options := mqtt.NewClientOptions().AddBroker(home.Broker())
	client := mqtt.NewClient(options)
	if done := client.Connect(); !done.WaitTimeout(5*time.Second) || done.Error() != nil {
		t.Fatalf("connect to the broker: %v", done.Error())
	}
	defer client.Disconnect(100)
	client.Publish("homeassistant/switch/lab/config", 1, false, `{"name":"Probe","uniq_id":"probe_1","cmd_t":"probe/set",
		"dev":{"ids":["probe"],"name":"Probe"}}`)
	deadline := time.After(5 * time.Second)
	for {
		entity, device := home.EntityByUniqueID(t, "mqtt", "probe_1")
		if strings.HasPrefix(entity, "switch.") && device != "" {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("announced entity: %q on device %q, want a switch on a device", entity, device)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func testTokens(t *testing.T, home *lab.Home) {
	token := home.NewToken(t)
	for _, valid := range []string{home.Token(), home.PlainToken(), token} {
		if _, err := dial(t, home, valid); err != nil {
			t.Errorf("connect with a valid token: %v", err)
		}
	}
	home.RevokeToken(t, token)
	if _, err := dial(t, home, token); !errors.Is(err, errInvalid) {
		t.Errorf("connect with a revoked token: %v, want %v", err, errInvalid)
	}
}

func testRestart(t *testing.T, home *lab.Home) {
	start := time.Now()
	home.Restart(t)
	t.Logf("restarted in %.1f s", time.Since(start).Seconds())
	stillThere(t, home)
}

func testKill(t *testing.T, home *lab.Home) {
	start := time.Now()
	home.Kill(t)
	if _, err := dial(t, home, home.Token()); err == nil {
		t.Error("Home Assistant answers after it was killed")
	}
	home.Boot(t)
	t.Logf("killed and started in %.1f s", time.Since(start).Seconds())
	stillThere(t, home)
}

// stillThere checks that the tokens, the light, the pipeline and the integrations have survived.
func stillThere(t *testing.T, home *lab.Home) {
	t.Helper()
	if _, err := dial(t, home, home.Token()); err != nil {
		t.Errorf("connect after a restart: %v", err)
	}
	home.Call(t, "light", "turn_on", map[string]any{"entity_id": lab.Light})
	home.WaitState(t, lab.Light, "on", 5*time.Second)
	if id, _ := home.EntityByUniqueID(t, "template", "kitchen_light"); id != lab.Light {
		t.Errorf("entity of the kitchen light: %q, want %q", id, lab.Light)
	}
	var list struct {
		Pipelines []struct{ ID string }
		Preferred string `json:"preferred_pipeline"`
	}
	home.Do(t, "assist_pipeline/pipeline/list", nil, &list)
	if list.Preferred != home.Pipeline() {
		t.Errorf("preferred pipeline: %q, want %q", list.Preferred, home.Pipeline())
	}
	var entries []struct{ Domain, State string }
	home.Do(t, "config_entries/get", nil, &entries)
	loaded := map[string]int{"mqtt": 0, "wyoming": 0}
	for _, e := range entries {
		if _, ours := loaded[e.Domain]; ours && e.State == "loaded" {
			loaded[e.Domain]++
		}
	}
	if diff := cmp.Diff(map[string]int{"mqtt": 1, "wyoming": 2}, loaded); diff != "" {
		t.Errorf("loaded integrations (-want +got):\n%s", diff)
	}
}

// get fetches what needs no token.
func get(t *testing.T, url string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("get %s: %s %v", url, resp.Status, err)
	}
	return data
}

var errInvalid = errors.New("auth_invalid")

// dial connects and logs in; the connection is closed with the test.
func dial(t *testing.T, home *lab.Home, token string) (*websocket.Conn, error) {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(home.URL(), "http")+"/api/websocket", nil)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.WriteJSON(map[string]string{"type": "auth", "access_token": token}); err != nil {
		return nil, err
	}
	var m struct{ Type string }
	for m.Type != "auth_ok" {
		if err := conn.ReadJSON(&m); err != nil {
			return nil, err
		}
		if m.Type == "auth_invalid" {
			return nil, errInvalid
		}
	}
	return conn, nil
}

// outcome is what a run of a pipeline gave.
type outcome struct {
	text  string // what was understood
	reply string // path of the spoken reply
}

// speak runs the preferred pipeline over audio at 16 kHz.
func speak(t *testing.T, home *lab.Home, token string, pcm []int16) (o outcome) {
	t.Helper()
	conn, err := dial(t, home, token)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	err = conn.WriteJSON(map[string]any{"id": 1, "type": "assist_pipeline/run", "start_stage": "stt", "end_stage": "tts",
		"input": map[string]any{"sample_rate": audio.SampleRate, "no_vad": true}})
	for err == nil {
		var m struct {
			Event struct {
				Type string
				Data json.RawMessage
			}
		}
		if err = conn.ReadJSON(&m); err != nil {
			break
		}
		var data struct {
			Runner struct {
				Handler byte `json:"stt_binary_handler_id"`
			} `json:"runner_data"`
			STT struct{ Text string } `json:"stt_output"`
			TTS struct{ URL string }  `json:"tts_output"`
		}
		if len(m.Event.Data) > 0 {
			err = json.Unmarshal(m.Event.Data, &data)
		}
		switch m.Event.Type {
		case "run-start":
			frame, _ := binary.Append([]byte{data.Runner.Handler}, binary.LittleEndian, pcm)
			err = errors.Join(conn.WriteMessage(websocket.BinaryMessage, frame),
				conn.WriteMessage(websocket.BinaryMessage, []byte{data.Runner.Handler}))
		case "stt-end":
			o.text = data.STT.Text
		case "tts-end":
			o.reply = data.TTS.URL
		case "error":
			t.Fatalf("the run failed: %s", m.Event.Data)
		case "run-end":
			return o
		}
	}
	t.Fatal(err)
	return o
}

// command returns what is said after the wake word in a recording of a whole command.
func command(t *testing.T) []int16 {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "..", "testdata", "audio", "okay_nabu_light_on.wav"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	pcm, err := audio.ReadWAV(file)
	if err != nil {
		t.Fatal(err)
	}
	return audiotest.Command(pcm)
}
