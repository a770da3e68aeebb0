package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"earshot/history"
	"earshot/history/files"
	"earshot/history/sqlite"
	"earshot/internal/audio"
	"earshot/internal/audio/audiotest"
	"earshot/internal/testkit"
	"earshot/internal/wyoming/wyomingtest"
)

// manyEntries is more than most households ever have.
const manyEntries = 10_000

// TestPage opens the page of the real program in a real browser, with a microphone that hears and a long history: what it has to do is in
// web/e2e. When EARSHOT_SHOTS names a folder, it only puts pictures of the main states there.
func TestPage(t *testing.T) {
	t.Parallel()
	pulse, stt, broker := audiotest.StartPulse(t), wyomingtest.New(t), startBroker(t)
	pulse.LoadNullSink("mic")
	data := t.TempDir()
	if dir, err := os.MkdirTemp("/dev/shm", "earshot-e2e-"); err == nil {
		data = dir // storing ten thousand recordings on a disk, each for good, takes minutes
		t.Cleanup(func() { os.RemoveAll(dir) })
	}
	fillHistory(t, data, manyEntries)
	b := startBridge(t, fmt.Sprintf(`
satellites:
  - id: kitchen
    name: Kitchen
    area: Kitchen
    microphone: {driver: pulse, device: mic.monitor}
    wake_words: [okay_nabu]
models: {dir: %q}
mqtt: {url: "mqtt://127.0.0.1:%d"}
stt: {wyoming: "%s", language: en}
history: {dir: %s, time_zone: Europe/Berlin}
server: {listen: LISTEN}
`, modelsWithHeads(t), broker.port, stt.Addr(), data), pulse.Env()...)
	testkit.Within(t, 60*time.Second, "the bridge hears", func() bool { return b.health() == 200 })
	spoken := shortCommand(t)
	tests, shots := "e2e/page/screenshots.test.mjs", os.Getenv("EARSHOT_SHOTS")
	if shots == "" {
		tests, shots = "e2e/page/", t.TempDir()
	}
	b.browse(t, tests, map[string]func() error{
		"play":  func() error { return pulse.Play(spoken, "mic") },
		"alexa": func() error { return pulse.Play("../detector/testdata/wav/alexa.wav", "mic") },
		"say": func() error {
			stt.Script(wyomingtest.Reply{Text: "switch on the aardvark lamp"})
			return pulse.Play(spoken, "mic")
		},
	}, "EARSHOT_TOKEN="+b.token(t, "admin"), "EARSHOT_LISTEN_TOKEN="+b.token(t, "listen"), "EARSHOT_SHOTS="+shots)
}

// browse runs tests of the folder web with a browser in front of the bridge. They may ask by HTTP for what wishes has, for the bridge to
// stop and to start again, and for the last code of its log.
func (b *bridge) browse(t *testing.T, tests string, wishes map[string]func() error, env ...string) {
	t.Helper()
	if _, err := os.Stat("../web/node_modules/playwright"); err != nil {
		t.Fatal("the packages of the page's tests are missing; make web/node_modules installs them")
	}
	code := regexp.MustCompile(`"code":"(\d{8})"`)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{wish}", func(w http.ResponseWriter, r *http.Request) {
		var err error
		switch wish := r.PathValue("wish"); wish {
		case "stop":
			b.kill(t)
		case "start":
			b.restart(t)
			testkit.Within(t, 60*time.Second, "the bridge hears again", func() bool { return b.health() == 200 })
		case "code":
			if codes := code.FindAllStringSubmatch(b.log.String(), -1); len(codes) > 0 {
				fmt.Fprint(w, codes[len(codes)-1][1])
			}
		default:
			err = wishes[wish]()
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	control := httptest.NewServer(mux)
	defer control.Close()
	cmd := exec.CommandContext(t.Context(), lookPath(t, "node"), "--test", "--test-concurrency=1", "--test-reporter=spec", tests)
	cmd.Dir = "../web"
	cmd.Env = append(append(os.Environ(), "EARSHOT_PAGE=http://"+b.listen+"/", "EARSHOT_CONTROL="+control.URL), env...)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("%s: %v", tests, err)
	}
}

// fillHistory stores what a household has said in the last months; the newest have their audio.
func fillHistory(t *testing.T, dir string, many int) {
	t.Helper()
	data, err := os.ReadFile("../testdata/audio/okay_nabu_light_on.wav")
	if err != nil {
		t.Fatal(err)
	}
	pcm, err := audio.ReadWAV(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "history.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	blobs, err := files.Open(filepath.Join(dir, "clips"))
	if err != nil {
		t.Fatal(err)
	}
	defer blobs.Close()
	cfg := history.DefaultConfig()
	cfg.Dir, cfg.TimeZone = dir, "Europe/Berlin"
	h, err := history.New(t.Context(), cfg, history.Parts{Store: store, Blobs: blobs})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(7, 7))
	now, began := time.Now(), time.Now()
	var g errgroup.Group
	g.SetLimit(16)
	for n := range many {
		e := said(rng, now, n)
		e.Duration = time.Duration(len(pcm)) * time.Second / audio.SampleRate
		var sound []int16
		if n < 300 {
			sound = pcm
		}
		g.Go(func() error {
			_, err := h.Add(t.Context(), history.Recording{Entry: e, PCM: sound})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d recordings stored in %v", many, time.Since(began).Round(time.Second))
}

// said is the n-th newest recording: so many a day that none is too old for retention.
func said(rng *rand.Rand, now time.Time, n int) history.Entry {
	sentences := []struct{ text, reply, intent string }{
		{"turn on the kitchen light", "Turned on the light", "HassTurnOn"},
		{"set a timer for ten minutes", "Timer set for 10 minutes", "HassStartTimer"},
		{"how warm is it in the bedroom", "19.5 °C", "HassClimateGetTemperature"},
		{"close the blinds in the hallway", "Closed the blinds", "HassTurnOff"},
		{"what is the weather going to be like tomorrow", "Sunny, up to 24 °C", "HassGetWeather"},
	}
	s := sentences[rng.IntN(len(sentences))]
	e := history.Entry{
		Satellite: "kitchen", Area: "Kitchen", At: now.Add(-time.Minute - time.Duration(n)*4*time.Minute), WakeWord: "okay_nabu", Score: 0.9 + rng.Float64()/10, Threshold: 0.85,
		Outcome: history.Understood, Transcript: s.text, Reply: s.reply, Intent: s.intent, Language: "en",
		Timings: history.Timings{SpeechEnd: 1900 * time.Millisecond, Transcript: 2300 * time.Millisecond, Reply: 2600 * time.Millisecond},
	}
	switch rng.IntN(12) {
	case 0, 1:
		e.Outcome, e.Score, e.Transcript, e.Reply, e.Intent, e.Timings = history.NotIntended, 0.85+rng.Float64()/20, "", "", "", history.Timings{}
	case 2:
		e.Outcome, e.Transcript, e.Reply, e.Intent = history.NotUnderstood, "turn of the kid chin light", "Sorry, I couldn't understand that", ""
	case 3:
		e.Outcome, e.Reply, e.Intent = history.Failed, "", ""
		e.Error = &history.EntryError{Code: "timeout", Message: "Home Assistant did not answer in time"}
	}
	return e
}
