package detector_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"earshot/detector"
)

// sound is a manifest that is accepted when its model exists.
const sound = `{"type":"micro","wake_word":"Test word","author":"A","website":"https://example.org","model":"test.tflite",
"trained_languages":["en","de"],"version":2,"micro":{"probability_cutoff":0.8,"sliding_window_size":4,"feature_step_size":10,
"tensor_arena_size":30000,"minimum_esphome_version":"2024.7.0"}}`

func TestManifestRefuses(t *testing.T) {
	t.Parallel()
	if _, err := detector.ParseManifest([]byte(sound)); err != nil {
		t.Fatalf("the sound manifest: %v", err)
	}
	for _, c := range []struct{ from, to, want string }{
		{`"micro",`, `"openWakeWord",`, `type is "openWakeWord", only "micro" is supported`},
		{`"version":2`, `"version":1`, "version is 1: such models take steps of 20 ms and are not supported, use version 2 of the model"},
		{`"version":2`, `"version":3`, "version is 3, only 2 is supported"},
		{`"feature_step_size":10`, `"feature_step_size":20`, "micro.feature_step_size is 20 ms, only 10 is supported"},
		{`"feature_step_size":10,`, ``, "micro.feature_step_size is 0 ms, only 10 is supported"},
		{`0.8`, `1.5`, "micro.probability_cutoff is 1.5, want over 0 and up to 1"},
		{`"probability_cutoff":0.8,`, ``, "micro.probability_cutoff is 0, want over 0 and up to 1"},
		{`"sliding_window_size":4`, `"sliding_window_size":0`, "micro.sliding_window_size is 0, want 1 to 100"},
		{`"sliding_window_size":4`, `"sliding_window_size":1000000`, "micro.sliding_window_size is 1000000, want 1 to 100"},
		{`"Test word"`, `" "`, `wake_word is " ", want 1 to 100 characters of text`},
		{`"Test word"`, `"a\u0000b"`, `wake_word is "a\x00b", want 1 to 100 characters of text`},
		{`"test.tflite"`, `""`, "model is missing, want the name of a .tflite file"},
		{`"test.tflite"`, `"https://example.org/a.tflite"`, `model "https://example.org/a.tflite" is an address, want the name of a .tflite file beside the manifest`},
		{`"test.tflite"`, `"../a.tflite"`, `model "../a.tflite" leads away from the manifest, want the name of a .tflite file beside it`},
		{`"test.tflite"`, `"/etc/passwd"`, `model "/etc/passwd" leads away from the manifest, want the name of a .tflite file beside it`},
		{`"test.tflite"`, `"..\\a.tflite"`, `model "..\\a.tflite" leads away from the manifest, want the name of a .tflite file beside it`},
		{`2,"micro"`, `"2","micro"`, "json: cannot unmarshal string into Go struct field manifest.version of type int"},
		{`}}`, `}`, "unexpected end of JSON input"},
	} {
		_, err := detector.ParseManifest([]byte(strings.Replace(sound, c.from, c.to, 1)))
		if want := "read manifest: " + c.want; err == nil || err.Error() != want {
			t.Errorf("%s instead of %s: %v\nwant %s", c.to, c.from, err, want)
		}
	}
}

func TestLoadModel(t *testing.T) {
	t.Parallel()
	for _, net := range []struct {
		name   string
		stride int64
	}{{"synth_rand", 3}, {"synth_stride2", 2}} {
		dir := t.TempDir()
		write(t, dir, "word.json", sound)
		write(t, dir, "test.tflite", readSynth(t, net.name))
		m, err := detector.LoadModel(filepath.Join(dir, "word.json"))
		if err != nil {
			t.Fatal(err)
		}
		if m.ID != "word" || m.WakeWord != "Test word" || m.Cutoff != 0.8 || m.Window != 4 || len(m.Languages) != 2 {
			t.Errorf("the model is %+v", m)
		}
		d, err := detector.New(m)
		if err != nil {
			t.Fatal(err)
		}
		var at []int64
		d.Trace(func(hit detector.Detection) { at = append(at, hit.Sample) })
		d.Process(make([]int16, 480+160*5))
		want := []int64{480 + 160*(net.stride-1), 480 + 160*(2*net.stride-1), 480 + 160*(3*net.stride-1)}
		if diff := cmp.Diff(want[:6/net.stride], at); diff != "" {
			t.Errorf("%s: inferences (-want +got):\n%s", net.name, diff)
		}
	}
}

func TestLoadModelErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "word.json", sound)
	path := filepath.Join(dir, "word.json")
	check := func(want string) {
		t.Helper()
		if _, err := detector.LoadModel(path); err == nil || err.Error() != "load model "+path+": "+want {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	check("open test.tflite: no such file or directory")
	write(t, dir, "test.tflite", "not a model")
	check("read test.tflite: this is not a TensorFlow Lite model")
	write(t, dir, "test.tflite", readSynth(t, "synth_rand")[:8000])
	check("read test.tflite: the file is damaged or cut short")
	write(t, dir, "test.tflite", strings.Repeat("x", 1<<20+1))
	check("test.tflite is not a file of at most 1048576 bytes")
	if err := os.Remove(filepath.Join(dir, "test.tflite")); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(t.TempDir(), "outside.tflite")
	write(t, filepath.Dir(outside), "outside.tflite", readSynth(t, "synth_rand"))
	if err := os.Symlink(outside, filepath.Join(dir, "test.tflite")); err != nil {
		t.Fatal(err)
	}
	check("open test.tflite: path escapes from parent")
	if _, err := detector.LoadModel(filepath.Join(dir, "none.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a manifest that is not there gives %v", err)
	}
}

func TestListModels(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "good.json", sound)
	write(t, dir, "test.tflite", readSynth(t, "synth_rand"))
	write(t, dir, "broken.json", `{"type":"micro"`)
	write(t, dir, "old.json", strings.Replace(sound, `"version":2`, `"version":1`, 1))
	write(t, dir, "lost.json", strings.Replace(sound, "test.tflite", "lost.tflite", 1))
	write(t, dir, "other.json", `{"type":"openWakeWord"}`)
	write(t, dir, "list.json", `[1,2]`)
	write(t, dir, "notes.txt", sound)
	got, err := detector.ListModels(dir)
	if err != nil {
		t.Fatal(err)
	}
	var ids, errs []string
	for _, info := range got {
		ids = append(ids, info.ID)
		if info.Err != nil {
			errs = append(errs, info.Err.Error())
		}
	}
	if diff := cmp.Diff([]string{"broken", "good", "lost", "old"}, ids); diff != "" {
		t.Errorf("models (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		"read manifest: unexpected end of JSON input",
		"open lost.tflite: no such file or directory",
		"read manifest: version is 1: such models take steps of 20 ms and are not supported, use version 2 of the model",
	}, errs); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	want := detector.Info{ID: "good", WakeWord: "Test word", Author: "A", Website: "https://example.org",
		Languages: []string{"en", "de"}, Cutoff: 0.8}
	if diff := cmp.Diff(want, got[1]); diff != "" {
		t.Errorf("info (-want +got):\n%s", diff)
	}
	if _, err := detector.ListModels(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there gives %v", err)
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(sound))
	f.Add([]byte(`{"type":"micro","version":2,"model":"a/../b"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		name, err := detector.ParseManifest(data)
		if err == nil && (strings.Contains(name, "..") || filepath.IsAbs(name)) {
			t.Errorf("the model %q is accepted", name)
		}
	})
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readSynth(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "synth", name+".tflite"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
