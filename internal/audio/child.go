package audio

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"
)

// killAfter is how long a program may take to end by itself when it is asked to.
const killAfter = 500 * time.Millisecond

// child is a running program that writes sound to its standard output.
type child struct {
	name   string // for errors
	cmd    *exec.Cmd
	stdout *os.File
	stderr *os.File
	exited chan struct{} // closed when the program has ended
	told   chan struct{} // closed when its standard error is read
	once   sync.Once

	mu   sync.Mutex
	last string // the last line of its standard error; guarded by mu
}

// startChild starts a program in a process group of its own. onLine is told each line of its standard error; it may be nil.
func startChild(name string, cmd *exec.Cmd, onLine func(string)) (*child, error) {
	stdout, w1, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer w1.Close()
	stderr, w2, err := os.Pipe()
	if err != nil {
		stdout.Close()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer w2.Close()
	cmd.Stdout, cmd.Stderr = w1, w2
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		stdout.Close()
		stderr.Close()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	c := &child{name: name, cmd: cmd, stdout: stdout, stderr: stderr, exited: make(chan struct{}), told: make(chan struct{})}
	go func() {
		defer close(c.exited)
		_ = cmd.Wait() // how it ended is in ProcessState
	}()
	go c.readErrors(onLine)
	return c, nil
}

// readErrors keeps the last line of the program's standard error.
func (c *child) readErrors(onLine func(string)) {
	defer close(c.told)
	lines := bufio.NewScanner(c.stderr)
	lines.Split(splitShort)
	for lines.Scan() {
		line := cleanLine(lines.Text())
		if line == "" {
			continue
		}
		c.mu.Lock()
		c.last = line
		c.mu.Unlock()
		if onLine != nil {
			onLine(line)
		}
	}
}

// maxLine bounds what is kept of one line of a program's messages, in bytes.
const maxLine = 4096

// splitShort splits at line ends and carriage returns, and cuts lines that are too long.
func splitShort(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexAny(data, "\r\n"); i >= 0 {
		return i + 1, data[:i], nil
	}
	if len(data) >= maxLine || atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// credentials are a user and password in an address.
var credentials = regexp.MustCompile(`://[^/@\s]+@`)

// cleanLine makes a program's message fit for a log and a page: short, printable, without passwords in addresses.
func cleanLine(line string) string {
	line = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(line, "?"))
	line = credentials.ReplaceAllString(strings.TrimSpace(line), "://***@")
	if cut := []rune(line); len(cut) > 200 {
		line = string(cut[:200]) + "..."
	}
	return line
}

// Read reads sound; its error says how the program ended, with its last words.
func (c *child) Read(p []byte) (int, error) {
	n, err := c.stdout.Read(p)
	if err == nil {
		return n, nil
	}
	if !errors.Is(err, io.EOF) {
		return n, fmt.Errorf("read from %s: %w", c.name, err)
	}
	if c.await(c.exited) { // most programs close their output by ending: let it say how
		c.await(c.told)
	}
	c.Close()
	return n, c.ending()
}

// await waits for done, but no longer than killAfter, and tells whether it came.
func (c *child) await(done <-chan struct{}) bool {
	t := time.NewTimer(killAfter)
	defer t.Stop()
	select {
	case <-done:
		return true
	case <-t.C:
		return false
	}
}

// ending says how the program ended.
func (c *child) ending() error {
	c.mu.Lock()
	last := c.last
	c.mu.Unlock()
	how := c.cmd.ProcessState.String()
	if last != "" {
		return fmt.Errorf("%s ended: %s (%s)", c.name, last, how)
	}
	return fmt.Errorf("%s ended (%s)", c.name, how)
}

// Close ends the program and all it started in its process group, and returns when it has ended.
func (c *child) Close() error {
	c.once.Do(func() {
		group := -c.cmd.Process.Pid
		c.stdout.Close()
		_ = syscall.Kill(group, syscall.SIGTERM) // fails only when all have ended
		c.await(c.exited)
		_ = syscall.Kill(group, syscall.SIGKILL)
		<-c.exited
		c.stderr.Close()
		<-c.told
	})
	return nil
}
