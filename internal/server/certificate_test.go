package server_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"earshot/internal/server"
	"earshot/internal/testkit"
)

// writePair writes a certificate and its key; pool trusts it.
func writePair(t *testing.T, certFile, keyFile string, serial int64) (pool *x509.CertPool) {
	t.Helper()
	pool = x509.NewCertPool()
	pool.AddCert(testkit.WriteCertificate(t, certFile, keyFile, serial))
	return pool
}

// secureClient trusts one certificate and makes a connection for each request.
func secureClient(pool *x509.CertPool) *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
}

func TestEncryption(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pool := writePair(t, certFile, keyFile, 1)
	var cfg server.Config
	b := startBridge(t, func(c *server.Config, _ *server.Deps) {
		c.Listen, c.CertFile, c.KeyFile = "0.0.0.0:0", certFile, keyFile
		cfg = *c
	})
	if problems := cfg.Validate(); len(problems) > 0 || cfg.Scheme() != "https" {
		t.Errorf("%v, %s", problems, cfg.Scheme())
	}
	_, port, err := net.SplitHostPort(b.server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	addr := "127.0.0.1:" + port
	get := func(pool *x509.CertPool) (serial int64, err error) {
		resp, err := secureClient(pool).Get("https://" + addr + "/healthz")
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		return resp.TLS.PeerCertificates[0].SerialNumber.Int64(), nil
	}
	if serial, err := get(pool); err != nil || serial != 1 {
		t.Fatalf("certificate %d, %v", serial, err)
	}
	if strings.Contains(b.log.String(), "without encryption") {
		t.Errorf("the log warns of what is encrypted: %s", b.log)
	}

	// A WebSocket with a cookie, and a bridge that ends it.
	secret, err := b.tokens.Create("page", server.Read)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+addr+"/auth/token", strings.NewReader(`{"access_token":"`+secret+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", "https://"+addr)
	resp, err := secureClient(pool).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	cookies := resp.Cookies()
	if len(cookies) != 1 || !cookies[0].Secure {
		t.Fatalf("status %d, cookies %v", resp.StatusCode, cookies)
	}
	dialer := websocket.Dialer{TLSClientConfig: &tls.Config{RootCAs: pool}}
	ws, _, err := dialer.Dial("wss://"+addr+"/api/websocket", http.Header{"Cookie": {cookies[0].Name + "=" + cookies[0].Value}})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	c := &client{t: t, ws: ws}
	c.read()
	c.write(map[string]any{"type": "auth"})
	if m := c.read(); m["type"] != "auth_ok" || m["name"] != "page" {
		t.Errorf("over TLS: %v", m)
	}

	// The command line takes this certificate and no other.
	local, err := cfg.LocalTLS()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := tls.Dial("tcp", addr, local)
	if err != nil {
		t.Fatalf("by its own file: %v", err)
	}
	conn.Close()

	second := writePair(t, certFile, keyFile, 2)
	if serial, err := get(second); err != nil || serial != 2 {
		t.Errorf("after the files were replaced: certificate %d, %v", serial, err)
	}
	if _, err := tls.Dial("tcp", addr, local); err == nil || !strings.Contains(err.Error(), "another certificate") {
		t.Errorf("another certificate than the file's: %v", err)
	}
	if err := os.WriteFile(certFile, []byte("half of a cert"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if serial, err := get(second); err != nil || serial != 2 {
			t.Errorf("while a file is damaged: certificate %d, %v", serial, err)
		}
	}
	if n := strings.Count(b.log.String(), "the new certificate cannot be used"); n != 1 {
		t.Errorf("the damage was logged %d times: %s", n, b.log)
	}
	third := writePair(t, certFile, keyFile, 3)
	if serial, err := get(third); err != nil || serial != 3 {
		t.Errorf("after it was repaired: certificate %d, %v", serial, err)
	}
	b.stop()
	if code, _ := c.closed(); code != websocket.CloseGoingAway {
		t.Errorf("at the end: closed with %d", code)
	}
}

func TestCertificateMistakes(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePair(t, certFile, keyFile, 1)
	other := filepath.Join(dir, "other.pem")
	writePair(t, filepath.Join(dir, "x.pem"), other, 2)
	for _, tc := range []struct{ cert, key, wrong string }{
		{certFile, keyFile, ""},
		{certFile, "", "key_file"},
		{"", keyFile, "key_file"},
		{certFile, other, "cert_file"},
		{filepath.Join(dir, "none.pem"), keyFile, "cert_file"},
	} {
		cfg := server.DefaultConfig()
		cfg.Listen, cfg.CertFile, cfg.KeyFile = "127.0.0.1:0", tc.cert, tc.key
		got := cfg.Validate()
		if _, there := got[tc.wrong]; there != (tc.wrong != "") || len(got) > 1 {
			t.Errorf("%+v: %v", tc, got)
		}
		if tc.wrong == "cert_file" {
			if err := server.New(cfg, server.Deps{}).Listen(); err == nil {
				t.Errorf("%+v: it listens", tc)
			}
		}
	}
}
