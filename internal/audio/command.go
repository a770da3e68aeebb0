package audio

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// commandDriver runs a program of the user's that writes raw sound to its standard output.
type commandDriver struct{ cfg Config }

func (d *commandDriver) open(context.Context) (*source, error) {
	f := d.cfg.rawFormat()
	// Only the program's name is ever shown: the rest of a command line may hold passwords.
	name := "command"
	if words := strings.Fields(d.cfg.Device); len(words) > 0 {
		name = "command " + filepath.Base(words[0])
	}
	c, err := startChild(name, exec.Command("/bin/sh", "-c", d.cfg.Device), nil)
	if err != nil {
		return nil, err
	}
	return &source{ReadCloser: c, format: f, name: name, live: true}, nil
}

func (d *commandDriver) wait(ctx context.Context, after time.Duration) { sleep(ctx, after, nil) }

func (d *commandDriver) close() {}
