package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"earshot/history"
	"earshot/internal/audio"
)

const (
	startPatience = 60 * time.Second
	settling      = 10 * time.Second // what the start has left to do is not part of listening
	ticks         = 100              // of the processor time in /proc, a second; ref: proc(5), USER_HZ
)

// process has the program listen to files in real time, with its history and its page, and without MQTT.
func (o options) process(ctx context.Context) error {
	alone, err := o.measure(ctx, 1)
	if err != nil {
		return err
	}
	all, err := o.measure(ctx, o.rooms)
	if err != nil {
		return err
	}
	more := float64(max(1, o.rooms-1))
	share := (all.share - alone.share) / more
	fmt.Printf("program: 1 microphone %.2f %% of a core, %.1f MB; %d microphones %.1f %%, %.1f MB\n", 100*alone.share, alone.megabytes, o.rooms, 100*all.share, all.megabytes)
	fmt.Printf("program: each microphone more %.3f %% of a core, %.0f kB: %.0f on one core; %v frames were lost\n",
		100*share, 1000*(all.megabytes-alone.megabytes)/more, 1/share, all.lost)
	return nil
}

// figures are what a program took.
type figures struct {
	share     float64 // of one core
	megabytes float64 // resident
	lost      float64 // frames
}

func (o options) measure(ctx context.Context, rooms int) (f figures, err error) {
	dir, err := os.MkdirTemp("", "rooms-")
	if err != nil {
		return f, err
	}
	defer os.RemoveAll(dir)
	listen, err := freeAddress()
	if err != nil {
		return f, err
	}
	config, err := o.configure(dir, listen, rooms)
	if err != nil {
		return f, err
	}
	cmd := exec.CommandContext(ctx, o.program, "run", "--config", config)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if err := cmd.Start(); err != nil {
		return f, err
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		err = errors.Join(err, cmd.Wait())
	}()
	if err := awaitAnswer(ctx, listen); err != nil {
		return f, err
	}
	token, err := exec.CommandContext(ctx, o.program, "token", "create", "--config", config, "--role", "read", "--name", "rooms").Output()
	if err != nil {
		return f, fmt.Errorf("make a token: %w", err)
	}
	words := strings.Fields(string(token))
	if err := pause(ctx, settling); err != nil {
		return f, err
	}
	before, began := processTime(cmd.Process.Pid), time.Now()
	if err := pause(ctx, o.length); err != nil {
		return f, err
	}
	f.share = (processTime(cmd.Process.Pid) - before).Seconds() / time.Since(began).Seconds()
	f.megabytes = resident(cmd.Process.Pid)
	up := 0.0
	if up, f.lost, err = microphones(ctx, listen, words[len(words)-1]); err == nil && up < 0.9*float64(rooms) {
		err = fmt.Errorf("only %v of %d microphones hear", up, rooms)
	}
	return f, err
}

func pause(ctx context.Context, length time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(length):
		return nil
	}
}

func (o options) configure(dir, listen string, rooms int) (string, error) {
	wav, err := o.repeated(dir)
	if err != nil {
		return "", err
	}
	models, err := filepath.Abs(o.models)
	if err != nil {
		return "", err
	}
	var yaml strings.Builder
	yaml.WriteString("satellites:\n")
	for i := range rooms {
		fmt.Fprintf(&yaml, "  - {id: room%d, microphone: {driver: file, device: %q, loop: true}, wake_words: [%s]}\n", i, wav, o.word)
	}
	fmt.Fprintf(&yaml, "models: {dir: %q}\nmqtt: {embedded: false}\nhistory: {dir: %q}\nserver: {listen: %q}\nlog: {level: error}\n",
		models, filepath.Join(dir, "data"), listen)
	path := filepath.Join(dir, "config.yaml")
	return path, os.WriteFile(path, []byte(yaml.String()), 0o600)
}

// repeated is the sound again and again in one file, which is not over before the measurement is: a file that is opened anew is no microphone meanwhile.
func (o options) repeated(dir string) (string, error) {
	pcm, err := read(o.wav)
	if err != nil {
		return "", err
	}
	want := int((o.length + settling + startPatience).Seconds()) * audio.SampleRate
	for len(pcm) < want {
		pcm = append(pcm, pcm[:min(len(pcm), want-len(pcm))]...)
	}
	path := filepath.Join(dir, "sound.wav")
	return path, os.WriteFile(path, history.WAV(pcm), 0o600)
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// get asks the program on this machine.
func get(ctx context.Context, url, token string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return http.DefaultClient.Do(req)
}

// awaitAnswer waits until the program runs. Of many files that are played again and again one is always being opened, so that it is not well then.
func awaitAnswer(ctx context.Context, listen string) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		resp, err := get(ctx, "http://"+listen+"/healthz", "")
		if err == nil {
			return resp.Body.Close()
		}
		if pause(ctx, 100*time.Millisecond) != nil {
			return errors.New("the program does not answer")
		}
	}
}

// microphones tells how many hear, and how many frames all of them have lost.
func microphones(ctx context.Context, listen, token string) (up, lost float64, err error) {
	resp, err := get(ctx, "http://"+listen+"/metrics", token)
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), "{")
		_, value, found := strings.Cut(value, "} ")
		sum := map[string]*float64{"earshot_microphone_up": &up, "earshot_microphone_frames_dropped_total": &lost}[name]
		if !found || sum == nil {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, 0, err
		}
		*sum += n
	}
	return up, lost, lines.Err()
}

// processTime is what a process has used of processors so far.
func processTime(pid int) time.Duration {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // of our own child
	_, rest, _ := strings.Cut(string(data), ") ")
	sum := 0
	for i, field := range strings.Fields(rest) {
		if i == 11 || i == 12 { // user and system
			n, _ := strconv.Atoi(field)
			sum += n
		}
	}
	return time.Duration(sum) * time.Second / ticks
}

// resident is how much memory a process has, in megabytes.
func resident(pid int) float64 {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // of our own child
	for line := range strings.Lines(string(data)) {
		if value, found := strings.CutPrefix(line, "VmRSS:"); found {
			kb, _ := strconv.ParseFloat(strings.Fields(value)[0], 64)
			return kb * 1024 / 1e6
		}
	}
	return 0
}
