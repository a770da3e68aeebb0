package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"earshot/bridge"
	"earshot/internal/config"
)

// TestExampleIsTheDefault proves that config.example.yaml says the truth about what is there when a key is left out.
func TestExampleIsTheDefault(t *testing.T) {
	got, err := config.Load("../../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	sat := bridge.DefaultConfig()
	sat.ID, sat.Name, sat.Area = "kitchen", "Kitchen", "Kitchen"
	want.Satellites = []bridge.Config{sat}
	if diff := cmp.Diff(want, got, equateEmpty()); diff != "" {
		t.Errorf("config.example.yaml differs from the defaults (-default +example):\n%s", diff)
	}
}

// equateEmpty lets `[]` in the file be the same as a list that is left out.
func equateEmpty() cmp.Option {
	return cmp.FilterValues(func(a, b []string) bool { return len(a) == 0 && len(b) == 0 }, cmp.Comparer(func(a, b []string) bool { return true }))
}

// TestExampleNamesEveryKey keeps the reference complete.
func TestExampleNamesEveryKey(t *testing.T) {
	data, err := os.ReadFile("../../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range config.Keys() {
		if !strings.Contains(string(data), key+":") {
			t.Errorf("config.example.yaml does not show the key %s", key)
		}
	}
}

func TestMistakes(t *testing.T) {
	t.Setenv("EARSHOT_TEST_SET", "x")
	const sat = "satellites: [{id: kitchen, wake_words: [okay_nabu]}]\n"
	for _, c := range []struct {
		name, yaml string
		want       []string
	}{
		{"nothing", "", []string{"c.yaml: satellites: there is none; add one with an id, such as `satellites: [{id: kitchen, wake_words: [okay_nabu]}]`"}},
		{"unknown key with a near one", sat + "histroy: {}\n", []string{`c.yaml:2: histroy: is not a key here; did you mean "history"?`}},
		{"unknown key", sat + "log:\n  colour: red\n", []string{"c.yaml:3: log.colour: is not a key here; these are: format, level"}},
		{"doubled key", sat + "log: {level: info}\nlog: {level: warn}\n", []string{"c.yaml:3: log: is there twice; keep one"}},
		{"wrong kind", sat + "mqtt:\n  embedded: perhaps\n", []string{`c.yaml:3: mqtt.embedded: "perhaps" is not true or false`}},
		{"text for a section", sat + "mqtt: yes please\n", []string{"c.yaml:2: mqtt: keys are needed here, such as url, username, password"}},
		{"one for a list", "satellites: {id: kitchen}\n", []string{
			"c.yaml:1: satellites: a list is needed here: [a, b] or lines that start with -",
			"c.yaml:1: satellites: there is none; add one with an id, such as `satellites: [{id: kitchen, wake_words: [okay_nabu]}]`",
		}},
		{"nearest value", sat + "log: {level: debgu}\n", []string{`c.yaml:2: log.level: "debgu" is not known; use trace, debug, info, warn or error (did you mean "debug"?)`}},
		{"environment", sat + "mqtt: {password: \"${EARSHOT_TEST_UNSET}\", username: \"${EARSHOT_TEST_SET}\"}\n", []string{"c.yaml:2: ${EARSHOT_TEST_UNSET} is not set in the environment"}},
		{"home assistant without a token", sat + "home_assistant: {url: \"http://ha:8123\"}\n", []string{"c.yaml:2: home_assistant.token: is missing; make one in Home Assistant under your profile, Security, Long-lived access tokens"}},
		{"home assistant address", sat + "home_assistant: {url: \"ha:8123\", token: x}\n", []string{"c.yaml:2: home_assistant.url: is not an address; write it like http://homeassistant.local:8123"}},
		{"address for browsers", sat + "home_assistant: {url: \"http://ha:8123\", token: x, external_url: ha}\n", []string{"c.yaml:2: home_assistant.external_url: is not an address; write it like https://home.example.org"}},
		{"address for browsers only", sat + "home_assistant: {external_url: \"http://ha:8123\"}\n", []string{"c.yaml:2: home_assistant.external_url: needs url too: the bridge itself has to reach Home Assistant"}},
		{"a certificate without its key", sat + "server: {cert_file: a.pem}\n", []string{"c.yaml:2: server.key_file: and cert_file belong together; set both, or neither"}},
		{"members", sat + "server: {members: admin}\n", []string{`c.yaml:2: server.members: "admin" is not known; use read, listen or none`}},
		{"a proxy by name", sat + "server: {trusted_proxies: [proxy.local]}\n", []string{`c.yaml:2: server.trusted_proxies: "proxy.local" is not an address; write it like 192.168.1.2, or 172.30.32.0/23 for a network`}},
		{"speech-to-text address", sat + "stt: {wyoming: \"127.0.0.1\"}\n", []string{"c.yaml:2: stt.wyoming: is not an address; write it like tcp://127.0.0.1:10300"}},
		{"waiting for too long", sat + "home_assistant: {command_wait: 900}\n", []string{"c.yaml:2: home_assistant.command_wait: 900 is not a time to wait; use 0 to 60 seconds"}},
		{"a language that is not one", sat + "privacy: {sentences: {en: {sentence: x}}}\n", []string{`c.yaml:2: privacy.sentences.en.sentence: is not a key here; did you mean "sentences"?`}},
		{"a sentence that cannot be read", sat + "privacy: {sentences: {en: {sentences: {mute: [\"be (quiet\"]}}}}\n", []string{`c.yaml:2: privacy.sentences: read spoken sentence en.mute "be (quiet": it has a "(" that is not closed`}},
		{"wake engine", "satellites: [{id: a, wake_words: [x], wake: \"localhost\"}]\n", []string{`c.yaml:1: satellites[0].wake: "localhost" is not an address; write it like wyoming://192.168.1.10:10400, or leave it out to listen here`}},
		{"sounds without a speaker", "satellites: [{id: a, wake_words: [x], reply: {sounds: true}}]\n", []string{"c.yaml:1: satellites[0].reply.sounds: needs a speaker of this machine; set reply.speaker.driver to auto, pulse or alsa"}},
		{"same id twice", "satellites:\n  - {id: a, wake_words: [alexa]}\n  - {id: a, wake_words: [alexa]}\n", []string{`c.yaml:3: satellites[1].id: "a" is also the id of satellites[0]; each needs its own`}},
		{"syntax", "satellites: [\n", []string{"c.yaml:1: did not find expected node content"}},
		{"several at once", "satellites: [{id: kitchen, wake_words: [okay_nabu]}]\nlgo: {}\nlog: {level: loud, format: xml}\nmodels: {dir: \"\"}\n", []string{
			`c.yaml:2: lgo: is not a key here; did you mean "log"?`,
			`c.yaml:3: log.format: "xml" is not known; use auto, text or json`,
			`c.yaml:3: log.level: "loud" is not known; use trace, debug, info, warn or error`,
			"c.yaml:4: models.dir: is empty; name the folder the wake-word models are in, such as ./models",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := config.Parse("c.yaml", []byte(c.yaml))
			var wrong *config.Error
			if !errors.As(err, &wrong) {
				t.Fatalf("got %v, want a *config.Error", err)
			}
			if diff := cmp.Diff(c.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestSatelliteMistakes shows that mistakes deep in a list carry their own line.
func TestSatelliteMistakes(t *testing.T) {
	_, err := config.Parse("c.yaml", []byte(`satellites:
  - id: Kitchen!
    microphone:
      driver: puls
      gain_bd: 3
    wake_words:
      - {model: alexa, threshold: 9, treshold: 1}
      - {model: alexa}
`))
	if err == nil {
		t.Fatal("no mistake was found")
	}
	for _, want := range []string{
		"c.yaml:2: satellites[0].id: ",
		`c.yaml:4: satellites[0].microphone.driver: `,
		`c.yaml:5: satellites[0].microphone.gain_bd: is not a key here; did you mean "gain_db"?`,
		`c.yaml:7: satellites[0].wake_words[0].threshold: `,
		`c.yaml:7: satellites[0].wake_words[0].treshold: is not a key here; did you mean "threshold"?`,
		`c.yaml:8: satellites[0].wake_words[1]`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing: %s\nin:\n%v", want, err)
		}
	}
}

func TestSecretsFromFilesAndEnvironment(t *testing.T) {
	t.Setenv("EARSHOT_TEST_USER", "me")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("hush\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Parse("c.yaml", []byte("satellites: [{id: a, wake_words: [alexa]}]\nmqtt: {username: \"${EARSHOT_TEST_USER}\", password_file: "+secret+"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if cfg.MQTT.Username != "me" || cfg.MQTT.Password != "hush" {
		t.Error("the secrets are not what the environment and the file hold")
	}
	_, err = config.Parse("c.yaml", []byte("satellites: [{id: a, wake_words: [alexa]}]\nmqtt: {password: x, password_file: "+secret+"}\n"))
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("both a password and a file: %v", err)
	}
}

func TestLoadRefusesWhatIsNotAFile(t *testing.T) {
	if _, err := config.Load(filepath.Join(t.TempDir(), "none.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	example, err := os.ReadFile("../../config.example.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example)
	f.Add([]byte("satellites: [{id: a, wake_words: [{model: b, threshold: 1}]}]\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := config.Parse("c.yaml", data)
		if err == nil && len(cfg.Satellites) == 0 {
			t.Error("accepted a file without satellites")
		}
	})
}

// TestDeleteTopic is on unless a household switches it off.
func TestDeleteTopic(t *testing.T) {
	for yaml, want := range map[string]bool{"": true, "mqtt: {bridge_id: attic}\n": true, "mqtt: {delete_topic: false}\n": false} {
		cfg, err := config.Parse("c.yaml", []byte("satellites: [{id: a, wake_words: [alexa]}]\n"+yaml))
		if err != nil || cfg.MQTT.DeleteTopic != want {
			t.Errorf("%q: %v, %v; want %v", yaml, cfg.MQTT.DeleteTopic, err, want)
		}
	}
}
