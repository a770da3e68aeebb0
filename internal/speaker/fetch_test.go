package speaker_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"earshot/internal/speaker"
)

const secretPath = "/api/tts_proxy/8f2c"

// serve answers at secretPath.
func serve(t *testing.T, answer http.HandlerFunc) (address, host string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc(secretPath, answer)
	mux.HandleFunc("/moved", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "moved here") })
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL + secretPath, strings.TrimPrefix(srv.URL, "http://")
}

func TestFetch(t *testing.T) {
	t.Parallel()
	wav := wav16(chirp(16000, 0.5), 16000, 1)
	address, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "audio/x-wav; rate=16000")
		_, _ = w.Write(wav)
	})
	body, kind, err := speaker.Fetch(t.Context(), address, "")
	if err != nil {
		t.Fatal(err)
	}
	if kind != "audio/x-wav" {
		t.Errorf("media type %q", kind)
	}
	s, dir := fake(t, "play")
	if err := s.Play(t.Context(), body, kind); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasSuffix(wav, []byte(readFile(dir, "raw"))) || readFile(dir, "raw") == "" {
		t.Error("something else was played")
	}
}

func TestFetchRedirect(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/moved", http.StatusFound) })
	body, _, err := speaker.Fetch(t.Context(), address, "")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if got, err := io.ReadAll(body); string(got) != "moved here" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestFetchErrors(t *testing.T) {
	t.Parallel()
	other, _ := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the other host was asked") })
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"status":     {http.NotFound, "the answer is 404 Not Found"},
		"too large":  {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "16777217") }, "it is larger than 16 MiB"},
		"other host": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other, http.StatusFound) }, "it redirects to another host, which is not followed"},
		"circle":     {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, secretPath, http.StatusFound) }, "too many redirects"},
	} {
		t.Run(name, func(t *testing.T) {
			address, host := serve(t, c.answer)
			_, _, err := speaker.Fetch(t.Context(), address, "")
			if want := "fetch sound from " + host + ": " + c.want; err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
	for _, address := range []string{"", "file:///etc/passwd", "/api/tts_proxy/8f2c", "http://", "http://%zz/"} {
		_, _, err := speaker.Fetch(t.Context(), address, "")
		if want := "fetch sound: the address is not one of http or https"; err == nil || err.Error() != want {
			t.Errorf("%q: got %v", address, err)
		}
	}
}

// TestFetchKeepsAddress wants no address in the error of a server that is not there.
func TestFetchKeepsAddress(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(nil)
	srv.Close()
	_, _, err := speaker.Fetch(t.Context(), srv.URL+secretPath, "")
	if err == nil || strings.Contains(err.Error(), secretPath) {
		t.Error(err)
	}
}

// TestFetchEndless gets a body without an end.
func TestFetchEndless(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, zeros{}) })
	body, _, err := speaker.Fetch(t.Context(), address, "")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if n, err := io.Copy(io.Discard, body); n > 16<<20 || !errors.Is(err, speaker.ErrTooLarge) {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// TestFetchCutShort tells when less comes than was announced.
func TestFetchCutShort(t *testing.T) {
	t.Parallel()
	mp3, err := os.ReadFile("testdata/mono16.mp3")
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{mp3[:3000], wavOf(1, 1, 8000, 16, bytes16(chirp(8000, 0.1)), 0)} {
		address, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write(data)
		})
		body, kind, err := speaker.Fetch(t.Context(), address, "")
		if err != nil {
			t.Fatal(err)
		}
		s, _ := fake(t, "play")
		if err := s.Play(t.Context(), body, kind); err == nil || err.Error() != "read sound: unexpected EOF" {
			t.Errorf("got %v", err)
		}
	}
}

// TestFetchStalls plays a reply whose server says nothing more, until the context ends.
func TestFetchStalls(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(wavOf(1, 1, 8000, 16, bytes16(chirp(8000, 0.2)), 0))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	body, kind, err := speaker.Fetch(context.Background(), address, "") // it is Play that ends it
	if err != nil {
		t.Fatal(err)
	}
	s, _ := fake(t, "play")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Play(ctx, body, kind) }()
	await(t, 5*time.Second, "playing", s.Playing)
	cancel()
	began := time.Now()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if took := time.Since(began); took > 200*time.Millisecond {
		t.Errorf("took %v", took)
	}
}

// TestFetchTimeout reads a body that comes slowly, then not at all.
func TestFetchTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		body, request := speaker.FetchedBody(r)
		context.AfterFunc(request, func() { w.CloseWithError(context.Cause(request)) })
		go func() {
			for range 3 {
				time.Sleep(speaker.FetchTimeout - time.Second)
				_, _ = w.Write([]byte{1})
			}
		}()
		began := time.Now()
		for range 3 {
			if _, err := body.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute) // a reader may take its time
		}
		before := time.Now()
		_, err := body.Read(make([]byte, 1))
		if err == nil || err.Error() != "nothing came for 10s" {
			t.Error(err)
		}
		if took := time.Since(before); took != speaker.FetchTimeout || before.Sub(began) < 3*time.Minute {
			t.Errorf("took %v", took)
		}
		body.Close()
	})
}
