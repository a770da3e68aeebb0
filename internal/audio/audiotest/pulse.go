// Package audiotest gives tests a sound server of their own, with microphones that can be played into and unplugged.
package audiotest

import (
	"bytes"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"earshot/internal/testkit"
)

// Pulse is a private PulseAudio. Its null sinks are microphones: what is played into sink "kitchen" is heard from source "kitchen.monitor".
type Pulse struct {
	Server string // value for PULSE_SERVER

	t   testing.TB
	dir string

	mu  sync.Mutex
	cmd *exec.Cmd     // nil while it is stopped; guarded by mu
	log *bytes.Buffer // what the present one said
}

// StartPulse starts a PulseAudio without any device, and stops it when the test ends. It fails the test when PulseAudio is not installed.
func StartPulse(t testing.TB) *Pulse {
	t.Helper()
	for _, tool := range []string{"pulseaudio", "pactl", "paplay"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is missing: apt-get install pulseaudio pulseaudio-utils", tool)
		}
	}
	dir, err := os.MkdirTemp("", "pulse") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, sub := range []string{"home", "run"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	p := &Pulse{t: t, dir: dir, Server: "unix:" + filepath.Join(dir, "native")}
	t.Cleanup(p.Stop)
	p.Start()
	return p
}

// Env is the environment that makes a program use this server, for exec.Cmd.
func (p *Pulse) Env() []string {
	return append(os.Environ(), "PULSE_SERVER="+p.Server, "HOME="+filepath.Join(p.dir, "home"), "XDG_RUNTIME_DIR="+filepath.Join(p.dir, "run"),
		"PULSE_COOKIE="+filepath.Join(p.dir, "home", ".config", "pulse", "cookie"))
}

// Start starts the server again after Stop; its modules are gone then.
func (p *Pulse) Start() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	socket := strings.TrimPrefix(p.Server, "unix:")
	p.log = &bytes.Buffer{}
	// Where it may, it comes before all else that the tests do at this time: sound with gaps is not what was said.
	p.cmd = exec.Command("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm", "--use-pid-file=no",
		"--realtime=no", "--high-priority=yes", "--log-target=stderr", "-L", "module-native-protocol-unix socket="+socket)
	p.cmd.Env = append(p.Env(), "PULSE_SERVER=")
	p.cmd.Stderr = p.log
	if err := p.cmd.Start(); err != nil {
		p.cmd = nil
		p.t.Fatalf("start pulseaudio: %v", err)
	}
	var err error
	answers := func() bool {
		var conn net.Conn
		if conn, err = net.Dial("unix", socket); err == nil {
			conn.Close()
		}
		return err == nil
	}
	if !testkit.Poll(testkit.Patience, answers) {
		p.stop()
		p.t.Fatalf("pulseaudio does not answer: %v\n%s", err, p.log)
	}
}

// Stop kills the server, as a crash would. It may be called twice.
func (p *Pulse) Stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stop()
}

func (p *Pulse) stop() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // it was killed
	p.cmd = nil
	os.Remove(strings.TrimPrefix(p.Server, "unix:"))
}

// Pactl runs pactl against the server and returns what it prints.
func (p *Pulse) Pactl(args ...string) (string, error) {
	cmd := exec.Command("pactl", args...)
	cmd.Env = append(p.Env(), "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("pactl %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return strings.TrimSpace(string(out)), nil
}

// Load loads a module and returns its number, for Unload.
func (p *Pulse) Load(module string, args ...string) (id string) {
	p.t.Helper()
	id, err := p.Pactl(append([]string{"load-module", module}, args...)...)
	if err != nil {
		p.t.Fatal(err)
	}
	return id
}

// LoadNullSink makes the microphone name.monitor, of 48 kHz and two channels, and returns the number of its module.
func (p *Pulse) LoadNullSink(name string) (id string) {
	p.t.Helper()
	return p.Load("module-null-sink", "sink_name="+name, "rate=48000", "channels=2", "format=s16le",
		"norewinds=1", "sink_properties=device.description="+name)
}

// Unload takes a module out: of a null sink, the microphone is unplugged.
func (p *Pulse) Unload(id string) {
	p.t.Helper()
	if _, err := p.Pactl("unload-module", id); err != nil {
		p.t.Fatal(err)
	}
}

// Play plays a WAV file into a sink in real time, and returns when it has been played.
func (p *Pulse) Play(wav, sink string) error {
	cmd := exec.Command("paplay", "--device="+sink, wav)
	cmd.Env = p.Env()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("paplay %s: %w: %s", wav, err, bytes.TrimSpace(out))
	}
	return nil
}

// Recordings is how many streams record from the server's sources.
func (p *Pulse) Recordings() int {
	p.t.Helper()
	out, err := p.Pactl("list", "short", "source-outputs")
	if err != nil {
		p.t.Fatal(err)
	}
	if out == "" {
		return 0
	}
	return strings.Count(out, "\n") + 1
}

// coarse is by how much Correlate thins out the samples for its first, wide search.
const coarse = 4

// Correlate finds want in got, both of the same rate, and returns the correlation coefficient at the best place (1 is a perfect copy, whatever its loudness)
// and the sample of got where want begins. It is 0 when got is shorter than want.
func Correlate(want, got []int16) (best float64, at int) {
	if len(got) < len(want) || len(want) < coarse {
		return 0, 0
	}
	_, rough := search(thin(want), thin(got), 0, math.MaxInt)
	return search(float(want), float(got), (rough-2)*coarse, (rough+2)*coarse)
}

// search tries every place between two.
func search(want, got []float32, from, to int) (best float64, at int) {
	for lag := max(0, from); lag <= min(to, len(got)-len(want)); lag++ {
		var ab, aa, bb float32
		for i, b := range got[lag : lag+len(want)] {
			a := want[i]
			ab += a * b
			aa += a * a
			bb += b * b
		}
		if r := float64(ab) / math.Sqrt(max(1, float64(aa)*float64(bb))); r > best {
			best, at = r, lag
		}
	}
	return best, at
}

func float(pcm []int16) []float32 {
	f := make([]float32, len(pcm))
	for i, v := range pcm {
		f[i] = float32(v)
	}
	return f
}

// thin keeps the means of few samples each.
func thin(pcm []int16) []float32 {
	f := make([]float32, len(pcm)/coarse)
	for i := range f {
		for _, v := range pcm[i*coarse : (i+1)*coarse] {
			f[i] += float32(v) / coarse
		}
	}
	return f
}
