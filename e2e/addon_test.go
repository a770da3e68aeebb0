package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/rs/zerolog"

	"earshot/internal/assist"
	"earshot/internal/assist/assisttest"
	"earshot/internal/audio/audiotest"
	"earshot/internal/supervisor/suptest"
	"earshot/internal/testkit"
)

// addOn is the program as an add-on of Home Assistant, with all that its household has.
type addOn struct {
	*bridge
	t     *testing.T
	home  *assisttest.Server
	super *suptest.Server
	ip    string // that the ingress comes from
}

// newAddOn lays the folder of an add-on; nothing runs yet.
func newAddOn(t *testing.T, ip, options string) *addOn {
	t.Helper()
	a := &addOn{t: t, ip: ip, home: assisttest.New(t), bridge: &bridge{dir: t.TempDir(), listen: fmt.Sprintf("127.0.0.1:%d", freePort(t))}}
	a.home.Set(func(s *assisttest.Settings) {
		s.Accounts = []assisttest.Account{
			{ID: "a1", Name: "Anna", Admin: true}, {ID: "b2", Name: "Ben"}, {ID: "c3", Name: "Carl", Admin: true, Inactive: true},
			{ID: "d4", Name: "Supervisor", Admin: true, Generated: true}, {ID: "e5", Name: "Eva", Owner: true},
		}
	})
	a.super = suptest.New(t, ip, suptest.Settings{
		Hostname: "127.0.0.1", Services: []string{"earshot"}, Home: a.home.URL(), HomeToken: assisttest.Token,
	})
	if err := os.CopyFS(filepath.Join(a.dir, "models"), os.DirFS("../models")); err != nil {
		t.Fatalf("%v; `make models` fetches the models", err)
	}
	a.write("options.json", options)
	a.write("cli.yaml", fmt.Sprintf("satellites: [{id: kitchen}]\nhistory: {dir: %q}\nserver: {listen: %q}\n", filepath.Join(a.dir, "history"), a.listen))
	a.config = filepath.Join(a.dir, "cli.yaml") // for the command line
	a.env = append(os.Environ(), "SUPERVISOR_TOKEN="+suptest.Token, "HASSIO_TOKEN="+suptest.Token)
	return a
}

func (a *addOn) write(name, text string) {
	a.t.Helper()
	if err := os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

func (a *addOn) start() {
	a.t.Helper()
	a.process = exec.Command(program, "run", "--supervisor", a.super.URL(), "--options", filepath.Join(a.dir, "options.json"),
		"--listen", a.listen, "--config", filepath.Join(a.dir, "earshot.yaml"))
	a.process.Env = a.env
	a.log = start(a.t, a.process)
}

func (a *addOn) hears() {
	a.t.Helper()
	testkit.Within(a.t, 30*time.Second, "the add-on hears", func() bool { return a.health() == 200 })
}

// announced waits for what Home Assistant was told so far, and returns what is announced now.
func (a *addOn) announced(pushed string) suptest.Message {
	a.t.Helper()
	testkit.Within(a.t, 10*time.Second, "Home Assistant is told "+pushed, func() bool { return strings.Join(a.super.Pushed(), ", ") == pushed })
	list := a.super.Messages()
	if len(list) == 0 {
		return suptest.Message{}
	}
	return list[0]
}

// through opens the page's WebSocket as Home Assistant's ingress does, from an address, and says who the bridge takes a person for.
func (a *addOn) through(ip, person string) string {
	a.t.Helper()
	dialer := websocket.Dialer{NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
		return d.DialContext(ctx, network, addr)
	}}
	ws, _, err := dialer.DialContext(a.t.Context(), "ws://"+a.listen+"/api/websocket", http.Header{
		"Origin": {"http://" + a.listen}, "X-Ingress-Path": {"/api/hassio_ingress/abc"}, "X-Remote-User-Id": {person},
		"X-Remote-User-Name": {"admin"}, "X-Forwarded-For": {"192.168.1.7, 172.30.32.1"},
	})
	if err != nil {
		a.t.Fatal(err)
	}
	defer ws.Close()
	var m map[string]any
	if err := ws.ReadJSON(&m); err != nil {
		a.t.Fatal(err)
	}
	if err := ws.WriteJSON(map[string]string{"type": "auth"}); err != nil {
		a.t.Fatal(err)
	}
	if err := ws.ReadJSON(&m); err != nil {
		a.t.Fatal(err)
	}
	if m["type"] != "auth_ok" {
		return "nobody"
	}
	return fmt.Sprintf("%v, %v", m["name"], m["role"])
}

// TestAddOn needs no configuration beside its options: broker, Home Assistant, sound and the people of the household come from the Supervisor.
func TestAddOn(t *testing.T) {
	t.Parallel()
	pulse := audiotest.StartPulse(t)
	pulse.LoadNullSink("mic")
	mosquitto := startBroker(t, guarded(t, "homeassistant"))
	mosquitto.watch(t, "-u", "observer", "-P", secret)
	a := newAddOn(t, "127.0.0.77", `{"satellites": [{"id": "kitchen", "name": "Kitchen", "area": "Kitchen", "wake_words": ["okay_nabu"], "speaker": true}],
		"save": "audio+text", "keep_commands": "90d", "members": "read", "log_level": "info"}`)
	a.super.Set(func(s *suptest.Settings) {
		s.Starting = true
		s.MQTT = map[string]any{"host": "127.0.0.1", "port": mosquitto.port, "username": "earshot", "password": secret}
	})
	// As the Supervisor has it. ref: supervisor/data/pulse-client.tmpl
	a.write("client.conf", "default-sink = mic\ndefault-source = mic.monitor\n\ndefault-server = unix:/"+strings.TrimPrefix(pulse.Server, "unix:")+"\nautospawn = no\n")
	a.env = slices.DeleteFunc(append(a.env, pulse.Env()...), func(v string) bool { return strings.HasPrefix(v, "PULSE_SERVER=") })
	a.env = append(a.env, "PULSE_CLIENTCONFIG="+filepath.Join(a.dir, "client.conf"))
	a.start()
	testkit.Within(t, 10*time.Second, "a Supervisor that starts is waited for", func() bool { return strings.Contains(a.log.String(), "the Supervisor will be asked again") })
	a.super.Set(func(s *suptest.Settings) { s.Starting = false })
	a.hears()
	testkit.Within(t, 20*time.Second, "the device is at the household's broker", func() bool {
		return strings.Contains(mosquitto.last("homeassistant/device/earshot_kitchen/config"), `"Kitchen"`)
	})

	told := a.announced("post 1")
	token, _ := told.Config["token"].(string)
	if told.Config["host"] != "127.0.0.1" || fmt.Sprint("127.0.0.1:", told.Config["port"]) != a.listen || told.Config["id"] != "bridge" {
		t.Errorf("announced is %v", told.Config)
	}
	integration := a.dialWith(t, token)
	if err := pulse.Play("../testdata/audio/okay_nabu_light_on.wav", "mic"); err != nil {
		t.Fatal(err)
	}
	testkit.Within(t, patience, "the command is carried out", func() bool {
		all := integration.entries()
		return len(all) == 1 && all[0]["outcome"] == "understood"
	})
	if got := integration.entries()[0]["transcript"]; got != "Turn on the kitchen light." {
		t.Errorf("what was said: %v", got)
	}
	testkit.Within(t, patience, "the reply is fetched", func() bool { return a.super.Passed("tts_proxy") > 0 })
	testkit.Within(t, patience, "the reply is spoken", func() bool { return strings.Contains(a.log.String(), `"player":"pacat"`) })
	if s := integration.must("settings/get", nil); !strings.Contains(fmt.Sprint(s), "90d") {
		t.Errorf("the options do not hold: %v", s)
	}

	for _, tc := range []struct{ ip, person, want string }{
		{a.ip, "a1", "Anna, admin"}, {a.ip, "e5", "Eva, admin"}, {a.ip, "b2", "Ben, read"}, {a.ip, "c3", "nobody"}, {a.ip, "d4", "nobody"},
		{a.ip, "z9", "nobody"}, {a.ip, "", "nobody"}, {"127.0.0.1", "a1", "nobody"}, {"127.0.0.78", "a1", "nobody"},
	} {
		if got := a.through(tc.ip, tc.person); got != tc.want {
			t.Errorf("%s as %q: %s, want %s", tc.ip, tc.person, got, tc.want)
		}
	}
	if strings.Contains(a.log.String(), "not spoken to its end") {
		t.Error("the reply was not spoken")
	}
	a.checkAnnouncement(told, token)
	if refused := a.super.Refused(); len(refused) > 0 {
		t.Errorf("without the token: %v", refused)
	}
}

// checkAnnouncement starts anew, as after an update; with a token that was revoked; and where nobody else may reach the server.
func (a *addOn) checkAnnouncement(first suptest.Message, token string) {
	t := a.t
	logs := a.log.String()
	again := func() {
		t.Helper()
		a.bridge.stop(t)
		a.start()
		a.hears()
		testkit.Within(t, 10*time.Second, "it is announced", func() bool { return strings.Contains(a.log.String(), "Home Assistant") })
		logs += a.log.String()
	}
	again()
	if now := a.announced("post 1"); now.UUID != first.UUID || now.Config["token"] != token {
		t.Errorf("after a restart %v is announced", now)
	}
	if code, out := exitCode(t, "token", "revoke", "--config", a.config, "--name", "Home Assistant (add-on)"); code != 0 {
		t.Fatalf("revoke: %s", out)
	}
	again()
	renewed := a.announced("post 1, post 1")
	if fresh, _ := renewed.Config["token"].(string); renewed.UUID != first.UUID || fresh == token {
		t.Errorf("after the token was revoked %v is announced", renewed)
	} else {
		a.dialWith(t, fresh)
		if strings.Contains(logs, fresh) {
			t.Error("the token of the integration is in the log")
		}
	}
	a.super.Set(func(s *suptest.Settings) { s.Hostname = "local-earshot" })
	again()
	if left := a.announced("post 1, post 1, delete 1"); left.UUID != "" {
		t.Errorf("withdrawn, but there is %v", left)
	}
	info, err := os.Stat(filepath.Join(a.dir, "history", "tokens.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the tokens: %v, %v", info, err)
	}
	for _, hidden := range []string{suptest.Token, token, secret, assisttest.Token} {
		if strings.Contains(logs, hidden) {
			t.Errorf("a secret is in the log: %s…", hidden[:4])
		}
	}
}

// TestAddOnWithoutBroker works without entities, by a configuration file of the household's own, and says how to get them.
func TestAddOnWithoutBroker(t *testing.T) {
	t.Parallel()
	wav, err := filepath.Abs("../detector/testdata/wav/silence.wav")
	if err != nil {
		t.Fatal(err)
	}
	a := newAddOn(t, "127.0.0.79", `{"satellites": []}`)
	a.write("earshot.yaml", fmt.Sprintf("satellites: [{id: hall, microphone: {driver: file, device: %q, loop: true}}]\n", wav))
	a.start()
	a.hears()
	told := a.announced("post 1")
	c := a.dialWith(t, fmt.Sprint(told.Config["token"]))
	if list, _ := json.Marshal(c.must("satellites/list", nil)); !strings.Contains(string(list), `"hall"`) {
		t.Errorf("the household's file does not count: %s", list)
	}
	if !strings.Contains(a.log.String(), "install one, such as Mosquitto broker") {
		t.Error("it does not say what to do for entities")
	}
}

// TestAddOnRefusals end with a sentence: a mistake in the options, and a token that the Supervisor does not know.
func TestAddOnRefusals(t *testing.T) {
	t.Parallel()
	a := newAddOn(t, "127.0.0.80", `{"satellites": [{"id": "Living Room"}]}`)
	for _, tc := range []struct {
		token, options, says string
		code                 int
	}{
		{suptest.Token, `{"satellites": [{"id": "Living Room"}]}`, "satellites[0].id: ", 2},
		{suptest.Token, `{"satellites": []}`, "satellites: there is none", 2},
		{"wrong-token-of-somebody", `{"satellites": [{"id": "hall"}]}`, "the Supervisor does not allow this", 1},
		{"", `{"satellites": [{"id": "hall"}]}`, "SUPERVISOR_TOKEN is not set", 1},
	} {
		a.write("options.json", tc.options)
		cmd := exec.CommandContext(t.Context(), program, "run", "--supervisor", a.super.URL(), "--options", filepath.Join(a.dir, "options.json"), "--listen", a.listen)
		cmd.Env = append(os.Environ(), "SUPERVISOR_TOKEN="+tc.token)
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != tc.code || !strings.Contains(string(out), tc.says) || (tc.token != "" && strings.Contains(string(out), tc.token)) {
			t.Errorf("exit code %d, want %d and %q: %s", code, tc.code, tc.says, out)
		}
	}
}

// checkAccounts asks the real Home Assistant who is an administrator, as the ingress of an add-on does.
func (h *integrated) checkAccounts() {
	h.t.Helper()
	client, err := assist.New(assist.Config{URL: h.home.URL(), Token: h.home.Token()}, zerolog.Nop())
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(h.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- client.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	for token, admin := range map[string]bool{h.home.Token(): true, h.home.PlainToken(): false} {
		var user struct{ ID, Name string }
		if err := h.home.DoAs(h.t, token, "auth/current_user", nil, &user); err != nil {
			h.t.Fatal(err)
		}
		if got, err := client.Account(ctx, user.ID); err != nil || got != (assist.Account{Name: user.Name, Admin: admin}) {
			h.t.Errorf("%s, an administrator: %v, is %+v, %v", user.Name, admin, got, err)
		}
	}
	if _, err := client.Account(ctx, "0123456789abcdef"); !errors.Is(err, assist.ErrNoAccount) {
		h.t.Errorf("nobody: %v", err)
	}
}
