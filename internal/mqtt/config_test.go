package mqtt_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"earshot/internal/mqtt"
)

func TestDefaultConfigIsValid(t *testing.T) {
	t.Parallel()
	if wrong := mqtt.DefaultConfig().Validate(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	type m = map[string]string
	for name, c := range map[string]struct {
		yaml string
		want m
	}{
		"each scheme: mqtt":        {"url: mqtt://broker", nil},
		"each scheme: tcp":         {"url: tcp://192.168.1.5:1883", nil},
		"each scheme: mqtts":       {"url: 'mqtts://[fd00::5]:8883'", nil},
		"each scheme: ws":          {"url: ws://broker:8080/mqtt", nil},
		"off":                      {"embedded: false", nil},
		"no scheme":                {"url: 192.168.1.5:1883", m{"url": "is not an address; write it like mqtt://192.168.1.5:1883"}},
		"only a name":              {"url: broker", m{"url": "is not an address; write it like mqtt://192.168.1.5:1883"}},
		"other scheme":             {"url: http://broker", m{"url": `has the unknown scheme "http"; use mqtt, mqtts, tcp, ws or wss`}},
		"password in the address":  {"url: mqtt://me:secret@broker", m{"url": "holds a user name; write that as username and password"}},
		"secret in what is broken": {"url: 'mqtt://me:secret@broker:x'", m{"url": "is not an address; write it like mqtt://192.168.1.5:1883"}},
		"path":                     {"url: mqtt://broker:1883/mqtt", m{"url": "has something after the port; write it like mqtt://192.168.1.5:1883"}},
		"query":                    {"url: 'ws://broker/?a=b'", m{"url": "has something after the port; write it like mqtt://192.168.1.5:1883"}},
		"password alone":           {"url: mqtt://broker\npassword: x", m{"username": "is missing; MQTT knows no password without a user name"}},
		"open to others":           {"listen: 0.0.0.0:1883", m{"listen": "can be reached by other machines; set username and password, or listen on 127.0.0.1"}},
		"open by leaving it out":   {"listen: ':1883'", m{"listen": "can be reached by other machines; set username and password, or listen on 127.0.0.1"}},
		"open with a name only":    {"listen: 0.0.0.0:1883\nusername: me", m{"listen": "can be reached by other machines; set username and password, or listen on 127.0.0.1"}},
		"guarded":                  {"listen: 0.0.0.0:1883\nusername: me\npassword: x", nil},
		"guarded by a file":        {"listen: 0.0.0.0:1883\nusername: me\npassword_file: /run/secrets/mqtt", nil},
		"unused listen":            {"url: mqtt://broker\nlisten: nonsense", nil},
		"listen without port":      {"listen: 127.0.0.1", m{"listen": "is not an address; write it like 127.0.0.1:1883"}},
		"listen on a name":         {"listen: broker:1883", m{"listen": "has a name where an IP address is needed; write it like 127.0.0.1:1883"}},
		"listen on IPv6 loopback":  {"listen: '[::1]:1883'", nil},
		"listen on localhost":      {"listen: localhost:1883", nil},
		"all at once": {"discovery_prefix: 'a/#'\nbridge_id: a b\nurl: x", m{
			"discovery_prefix": "is not a topic; write it like homeassistant, without +, #, $ and without a / at either end",
			"bridge_id":        "is not an id; use letters, digits, _ and -",
			"url":              "is not an address; write it like mqtt://192.168.1.5:1883",
		}},
		"empty": {"discovery_prefix: ''\nbridge_id: ''", m{
			"discovery_prefix": "is empty; Home Assistant's own default is homeassistant",
			"bridge_id":        "is not an id; use letters, digits, _ and -",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := mqtt.DefaultConfig()
			if err := yaml.Unmarshal([]byte(c.yaml), &cfg); err != nil {
				t.Fatal(err)
			}
			want := c.want
			if want == nil {
				want = m{}
			}
			if diff := cmp.Diff(want, cfg.Validate()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
