package audio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// fileDriver plays a WAV file as if it were a microphone.
type fileDriver struct{ cfg Config }

func (d *fileDriver) open(context.Context) (*source, error) {
	f, err := os.Open(d.cfg.Device)
	if err != nil {
		return nil, fmt.Errorf("open WAV file: %w", err)
	}
	data, format, err := openWAV(f)
	if err == nil {
		err = checkChannel(d.cfg.Channel, format)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open WAV file %q: %w", d.cfg.Device, err)
	}
	p := &player{file: f, data: data, loop: d.cfg.Loop, closed: make(chan struct{})}
	name := filepath.Base(d.cfg.Device)
	if d.cfg.Pace == paceFast {
		return &source{ReadCloser: p, format: format, name: name, wait: true}, nil
	}
	return &source{ReadCloser: &pacer{player: p, format: format}, format: format, name: name}, nil
}

func (d *fileDriver) wait(ctx context.Context, after time.Duration) { sleep(ctx, after, nil) }

func (d *fileDriver) close() {}

// player reads the data of a WAV file, over and over when it loops.
type player struct {
	file   *os.File
	data   io.Reader
	loop   bool
	some   bool // the present pass has given something
	closed chan struct{}
	once   sync.Once
}

func (p *player) Read(b []byte) (int, error) {
	for {
		n, err := p.data.Read(b)
		if n > 0 {
			p.some = true
			return n, nil
		}
		if err == nil || !errors.Is(err, io.EOF) || !p.loop {
			return 0, err
		}
		if !p.some {
			return 0, fmt.Errorf("play %q again: there is no sound in it", filepath.Base(p.file.Name()))
		}
		p.some = false
		if _, err := p.file.Seek(0, io.SeekStart); err != nil {
			return 0, fmt.Errorf("play %q again: %w", filepath.Base(p.file.Name()), err)
		}
		if p.data, _, err = openWAV(p.file); err != nil {
			return 0, fmt.Errorf("play %q again: %w", filepath.Base(p.file.Name()), err)
		}
	}
}

// Close closes the file and ends a Read that waits for its time.
func (p *player) Close() error {
	p.once.Do(func() {
		close(p.closed)
		p.file.Close()
	})
	return nil
}

// paceStep is how much audio a pacer gives at once.
const paceStep = 10 * time.Millisecond

// pacer lets audio through as fast as it was recorded: a piece is given when its last sample would have been captured.
// Each piece is due at a time counted from the first one, so that waiting too long once is made up for and nothing drifts.
type pacer struct {
	*player
	format pcmFormat
	began  time.Time
	given  int64 // bytes
}

func (p *pacer) Read(b []byte) (int, error) {
	piece := max(p.format.bytesFor(int(paceStep/time.Millisecond)), p.format.frameBytes())
	n, err := p.player.Read(b[:min(len(b), piece)])
	if n == 0 {
		return n, err
	}
	if p.began.IsZero() {
		p.began = time.Now()
	}
	p.given += int64(n)
	due := p.began.Add(time.Duration(p.given / int64(p.format.frameBytes()) * int64(time.Second) / int64(p.format.rate)))
	t := time.NewTimer(time.Until(due))
	defer t.Stop()
	select {
	case <-t.C:
		return n, err
	case <-p.closed:
		return 0, os.ErrClosed
	}
}
