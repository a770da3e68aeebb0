package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"earshot/internal/testkit"
)

// crowded is a satellite that hears a command every few seconds, as a microphone would.
const crowded = `
satellites:
  - {id: kitchen, wake_words: [okay_nabu], microphone: {driver: file, device: %s, loop: true, pace: real}}
models: {dir: MODELS}
mqtt: {embedded: false}
history: {dir: DATA}
server: {listen: LISTEN}
`

// often is a recording of a command that is short enough for many in a minute.
func often(t *testing.T) (wav string) {
	t.Helper()
	return commandUntil(t, 5500*time.Millisecond)
}

// crowd connects followers, some of which never read; the rest do until the end of the test.
func (b *bridge) crowd(t *testing.T, token string, readers, sleepers int) (followers []*follower, leave func()) {
	t.Helper()
	all := make([]*follower, readers+sleepers)
	var dialing, reading sync.WaitGroup
	for i := range 8 {
		dialing.Go(func() {
			for ; i < len(all); i += 8 {
				dialer := websocket.DefaultDialer
				if i >= readers {
					dialer = narrow
				}
				f, err := b.follow(token, dialer)
				if err != nil {
					t.Errorf("client %d: %v", i, err)
					return
				}
				all[i] = f
				if i < readers {
					reading.Go(f.read)
				}
			}
		})
	}
	dialing.Wait()
	leave = func() {
		for _, f := range all {
			if f != nil {
				f.ws.Close()
			}
		}
		reading.Wait()
	}
	t.Cleanup(leave)
	if t.Failed() {
		t.FailNow()
	}
	return all[:readers], leave
}

// TestDrillThousandClients: not one frame of sound is lost to a thousand clients, those that do not read are dropped, and the others are told of
// everything.
func TestDrillThousandClients(t *testing.T) {
	const sleepers, all = 50, 1000
	b := startBridge(t, fmt.Sprintf(crowded, often(t)))
	testkit.Within(t, patience, "the bridge hears", func() bool { return b.health() == 200 })
	token := b.token(t, "admin")
	c := b.dialWith(t, token)
	testkit.Within(t, patience, "a recording is stored", func() bool { return len(c.entries()) > 0 })
	s := &soak{bridge: b, token: token, rooms: []*room{{id: "kitchen"}}}
	s.mute(t, c, true)
	before, recorded := b.vitals(t, token), s.count(t, "earshot_recordings_total")

	began := time.Now()
	followers, leave := b.crowd(t, token, all-sleepers, sleepers)
	crowd := b.vitals(t, token)
	t.Logf("%d clients came within %.1f s; each takes %.1f KB of memory, %.1f goroutines and %.1f open files", all, time.Since(began).Seconds(),
		(crowd.rss-before.rss)/all/1024, (crowd.goroutines-before.goroutines)/all, (crowd.fds-before.fds)/all)
	s.mute(t, c, false)
	wakes := s.count(t, "earshot_wakes_total")
	updates := b.flood(t, c, sleepers)
	testkit.Within(t, patience, "wake words are heard meanwhile", func() bool { return s.count(t, "earshot_wakes_total") >= wakes+2 })
	s.mute(t, c, true)

	added := int64(s.count(t, "earshot_recordings_total") - recorded)
	for i, f := range followers {
		if !testkit.Poll(patience, func() bool { return f.added.Load() == added && f.updated.Load() == updates && f.muted.Load() }) {
			t.Fatalf("client %d was told of %d recordings and %d changes, of %d and %d; the satellite is muted: %v", i, f.added.Load(), f.updated.Load(), added, updates, f.muted.Load())
		}
		if f.sum.Load() != followers[0].sum.Load() {
			t.Errorf("client %d was told something else than the first", i)
		}
	}
	if n := b.dropped(); n != sleepers {
		t.Errorf("%d clients were dropped, not the %d that do not read", n, sleepers)
	}
	if lost := s.count(t, "earshot_microphone_frames_dropped_total"); lost != 0 {
		t.Errorf("%.0f frames of sound were lost", lost)
	}
	t.Logf("each was told of %d recordings and %d changes", added, updates)
	leave()
	b.settle(t, token, before)
}

// flood changes recordings, of which each client is told, until those that do not read are dropped.
func (b *bridge) flood(t *testing.T, c *client, sleepers int) (updates int64) {
	t.Helper()
	id := c.entries()[0]["id"]
	const most = 5000
	for b.dropped() < sleepers && updates < most {
		updates++
		c.must("history/update", map[string]any{"ids": []any{id}, "kept": updates%2 == 1})
	}
	if n := b.dropped(); n < sleepers {
		t.Fatalf("after %d changes %d of %d clients that do not read are dropped", updates, n, sleepers)
	}
	return updates
}

// dropped counts the clients that were too slow.
func (b *bridge) dropped() int { return strings.Count(b.log.String(), "WebSocket client dropped") }
