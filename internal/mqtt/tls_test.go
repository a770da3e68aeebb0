package mqtt_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"earshot/internal/mqtt"
	"earshot/internal/mqtt/mqtttest"
)

// certificate writes NAME.crt and NAME.key; without a parent it signs itself, as an authority does.
func certificate(t *testing.T, dir, name string, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, BasicConstraintsValid: true, IsCA: parent == nil,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if parent == nil {
		parent, by = template, key
		template.KeyUsage = x509.KeyUsageCertSign
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".crt": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made, key
}

// TestClientCertificate: a mosquitto that asks for certificates lets in who has one, and nobody else.
func TestClientCertificate(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	authority, key := certificate(t, dir, "authority", nil, nil)
	certificate(t, dir, "broker", authority, key)
	certificate(t, dir, "bridge", authority, key)
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
