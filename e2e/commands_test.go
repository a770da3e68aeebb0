package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"earshot/internal/testkit"
)

// writeFile puts a file into a folder of the test's own and returns its path.
func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestExitCodes holds what scripts rely on: 0 done, 1 failed, 2 wrong usage or configuration, and a sentence that helps.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	good := writeFile(t, "good.yaml", "satellites: [{id: a, wake_words: [okay_nabu]}]\nmodels: {dir: ../models}\n")
	bad := writeFile(t, "bad.yaml", "satellites: [{id: a, wake_words: [okay_nabu]}]\nmqqt: {}\nlog: {level: loud}\n")
	missing := writeFile(t, "model.yaml", "satellites: [{id: a, wake_words: [okay_nabuu]}]\nmodels: {dir: ../models}\n")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"version"}, 0, ""},
		{[]string{"help"}, 0, "check-config"},
		{[]string{}, 2, "commands:"},
		{[]string{"sing"}, 2, `there is no command "sing"`},
		{[]string{"run", "--cnofig", "x"}, 2, "usage: earshot run"},
		{[]string{"check-config", "--config", good}, 0, "is fine"},
		{[]string{"check-config", "--config", bad}, 2, `bad.yaml:2: mqqt: is not a key here; did you mean "mqtt"?`},
		{[]string{"check-config", "--config", bad}, 2, `bad.yaml:3: log.level: "loud"`},
		{[]string{"run", "--config", bad}, 2, "bad.yaml:2"},
		{[]string{"check-config", "--config", missing}, 2, "okay_nabu"},
		{[]string{"check-config", "--config", "/nowhere.yaml"}, 1, "no such file"},
		{[]string{"detect"}, 2, "name at least one WAV file"},
		{[]string{"detect", "--models", "../models", "--model", "nobody", "../testdata/audio/alexa_light_on.wav"}, 1, "hey_jarvis"},
		{[]string{"detect", "--models", "../models", "commands_test.go"}, 1, "commands_test.go"},
		{[]string{"detect", "--models", "/nowhere", "../testdata/audio/alexa_light_on.wav"}, 1, "make models"},
		{[]string{"token", "create", "--config", good, "--role", "owner", "--name", "x"}, 2, "admin"},
		{[]string{"models", "list", "--models", "../models"}, 0, "okay_nabu"},
		{[]string{"models", "add", "--models", t.TempDir(), "../models/alexa.json"}, 0, "Alexa"},
		{[]string{"models", "add", "--models", t.TempDir(), "commands_test.go"}, 2, "manifest"},
	} {
		code, out := exitCode(t, c.args...)
		if code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("earshot %s: exit code %d, want %d; says %q, want %q in it", strings.Join(c.args, " "), code, c.code, out, c.says)
		}
	}
}

// TestDetect finds each word in the recording of its own and in no other.
func TestDetect(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../testdata/audio/*.wav")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	code, out := exitCode(t, append([]string{"detect", "--json", "--models", "../models"}, files...)...)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, out)
	}
	heard := map[string]int{}
	for line := range strings.Lines(out) {
		var hit struct {
			File, WakeWord string
			WakeWordJSON   string  `json:"wake_word"`
			T, Score       float64 `json:",omitempty"`
		}
		if err := json.Unmarshal([]byte(line), &hit); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if !strings.HasPrefix(filepath.Base(hit.File), hit.WakeWordJSON+"_") {
			t.Errorf("%s was heard in %s", hit.WakeWordJSON, hit.File)
		}
		heard[hit.File]++
	}
	for _, f := range files {
		if heard[f] != 1 {
			t.Errorf("%s: heard %d times", f, heard[f])
		}
	}
	_, trace := exitCode(t, "detect", "--json", "--trace", "0", "--models", "../models", "--model", "alexa", files[0])
	if n := strings.Count(trace, "\n"); n < 200 {
		t.Errorf("the trace of 7 s has %d inferences", n)
	}
}

// TestDemo is the first thing a newcomer sees: without a microphone the recording is heard, and the page's address works.
func TestDemo(t *testing.T) {
	t.Parallel()
	page, mqtt := freePort(t), freePort(t)
	data := t.TempDir()
	config := writeFile(t, "config.yaml", fmt.Sprintf(`
satellites:
  - {id: home, name: Home, wake_words: [okay_nabu], microphone: {driver: file, device: ../testdata/audio/okay_nabu_light_on.wav}}
models: {dir: ../models}
mqtt: {listen: "127.0.0.1:%d"}
history: {dir: %s}
server: {listen: "127.0.0.1:%d"}
`, mqtt, data, page))
	cmd := exec.Command(program, "run", "--print-token", "--config", config)
	printed := &testkit.Log{}
	cmd.Stdout = printed
	log := start(t, cmd)
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+/#token=(\S+)`)
	testkit.Within(t, 20*time.Second, "the page's address is printed", func() bool { return address.MatchString(printed.String()) })
	token := address.FindStringSubmatch(printed.String())[1]
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", page))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("the page answers %d", resp.StatusCode)
	}
	b := &bridge{program: program, config: config, listen: fmt.Sprintf("127.0.0.1:%d", page), log: log}
	c := b.dial(t, "listen")
	testkit.Within(t, 30*time.Second, "the recording is in the history", func() bool { return len(c.entries()) == 1 })
	if got := c.entries()[0]; got["outcome"] != "recorded" || got["wake_word"] != "okay_nabu" {
		t.Errorf("entry is %v", got)
	}
	if strings.Contains(log.String(), token) {
		t.Error("the token is in the log")
	}
	if code, out := exitCode(t, "healthcheck", "--config", config); code != 0 {
		t.Errorf("healthcheck: %d %s", code, out)
	}
}

// TestPortTaken says which address is taken and the way out, and uses a broker that answers.
func TestPortTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	yaml := func(page, mqtt string) string {
		return writeFile(t, "config.yaml", fmt.Sprintf(`
satellites: [{id: a, wake_words: [okay_nabu], microphone: {driver: file, device: ../testdata/audio/okay_nabu_silence.wav}}]
models: {dir: ../models}
history: {dir: %s}
server: {listen: "%s"}
mqtt: {listen: "%s"}
`, t.TempDir(), page, mqtt))
	}
	free := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	for _, c := range []struct{ config, says string }{
		{yaml(taken.Addr().String(), free), "server.listen"},
		{yaml(free, taken.Addr().String()), "mqtt.listen"},
	} {
		if code, out := exitCode(t, "run", "--config", c.config); code != 1 || !strings.Contains(out, c.says) {
			t.Errorf("exit code %d, says %q; want 1 and %s in it", code, out, c.says)
		}
	}
	mosquitto := startBroker(t)
	cmd := exec.Command(program, "run", "--config", yaml(free, fmt.Sprintf("127.0.0.1:%d", mosquitto.port)))
	start(t, cmd)
	testkit.Within(t, 20*time.Second, "the other broker is used", func() bool { return mosquitto.last("earshot/bridge/availability") == "online" })
}

// TestCommandsOverTLS asks a bridge that has a certificate, which is made out to no address the commands could know.
func TestCommandsOverTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	testkit.WriteCertificate(t, certFile, keyFile, 1)
	b := startBridge(t, fmt.Sprintf(`
satellites: [{id: home, wake_words: [okay_nabu], microphone: {driver: file, device: ../testdata/audio/okay_nabu_light_on.wav}}]
models: {dir: MODELS}
mqtt: {listen: "127.0.0.1:%d"}
history: {dir: DATA}
server: {listen: LISTEN, cert_file: %s, key_file: %s}
`, freePort(t), certFile, keyFile))
	testkit.Within(t, 30*time.Second, "the bridge is well", func() bool {
		code, _ := exitCode(t, "healthcheck", "--config", b.config)
		return code == 0
	})
	testkit.Within(t, 30*time.Second, "a recording is there", func() bool {
		code, out := exitCode(t, "history", "list", "--period", "all", "--config", b.config)
		return code == 0 && strings.Contains(out, "home")
	})
	archive := filepath.Join(dir, "all.zip")
	if code, out := exitCode(t, "history", "export", "--period", "all", "--output", archive, "--config", b.config); code != 0 {
		t.Errorf("export: %d %s", code, out)
	}
	testkit.WriteCertificate(t, filepath.Join(dir, "cert2.pem"), filepath.Join(dir, "key2.pem"), 2)
	other, err := os.ReadFile(b.config)
	if err != nil {
		t.Fatal(err)
	}
	config := writeFile(t, "other.yaml", strings.NewReplacer("cert.pem", "cert2.pem", "key.pem", "key2.pem").Replace(string(other)))
	if code, out := exitCode(t, "healthcheck", "--config", config); code != 1 || !strings.Contains(out, "another certificate") {
		t.Errorf("with another certificate: %d %s", code, out)
	}
}
