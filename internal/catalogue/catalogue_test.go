package catalogue_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"earshot/internal/catalogue"
)

// TestShipped holds what the program says about each model: its licence, and figures that were measured or none.
func TestShipped(t *testing.T) {
	models, err := catalogue.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]catalogue.Model{}
	for _, m := range models {
		by[m.Name] = m
		if len(m.Languages) == 0 {
			t.Errorf("%s: no language", m.Name)
		}
		if s := m.Measured; s != nil && (s.Set == "" || s.Threshold <= 0 || s.Hours <= 0) {
			t.Errorf("%s: measured is %+v: what with, and at which threshold?", m.Name, *s)
		}
	}
	for _, name := range []string{"alexa", "hey_jarvis", "hey_mycroft", "hey_rhasspy", "okay_nabu"} {
		if m := by[name]; m.Licence != "CC BY-NC-SA 4.0" || !strings.Contains(m.Means, "Non-commercial") || m.Inside == "" {
			t.Errorf("%s: %+v", name, m)
		}
	}
	if m := by["computer_v2"]; m.Licence != "MIT" || m.Measured == nil {
		t.Errorf("computer_v2: %+v", m)
	}
}

const good = `
- by: somebody
  licence: MIT
  licence_url: https://example.org/licence
  licence_means: anything
  url: https://example.org/all.zip
  models:
    - {name: hello, word: Hello, inside: a/hello.tflite, sha256: SUM, size: 5, languages: [en]}
    - {name: bye, word: Bye, url: "https://example.org/bye.tflite", sha256: SUM, size: 5}
`

func parse(t *testing.T, text string) ([]catalogue.Model, error) {
	t.Helper()
	return catalogue.Parse([]byte(strings.ReplaceAll(text, "SUM", strings.Repeat("0a", 32))))
}

func TestParse(t *testing.T) {
	models, err := parse(t, good)
	if err != nil || len(models) != 2 {
		t.Fatalf("%d models, %v", len(models), err)
	}
	if m := models[0]; m.By != "somebody" || m.Licence != "MIT" || m.URL != "https://example.org/all.zip" {
		t.Errorf("the first is %+v", m)
	}
	if m := models[1]; m.URL != "https://example.org/bye.tflite" {
		t.Errorf("the second is %+v", m)
	}
	for _, c := range []struct{ from, to, says string }{
		{"https://example.org/bye.tflite", "http://example.org/bye.tflite", "https://"},
		{"name: bye", "name: hello", "twice"},
		{"name: bye", "name: ../bye", "small letters"},
		{"word: Bye", "word: ''", "word"},
		{"licence: MIT", "licence: ''", "licence"},
		{"licence: MIT", "license: MIT", "license"},
		{"size: 5}", "size: 5000000}", "size"},
		{"sha256: SUM, size: 5}", "sha256: abc, size: 5}", "sha256"},
	} {
		_, err := parse(t, strings.Replace(good, c.from, c.to, 1))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: the error is %v, want %q in it", c.to, err, c.says)
		}
	}
}

func zipped(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write(data)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestFetch takes only the very file that is meant, and only over https.
func TestFetch(t *testing.T) {
	data := []byte("a model")
	sum := sha256.Sum256(data)
	insecure := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) }))
	t.Cleanup(insecure.Close)
	files := map[string][]byte{
		"/model": data, "/other": []byte("b model"), "/long": append(data, 'x'), "/all.zip": zipped(t, "in/model", data),
		"/bomb.zip": zipped(t, "in/model", make([]byte, 1<<20)), "/huge.zip": make([]byte, 17<<20),
	}
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch file, there := files[r.URL.Path]; {
		case there:
			_, _ = w.Write(file)
		case r.URL.Path == "/away":
			http.Redirect(w, r, insecure.URL, http.StatusFound)
		case r.URL.Path == "/near":
			http.Redirect(w, r, "/model", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	for _, c := range []struct{ path, inside, says string }{
		{"/model", "", ""},
		{"/near", "", ""},
		{"/all.zip", "in/model", ""},
		{"/other", "", "sha256"},
		{"/long", "", "larger than 7 bytes"},
		{"/bomb.zip", "in/model", "larger than 7 bytes"},
		{"/huge.zip", "in/model", "larger than"},
		{"/all.zip", "in/other", "in/other"},
		{"/model", "in/model", "archive"},
		{"/away", "", "not https"},
		{"/nowhere", "", "404"},
	} {
		m := catalogue.Model{Name: "hello", URL: srv.URL + c.path, Inside: c.inside, Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:])}
		got, err := m.Fetch(t.Context(), srv.Client())
		if c.says == "" {
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s: %q, %v", c.path, got, err)
			}
		} else if err == nil || got != nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "hello") {
			t.Errorf("%s: %d bytes, the error is %v, want %q in it", c.path, len(got), err, c.says)
		}
	}
}
