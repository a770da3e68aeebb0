package e2e

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"earshot/internal/testkit"
)

// hears is a bridge that hears the same command again and again.
func hears(t *testing.T, broker *broker) *bridge {
	t.Helper()
	return startBridge(t, fmt.Sprintf(`
satellites:
  - {id: kitchen, wake_words: [okay_nabu], microphone: {driver: file, device: %s, loop: true, pace: real}}
models: {dir: MODELS}
mqtt: {url: "mqtt://127.0.0.1:%d"}
history: {dir: DATA}
server: {listen: LISTEN}
`, often(t), broker.port))
}

// TestDrillKill kills the bridge at random moments while it records and deletes. After every restart each clip belongs to an entry and can be
// read, and what was said to be deleted stays so.
func TestDrillKill(t *testing.T) {
	t.Parallel()
	kills := 6
	if *drill {
		kills = 60
	}
	b := hears(t, startBroker(t))
	token := b.token(t, "admin")
	var deleted []string
	for n := range kills {
		testkit.Within(t, patience, "the bridge hears", func() bool { return b.health() == 200 })
		c := b.dialWith(t, token)
		testkit.Within(t, patience, "something is recorded", func() bool { return len(c.entries()) > 0 })
		entries := c.entries()
		for _, e := range entries {
			if slices.Contains(deleted, e["id"].(string)) {
				t.Fatalf("after kill %d: an entry is back that was deleted", n)
			}
		}
		// A recording may begin or end just now, but nothing else changes.
		if problems := c.must("history/verify", nil)["problems"].([]any); len(problems) > 0 {
			t.Fatalf("after kill %d: %v", n, problems)
		}
		id := entries[0]["id"].(string)
		c.write(map[string]any{"id": c.id + 1, "type": "history/delete", "ids": []string{id}})
		process := b.process.Process
		time.AfterFunc(time.Duration(rand.IntN(100_000))*time.Microsecond, func() { _ = process.Kill() }) // before the answer, or after it
		for answer := map[string]any{}; c.ws.ReadJSON(&answer) == nil; {
			if answer["success"] == true {
				deleted = append(deleted, id)
			}
		}
		b.ended(t)
		b.restart(t)
	}
	t.Logf("%d kills, %d deletions were answered before", kills, len(deleted))
}

// TestDrillSickDisk lets a disk be so slow that a recording takes minutes, be read-only, and fail: wake events go out all the same, the bridge
// says what is wrong where something is, and records again by itself when the disk works.
func TestDrillSickDisk(t *testing.T) {
	t.Parallel()
	broker := startBroker(t)
	b := hears(t, broker)
	testkit.Within(t, patience, "the bridge hears", func() bool { return b.health() == 200 })
	c := b.dial(t, "admin")
	testkit.Within(t, patience, "something is recorded", func() bool { return len(c.entries()) > 0 })
	for _, sick := range []struct {
		name, inject string
		fails        bool
	}{
		{"slow", "fsync,fdatasync:delay_exit=120000000", false},
		{"read-only", "fsync,fdatasync,pwrite64,renameat,mkdirat:error=EROFS", true},
		{"broken", "fsync,fdatasync:error=EIO", true},
	} {
		heal := injectInto(t, b.process.Process.Pid, sick.inject)
		woken := len(broker.all("earshot/kitchen/wake"))
		testkit.Within(t, patience, sick.name+": it says what is wrong", func() bool { return !sick.fails || b.health() == 503 })
		testkit.Within(t, patience, sick.name+": it wakes", func() bool { return len(broker.all("earshot/kitchen/wake")) >= woken+2 })
		heal()
		stored := len(c.entries())
		testkit.Within(t, patience, sick.name+": it records again", func() bool { return len(c.entries()) > stored && b.health() == 200 })
	}
	c.must("satellites/mute", map[string]any{"satellite": "kitchen", "muted": true})
	b.stop(t)
	b.restart(t)
	testkit.Within(t, patience, "it starts again", func() bool { return b.health() != 0 })
	if v := b.dial(t, "admin").must("history/verify", nil); v["clips"] != v["entries"] || len(v["problems"].([]any)) != 0 {
		t.Errorf("verify: %v", v)
	}
}

// injectInto has strace change what the system answers to a process, until heal is called.
func injectInto(t *testing.T, pid int, what string) (heal func()) {
	t.Helper()
	calls, _, _ := strings.Cut(what, ":")
	cmd := exec.Command(lookPath(t, "strace"), "-f", "-p", fmt.Sprint(pid), "-o", "/dev/null", "-e", "trace="+calls, "-e", "inject="+what)
	said := &testkit.Log{}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	testkit.Within(t, patience, "strace is attached", func() bool { return strings.Contains(said.String(), "attached") })
	healed := false
	heal = func() {
		if !healed {
			healed = true
			_ = cmd.Process.Signal(syscall.SIGINT)
			_ = cmd.Wait()
		}
	}
	t.Cleanup(heal)
	return heal
}
