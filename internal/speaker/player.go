package speaker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"
)

// The programs that play.
const (
	pacat = "pacat" // of PulseAudio, for PipeWire too
	aplay = "aplay" // of ALSA
)

// Times of a player.
const (
	latency   = 200 * time.Millisecond // is kept ready to play
	period    = 50 * time.Millisecond  // of the sound card, for ALSA
	killAfter = 50 * time.Millisecond  // it may take to end by itself when it is asked to
	sayWhy    = 500 * time.Millisecond // it may take to end by itself when it has closed its input
	stuck     = 10 * time.Second       // without taking any sound means that it takes no more, not that the machine is busy
	askServer = 2 * time.Second        // a sound server may take to answer
)

// choose finds the program that plays a sound, and its arguments. A sound server may come and go, so driver auto looks each time.
func (s *Speaker) choose(ctx context.Context, snd *sound) (name string, args []string, err error) {
	switch s.cfg.Driver {
	case driverPulse:
		name = pacat
	case driverALSA:
		name = aplay
	default:
		name = aplay
		if !isALSA(s.cfg.Device) && serverAnswers(ctx) {
			name = pacat
		}
	}
	if _, err := exec.LookPath(name); err != nil {
		return "", nil, missing(name, s.cfg.Driver)
	}
	if name == pacat {
		return name, pacatArgs(s.cfg.Device, snd), nil
	}
	return name, aplayArgs(s.cfg.Device, snd), nil
}

// missing says what to install.
func missing(name, driver string) error {
	switch {
	case name == pacat:
		return errors.New("pacat is not installed: install the package pulseaudio-utils")
	case driver == driverALSA:
		return errors.New("aplay is not installed: install the package alsa-utils")
	default:
		return errors.New("nothing here plays sound: no sound server answers pactl (package pulseaudio-utils), and aplay (package alsa-utils) is not installed")
	}
}

// serverAnswers tells whether there is a sound server and the programs to use it.
func serverAnswers(ctx context.Context) bool {
	if _, err := exec.LookPath(pacat); err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, askServer)
	defer cancel()
	cmd := exec.CommandContext(ctx, "pactl", "info")
	cmd.WaitDelay = killAfter
	return cmd.Run() == nil
}

// isALSA says whether a device name can only be one of ALSA's.
func isALSA(device string) bool {
	return strings.HasPrefix(device, "hw:") || strings.HasPrefix(device, "plughw:") || strings.Contains(device, "CARD=")
}

// pacatArgs leaves the change of rate and channels to the server.
func pacatArgs(device string, snd *sound) []string {
	args := []string{
		"--playback", "--raw", "--format=s16le", "--rate=" + strconv.Itoa(snd.rate), "--channels=" + strconv.Itoa(snd.channels),
		"--latency-msec=" + strconv.FormatInt(latency.Milliseconds(), 10), "--client-name=Earshot", "--stream-name=reply",
	}
	if device != "" {
		args = append(args, "--device="+device)
	}
	return args
}

func aplayArgs(device string, snd *sound) []string {
	args := []string{
		"--quiet", "--file-type=raw", "--format=S16_LE", "--rate=" + strconv.Itoa(snd.rate), "--channels=" + strconv.Itoa(snd.channels),
		"--buffer-time=" + strconv.FormatInt(latency.Microseconds(), 10), "--period-time=" + strconv.FormatInt(period.Microseconds(), 10),
	}
	if device != "" {
		args = append(args, "--device="+alsaName(device))
	}
	return args
}

// alsaName makes the name of a PCM that takes every format out of what people write: a card id, hw:CARD=..., or any name of a PCM.
func alsaName(device string) string {
	if rest, ok := strings.CutPrefix(device, "hw:"); ok {
		return "plughw:" + rest // hw would play a rate that the card lacks at another speed
	}
	if strings.Contains(device, ":") || device == "default" || device == "pulse" || device == "null" {
		return device
	}
	return "plughw:CARD=" + device + ",DEV=0"
}

// player is a running program that plays what it reads from its standard input.
type player struct {
	name   string // for errors
	stop   context.CancelFunc
	stdin  *os.File
	stuck  time.Duration // how long it may take no sound; set before play
	exited chan struct{} // closed when the program has ended
	words  lastWords
	err    error // how it ended; valid after exited
}

// startPlayer starts a program in a process group of its own, which ends with ctx. onExit is called when it has ended.
func startPlayer(ctx context.Context, onExit func(), name string, args []string) (*player, error) {
	r, w, err := os.Pipe() // not StdinPipe: writes need a deadline
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer r.Close()
	ctx, stop := context.WithCancel(ctx)
	p := &player{name: name, stop: stop, stdin: w, exited: make(chan struct{})}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C") // its last words go into errors
	cmd.Stdin, cmd.Stderr = r, &p.words
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = killAfter
	if err := cmd.Start(); err != nil {
		stop()
		w.Close()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		p.err = cmd.Wait()
		if errors.Is(p.err, exec.ErrWaitDelay) { // it ended well; something that it started keeps its output open
			p.err = nil
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it started; fails when there is nothing
		close(p.exited)
		onExit()
	}()
	return p, nil
}

// pipeSize is how much the pipe to a player holds, in bytes. ref: pipe(7)
const pipeSize = 64 << 10

// play feeds a sound to the player, and returns when it has ended. What could be decoded of a broken sound is played to its end.
func (p *player) play(snd *sound, gain float64) error {
	defer p.stop()
	decoded, written := p.feed(snd, gain)
	early := p.ended()
	p.stdin.Close()
	switch {
	case written != nil:
		p.await(sayWhy)
		p.stop()
	case !p.await(p.stuck + time.Duration(pipeSize/2/snd.channels)*time.Second/time.Duration(snd.rate)):
		written = os.ErrDeadlineExceeded
		p.stop()
	}
	<-p.exited
	switch {
	case errors.Is(written, os.ErrDeadlineExceeded):
		return fmt.Errorf("play through %s: it takes no more sound", p.name)
	case written != nil || early || p.err != nil:
		return p.ending()
	default:
		return decoded
	}
}

// feed writes the sound until its end, or until the player takes no more. It tells apart whose fault an early end was.
func (p *player) feed(snd *sound, gain float64) (decoded, written error) {
	d := newReader(snd, gain)
	for {
		chunk, err := d.next()
		if len(chunk) > 0 {
			if err := p.stdin.SetWriteDeadline(time.Now().Add(p.stuck)); err != nil {
				return nil, err
			}
			if _, err := p.stdin.Write(chunk); err != nil {
				return nil, err
			}
		}
		switch {
		case errors.Is(err, errEnd):
			return nil, nil
		case err != nil:
			return err, nil
		}
	}
}

func (p *player) ended() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// await waits for the end of the player, but no longer than limit, and tells whether it came.
func (p *player) await(limit time.Duration) bool {
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-p.exited:
		return true
	case <-t.C:
		return false
	}
}

// ending says how the player ended.
func (p *player) ending() error {
	how := "exit status 0"
	if p.err != nil {
		how = p.err.Error()
	}
	if last := p.words.last(); last != "" {
		return fmt.Errorf("%s ended: %s (%s)", p.name, last, how)
	}
	return fmt.Errorf("%s ended (%s)", p.name, how)
}

// lastWords keeps the end of what a program says.
type lastWords struct {
	mu   sync.Mutex
	text []byte // guarded by mu
}

// maxWords bounds what is kept of a program's messages, in bytes, and of its last line, in characters.
const (
	maxWords = 4096
	maxLine  = 200
)

// Write never fails.
func (l *lastWords) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b[max(0, len(b)-maxWords):]...)
	l.text = append(l.text[:0], l.text[max(0, len(l.text)-maxWords):]...)
	return len(b), nil
}

// last is the last line, fit for a log and a page: short and printable.
func (l *lastWords) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := strings.TrimSpace(strings.ToValidUTF8(string(l.text), "?"))
	line := text[strings.LastIndexAny(text, "\r\n")+1:]
	line = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, line)
	if cut := []rune(line); len(cut) > maxLine {
		line = string(cut[:maxLine]) + "..."
	}
	return line
}
