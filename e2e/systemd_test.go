package e2e

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSystemd listens to what the program tells the service manager that has started it: that it runs, how it is, that it is alive, and that it ends.
func TestSystemd(t *testing.T) {
	t.Parallel()
	wav, err := filepath.Abs("../detector/testdata/wav/silence.wav")
	if err != nil {
		t.Fatal(err)
	}
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	mosquitto := startBroker(t)
	b := startBridge(t, fmt.Sprintf(examined, wav, mosquitto.port, "", ""), "NOTIFY_SOCKET="+manager.LocalAddr().String(), "WATCHDOG_USEC=400000")
	told := func(want string) {
		t.Helper()
		if err := manager.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		data := make([]byte, 4096)
		for {
			n, err := manager.Read(data)
			if err != nil {
				t.Fatalf("nothing came that begins with %q: %v", want, err)
			}
			if got := string(data[:n]); strings.HasPrefix(got, want) {
				return
			}
		}
	}
	told("READY=1\nSTATUS=")
	for range 3 {
		told("WATCHDOG=1\nSTATUS=hears")
	}
	admin := b.dial(t, "admin")
	admin.must("satellites/mute", map[string]any{"satellite": "kitchen", "muted": true})
	told("WATCHDOG=1\nSTATUS=hears") // a muted microphone is as somebody wants it
	if err := b.process.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	told("RELOADING=1\nMONOTONIC_USEC=")
	told("READY=1")
	b.stop(t)
	told("STOPPING=1")
}
