package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"earshot/history/postgres/postgrestest"
	"earshot/history/s3/s3test"
	"earshot/internal/testkit"
)

// shared is a history in PostgreSQL and S3.
type shared struct {
	t        *testing.T
	postgres *postgrestest.Server
	s3       *s3test.Server
	database string
}

// bridge starts one of the bridges that use it. Its microphone hears a command again and again, as long as it is not muted.
func (s *shared) bridge(id string) *bridge {
	s.t.Helper()
	secret := writeFile(s.t, "secret", s.s3.SecretKey()+"\n")
	return startBridge(s.t, fmt.Sprintf(`
satellites:
  - {id: %s, wake_words: [okay_nabu], microphone: {driver: file, device: %s, loop: true}}
models: {dir: MODELS}
mqtt: {embedded: false}
history:
  dir: DATA
  postgres: {url: "%s"}
  s3: {endpoint: "%s", bucket: clips, access_key: %s, secret_key_file: %s}
server: {listen: LISTEN}
`, id, absolute(s.t, "../testdata/audio/okay_nabu_light_on.wav"), s.database, s.s3.Endpoint(), s.s3.AccessKey(), secret))
}

// objects lists the clips in the bucket.
func (s *shared) objects() (found []string) {
	s.t.Helper()
	err := filepath.WalkDir(s.s3.Dir(), func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".age") {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

// TestSharedHistory has two bridges on one history, each of which sees at once what the other does, and goes on recording while the
// database is away.
func TestSharedHistory(t *testing.T) {
	t.Parallel()
	s := startShared(t)
	kitchen, hall := s.bridge("kitchen"), s.bridge("hall")
	for _, b := range []*bridge{kitchen, hall} {
		testkit.Within(t, patience, "the bridge hears", func() bool { return b.health() == 200 })
	}
	k, h := kitchen.dial(t, "admin"), hall.dial(t, "admin")
	h.must("satellites/mute", map[string]any{"satellite": "hall", "muted": true})
	h.must("history/subscribe", nil)
	testkit.Within(t, patience, "hall hears of a recording in the kitchen", func() bool {
		h.must("satellites/list", nil) // reading the answer reads the events before it
		return h.told("added", "kitchen")
	})
	k.must("satellites/mute", map[string]any{"satellite": "kitchen", "muted": true})
	testkit.Within(t, patience, "the kitchen is done", func() bool {
		return k.must("satellites/list", nil)["satellites"].([]any)[0].(map[string]any)["state"] == "idle"
	})
	entry := h.entries()[0]
	if status, wav := hall.download(t, h.must("clips/sign", map[string]any{"entry_id": entry["id"]})["url"].(string)); status != 200 || len(wav) < 10_000 {
		t.Errorf("hall plays the kitchen's recording: %d, %d bytes", status, len(wav))
	}
	if r := h.must("history/delete_range", map[string]any{"period": "all", "confirm": true}); r["deleted"].(float64) < 1 || len(r["remains"].([]any)) < 2 {
		t.Errorf("receipt: %v", r)
	}
	if n, left := len(k.entries()), s.objects(); n != 0 || len(left) != 0 {
		t.Errorf("after a deletion in the hall the kitchen has %d entries, and the bucket %v", n, left)
	}
	s.checkOutage(kitchen, k, h)
}

// told tells whether an event was about a satellite.
func (c *client) told(action, satellite string) bool {
	for {
		select {
		case e := <-c.events:
			list, _ := e["entries"].([]any)
			for _, entry := range list {
				if e["action"] == action && entry.(map[string]any)["satellite"] == satellite {
					return true
				}
			}
		default:
			return false
		}
	}
}

// checkOutage stops the database: one bridge goes on, another one starts meanwhile, and what both have heard is there when it is back.
func (s *shared) checkOutage(kitchen *bridge, k, h *client) {
	s.t.Helper()
	s.postgres.Stop()
	k.must("satellites/mute", map[string]any{"satellite": "kitchen", "muted": false})
	cellar := s.bridge("cellar")
	for _, b := range []*bridge{kitchen, cellar} {
		testkit.Within(s.t, patience, "a recording waits", func() bool {
			clips, err := filepath.Glob(filepath.Join(b.dir, "data", "spool", "clips", "*", "*.age"))
			return err == nil && len(clips) > 0
		})
		if status := b.health(); status != 503 {
			s.t.Errorf("health is %d while the history cannot be reached", status)
		}
	}
	s.postgres.Start()
	testkit.Within(s.t, patience, "the recordings of both are there", func() bool {
		heard := map[any]bool{}
		for _, e := range h.entries() {
			heard[e["satellite"]] = true
		}
		return heard["kitchen"] && heard["cellar"]
	})
	testkit.Within(s.t, patience, "all is well again", func() bool { return kitchen.health() == 200 && cellar.health() == 200 })
}
