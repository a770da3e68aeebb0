// Command labrun starts Home Assistant with a bridge that hears commands every half a minute, to look at until Ctrl-C.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"earshot/e2e/lab"
	"earshot/history"
	"earshot/internal/audio"
)

// stopLimit is how long the bridge may take to store what it has heard when it ends.
const stopLimit = 45 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	version := flag.String("version", lab.Current, "version of Home Assistant: "+lab.Current+" or "+lab.Oldest)
	listen := flag.String("listen", "127.0.0.1:8127", "where the bridge's page listens")
	flag.Parse()
	if err := run(ctx, *version, *listen); err != nil {
		fmt.Fprintf(os.Stderr, "labrun: %v\n", err)
		os.Exit(1)
	}
}

// run keeps a lab and a bridge until ctx ends.
func run(ctx context.Context, version, listen string) (err error) {
	fmt.Printf("Starting Home Assistant %s; this takes about a minute.\n", version)
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return fmt.Errorf("find the module: %w", err)
	}
	root := strings.TrimSpace(string(out))
	home, err := lab.Open(ctx, lab.Options{Version: version, STT: true, Integration: filepath.Join(root, "custom_components", "earshot")})
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, home.Close()) }()
	bridge, err := newBridge(ctx, home, root, listen)
	if err != nil {
		return err
	}
	user, password := home.Login()
	fmt.Printf(`
Home Assistant:  %s  (user %s, password %s)
MQTT broker:     %s
bridge:          http://%s  (its address with a token follows)
microphone:      "turn on the kitchen light" and "turn off the kitchen light", in turn, for ever
logs:            %s
                 %s
The integration of Earshot waits under Settings, Devices & services; its code is in the bridge's log.
Ctrl-C ends everything and removes the files.
`, home.URL(), user, password, home.Broker(), listen, filepath.Join(home.Folder(), "*.log"), bridge.log.Name())
	return bridge.run(ctx)
}

// bridge is the program with a configuration for the lab.
type bridge struct {
	program, config string
	log             *os.File
}

// newBridge builds the program and puts everything it needs into the lab's folder, which goes with the lab.
func newBridge(ctx context.Context, home *lab.Home, root, listen string) (*bridge, error) {
	dir := home.Folder()
	b := &bridge{program: filepath.Join(dir, "earshot"), config: filepath.Join(dir, "earshot.yaml")}
	build := exec.CommandContext(ctx, "go", "build", "-o", b.program, "earshot/cmd/earshot")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the bridge: %w\n%s", err, out)
	}
	microphone := filepath.Join(dir, "microphone.wav")
	if err := writeMicrophone(microphone, filepath.Join(root, "testdata", "audio")); err != nil {
		return nil, err
	}
	text := fmt.Sprintf(`satellites:
  - id: kitchen
    name: Kitchen
    area: Kitchen
    microphone: {driver: file, device: %s, loop: true}
    wake_words: [okay_nabu]
    reply: {media_player: %s}
models: {dir: %s}
mqtt: {url: "%s"}
home_assistant: {url: "%s", token: "%s"}
history: {dir: %s}
server: {listen: "%s", allowed_origins: ["%s"]}
`, microphone, lab.Speaker, filepath.Join(root, "models"), home.Broker(), home.URL(), home.PlainToken(),
		filepath.Join(dir, "history"), listen, home.URL())
	if err := os.WriteFile(b.config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	var err error
	b.log, err = os.Create(filepath.Join(dir, "earshot.log"))
	return b, err
}

// writeMicrophone makes one recording of two commands, each with silence after it.
func writeMicrophone(path, recordings string) error {
	silence := make([]int16, 20*audio.SampleRate)
	var all []int16
	for _, name := range []string{"okay_nabu_light_on.wav", "okay_nabu_light_off.wav"} {
		data, err := os.ReadFile(filepath.Join(recordings, name))
		if err != nil {
			return err
		}
		pcm, err := audio.ReadWAV(bytes.NewReader(data))
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		all = append(append(all, pcm...), silence...)
	}
	return os.WriteFile(path, history.WAV(all), 0o600)
}

// run lets the bridge run until ctx ends.
func (b *bridge) run(ctx context.Context) error {
	defer b.log.Close()
	cmd := exec.CommandContext(ctx, b.program, "run", "--print-token", "--config", b.config)
	cmd.Stdout, cmd.Stderr = os.Stdout, io.MultiWriter(os.Stderr, b.log)
	// Ctrl-C goes to every process of the terminal's group; the bridge gets its own signal.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopLimit
	err := cmd.Run()
	if ctx.Err() != nil {
		fmt.Println("\nEnding everything.")
		return nil
	}
	if err == nil {
		return errors.New("the bridge ended by itself")
	}
	return fmt.Errorf("the bridge ended by itself: %w", err)
}
