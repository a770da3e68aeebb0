package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"

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
	data := testkit.MemoryDir(t)
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

// fillHistory stores what a household has said in the last months; the newest have their audio. A program does it: here, where the race detector
// looks at every step of the database, ten thousand recordings would take minutes.
func fillHistory(t *testing.T, dir string, many int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filler, dir, strconv.Itoa(many), "../testdata/audio/okay_nabu_light_on.wav")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("fill the history: %v: %s", err, out)
	}
}
