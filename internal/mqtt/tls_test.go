package mqtt_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"earshot/internal/mqtt"
	"earshot/internal/mqtt/mqtttest"
)

// TestClientCertificate: a mosquitto that asks for certificates lets in who has one, and nobody else.
func TestClientCertificate(t *testing.T) {
	dir := mqtttest.Certificates(t, "broker", "bridge")
	at := func(name string) string { return filepath.Join(dir, name) }
	broker := mqtttest.StartMosquitto(t, "cafile "+at("authority.crt"), "certfile "+at("broker.crt"), "keyfile "+at("broker.key"), "require_certificate true", "allow_anonymous true")
	for _, c := range []struct {
		cfg mqtt.Config
		in  bool
	}{
		{mqtt.Config{}, false},
		{mqtt.Config{CAFile: at("authority.crt")}, false},
		{mqtt.Config{CertFile: at("bridge.crt"), KeyFile: at("bridge.key")}, false},
		{mqtt.Config{CAFile: at("authority.crt"), CertFile: at("bridge.crt"), KeyFile: at("bridge.key")}, true},
	} {
		secure, wrong := c.cfg.TLS()
		if wrong != nil {
			t.Fatal(wrong)
		}
		if err := mqtt.Probe(t.Context(), mqtt.SessionConfig{URL: "mqtts://" + broker.Addr, TLS: secure}); (err == nil) != c.in {
			t.Errorf("%+v: %v", c.cfg, err)
		}
	}
}

func TestTLSMistakes(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		ca, cert, key string
		at, says      string
	}{
		{ca: "/nowhere.pem", at: "ca_file", says: "cannot be read"},
		{ca: empty, at: "ca_file", says: "holds no certificate"},
		{cert: empty, at: "key_file", says: "belong together"},
		{key: empty, at: "key_file", says: "belong together"},
		{cert: empty, key: empty, at: "cert_file", says: "cannot be used"},
	} {
		cfg := mqtt.DefaultConfig()
		cfg.CAFile, cfg.CertFile, cfg.KeyFile = c.ca, c.cert, c.key
		if wrong := cfg.Validate(); !strings.Contains(wrong[c.at], c.says) {
			t.Errorf("%+v: %v", c, wrong)
		}
	}
}
