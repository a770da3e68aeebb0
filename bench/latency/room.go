package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"earshot/e2e/lab"
	"earshot/internal/audio"
)

// room is a bridge with a microphone that delivers silence, and what is said.
type room struct {
	bridge   *exec.Cmd
	cancel   context.CancelFunc
	sayings  chan []int16
	started  chan time.Time
	finished chan struct{}
}

// openRoom starts the bridge in the lab's folder, with a named pipe as its microphone.
func openRoom(ctx context.Context, home *lab.Home, program, models string) (*room, error) {
	dir := home.Folder()
	pipe, config := filepath.Join(dir, "microphone"), filepath.Join(dir, "earshot.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		return nil, fmt.Errorf("make the microphone: %w", err)
	}
	text := fmt.Sprintf(`satellites:
  - {id: kitchen, area: Kitchen, wake_words: [okay_nabu], microphone: {driver: command, device: "cat %s"}}
models: {dir: %s}
mqtt: {url: "%s"}
home_assistant: {url: "%s", token: "%s"}
history: {dir: %s}
server: {listen: "127.0.0.1:0"}
`, pipe, models, home.Broker(), home.URL(), home.PlainToken(), filepath.Join(dir, "history"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "earshot.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close() // the bridge has its own
	ctx, cancel := context.WithCancel(ctx)
	r := &room{cancel: cancel, sayings: make(chan []int16), started: make(chan time.Time), finished: make(chan struct{})}
	r.bridge = exec.CommandContext(ctx, program, "run", "--config", config)
	r.bridge.Stdout, r.bridge.Stderr = log, log
	r.bridge.Cancel = func() error { return r.bridge.Process.Signal(syscall.SIGTERM) }
	r.bridge.WaitDelay = patience
	if err := r.bridge.Start(); err != nil {
		cancel()
		return nil, err
	}
	go r.speak(ctx, pipe)
	return r, nil
}

// speak writes ten milliseconds at a time into the pipe, each when it is over.
func (r *room) speak(ctx context.Context, pipe string) {
	defer close(r.finished)
	f, err := os.OpenFile(pipe, os.O_RDWR, 0) // for reading, too: so that opening waits for nobody
	if err != nil {
		return
	}
	defer f.Close()
	began, samples := time.Now(), 0
	var left []int16
	for ctx.Err() == nil {
		if len(left) == 0 {
			select {
			case left = <-r.sayings:
				r.started <- began.Add(time.Duration(samples) * time.Second / audio.SampleRate)
			default:
			}
		}
		block := make([]int16, audio.SampleRate/100)
		left = left[copy(block, left):]
		samples += len(block)
		time.Sleep(time.Until(began.Add(time.Duration(samples) * time.Second / audio.SampleRate)))
		if _, err := f.Write(bytesOf(block)); err != nil {
			return
		}
	}
}

// say speaks a recording, and returns when its first sample was spoken.
func (r *room) say(pcm []int16) time.Time {
	r.sayings <- pcm
	return <-r.started
}

// ready speaks until the bridge has carried a command out: the first ones warm every part up, and are not counted.
func (r *room) ready(ctx context.Context, wakes <-chan time.Time, lights *light, sayings []*saying) error {
	for _, s := range sayings {
		for try := 1; ; try++ {
			r.say(s.pcm)
			if _, err := lights.next(ctx, s.light); err == nil {
				break
			} else if try == 3 {
				return fmt.Errorf("warm up: %w", err)
			}
		}
	}
	for len(wakes) > 0 {
		<-wakes
	}
	return nil
}

func (r *room) close() {
	r.cancel()
	_ = r.bridge.Wait() // it was told to end
	<-r.finished
}

func bytesOf(pcm []int16) []byte {
	raw := make([]byte, 0, 2*len(pcm))
	for _, v := range pcm {
		raw = append(raw, byte(v), byte(uint16(v)>>8))
	}
	return raw
}
