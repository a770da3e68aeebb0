package main

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"earshot/bridge"
	"earshot/internal/config"
)

func parsed(t *testing.T, yaml string) config.Config {
	t.Helper()
	cfg, err := config.Parse("c.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestCompare finds for each change what has to begin anew: a satellite, all of them, the house, or the program.
func TestCompare(t *testing.T) {
	const kitchen, hall = "  - {id: kitchen, wake_words: [okay_nabu]}\n", "  - {id: hall, wake_words: [alexa]}\n"
	before := "satellites:\n" + kitchen + hall
	for name, c := range map[string]struct {
		after string
		want  changes
	}{
		"nothing":                {before, changes{}},
		"another order":          {"satellites:\n" + hall + kitchen, changes{}},
		"the same in more words": {before + "server: {allowed_hosts: []}\nlog: {level: info}\n", changes{}},
		"one more":               {before + "  - {id: attic, wake_words: [alexa]}\n", changes{added: []string{"attic"}}},
		"one less":               {"satellites:\n" + hall, changes{removed: []string{"kitchen"}}},
		"another id":             {"satellites:\n" + kitchen + "  - {id: corridor, wake_words: [alexa]}\n", changes{added: []string{"corridor"}, removed: []string{"hall"}}},
		"a threshold":            {"satellites:\n" + kitchen + "  - {id: hall, wake_words: [{model: alexa, threshold: 0.7}]}\n", changes{changed: []string{"hall"}}},
		"a channel":              {"satellites:\n" + kitchen + "  - {id: hall, wake_words: [alexa], microphone: {channel: 1}}\n", changes{changed: []string{"hall"}}},
		"what all go by":         {before + "stt: {language: de}\n", changes{changed: []string{"kitchen", "hall"}, taken: []string{"stt.language"}}},
		"sentences": {
			before + "privacy: {sentences: {en: {sentences: {mute: [be quiet]}}}}\n", changes{changed: []string{"kitchen", "hall"}, taken: []string{"privacy.sentences"}},
		},
		"near misses": {before + "history: {near_misses: true}\n", changes{changed: []string{"kitchen", "hall"}, taken: []string{"history.near_misses"}}},
		"the house": {
			before + "log: {level: debug}\nhistory: {save: text, retention: {understood: 90d, max_entries: 9}}\ndiscovery: {publish_transcripts: true}\n",
			changes{taken: []string{"discovery.publish_transcripts", "history.save", "history.retention.understood", "history.retention.max_entries", "log.level"}},
		},
		"the program": {
			before + "log: {format: json}\nserver: {listen: \"127.0.0.1:1\", mdns: false}\nhistory: {dir: x}\nmqtt: {bridge_id: b}\nmodels: {dir: y}\nstt: {wyoming: \"tcp://a:1\"}\n",
			changes{later: []string{"models.dir", "mqtt.bridge_id", "stt.wyoming", "history.dir", "server.listen", "server.mdns", "log.format"}},
		},
		"some of each": {
			"satellites:\n" + hall + "log: {level: warn, format: json}\n", changes{removed: []string{"kitchen"}, taken: []string{"log.level"}, later: []string{"log.format"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			now, next := parsed(t, before), parsed(t, c.after)
			got := compare(now, next)
			for what, lists := range map[string][2][]string{
				"added": {got.added, c.want.added}, "removed": {got.removed, c.want.removed}, "changed": {got.changed, c.want.changed}, "taken": {got.taken, c.want.taken},
				"later": {got.later, c.want.later},
			} {
				if !cmp.Equal(lists[0], lists[1]) {
					t.Errorf("%s: %v, want %v", what, lists[0], lists[1])
				}
			}
			// What runs then differs from the file in what has to wait, and in nothing else: reading the file once more asks for nothing new.
			again := compare(got.running, next)
			if !cmp.Equal(again.later, got.later) || len(again.added)+len(again.removed)+len(again.changed)+len(again.taken) > 0 {
				t.Errorf("read once more it asks for %+v", again)
			}
			if back := compare(got.running, now); len(back.later) > 0 {
				t.Errorf("the file as it was before needs a restart: %v", back.later)
			}
		})
	}
}

// TestWatch waits until a file that changes is the same twice, and then tells of it once.
func TestWatch(t *testing.T) {
	path, model := filepath.Join(t.TempDir(), "config.yaml"), filepath.Join(t.TempDir(), "model.json")
	put := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(path, "a")
	w := newWatch(path)
	w.follow(path, map[string]fileState{model: {}})
	synctest.Test(t, func(t *testing.T) {
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		looks := func(n int) (changed int) {
			for range n {
				<-tick.C
				if w.changed() {
					changed++
					w.take()
				}
			}
			return changed
		}
		if looks(5) > 0 {
			t.Error("it changed by itself")
		}
		for i := range 5 { // somebody is writing
			put(path, "abcdefgh"[:2+i])
			if looks(1) > 0 {
				t.Error("it was taken while it was being written")
			}
		}
		if n := looks(5); n != 1 {
			t.Errorf("after it was written it was told %d times", n)
		}
		put(path+".new", "abcdef") // of the same size
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
		if n := looks(5); n != 1 {
			t.Errorf("another file in its place was told %d times", n)
		}
		put(model, "x")
		if n := looks(5); n != 1 {
			t.Errorf("a new model was told %d times", n)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if n := looks(5); n != 1 {
			t.Errorf("that it is gone was told %d times", n)
		}
		w.follow(path, nil)
		put(model, "xyz")
		if n := looks(5); n != 0 {
			t.Errorf("a model that is no longer used was told %d times", n)
		}
	})
}

// TestModelsAgain keeps the models that are as they were, loads those that have changed, and lets go of those that nobody wants.
func TestModelsAgain(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"okay_nabu.json", "okay_nabu.tflite", "alexa.json", "alexa.tflite"} {
		data, err := os.ReadFile(filepath.Join("../../models", name))
		if err != nil {
			t.Fatalf("%v; fetch it with `make models`", err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	load := func(m *wakeModels, words ...string) *wakeModels {
		t.Helper()
		cfg := embedded()
		cfg.Satellites[0].WakeWords = nil
		for _, w := range words {
			cfg.Satellites[0].WakeWords = append(cfg.Satellites[0].WakeWords, bridge.WakeWord{Model: w})
		}
		if err := m.load(cfg, "c.yaml"); err != nil {
			t.Fatal(err)
		}
		m.settle()
		return m
	}
	first := load(newWakeModels(dir), "okay_nabu", "alexa")
	second := load(first.again(), "okay_nabu")
	if second.micro["okay_nabu"] != first.micro["okay_nabu"] || second.micro["alexa"] != nil || second.before != nil {
		t.Error("a model was loaded twice, or kept for nobody")
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "okay_nabu.tflite"), later, later); err != nil {
		t.Fatal(err)
	}
	if third := load(second.again(), "okay_nabu", "alexa"); third.micro["okay_nabu"] == second.micro["okay_nabu"] || third.micro["alexa"] == nil {
		t.Error("a model that has changed was not loaded again")
	}
}
