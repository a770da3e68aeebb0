package e2e

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"earshot/internal/testkit"
)

// copied puts a file into a folder, under its own name.
func copied(t *testing.T, from, dir string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, filepath.Base(from)), data, 0o600))
	}
	if err != nil {
		t.Fatalf("%v; `make models` fetches the models", err)
	}
}

// heads lists the openWakeWord models of a folder, and whatever else was left beside them.
func heads(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "openwakeword"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// shelf serves models over https to the program, which trusts its certificate, and has a catalogue of them.
func shelf(t *testing.T, head []byte) (url, catalogue string) {
	t.Helper()
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	w, err := z.Create("in/okay_nabu.tflite")
	if err == nil {
		_, err = w.Write(head)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	forged := bytes.Clone(head)
	forged[len(forged)/2] ^= 1
	files := map[string][]byte{"/all.whl": archive.Bytes(), "/hey%20you!.tflite": head, "/forged.tflite": forged}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, there := files[r.URL.EscapedPath()]
		if !there {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(data)
	}))
	cert, key := filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	testkit.WriteCertificate(t, cert, key, 1)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	t.Setenv("SSL_CERT_FILE", cert)
	return srv.URL, writeFile(t, "catalogue.yaml", fmt.Sprintf(`
- by: the makers of tests
  licence: Test licence 1
  licence_url: https://example.org/licence
  licence_means: Only for tests.
  url: %[1]s/all.whl
  models:
    - {name: okay_nabu, word: Okay Nabu, inside: in/okay_nabu.tflite, sha256: %[2]x, size: %[3]d, languages: [en],
       measured: {threshold: 0.5, set: a test, missed_clean: 1.5, missed_10db: 20, false_per_hour: 0.75, hours: 8}}
    - {name: forged, word: Forged, url: %[1]s/forged.tflite, sha256: %[2]x, size: %[3]d, languages: [en]}
`, srv.URL, sha256.Sum256(head), len(head)))
}

// TestModelsFromCatalogue fetches by name what is meant and nothing else, and only after its licence was accepted.
func TestModelsFromCatalogue(t *testing.T) {
	url, catalogue := shelf(t, testkit.Head(t, "..", "okay_nabu"))
	dir := t.TempDir()
	copied(t, "../models/okay_nabu.json", dir)
	copied(t, "../models/okay_nabu.tflite", dir)
	add := []string{"models", "add", "--models", dir, "--catalogue", catalogue}
	for _, c := range []struct {
		args []string
		code int
		says []string
		have string // afterwards
	}{
		{[]string{"okay_nabu"}, 1, []string{"Test licence 1", "Only for tests.", "--accept-licence"}, ""},
		{[]string{"forged", "--accept-licence"}, 1, []string{"sha256", "nothing was written"}, ""},
		{[]string{"nobody"}, 1, []string{"models catalogue"}, ""},
		{[]string{"okay_nabu", "--accept-licence"}, 0, []string{
			`added "okay nabu"`, "leave okay_nabu as it is", "make models", "0.75 times an hour by mistake, and missed 1.5 % of the words, 20.0 % in noise",
		}, "okay_nabu.tflite"},
		{[]string{"okay_nabu", "--accept-licence"}, 1, []string{"is there already"}, "okay_nabu.tflite"},
		{[]string{url + "/hey%20you!.tflite"}, 0, []string{"{model: hey_you, engine: openwakeword}"}, "hey_you.tflite okay_nabu.tflite"},
		{[]string{url + "/nowhere.tflite"}, 1, []string{"404"}, "hey_you.tflite okay_nabu.tflite"},
	} {
		code, out := exitCode(t, append(add[:len(add):len(add)], c.args...)...)
		for _, says := range c.says {
			if !strings.Contains(out, says) {
				t.Errorf("add %v does not say %q, but %s", c.args, says, out)
			}
		}
		if have := heads(t, dir); code != c.code || have != c.have {
			t.Errorf("add %v: exit code %d, want %d; then there is %q, want %q", c.args, code, c.code, have, c.have)
		}
	}
	_, list := exitCode(t, "models", "list", "--models", dir)
	if !strings.Contains(list, "is one, for okay_nabu") || !strings.Contains(list, "hey you") {
		t.Errorf("the list is %s", list)
	}
}

// TestLicenceIsAsked asks a person at a terminal.
func TestLicenceIsAsked(t *testing.T) {
	_, catalogue := shelf(t, testkit.Head(t, "..", "okay_nabu"))
	for answer, want := range map[string]string{"yes": "okay_nabu.tflite", "no": ""} {
		dir := t.TempDir()
		line := fmt.Sprintf("%s models add okay_nabu --models %s --catalogue %s", program, dir, catalogue)
		cmd := exec.Command(lookPath(t, "script"), "--quiet", "--return", "--command", line, "/dev/null")
		cmd.Stdin = strings.NewReader(answer + "\n")
		out, err := cmd.CombinedOutput()
		if !strings.Contains(string(out), "Do you accept this licence?") || heads(t, dir) != want || (err == nil) != (want != "") {
			t.Errorf("%s: %v, there is %q; it says %s", answer, err, heads(t, dir), out)
		}
	}
}

// TestModelsFromFolder adds what can be used, and says what cannot and why.
func TestModelsFromFolder(t *testing.T) {
	t.Parallel()
	from, dir := t.TempDir(), t.TempDir()
	copied(t, "../models/alexa.json", from)
	copied(t, "../models/alexa.tflite", from)
	for name, data := range map[string][]byte{
		"okay_nabu.tflite": testkit.Head(t, "..", "okay_nabu"), "broken.tflite": []byte("no model"), "notes.json": []byte("{}"), "readme.txt": nil,
	} {
		if err := os.WriteFile(filepath.Join(from, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, out := exitCode(t, "models", "add", "--models", dir, from)
	if code != 0 || !strings.Contains(out, "2 added, 0 there already, 1 cannot be used") || !strings.Contains(out, "broken.tflite was not added") || strings.Contains(out, ".adding-") {
		t.Errorf("exit code %d, says %s", code, out)
	}
	if code, out = exitCode(t, "models", "add", "--models", dir, from); code != 0 || !strings.Contains(out, "0 added, 2 there already") {
		t.Errorf("again: exit code %d, says %s", code, out)
	}
	if code, out = exitCode(t, "models", "add", "--models", dir, "../models/hey_jarvis.tflite"); code != 1 || !strings.Contains(out, "name the .json file") {
		t.Errorf("a network without its manifest: exit code %d, says %s", code, out)
	}
	if got := heads(t, dir); got != "okay_nabu.tflite" {
		t.Errorf("there is %q", got)
	}
	if code, out = exitCode(t, "models", "add", "--models", dir, t.TempDir()); code != 1 || !strings.Contains(out, "no wake-word model") {
		t.Errorf("an empty folder: exit code %d, says %s", code, out)
	}
}

// ofMeasurement is what of a line of `models measure --json` is looked at.
type ofMeasurement struct {
	Recordings   string
	Files, Fired int
	FiredIn      int     `json:"fired_in"`
	Hours        float64 `json:"hours"`
	PerHour      float64 `json:"false_per_hour"`
}

// TestModelsMeasure has models listen to recordings with their word and with another one.
func TestModelsMeasure(t *testing.T) {
	t.Parallel()
	dir, with, without := t.TempDir(), t.TempDir(), t.TempDir()
	copied(t, "../models/openwakeword/embedding_model.tflite", filepath.Join(dir, "openwakeword"))
	copied(t, "../models/okay_nabu.json", dir)
	copied(t, "../models/okay_nabu.tflite", dir)
	for _, word := range []string{"okay_nabu", "alexa"} {
		copied(t, "../detector/testdata/wav/"+word+".wav", with)
	}
	copied(t, "../detector/testdata/wav/alexa.wav", without)
	head := filepath.Join(t.TempDir(), "okay_nabu.tflite")
	if err := os.WriteFile(head, testkit.Head(t, "..", "okay_nabu"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out := exitCode(t, "models", "add", head, "--models", dir, "--negatives", with)
	for _, says := range []string{
		"warning: okay_nabu (openwakeword, threshold 0.50): this model fired ", " times an hour on these recordings (once in 1 min)", "would have fired less than once an hour",
		"okay_nabu (microwakeword, threshold 0.85): this model fired", "okay_nabu, looked at a second time by openwakeword/okay_nabu: this model fired",
	} {
		if code != 0 || !strings.Contains(out, says) {
			t.Errorf("exit code %d, it does not say %q, but %s", code, says, out)
		}
	}
	for folder, fired := range map[string]int{with: 1, without: 0} {
		var results []ofMeasurement
		code, out := exitCode(t, "models", "measure", "okay_nabu", "--json", "--models", dir, "--negatives", folder)
		if err := json.Unmarshal([]byte(out), &results); code != 0 || err != nil || len(results) != 4 {
			t.Fatalf("exit code %d, %v: %s", code, err, out)
		}
		if r := results[0]; !strings.HasPrefix(r.Recordings, "the speech and music") || r.Files < 50 || r.Hours < 0.9 || r.Fired > 5 {
			t.Errorf("measured with what comes with the program: %+v", r)
		}
		for _, r := range results[1:] {
			if r.Fired != fired || r.FiredIn != fired || r.Hours <= 0 || (r.PerHour > 0) != (fired > 0) {
				t.Errorf("measured %+v, want %d", r, fired)
			}
		}
	}
	if err := os.Remove(filepath.Join(dir, "openwakeword", "okay_nabu.tflite")); err != nil {
		t.Fatal(err)
	}
	if code, out := exitCode(t, "models", "measure", "okay_nabu", "--models", dir); code != 0 || !strings.Contains(out, "did not fire in 20 min") {
		t.Errorf("exit code %d, says %s", code, out)
	}
}

// TestModelsMeasureHousehold has a model listen to what the household has marked as a mistake, which the running bridge keeps.
func TestModelsMeasureHousehold(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	testkit.Within(t, 30*time.Second, "something is recorded", func() bool { return c.recordings() > 0 })
	measure := []string{"models", "measure", "--config", c.config, "--json", "okay_nabu", "hey_jarvis"}
	if code, out := exitCode(t, measure...); code != 1 || !strings.Contains(out, "there is none with audio") {
		t.Errorf("before: exit code %d, says %s", code, out)
	}
	entry := c.do("history/list", `{"limit": 1}`)["entries"].([]any)[0].(map[string]any)
	c.do("history/update", fmt.Sprintf(`{"ids": [%q], "label": "mistake"}`, entry["id"]))
	var results []ofMeasurement
	code, out := exitCode(t, measure...)
	if err := json.Unmarshal([]byte(out), &results); code != 0 || err != nil || len(results) != 2 {
		t.Fatalf("exit code %d, %v: %s", code, err, out)
	}
	for i, fired := range []int{1, 0} {
		if r := results[i]; r.Files != 1 || r.FiredIn != fired || !strings.HasPrefix(r.Recordings, "your own") {
			t.Errorf("measured %+v, want %d of 1", r, fired)
		}
	}
}
