package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"earshot/internal/testkit"
)

// TestDiskFull fills the disk while the bridge records: it goes on listening and says what is wrong, loses nothing that was stored, and
// records again by itself when there is room.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=4m,mode=700"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("mount a small disk: %v; run the tests as root", err)
		}
		t.Skipf("mount a small disk: %v; as root this test runs", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	b := startBridge(t, fmt.Sprintf(`
satellites:
  - {id: kitchen, wake_words: [okay_nabu], microphone: {driver: file, device: %s, loop: true, pace: real}}
models: {dir: MODELS}
mqtt: {embedded: false}
history: {dir: %s}
server: {listen: LISTEN}
`, absolute(t, "../testdata/audio/okay_nabu_light_on.wav"), filepath.Join(disk, "data")))
	testkit.Within(t, patience, "the bridge hears", func() bool { return b.health() == 200 })
	c := b.dial(t, "admin")
	testkit.Within(t, patience, "a recording is stored", func() bool { return len(c.entries()) > 0 })
	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	testkit.Within(t, patience, "health says that nothing is stored", func() bool { return b.health() == 503 })
	if _, codes := b.ready(t); !slices.Contains(codes, "disk_full") || !slices.Contains(codes, "recording_not_stored") {
		t.Errorf("it says that it is not ready because of %v", codes)
	}
	stored := len(c.entries())
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	testkit.Within(t, patience, "it records again", func() bool { return len(c.entries()) > stored && b.health() == 200 })
	testkit.Within(t, patience, "it is ready", func() bool { status, _ := b.ready(t); return status == 200 })
	c.must("satellites/mute", map[string]any{"satellite": "kitchen", "muted": true})
	if v := c.must("history/verify", nil); v["clips"] != v["entries"] || len(v["problems"].([]any)) != 0 {
		t.Errorf("verify: %v", v)
	}
}

// fill takes all the room there is.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for part := make([]byte, 64<<10); ; {
		n, err := f.Write(part)
		switch {
		case err != nil && len(part) > 1:
			part = part[:len(part)/2]
		case err != nil || n == 0:
			return
		}
	}
}
