package e2e

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"earshot/internal/audio"
	"earshot/internal/audio/audiotest"
	"earshot/internal/testkit"
)

// kitchenAndStudy are satellites on a microphone of their own each; the study listens to the first channel.
const kitchenAndStudy = `
satellites:
  - id: kitchen
    name: Kitchen
    microphone: {driver: pulse, device: mic.monitor}
    wake_words: [okay_nabu]
  - id: study
    name: Study
    microphone: {driver: pulse, device: stereo.monitor}
    wake_words: [okay_nabu]
models: {dir: MODELS}
mqtt: {url: "mqtt://127.0.0.1:%d", embedded: false}
history: {dir: DATA, save: nothing}
server: {listen: LISTEN}
`

// TestMicrophoneQuality plays what a bad microphone would deliver, and then what a good one does: people are told everywhere, and no longer.
func TestMicrophoneQuality(t *testing.T) {
	t.Parallel()
	pulse := audiotest.StartPulse(t)
	pulse.LoadNullSink("mic")
	pulse.LoadNullSink("stereo")
	mosquitto := startBroker(t)
	b := startBridge(t, fmt.Sprintf(kitchenAndStudy, mosquitto.port), pulse.Env()...)
	testkit.Within(t, 20*time.Second, "both microphones are heard", func() bool { return b.health() == 200 })
	admin, token := b.dial(t, "read"), b.token(t, "read")
	quality := func(id string) string { return mosquitto.last("earshot/" + id + "/microphone_quality") }
	testkit.Within(t, 20*time.Second, "nothing is wrong yet", func() bool { return quality("kitchen") == "good" && quality("study") == "good" })

	said := dense(t)
	thin := sound(t, audiotest.LowPass(said, 3200))
	stopThin, stopLeft := playing(t, pulse, thin, "mic"), playing(t, pulse, sound(t, make([]int16, len(said)), said), "stereo")
	var study string
	testkit.Within(t, 60*time.Second, "the silent channel is found", func() bool {
		_, study = finding(admin, "study")
		return quality("study") == "channel"
	})
	if want := "Channel 0 of this microphone is silent, channel 1 carries sound: set microphone.channel: 1."; study != want {
		t.Errorf("the study is told %q, want %q", study, want)
	}
	stopLeft()
	took := testkit.Within(t, 120*time.Second, "nothing above 4 kHz is found", func() bool { return quality("kitchen") == "narrow" })
	t.Logf("found %.1f s later", took.Seconds())
	if code, text := finding(admin, "kitchen"); code != "narrow" || !strings.HasPrefix(text, "This microphone delivers nothing above 4 kHz: wake words will often be missed.") {
		t.Errorf("the kitchen is told %s: %q", code, text)
	}
	if b.health() != 200 {
		t.Error("a warning makes the bridge unhealthy")
	}
	_, body := b.scrape(t, token)
	for _, line := range []string{
		`earshot_microphone_finding{code="narrow",satellite="kitchen"} 1`, `earshot_microphone_finding{code="quiet",satellite="kitchen"} 0`,
		`earshot_microphone_finding{code="channel",satellite="study"} 1`,
	} {
		if !strings.Contains(body, line+"\n") {
			t.Errorf("the metrics lack %s", line)
		}
	}
	stopThin()

	stopWide := playing(t, pulse, sound(t, said), "mic")
	testkit.Within(t, 60*time.Second, "the kitchen is good again", func() bool {
		code, _ := finding(admin, "kitchen")
		return code == "" && quality("kitchen") == "good"
	})
	stopWide()
	if n := strings.Count(b.log.String(), "This microphone delivers nothing above 4 kHz"); n != 1 {
		t.Errorf("the log tells it %d times, not once", n)
	}
}

// finding is the worst that a satellite is told, "" when nothing is.
func finding(c *client, id string) (code, text string) {
	for _, s := range c.must("satellites/list", nil)["satellites"].([]any) {
		sat := s.(map[string]any)
		list := sat["microphone"].(map[string]any)["findings"].([]any)
		if sat["id"] == id && len(list) > 0 {
			f := list[0].(map[string]any)
			return f["code"].(string), f["text"].(string)
		}
	}
	return "", ""
}

// dense is all that our own voices say, with short pauses and the noise of a room.
func dense(t *testing.T) (said []int16) {
	t.Helper()
	files, err := filepath.Glob("../testdata/audio/*.wav")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		pcm, err := audio.ReadWAV(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		for silent := 0; len(pcm) >= audio.FrameSamples; pcm = pcm[audio.FrameSamples:] {
			silent++
			for _, v := range pcm[:audio.FrameSamples] {
				if v > 300 || v < -300 {
					silent = 0
				}
			}
			if silent < 20 {
				said = append(said, pcm[:audio.FrameSamples]...)
			}
		}
	}
	return said
}

// sound writes channels into a WAV file of 16 kHz and returns its path.
func sound(t *testing.T, channels ...[]int16) string {
	t.Helper()
	var raw []byte
	for i := range channels[0] {
		for _, ch := range channels {
			raw = binary.LittleEndian.AppendUint16(raw, uint16(ch[i]))
		}
	}
	return writeFile(t, "sound.wav", string(audiotest.WAV(raw, audio.SampleRate, len(channels))))
}

// playing plays a file over and over, until stop is called.
func playing(t *testing.T, pulse *audiotest.Pulse, wav, sink string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		for ctx.Err() == nil {
			cmd := exec.CommandContext(ctx, "paplay", "--device="+sink, wav)
			cmd.Env = pulse.Env()
			if out, err := cmd.CombinedOutput(); err != nil && ctx.Err() == nil {
				t.Errorf("paplay: %v: %s", err, out)
				return
			}
		}
	})
	stop = func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return stop
}

// TestDevicesListen listens to all microphones of a machine: a good one, one with a silent channel, and one that gives only zeros.
func TestDevicesListen(t *testing.T) {
	t.Parallel()
	pulse := audiotest.StartPulse(t)
	pulse.LoadNullSink("mic")
	pulse.LoadNullSink("stereo")
	pulse.Load("module-null-source", "source_name=dead")
	said := dense(t)
	defer playing(t, pulse, sound(t, said), "mic")()
	quieter := make([]int16, len(said))
	for i, v := range said {
		quieter[i] = v / 4
	}
	defer playing(t, pulse, sound(t, make([]int16, len(said)), quieter), "stereo")()

	listen := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), program, append([]string{"devices", "--listen", "--seconds", "14"}, args...)...)
		cmd.Env = pulse.Env()
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("earshot devices --listen: %v", err)
		}
		return string(out)
	}
	type device struct {
		Device, Problem string
		Channels        []struct {
			Channel int
			Hears   string
			Loudest float64 `json:"loudest_dbfs"`
		}
		Findings []struct{ Code, Text string }
	}
	var list []device
	if err := json.Unmarshal([]byte(listen("--json")), &list); err != nil {
		t.Fatal(err)
	}
	codes, loudest, hears := map[string]string{}, map[string]float64{}, map[string]string{}
	for _, d := range list {
		for _, f := range d.Findings {
			codes[d.Device] += f.Code
		}
		for _, c := range d.Channels {
			loudest[fmt.Sprint(d.Device, c.Channel)], hears[fmt.Sprint(d.Device, c.Channel)] = c.Loudest, c.Hears
		}
	}
	if codes["mic.monitor"] != "" || codes["stereo.monitor"] != "channel" || codes["dead"] != "flat" {
		t.Errorf("findings are %v", codes)
	}
	if loudest["mic.monitor0"] < -20 || loudest["stereo.monitor0"] != -120 || loudest["stereo.monitor1"] < -32 || loudest["dead0"] != -120 {
		t.Errorf("levels are %v", loudest)
	}
	if hears["mic.monitor0"] != "speech" || hears["stereo.monitor0"] != "silence" || hears["stereo.monitor1"] != "speech" || hears["dead0"] != "silence" {
		t.Errorf("heard are %v", hears)
	}

	text := listen()
	for _, want := range []string{
		"stereo.monitor: channel 0 is silent, channel 1 carries speech.",
		"stereo.monitor: Channel 0 of this microphone is silent, channel 1 carries sound: set microphone.channel: 1.",
		"dead: This microphone runs and delivers no sound at all",
		`microphone: {driver: pulse, device: "mic.monitor", channel: `,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "\x1b") {
		t.Error("bars are drawn where nobody looks")
	}
}
