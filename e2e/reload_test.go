package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"earshot/e2e/lab"
	"earshot/internal/audio/audiotest"
	"earshot/internal/testkit"
)

// changing is a household whose configuration changes while it runs. Its kitchen has a program of its own for a microphone, whose starts are counted.
type changing struct {
	t      *testing.T
	pulse  *audiotest.Pulse
	broker *broker
	*bridge
	starts string // a file with a line for each start of the kitchen's program
	admin  *client
}

const hall = "  - {id: hall, name: %s, microphone: {driver: pulse, device: hall.monitor}, wake_words: [okay_nabu]}\n"

func startChanging(t *testing.T) *changing {
	c := &changing{t: t, pulse: audiotest.StartPulse(t), broker: startBroker(t), starts: filepath.Join(t.TempDir(), "starts")}
	c.pulse.LoadNullSink("kitchen")
	c.pulse.LoadNullSink("hall")
	c.bridge = prepareBridge(t, "", c.pulse.Env()...)
	c.write("", "")
	c.bridge.restart(t)
	testkit.Within(t, 20*time.Second, "the kitchen is heard", func() bool { return c.health() == 200 })
	c.admin = c.dial(t, "admin")
	c.reader() // no token can be made with a configuration that is wrong
	return c
}

// write puts another configuration in the place of the one there is, as editors do.
func (c *changing) write(satellites, more string) {
	c.t.Helper()
	models, err := filepath.Abs("../models")
	if err != nil {
		c.t.Fatal(err)
	}
	yaml := fmt.Sprintf(`satellites:
  - id: kitchen
    microphone: {driver: command, device: "echo started >> %s; exec parec --raw --format=s16le --rate=16000 --channels=1 --latency-msec=20 -d kitchen.monitor"}
    wake_words: [okay_nabu]
%smodels: {dir: %q}
mqtt: {url: "mqtt://127.0.0.1:%d", embedded: false}
history: {dir: %q}
server: {listen: %q}
%s`, c.starts, satellites, models, c.broker.port, filepath.Join(c.dir, "data"), c.listen, more)
	c.put(yaml)
}

func (c *changing) put(yaml string) {
	c.t.Helper()
	next := c.config + ".new"
	if err := os.WriteFile(next, []byte(yaml), 0o600); err != nil {
		c.t.Fatal(err)
	}
	if err := os.Rename(next, c.config); err != nil {
		c.t.Fatal(err)
	}
}

// hup asks for the file to be read now, and waits for what comes of it.
func (c *changing) hup(result string) {
	c.t.Helper()
	before := c.counted(result)
	if err := c.process.Process.Signal(syscall.SIGHUP); err != nil {
		c.t.Fatal(err)
	}
	testkit.Within(c.t, 20*time.Second, "the configuration is read: "+result, func() bool { return c.counted(result) == before+1 })
}

// ask asks the program how it is.
func (c *changing) ask(path string) (status int, body string) {
	c.t.Helper()
	resp, err := http.Get("http://" + c.listen + "/" + path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

// counted is how often the configuration was read with a result.
func (c *changing) counted(result string) int {
	return int(c.metric(`earshot_config_reloads_total{result="` + result + `"}`))
}

// metric is a value of /metrics, -1 for one that is not there.
func (c *changing) metric(name string) float64 {
	c.t.Helper()
	_, body := c.scrape(c.t, c.reader())
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindStringSubmatch(body)
	if found == nil {
		return -1
	}
	value, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		c.t.Fatal(err)
	}
	return value
}

// reader is a token for the metrics, made once.
func (c *changing) reader() string {
	path := filepath.Join(c.dir, "reader")
	token, err := os.ReadFile(path)
	if err != nil {
		token = []byte(c.token(c.t, "read"))
		if err := os.WriteFile(path, token, 0o600); err != nil {
			c.t.Fatal(err)
		}
	}
	return string(token)
}

// satellites are those that the services list.
func (c *changing) satellites() (list map[string]map[string]any) {
	c.t.Helper()
	list = map[string]map[string]any{}
	for _, s := range c.admin.must("satellites/list", nil)["satellites"].([]any) {
		list[s.(map[string]any)["id"].(string)] = s.(map[string]any)
	}
	return list
}

func (c *changing) hears(satellite string) {
	c.t.Helper()
	testkit.Within(c.t, 20*time.Second, satellite+" listens", func() bool {
		s, there := c.satellites()[satellite]
		return there && s["microphone"].(map[string]any)["state"] == "listening"
	})
}

// say plays a command to a room, and returns when it is over.
func (c *changing) say(sink string) {
	c.t.Helper()
	if err := c.pulse.Play("../testdata/audio/okay_nabu_light_on.wav", sink); err != nil {
		c.t.Error(err)
	}
}

func (c *changing) wakes(satellite string) int {
	return len(c.broker.all("earshot/" + satellite + "/wake"))
}

// undisturbed checks that the kitchen's program was started once, and that none of its sound was lost.
func (c *changing) undisturbed() {
	c.t.Helper()
	starts, err := os.ReadFile(c.starts)
	if n := bytes.Count(starts, []byte("\n")); err != nil || n != 1 {
		c.t.Errorf("the kitchen's microphone was opened %d times, %v", n, err)
	}
	if lost := c.metric(`earshot_microphone_frames_dropped_total{satellite="kitchen"}`); lost != 0 {
		c.t.Errorf("the kitchen has lost %v frames", lost)
	}
}

// TestReload adds a satellite, changes it and takes it away, while the other one goes on listening: in the midst of a command, whose recording is whole.
func TestReload(t *testing.T) {
	t.Parallel()
	c := startChanging(t)
	c.admin.must("satellites/subscribe", nil)
	said := make(chan struct{})
	go func() { defer close(said); c.say("kitchen") }()
	c.write(fmt.Sprintf(hall, "Hall"), "")
	c.hup("ok")
	<-said
	testkit.Within(t, 20*time.Second, "the command in the kitchen", func() bool { return c.wakes("kitchen") == 1 && len(c.admin.entries()) == 1 })
	url := c.admin.must("clips/sign", map[string]any{"entry_id": c.admin.entries()[0]["id"]})["url"].(string)
	checkClip(t, c.bridge, url, "../testdata/audio/okay_nabu_light_on.wav")
	c.undisturbed()

	const described = "homeassistant/device/earshot_hall/config"
	testkit.Within(t, 20*time.Second, "the hall is a device", func() bool {
		return strings.Contains(c.broker.last(described), "Earshot Hall") && c.broker.last("earshot/hall/state") == "idle"
	})
	told := func(want int) func() bool {
		return func() bool {
			c.satellites() // reads events, too
			for {
				select {
				case e := <-c.admin.events:
					if list, ok := e["satellites"].([]any); ok && len(list) == want {
						return true
					}
				default:
					return false
				}
			}
		}
	}
	testkit.Within(t, 20*time.Second, "who follows the satellites is told of the new one", told(2))
	c.hears("hall")
	c.say("hall")
	testkit.Within(t, 20*time.Second, "the hall hears", func() bool { return c.wakes("hall") == 1 })

	// What people have switched stays, also when the satellite has another name.
	c.admin.must("satellites/mute", map[string]any{"satellite": "hall", "muted": true})
	c.admin.must("wake_words/update", map[string]any{"satellite": "hall", "wake_word": "okay_nabu", "threshold": 0.33})
	c.write(fmt.Sprintf(hall, "Corridor"), "") // the file's change is noticed by itself
	testkit.Within(t, 30*time.Second, "the hall has another name", func() bool { return c.satellites()["hall"]["name"] == "Corridor" })
	testkit.Within(t, 20*time.Second, "Home Assistant calls it so", func() bool { return strings.Contains(c.broker.last(described), "Earshot Corridor") })
	testkit.Within(t, 20*time.Second, "it is still muted, and has its threshold", func() bool {
		s := c.satellites()["hall"]
		return s["muted"] == true && s["wake_words"].([]any)[0].(map[string]any)["threshold"] == 0.33
	})

	c.write("", "")
	c.hup("ok")
	testkit.Within(t, 20*time.Second, "the hall's device is gone", func() bool { return c.broker.last(described) == "" && c.broker.last("earshot/hall/state") == "" })
	testkit.Within(t, 20*time.Second, "who follows the satellites is told", told(1))
	if list := c.satellites(); len(list) != 1 {
		t.Errorf("there are %v", list)
	}
	if n := c.metric(`earshot_wakes_total{satellite="hall",wake_word="okay_nabu"}`); n != -1 {
		t.Errorf("the hall's wakes are still counted: %v", n)
	}
	c.undisturbed()
}

// TestReloadRefused has a wrong configuration change nothing, and says where it is wrong until it is right again.
func TestReloadRefused(t *testing.T) {
	t.Parallel()
	c := startChanging(t)
	c.put("satellites:\n  - {id: kitchen, wake_words: [okay_nabu]}\n  - {id: attic, wake_words: [okay_nabbu]}\n" +
		"models: {dir: ../../models}\nserver: {lisen: x}\n")
	testkit.Within(t, 30*time.Second, "it is not ready", func() bool { status, _ := c.ask("readyz"); return status == http.StatusServiceUnavailable })
	if code, out := exitCode(t, "call", "satellites/list", "--address", c.listen, "--token-file", writeFile(t, "token", c.reader())); code != 0 || strings.Contains(out, "attic") {
		t.Errorf("%d: %s", code, out)
	}
	if _, body := c.ask("readyz"); !strings.Contains(body, "configuration_rejected") || !strings.Contains(body, "config.yaml:5 (server.lisen)") {
		t.Errorf("ready is %s", body)
	}
	if status, body := c.ask("healthz"); status != 200 || !strings.Contains(body, "config.yaml:5 (server.lisen)") {
		t.Errorf("health is %d, %s: who restarts what is unwell would end a bridge that hears", status, body)
	}
	if log := c.log.String(); !strings.Contains(log, `config.yaml:5: server.lisen: is not a key here; did you mean \"listen\"?`) {
		t.Error("the log does not say what is wrong")
	}
	testkit.Within(t, 20*time.Second, "Home Assistant shows it", func() bool { return c.broker.last("earshot/bridge/hub/configuration_problem") == "ON" })
	if n := c.counted("rejected"); n != 1 {
		t.Errorf("it was refused %d times", n)
	}

	// One that only the models show to be wrong.
	c.write("  - {id: attic, microphone: {driver: pulse, device: hall.monitor}, wake_words: [okay_nabbu]}\n", "")
	c.hup("rejected")
	if log := c.log.String(); !strings.Contains(log, `config.yaml:5: satellites[1].wake_words[0]: `) {
		t.Error("the log does not say which word there is no model of")
	}
	c.say("kitchen")
	testkit.Within(t, 20*time.Second, "the kitchen hears", func() bool { return c.wakes("kitchen") == 1 })

	// Right again, with something that has to wait for a restart.
	c.write("", "discovery: {delete_buttons: false}\n")
	testkit.Within(t, 30*time.Second, "all is well", func() bool { status, _ := c.ask("readyz"); return status == 200 })
	testkit.Within(t, 20*time.Second, "Home Assistant shows it", func() bool { return c.broker.last("earshot/bridge/hub/configuration_problem") == "OFF" })
	if log := c.log.String(); !strings.Contains(log, "restart earshot for this") || !strings.Contains(log, "discovery.delete_buttons") {
		t.Error("the log does not say that it needs a restart")
	}
	out, err := exec.Command(program, "doctor", "--config", c.config).CombinedOutput()
	if !strings.Contains(string(out), "config.yaml was changed: discovery.delete_buttons. Restart earshot for this.") {
		t.Errorf("the doctor says: %v\n%s", err, out)
	}
	c.undisturbed()
}

// TestReloadForever reads the configuration again and again, with and without a satellite more: nothing grows.
func TestReloadForever(t *testing.T) {
	t.Parallel()
	c := startChanging(t)
	round := func() {
		c.write(fmt.Sprintf(hall, "Hall"), "log: {level: debug}\n")
		c.hup("ok")
		c.hears("hall")
		c.write("", "")
		c.hup("ok")
	}
	round()
	steady := func() int {
		n := 0
		testkit.Within(t, 20*time.Second, "a steady number of goroutines", func() bool {
			before := n
			n = int(c.metric("go_goroutines"))
			return n == before
		})
		return n
	}
	before := steady()
	for range 10 {
		round()
	}
	testkit.Within(t, 20*time.Second, fmt.Sprintf("there are no more goroutines than the %d before", before), func() bool { return steady() <= before })
	c.undisturbed()
}

// TestTerminalClosed ends the program with its terminal: nobody would know that it goes on listening. SIGHUP, which terminals send, asks for a reload otherwise.
func TestTerminalClosed(t *testing.T) {
	t.Parallel()
	wav, err := filepath.Abs("../detector/testdata/wav/silence.wav")
	if err != nil {
		t.Fatal(err)
	}
	dir, listen := t.TempDir(), fmt.Sprintf("127.0.0.1:%d", freePort(t))
	models, err := filepath.Abs("../models")
	if err != nil {
		t.Fatal(err)
	}
	b := &bridge{dir: dir, listen: listen, config: writeFile(t, "config.yaml", fmt.Sprintf(
		"satellites: [{id: kitchen, microphone: {driver: file, device: %q, loop: true}, wake_words: [okay_nabu]}]\nmodels: {dir: %q}\n"+
			"mqtt: {embedded: false}\nhistory: {dir: %q}\nserver: {listen: %q}\n", wav, models, filepath.Join(dir, "data"), listen))}
	// Where the tests themselves run under nohup, the program would inherit that.
	terminal := exec.Command("env", "--default-signal=HUP", lookPath(t, "script"), "-qfc", program+" run --config "+b.config, os.DevNull)
	if err := terminal.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = exec.Command("pkill", "-KILL", "-f", b.config).Run() }) // it is a session of its own, and no child of ours any more
	testkit.Within(t, 20*time.Second, "it runs", func() bool { return b.health() == 200 })
	if err := terminal.Process.Kill(); err != nil { // a window that is closed
		t.Fatal(err)
	}
	_ = terminal.Wait()
	testkit.Within(t, 20*time.Second, "it has ended", func() bool { return b.health() == 0 })
}

// TestReloadInHomeAssistant has the real Home Assistant follow a satellite that comes, gets another wake word, and goes; the other one's device stays as it is.
func TestReloadInHomeAssistant(t *testing.T) {
	t.Parallel()
	for _, version := range []string{lab.Current, lab.Oldest} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			home := lab.Start(t, lab.Options{Version: version})
			h := newHousehold(t, home, home.PlainToken())
			h.pulse.LoadNullSink("hall")
			before, err := os.ReadFile(h.config)
			if err != nil {
				t.Fatal(err)
			}
			_, kitchen := home.EntityByUniqueID(t, "mqtt", "earshot_kitchen_wake")
			write := func(hall string) {
				yaml := strings.Replace(string(before), "satellites:\n", "satellites:\n"+hall, 1)
				if err := os.WriteFile(h.config, []byte(yaml), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			has := func(want ...string) func() bool {
				return func() bool {
					found := h.registered("earshot_hall_")
					for _, key := range want {
						if _, there := found[key]; !there {
							return false
						}
					}
					return len(want) > 0 || len(found) == 0
				}
			}
			const hall = "  - {id: hall, area: Hall, microphone: {driver: pulse, device: hall.monitor}, wake_words: [%s]}\n"
			write(fmt.Sprintf(hall, "alexa"))
			testkit.Within(t, patience, "the hall's entities", has("wake", "mute", "listen_alexa", "threshold_alexa"))
			id := h.registered("earshot_hall_")["state"].ID
			home.WaitState(t, id, "idle", patience)
			write(fmt.Sprintf(hall, "hey_jarvis"))
			testkit.Within(t, patience, "the entities of the new word", has("listen_hey_jarvis", "threshold_hey_jarvis"))
			testkit.Within(t, patience, "those of the old word are gone", func() bool { return !has("listen_alexa")() && !has("threshold_alexa")() })
			if now := h.registered("earshot_hall_")["state"].ID; now != id {
				t.Errorf("the hall's state was %s, and is %s", id, now)
			}
			home.WaitState(t, h.registered("earshot_hall_")["listen_hey_jarvis"].ID, "on", patience)
			write("")
			testkit.Within(t, patience, "the hall is gone", has())
			if _, device := home.EntityByUniqueID(t, "mqtt", "earshot_kitchen_wake"); device != kitchen {
				t.Error("the kitchen is another device now")
			}
			if home.State(t, h.registered("earshot_kitchen_")["state"].ID) != "idle" {
				t.Error("the kitchen is not idle")
			}
		})
	}
}
