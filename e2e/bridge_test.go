package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"earshot/internal/testkit"
)

// program is the built earshot binary, and filler the one of the folder fill; TestMain sets them.
var program, filler string

// TestMain builds the programs once, as they are shipped: without cgo. The tests that mostly wait run beside each other, one more than there are
// processors unless -parallel says otherwise; those that measure do not.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		if err := flag.Set("test.parallel", strconv.Itoa(1+runtime.GOMAXPROCS(0))); err != nil { // before the command line is read
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if program = os.Getenv(ownNetwork); program != "" {
			return m.Run()
		}
		dir, err := os.MkdirTemp("", "earshot-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		program, filler = filepath.Join(dir, "earshot"), filepath.Join(dir, "fill")
		build := exec.Command("go", "build", "-ldflags", "-X main.version=v0-test", "-o", dir, "earshot/cmd/earshot", "earshot/e2e/fill")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build earshot: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// freePort returns a loopback port that is free. It is below those that systems give to outgoing connections, so that no test beside this one
// takes it before it is used.
func freePort(t *testing.T) int {
	t.Helper()
	for {
		port := 20000 + rand.IntN(10000)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		return port
	}
}

// start runs a process until the end of the test, and shows what it printed when the test failed.
func start(t *testing.T, cmd *exec.Cmd) *testkit.Log {
	t.Helper()
	out := &testkit.Log{}
	if cmd.Stdout == nil {
		cmd.Stdout = out
	}
	cmd.Stderr = out
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Errorf("%s did not end within 10 s of SIGTERM", filepath.Base(cmd.Path))
			_ = cmd.Process.Kill()
			<-done
		}
		if t.Failed() {
			t.Logf("%s printed:\n%s", filepath.Base(cmd.Path), out)
		}
	})
	return out
}

// lookPath finds a tool, also where Debian puts daemons.
func lookPath(t *testing.T, name string) string {
	t.Helper()
	for _, p := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(p); err == nil {
			return path
		}
	}
	t.Fatalf("%s is missing; scripts/needs.sh installs what the tests need", name)
	return ""
}

// bridge is a running earshot process.
type bridge struct {
	dir, config string
	listen      string
	log         *testkit.Log
	env         []string
	program     string // a build of this source, unless a test wants another
	process     *exec.Cmd
	tokens      atomic.Int64 // made so far: each needs a name of its own
}

// startBridge runs the program with a configuration in which LISTEN and DATA stand for the page's address and the data folder.
func startBridge(t *testing.T, yaml string, env ...string) *bridge {
	t.Helper()
	b := prepareBridge(t, yaml, env...)
	b.restart(t)
	return b
}

// prepareBridge is startBridge before the start.
func prepareBridge(t *testing.T, yaml string, env ...string) *bridge {
	t.Helper()
	b := &bridge{dir: t.TempDir(), listen: fmt.Sprintf("127.0.0.1:%d", freePort(t)), program: program}
	b.config = filepath.Join(b.dir, "config.yaml")
	models, err := filepath.Abs("../models")
	if err != nil {
		t.Fatal(err)
	}
	yaml = strings.NewReplacer("LISTEN", b.listen, "DATA", filepath.Join(b.dir, "data"), "MODELS", models).Replace(yaml)
	if err := os.WriteFile(b.config, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	b.env = append(os.Environ(), env...)
	return b
}

// restart runs the program with the same configuration again.
func (b *bridge) restart(t *testing.T) {
	t.Helper()
	b.process = exec.Command(b.program, "run", "--config", b.config)
	b.process.Env = b.env
	b.log = start(t, b.process)
}

// kill ends the program as a power cut does.
func (b *bridge) kill(t *testing.T) {
	t.Helper()
	if err := b.process.Process.Kill(); err != nil {
		t.Fatalf("kill the bridge: %v", err)
	}
	b.ended(t)
}

// stop ends the program as a system does.
func (b *bridge) stop(t *testing.T) {
	t.Helper()
	if err := b.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("stop the bridge: %v", err)
	}
	b.ended(t)
}

// ended waits until the program has ended, which is later than that nobody answers: only then another one can have its history.
func (b *bridge) ended(t *testing.T) {
	t.Helper()
	testkit.Within(t, 10*time.Second, "the bridge has ended", func() bool { return b.process.Process.Signal(syscall.Signal(0)) != nil })
}

// health returns the status code of /healthz, 0 when nobody answers.
func (b *bridge) health() int {
	resp, err := http.Get("http://" + b.listen + "/healthz")
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// token makes a token with the program itself; it is the last word printed.
func (b *bridge) token(t *testing.T, role string) string {
	t.Helper()
	out, err := exec.Command(b.program, "token", "create", "--config", b.config, "--role", role, "--name", fmt.Sprintf("%s %d", role, b.tokens.Add(1))).Output()
	if err != nil {
		t.Fatalf("create token: %v", err)
	}
	fields := strings.Fields(string(out))
	if len(fields) == 0 {
		t.Fatal("token create printed nothing")
	}
	return fields[len(fields)-1]
}

// client is a WebSocket client of the bridge.
type client struct {
	t      *testing.T
	ws     *websocket.Conn
	id     int
	pace   *time.Ticker  // a bridge takes 100 commands a second
	limit  time.Duration // for an answer
	events chan map[string]any
}

func newClient(t *testing.T, ws *websocket.Conn) *client {
	c := &client{t: t, ws: ws, pace: time.NewTicker(time.Second / 80), limit: 10 * time.Second, events: make(chan map[string]any, 100)}
	t.Cleanup(c.pace.Stop)
	return c
}

func (b *bridge) dial(t *testing.T, role string) *client {
	t.Helper()
	return b.dialWith(t, b.token(t, role))
}

// dialWith opens a WebSocket and signs in with a token.
func (b *bridge) dialWith(t *testing.T, token string) *client {
	t.Helper()
	ws, _, err := websocket.DefaultDialer.Dial("ws://"+b.listen+"/api/websocket", nil)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { ws.Close() })
	c := newClient(t, ws)
	if got := c.read()["type"]; got != "auth_required" {
		t.Fatalf("first message is %v", got)
	}
	c.write(map[string]any{"type": "auth", "access_token": token})
	if got := c.read()["type"]; got != "auth_ok" {
		t.Fatalf("after auth: %v", got)
	}
	return c
}

func (c *client) read() map[string]any {
	c.t.Helper()
	_ = c.ws.SetReadDeadline(time.Now().Add(c.limit))
	var m map[string]any
	if err := c.ws.ReadJSON(&m); err != nil {
		c.t.Fatalf("read from the bridge: %v", err)
	}
	return m
}

func (c *client) write(m map[string]any) {
	c.t.Helper()
	if err := c.ws.WriteJSON(m); err != nil {
		c.t.Fatalf("write to the bridge: %v", err)
	}
}

// call sends a command and returns its result; ok is false for an error, whose code is then under "code".
func (c *client) call(command string, fields map[string]any) (result map[string]any, ok bool) {
	c.t.Helper()
	<-c.pace.C
	c.id++
	msg := map[string]any{"id": c.id, "type": command}
	for k, v := range fields {
		msg[k] = v
	}
	c.write(msg)
	for {
		m := c.read()
		switch {
		case m["type"] == "event":
			c.events <- m["event"].(map[string]any)
		case m["success"] == true:
			result, _ = m["result"].(map[string]any)
			return result, true
		default:
			result, _ = m["error"].(map[string]any)
			return result, false
		}
	}
}

// must calls and fails the test on an error.
func (c *client) must(command string, fields map[string]any) map[string]any {
	c.t.Helper()
	result, ok := c.call(command, fields)
	if !ok {
		c.t.Fatalf("%s: %v", command, result)
	}
	return result
}

// entries lists the history.
func (c *client) entries() []map[string]any {
	c.t.Helper()
	var list []map[string]any
	for _, e := range c.must("history/list", map[string]any{"period": "all"})["entries"].([]any) {
		list = append(list, e.(map[string]any))
	}
	return list
}

// download fetches a signed URL.
func (b *bridge) download(t *testing.T, url string) (status int, body []byte) {
	t.Helper()
	if strings.HasPrefix(url, "/") {
		url = "http://" + b.listen + url
	} else if !strings.HasPrefix(url, "http") {
		url = "http://" + b.listen + "/" + url
	}
	resp, err := http.Get(url)
	if err != nil {
		t.Fatalf("download: %v", err)
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("download: %v", err)
	}
	return resp.StatusCode, body
}

// message is one MQTT message as mosquitto_sub saw it.
type message struct {
	Topic   string `json:"topic"`
	Payload string `json:"payload"`
	Retain  int    `json:"retain"`
}

// broker is a mosquitto of the test's own, watched by mosquitto_sub.
type broker struct {
	port     int
	dir      string // where it keeps what it persists, see persistent
	conf     string
	process  *exec.Cmd
	mu       sync.Mutex
	messages []message
}

// persistent has a broker write everything it retains to disk after every single message, which with many messages takes seconds.
const persistent = "persistence true\nautosave_on_changes true\nautosave_interval 1\n"

// startBroker runs mosquitto on loopback, with further settings, and watches every topic.
func startBroker(t *testing.T, more ...string) *broker {
	t.Helper()
	b := &broker{port: freePort(t), dir: t.TempDir()}
	b.conf = filepath.Join(t.TempDir(), "mosquitto.conf")
	settings := fmt.Sprintf("user root\npersistence_location %s/\nlistener %d 127.0.0.1\nallow_anonymous true\n", b.dir, b.port) + strings.Join(more, "")
	if err := os.WriteFile(b.conf, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	b.run(t)
	b.watch(t)
	return b
}

// run starts mosquitto, for the first time or after crash.
func (b *broker) run(t *testing.T) {
	t.Helper()
	b.process = exec.Command(lookPath(t, "mosquitto"), "-c", b.conf)
	start(t, b.process)
	testkit.Within(t, 5*time.Second, "mosquitto listens", b.listens)
}

// crash ends mosquitto as a power cut does; what it had retained is gone, unless it is persistent, and what was seen so far is forgotten.
func (b *broker) crash(t *testing.T) {
	t.Helper()
	if err := b.process.Process.Kill(); err != nil {
		t.Fatalf("kill mosquitto: %v", err)
	}
	testkit.Within(t, 5*time.Second, "mosquitto is dead", func() bool { return !b.listens() })
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages = nil
}

// listens tells whether mosquitto takes connections.
func (b *broker) listens() bool {
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", b.port))
	if err == nil {
		conn.Close()
	}
	return err == nil
}

// watch notes every message from now on, and those that are retained; args are more of mosquitto_sub.
func (b *broker) watch(t *testing.T, args ...string) {
	t.Helper()
	args = append([]string{"-h", "127.0.0.1", "-p", fmt.Sprint(b.port), "-t", "#", "-F", "%j"}, args...)
	sub := exec.Command(lookPath(t, "mosquitto_sub"), args...)
	r, w := io.Pipe()
	sub.Stdout = w
	go func() {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var m message
			if json.Unmarshal(lines.Bytes(), &m) == nil {
				b.mu.Lock()
				b.messages = append(b.messages, m)
				b.mu.Unlock()
			}
		}
	}()
	t.Cleanup(func() { w.Close() })
	start(t, sub)
}

// last returns the newest payload of a topic, "" when there is none.
func (b *broker) last(topic string) string {
	all := b.all(topic)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1].Payload
}

// all returns every message of a topic, or of all topics below it when it ends with #.
func (b *broker) all(topic string) []message {
	b.mu.Lock()
	defer b.mu.Unlock()
	prefix, wild := strings.CutSuffix(topic, "#")
	var found []message
	for _, m := range b.messages {
		if m.Topic == topic || (wild && strings.HasPrefix(m.Topic, prefix)) {
			found = append(found, m)
		}
	}
	return found
}

// publish sends a message as a foreign client would.
func (b *broker) publish(t *testing.T, topic, payload string, more ...string) {
	t.Helper()
	args := append([]string{"-h", "127.0.0.1", "-p", fmt.Sprint(b.port), "-t", topic, "-m", payload}, more...)
	if out, err := exec.Command(lookPath(t, "mosquitto_pub"), args...).CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_pub: %v\n%s", err, out)
	}
}

// exitCode runs the program to its end.
func exitCode(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	data, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("earshot %v: %v", args, err)
	}
	if exit != nil {
		code = exit.ExitCode()
	}
	return code, string(data)
}
