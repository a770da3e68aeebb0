package supervisor_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"earshot/internal/config"
	"earshot/internal/supervisor"
	"earshot/internal/supervisor/suptest"
	"earshot/internal/testkit"
)

func open(t *testing.T, f *suptest.Server, token string) *supervisor.Client {
	t.Helper()
	c, err := supervisor.New(f.URL(), token)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSupervisor(t *testing.T) {
	testkit.NoLeaks(t)
	f := suptest.New(t, "127.0.0.1", suptest.Settings{Hostname: "local-earshot", Services: []string{"earshot"}})
	c, ctx := open(t, f, suptest.Token), t.Context()
	if self, err := c.Self(ctx); err != nil || self != (supervisor.Self{Slug: "local_earshot", Hostname: "local-earshot"}) {
		t.Errorf("%+v, %v", self, err)
	}
	if _, err := c.Broker(ctx); !errors.Is(err, supervisor.ErrNoBroker) {
		t.Errorf("without a broker: %v", err)
	}
	f.Set(func(s *suptest.Settings) {
		s.MQTT = map[string]any{"host": "core-mosquitto", "port": 8883, "ssl": true, "username": "addons", "password": "p:w@d"}
	})
	b, err := c.Broker(ctx)
	if err != nil || b.URL() != "mqtts://core-mosquitto:8883" || b.Username != "addons" || b.Password != "p:w@d" {
		t.Errorf("the broker: %+v, %v", b, err)
	}
	first, err := c.Announce(ctx, "earshot", map[string]any{"port": 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, port := range []int{1, 2} {
		if again, err := c.Announce(ctx, "earshot", map[string]any{"port": port}); err != nil || again != first {
			t.Errorf("announced again: %s, %v; at first %s", again, err, first)
		}
	}
	if _, err := c.Announce(ctx, "other", map[string]any{}); !errors.Is(err, supervisor.ErrRefused) {
		t.Errorf("what the add-on does not say that it offers: %v", err)
	}
	for range 2 {
		if err := c.Withdraw(ctx, first); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{"post 1", "post 1", "delete 1"}, f.Pushed()); diff != "" {
		t.Errorf("Home Assistant was told (-want +got):\n%s", diff)
	}
	if _, err := open(t, f, "wrong").Broker(ctx); !errors.Is(err, supervisor.ErrRefused) || strings.Contains(err.Error(), "wrong") {
		t.Errorf("with a wrong token: %v", err)
	}
	f.Set(func(s *suptest.Settings) { s.Starting = true })
	if _, err := c.Broker(ctx); err == nil || errors.Is(err, supervisor.ErrNoBroker) || !strings.Contains(err.Error(), "not ready") {
		t.Errorf("while it starts: %v", err)
	}
}

// TestNonsense has something else answer.
func TestNonsense(t *testing.T) {
	testkit.NoLeaks(t)
	for _, body := range []string{"", "<html>", `{"result":"ok"}`, `{"result":"ok","data":[]}`, `{"result":"ok","data":{"services":{}}}`, `{"result":"error","message":"x"}`} {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
		c, err := supervisor.New(web.URL, "t")
		if err != nil {
			t.Fatal(err)
		}
		if self, err := c.Self(t.Context()); err == nil {
			t.Errorf("%q: %+v", body, self)
		}
		if b, err := c.Broker(t.Context()); err == nil {
			t.Errorf("%q: %+v", body, b)
		}
		web.Close()
	}
}

func TestAddresses(t *testing.T) {
	for address, want := range map[string]string{"http://supervisor": "172.30.32.2", "http://127.0.0.9:80": "127.0.0.9", "http://[::ffff:10.0.0.1]": "10.0.0.1"} {
		c, err := supervisor.New(address, "t")
		if err != nil {
			t.Fatal(err)
		}
		if got := c.IngressProxy().String(); got != want {
			t.Errorf("%s: the ingress comes from %s, want %s", address, got, want)
		}
	}
	if c, _ := supervisor.New("http://supervisor", "t"); c.HomeAssistant() != "http://supervisor/core" {
		t.Errorf("Home Assistant is at %s", c.HomeAssistant())
	}
	for _, address := range []string{"", "supervisor", "https://supervisor", "http://u@supervisor"} {
		if _, err := supervisor.New(address, "t"); err == nil {
			t.Errorf("%q is taken", address)
		}
	}
}

// TestOptions makes a configuration of what a household has set, and of nothing else.
func TestOptions(t *testing.T) {
	parse := func(options string) (config.Config, error) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "options.json")
		if err := os.WriteFile(path, []byte(options), 0o600); err != nil {
			t.Fatal(err)
		}
		text, err := supervisor.Options(path)
		if err != nil {
			t.Fatal(err)
		}
		return config.Parse("options", text)
	}
	got, err := parse(`{"satellites": [
		{"id": "kitchen", "name": "Kitchen", "area": "Küche: unten", "microphone": "alsa_input.usb", "channel": 1, "gain_db": 3.5, "wake_words": ["okay_nabu", "alexa"],
		 "pipeline": "My other", "speaker": true},
		{"id": "hall", "media_player": "media_player.hall"}],
		"save": "text", "keep_commands": "90d", "keep_false_triggers": "7d", "members": "none", "bridge_id": "attic", "log_level": "debug", "left_over": 1}`)
	if err != nil {
		t.Fatal(err)
	}
	want, err := config.Parse("c.yaml", []byte(`
satellites:
  - {id: kitchen, name: Kitchen, area: "Küche: unten", microphone: {device: alsa_input.usb, channel: 1, gain_db: 3.5},
     wake_words: [{model: okay_nabu, pipeline: My other}, {model: alexa, pipeline: My other}], reply: {speaker: {driver: pulse}}}
  - {id: hall, reply: {media_player: media_player.hall}}
history: {save: text, retention: {understood: 90d, failed: 90d, not_intended: 7d}}
server: {members: none}
mqtt: {bridge_id: attic}
log: {level: debug}
`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := parse(`{"satellites": [{"id": "Living room"}], "log_level": "loud"}`); err == nil || !strings.Contains(err.Error(), "satellites[0].id") || !strings.Contains(err.Error(), "log.level") {
		t.Errorf("mistakes: %v", err)
	}
	for _, path := range []string{filepath.Join(t.TempDir(), "none"), os.DevNull} {
		if _, err := supervisor.Options(path); err == nil {
			t.Errorf("%s is taken", path)
		}
	}
}
