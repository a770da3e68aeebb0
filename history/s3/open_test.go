package s3_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"earshot/history"
	"earshot/history/s3"
)

// TestOneIdentity opens an empty place by many at once, who agree.
func TestOneIdentity(t *testing.T) {
	server := start(t)
	const bridges = 12
	found := make([]string, bridges)
	var opening sync.WaitGroup
	for n := range found {
		opening.Go(func() {
			b, err := s3.Open(t.Context(), config(server, "house"))
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			defer b.Close()
			found[n] = identity(t, b)
		})
	}
	opening.Wait()
	for _, id := range found {
		if id == "" || id != found[0] {
			t.Fatalf("identities %q", found)
		}
	}
}

// TestShared is seen by another bridge at once.
func TestShared(t *testing.T) {
	server := start(t)
	one, other := open(t, config(server, "")), open(t, config(server, ""))
	if identity(t, one) != identity(t, other) {
		t.Errorf("identities %q and %q", identity(t, one), identity(t, other))
	}
	if err := one.Put(t.Context(), someID, []byte("x")); err != nil {
		t.Fatal(err)
	}
	r, err := other.Open(t.Context(), someID)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := other.Delete(t.Context(), []string{someID}); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Open(t.Context(), someID); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("open: %v, want ErrNotFound", err)
	}
}

// TestOpenErrors says what to do, and shows no key.
func TestOpenErrors(t *testing.T) {
	server := start(t)
	const wrong = "a-wrong-key"
	for name, test := range map[string]struct {
		change func(*s3.Config)
		want   string
	}{
		"no scheme":   {func(c *s3.Config) { c.Endpoint = "127.0.0.1:9" }, "write it like https://"},
		"a path":      {func(c *s3.Config) { c.Endpoint += "/path" }, "write it like https://"},
		"credentials": {func(c *s3.Config) { c.Endpoint = "http://user:" + wrong + "@127.0.0.1:9" }, "write it like https://"},
		"no TLS":      {func(c *s3.Config) { c.Endpoint = strings.Replace(c.Endpoint, "http:", "https:", 1) }, "server gave HTTP response to HTTPS client"},
		"bucket":      {func(c *s3.Config) { c.Bucket = "not-there" }, "the bucket is not there; make it first"},
		"bucket name": {func(c *s3.Config) { c.Bucket = "a" }, "check bucket"},
		"access key":  {func(c *s3.Config) { c.AccessKey = wrong }, "check access_key"},
		"secret key":  {func(c *s3.Config) { c.SecretKey = wrong }, "check secret_key_file"},
		"key file":    {func(c *s3.Config) { c.SecretKeyFile = filepath.Join(t.TempDir(), "none") }, "read the secret key: open "},
	} {
		t.Run(name, func(t *testing.T) {
			c := config(server, "house")
			test.change(&c)
			_, err := s3.Open(t.Context(), c)
			if err == nil || !strings.HasPrefix(err.Error(), "open clips in bucket ") || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("%v, want %s", err, test.want)
			}
			for _, secret := range []string{wrong, c.SecretKey, c.AccessKey, "Signature="} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("it shows %q: %v", secret, err)
				}
			}
		})
	}
}

// TestSecretKeyFile reads the key from a file as an editor writes it.
func TestSecretKeyFile(t *testing.T) {
	server := start(t)
	c := config(server, "house")
	c.SecretKeyFile, c.SecretKey = filepath.Join(t.TempDir(), "key"), ""
	if err := os.WriteFile(c.SecretKeyFile, []byte(server.SecretKey()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, c)
}

// TestOutage fails everything while the server is away, and goes on when it is back.
func TestOutage(t *testing.T) {
	server := start(t)
	b := open(t, config(server, "house"))
	if err := b.Put(t.Context(), someID, make([]byte, 400_000)); err != nil {
		t.Fatal(err)
	}
	r, err := b.Open(t.Context(), someID)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	server.Stop()
	p := make([]byte, 10)
	for name, call := range map[string]func() error{
		"put":    func() error { return b.Put(t.Context(), otherID, []byte("x")) },
		"open":   func() error { _, err := b.Open(t.Context(), someID); return err },
		"read":   func() error { _, err := r.ReadAt(p, 300_000); return err },
		"delete": func() error { return b.Delete(t.Context(), []string{someID}) },
		"list":   func() error { return b.List(t.Context(), func(history.BlobInfo) error { return nil }) },
	} {
		if err := call(); err == nil || errors.Is(err, history.ErrNotFound) || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("%s: %v, want that nobody answers", name, err)
		}
	}
	server.Start()
	if n, err := r.ReadAt(p, 300_000); n != len(p) || err != nil {
		t.Errorf("read: %d, %v", n, err)
	}
	if err := b.Put(t.Context(), otherID, []byte("x")); err != nil {
		t.Errorf("put: %v", err)
	}
}

// TestOpenWhileAway opens a bucket whose server comes later, as after a power cut in the house.
func TestOpenWhileAway(t *testing.T) {
	server := start(t)
	server.Stop()
	b := open(t, config(server, "house"))
	if id, err := b.Identity(t.Context()); err == nil || id != "" {
		t.Errorf("identity %q, %v", id, err)
	}
	server.Start()
	if err := b.Put(t.Context(), someID, []byte("x")); err != nil {
		t.Errorf("put: %v", err)
	}
	if identity(t, b) == "" {
		t.Error("no identity when the server is there")
	}
}

// TestSilentServer takes connections and never answers: nothing waits for it longer than it should.
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := s3.Config{Endpoint: "http://" + l.Addr().String(), Bucket: bucket, AccessKey: "a", SecretKey: "secret-of-this", Timeout: 20 * time.Millisecond}
	b := open(t, c)
	if _, err := b.Identity(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("identity: %v, want %v", err, context.DeadlineExceeded)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	c.Timeout = time.Hour
	if _, err := s3.Open(ctx, c); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("open: %v, want %v", err, context.DeadlineExceeded)
	}
}

// TestClose leaves nothing behind that runs, and ends reading.
func TestClose(t *testing.T) {
	server := start(t)
	before := runtime.NumGoroutine()
	b, err := s3.Open(t.Context(), config(server, "house"))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Put(t.Context(), someID, make([]byte, 400_000)); err != nil {
		t.Fatal(err)
	}
	r, err := b.Open(t.Context(), someID)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ReadAt(make([]byte, 10), 300_000); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("read: %v, want that it is closed", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; <-tick.C {
		if time.Now().After(end) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
	}
}

func identity(t *testing.T, b *s3.Blobs) string {
	t.Helper()
	id, err := b.Identity(t.Context())
	if err != nil {
		t.Error(err)
	}
	return id
}
