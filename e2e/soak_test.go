package e2e

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"earshot/internal/audio"
	"earshot/internal/testkit"
)

// soaked are two satellites that hear words without end, as fast as the program takes them.
const soaked = `
satellites:
  - {id: kitchen, wake_words: [okay_nabu], microphone: {driver: file, device: %s, loop: true, pace: fast}}
  - {id: hall, wake_words: [hey_jarvis], microphone: {driver: file, device: %s, loop: true, pace: fast}}
models: {dir: MODELS}
mqtt: {url: "mqtt://127.0.0.1:%d"}
history: {dir: DATA, retention: {max_entries: %d}}
server: {listen: LISTEN}
log: {level: warn}
`

// soak is how long a soak is, and how closely it is watched.
type soak struct {
	*bridge
	token   string
	rooms   []*room
	warm    int // wakes before the first look
	wakes   int // wakes that are looked at
	entries int // that are kept at most
	every   time.Duration
	deleted bool // so that recordings may have been discarded while they were made
}

// room is a satellite of a soak.
type room struct {
	id      string
	seconds float64 // of its recording, which holds one wake word
}

// TestDrillSoak has two satellites hear hours of audio, with recordings, retention, deletions and clients that come and go: of nothing there is
// ever more.
func TestDrillSoak(t *testing.T) {
	mosquitto := startBroker(t)
	words := []string{absolute(t, "../testdata/audio/okay_nabu_light_on.wav"), absolute(t, "../testdata/audio/hey_jarvis_light_on.wav")}
	s := &soak{warm: 30, wakes: 120, entries: 20, every: 250 * time.Millisecond, rooms: []*room{{"kitchen", duration(t, words[0])}, {"hall", duration(t, words[1])}}}
	if *drill {
		const eight = 8 * 3600 // seconds, of each satellite
		s.warm, s.entries, s.every = 500, 200, 5*time.Second
		s.wakes = int(eight/s.rooms[0].seconds + eight/s.rooms[1].seconds)
	}
	s.bridge = startBridge(t, fmt.Sprintf(soaked, words[0], words[1], mosquitto.port, s.entries))
	testkit.Within(t, patience, "the bridge hears", func() bool { return s.health() == 200 })
	s.token = s.bridge.token(t, "admin")
	c := s.dialWith(t, s.token)
	s.mute(t, c, true)
	before := s.count(t, "earshot_recordings_total")
	f, err := s.follow(s.token, websocket.DefaultDialer)
	if err != nil {
		t.Fatal(err)
	}
	defer f.ws.Close()
	go f.read()
	s.mute(t, c, false)

	checkFlat(t, s.watch(t))

	c = s.dialWith(t, s.token) // who says nothing for so long is taken for gone
	s.mute(t, c, true)
	c.limit = patience
	var recorded int64
	var state map[string]any
	if !testkit.Poll(patience, func() bool { // recordings may still wait to be stored
		c.must("retention/run", nil)
		state = c.must("history/verify", nil)
		recorded = int64(s.count(t, "earshot_recordings_total") - before)
		clips := float64(s.clips(t))
		return f.added.Load() == recorded && clips <= float64(s.entries) && state["entries"] == clips && state["clips"] == clips && len(state["problems"].([]any)) == 0
	}) {
		t.Errorf("the follower was told of %d recordings, of %d; of at most %d clips %d are left; verify: %v", f.added.Load(), recorded, s.entries, s.clips(t), state)
	}
	if got := mosquitto.last("earshot/bridge/availability"); got != "online" {
		t.Errorf("the bridge is %q", got)
	}
	if strings.Contains(s.log.String(), `"level":"error"`) {
		t.Errorf("something was not well:\n%s", s.log)
	}
	t.Logf("%d recordings, of which the follower was told", recorded)
}

// duration is that of a recording, in seconds.
func duration(t *testing.T, wav string) float64 {
	t.Helper()
	data, err := os.ReadFile(wav)
	if err != nil {
		t.Fatal(err)
	}
	pcm, err := audio.ReadWAV(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return float64(len(pcm)) / audio.SampleRate
}

// mute closes or opens the microphones; when they are closed, it waits until nothing is being recorded any more.
func (s *soak) mute(t *testing.T, c *client, muted bool) {
	t.Helper()
	for _, r := range s.rooms {
		c.must("satellites/mute", map[string]any{"satellite": r.id, "muted": muted})
	}
	if !muted {
		return
	}
	testkit.Within(t, patience, "all is quiet", func() bool {
		for _, one := range c.must("satellites/list", nil)["satellites"].([]any) {
			satellite := one.(map[string]any)
			if satellite["state"] != "idle" || satellite["microphone"].(map[string]any)["state"] != "muted" {
				return false
			}
		}
		body := s.metrics(t, s.token)
		return s.deleted || sample(t, body, "earshot_wakes_total") == sample(t, body, "earshot_recordings_total")
	})
}

func (s *soak) count(t *testing.T, metric string) float64 {
	t.Helper()
	return sample(t, s.metrics(t, s.token), metric)
}

// heard is how much audio a satellite has had, in hours: each of its wake words is one pass of its recording, so it is this much at least.
func (s *soak) heard(t *testing.T) (least float64) {
	t.Helper()
	body := s.metrics(t, s.token)
	for i, r := range s.rooms {
		word := []string{"okay_nabu", "hey_jarvis"}[i]
		hours := sample(t, body, fmt.Sprintf("earshot_wakes_total{satellite=%q,wake_word=%q}", r.id, word)) * r.seconds / 3600
		if i == 0 || hours < least {
			least = hours
		}
	}
	return least
}

// watch looks again and again until enough was heard, while clients come, go and delete.
func (s *soak) watch(t *testing.T) (series []vitals) {
	t.Helper()
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	began, told := time.Now(), time.Now()
	start := s.count(t, "earshot_wakes_total")
	for n, last, looks := 0.0, 0.0, 0; n < float64(s.warm+s.wakes); looks++ {
		<-tick.C
		n = s.count(t, "earshot_wakes_total") - start
		if n > float64(s.warm) {
			series = append(series, s.vitals(t, s.token))
		}
		if n > last {
			last, told = n, time.Now()
		} else if time.Since(told) > patience {
			t.Fatal("no wake word for a minute")
		}
		if looks%4 == 3 {
			s.visit(t, looks%20 == 19)
		}
		if *drill && looks%12 == 0 {
			t.Logf("%5.1f min: %.2f hours heard by each, %v", time.Since(began).Minutes(), s.heard(t), s.vitals(t, s.token))
		}
	}
	t.Logf("%.2f hours of audio for each satellite in %.0f s", s.heard(t), time.Since(began).Seconds())
	return series
}

// visit is a client that comes, looks, listens to a recording, perhaps deletes everything of today, and goes.
func (s *soak) visit(t *testing.T, deletes bool) {
	t.Helper()
	c := s.dialWith(t, s.token)
	defer c.pace.Stop()
	defer c.ws.Close()
	c.limit = patience // a deletion waits for the retention, which has much to do with a recording every moment
	c.must("satellites/list", nil)
	c.must("history/stats", nil)
	if entries := c.entries(); len(entries) > 0 {
		// It may be deleted between the two.
		if signed, ok := c.call("clips/sign", map[string]any{"entry_id": entries[0]["id"]}); ok {
			s.download(t, signed["url"].(string))
		}
	}
	if deletes {
		s.deleted = true
		c.must("history/delete_range", map[string]any{"period": "today", "confirm": true})
	}
}
