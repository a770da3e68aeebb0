package s3_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"filippo.io/age"

	"earshot/history/s3"
)

// counter stands between a client and a server, and counts what goes to the client.
type counter struct {
	requests, bytes atomic.Int64
}

func (c *counter) reset() { c.requests.Store(0); c.bytes.Store(0) }

type countedBody struct {
	io.ReadCloser
	bytes *atomic.Int64
}

func (b countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.bytes.Add(int64(n))
	return n, err
}

// counted opens the clips of a new server through a counter.
func counted(t *testing.T) (*s3.Blobs, *counter) {
	t.Helper()
	server, count := start(t), &counter{}
	to, err := url.Parse(server.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = to.Scheme, to.Host }, // the host that was signed stays
		ModifyResponse: func(r *http.Response) error {
			count.requests.Add(1)
			r.Body = countedBody{r.Body, &count.bytes}
			return nil
		},
	})
	t.Cleanup(proxy.Close)
	c := config(server, "house")
	c.Endpoint = proxy.URL
	return open(t, c), count
}

// TestRanges gets what is read, and little more.
func TestRanges(t *testing.T) {
	b, count := counted(t)
	clip := bytes.Repeat([]byte("0123456789"), 1_000_000)
	if err := b.Put(t.Context(), someID, clip); err != nil {
		t.Fatal(err)
	}
	count.reset()
	r, err := b.Open(t.Context(), someID)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p := make([]byte, 30)
	for off := int64(5_000_000); off < 5_010_000; off += 1000 {
		if n, err := r.ReadAt(p, off); n != len(p) || err != nil || string(p[:10]) != "0123456789" {
			t.Fatalf("read: %q, %v", p[:n], err)
		}
	}
	if n, most := count.bytes.Load(), int64(300<<10); n > most || count.requests.Load() != 2 {
		t.Errorf("%d bytes in %d requests for 10 kB in the middle of %d, want %d in 2 at most", n, count.requests.Load(), len(clip), most)
	}
}

// TestOneRequest gets a clip of a common size at once, opened, unsealed and read.
func TestOneRequest(t *testing.T) {
	b, count := counted(t)
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, key.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 100_000)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Put(t.Context(), someID, sealed.Bytes()); err != nil {
		t.Fatal(err)
	}
	count.reset()
	r, err := b.Open(t.Context(), someID)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	plain, size, err := age.DecryptReaderAt(r, r.Size(), key)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, io.NewSectionReader(plain, 0, size)); n != 100_000 || err != nil {
		t.Errorf("read: %d, %v", n, err)
	}
	if n := count.requests.Load(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

// TestStrangeServers refuses answers that are not what was asked for, and shows nothing of what the server says.
func TestStrangeServers(t *testing.T) {
	whole := strings.Repeat("x", 300_000)
	for name, test := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request)
		want   string
	}{
		"no ranges": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, whole) }, "the server does not answer with parts of objects"},
		"another range": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 5-131071/300000")
			w.WriteHeader(http.StatusPartialContent)
			fmt.Fprint(w, whole[:128<<10])
		}, "the server does not answer with parts of objects"},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 0-131071/300000")
			w.WriteHeader(http.StatusPartialContent)
			fmt.Fprint(w, whole[:10])
		}, "unexpected EOF"},
		"talkative": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			fmt.Fprintf(w, "<Error><Code>Strange: %s</Code><Message>%[1]s</Message></Error>", r.Header.Get("Authorization"))
		}, "the server answered Strange"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
				w.Header().Set("ETag", `"1"`)
				switch {
				case r.URL.Query().Has("versioning"):
					fmt.Fprint(w, "<VersioningConfiguration/>")
				case strings.HasSuffix(r.URL.Path, "/identity"):
					fmt.Fprintln(w, "someidentity")
				default:
					test.answer(w, r)
				}
			}))
			t.Cleanup(server.Close)
			b := open(t, s3.Config{Endpoint: server.URL, Bucket: bucket, AccessKey: "someaccesskey", SecretKey: "somesecretkey"})
			_, err := b.Open(t.Context(), someID)
			if err == nil || !strings.HasPrefix(err.Error(), "open clip: "+test.want) {
				t.Errorf("%v, want %s", err, test.want)
			}
			if err != nil && (strings.Contains(err.Error(), "someaccesskey") || strings.Contains(err.Error(), "Signature=")) {
				t.Errorf("it shows what was signed: %v", err)
			}
		})
	}
}
