package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"earshot/e2e/lab"
	"earshot/internal/testkit"
)

// ownNetwork tells the test, run again, that it is in a network that nobody else is in, and where the built program is.
const ownNetwork = "EARSHOT_OWN_NETWORK"

// TestFoundInTheNetwork has the real Home Assistant find a bridge by multicast DNS, without MQTT, and set it up. Both are in a network of their
// own, so that the rest of the world hears nothing: the test runs itself again there.
func TestFoundInTheNetwork(t *testing.T) {
	t.Parallel()
	if os.Getenv(ownNetwork) == "" {
		runtime.LockOSThread() // the death signal is tied to the thread
		defer runtime.UnlockOSThread()
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), ownNetwork+"="+program)
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
		out, err := cmd.CombinedOutput()
		if t.Logf("%s", out); err != nil {
			t.Fatalf("in a network of its own: %v", err)
		}
		return
	}
	for _, command := range []string{
		"link set lo up", "link add house0 type veth peer name house1", "address add 192.168.77.2/24 dev house0", "link set house0 up",
		"link set house1 up", "route add default dev house0",
	} {
		if out, err := exec.CommandContext(t.Context(), "ip", strings.Fields(command)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v %s", command, err, out)
		}
	}
	for _, version := range []string{lab.Current, lab.Oldest} {
		t.Run(version, func(t *testing.T) {
			home := lab.Start(t, lab.Options{Version: version, Integration: absolute(t, "../custom_components/earshot"), Settings: "zeroconf:\n"})
			b := startBridge(t, fmt.Sprintf(`
satellites: [{id: kitchen, wake_words: [alexa], microphone: {driver: file, device: %s}}]
models: {dir: MODELS}
mqtt: {embedded: false}
history: {dir: DATA, time_zone: Europe/Berlin}
server: {listen: "0.0.0.0:%d"}
`, absolute(t, "../testdata/audio/alexa_light_on.wav"), freePort(t)))
			h := &integrated{t: t, home: home, bridge: b}
			h.checkDiscovery()
			if !strings.Contains(b.log.String(), "house0 [192.168.77.2]") {
				t.Error("the log does not say where the bridge can be found")
			}
			b.stop(t)
			testkit.Within(t, 30*time.Second, "it is away", func() bool { return !h.shown().Online })
			b.restart(t)
			h.awaitOnline()
			h.checkLog()
		})
	}
}
