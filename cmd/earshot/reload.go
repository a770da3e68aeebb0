package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"

	"earshot/internal/config"
	"earshot/internal/metrics"
)

// reloader takes over another configuration while the bridge runs: when the file, or that of a model in use, has changed, and on SIGHUP.
type reloader struct {
	path  string // of the configuration
	watch *watch
	house *house
	parts *parts // of the configuration that runs
	level *threshold
	log   zerolog.Logger
	// orphaned tells whether the terminal that the program runs in is gone, which SIGHUP says too; nil where it
	// runs in none, or is to outlive it.
	orphaned func() bool
}

// errOrphaned is why a program ends whose terminal was closed: nobody would know that it goes on listening.
var errOrphaned = errors.New("the terminal that it ran in was closed")

// Run looks for changes until ctx ends. Its only error is that the program has lost its terminal.
func (l *reloader) Run(ctx context.Context) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangup:
			if l.orphaned != nil && l.orphaned() {
				return errOrphaned
			}
			l.reload(ctx)
		case <-tick.C:
			if l.watch.changed() {
				l.reload(ctx)
			}
		}
	}
}

// reload reads the configuration again. One that is wrong changes nothing.
func (l *reloader) reload(ctx context.Context) {
	tellReloading(true)
	defer tellReloading(false)
	l.watch.take()
	was := l.house.lastReading()
	c, err := l.takeOver(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		l.house.metrics.ReadAgain(metrics.Rejected)
		l.house.setReading(reading{problem: l.rejection(err), notice: was.notice})
		for line := range strings.Lines(err.Error()) {
			l.log.Error().Str("mistake", strings.TrimSuffix(line, "\n")).Msg("the configuration is wrong, and was not taken over: everything runs as before. Correct the file; it is read again by itself")
		}
		return
	}
	l.house.metrics.ReadAgain(metrics.Reloaded)
	l.log.Info().Strs("added", c.added).Strs("removed", c.removed).Strs("changed", c.changed).Strs("taken", c.taken).Msg("the configuration was read again")
	now := reading{}
	if len(c.later) > 0 {
		now.notice = fmt.Sprintf("%s was changed: %s. Restart earshot for this.", filepath.Base(l.path), strings.Join(c.later, ", "))
		l.log.Warn().Strs("keys", c.later).Msg("these keys were changed, and cannot be taken over while the bridge runs: restart earshot for this")
	}
	l.house.setReading(now)
}

// takeOver makes what the file says what runs, or returns what is wrong with it.
func (l *reloader) takeOver(ctx context.Context) (c changes, err error) {
	next, err := config.Load(l.path)
	if err != nil {
		return c, err
	}
	c = compare(l.parts.cfg, next)
	p, err := l.parts.again(c.running, filepath.Base(l.path))
	l.watch.follow(l.path, p.models.files)
	if wrong := new(config.Error); errors.As(err, &wrong) {
		wrong.Locate(l.path)
	}
	if err != nil {
		return c, err
	}
	rooms, err := l.house.furnish(p, c.changed)
	if err != nil {
		return c, err
	}
	p.models.settle()
	before := l.parts.cfg.History
	l.parts = p
	l.level.set(c.running.Log.Level)
	l.house.tells.Store(c.running.Discovery.PublishTranscripts)
	l.house.network.Store(p.models.network)
	if wanted := c.running.History; wanted.Save != before.Save || wanted.Retention != before.Retention {
		l.house.history.SetDefaults(wanted.Save, wanted.Retention)
	}
	l.house.move(ctx, rooms)
	releaseMemory()
	return c, nil
}

// rejection says to everybody who may ask how the bridge is where the configuration is wrong, and nothing of what is in it.
func (l *reloader) rejection(err error) string {
	name := filepath.Base(l.path)
	at := name
	if wrong := new(config.Error); errors.As(err, &wrong) && len(wrong.Problems) > 0 {
		places := wrong.Places()
		if at = places[0]; len(places) > 1 {
			at = fmt.Sprintf("%s and %d more places", places[0], len(places)-1)
		}
	}
	return fmt.Sprintf("The configuration was changed and is wrong, so that everything runs as before: see %s. `earshot check-config` and the log say what is wrong.", at)
}

// reading is what came of reading the configuration the last time.
type reading struct {
	problem string // a sentence for people: the file is wrong; "" when it is not
	notice  string // what a restart is needed for; "" when it is not
}

func (h *house) lastReading() reading {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.reading
}

func (h *house) setReading(r reading) {
	h.mu.Lock()
	h.reading = r
	h.mu.Unlock()
	h.showHub()
}

// notices is what people should know of the bridge, and what keeps it from nothing. A configuration that is wrong is among them, and no problem: who starts a
// program anew that is unwell would end one that hears, and start none.
func (h *house) notices() (list []string) {
	r := h.lastReading()
	for _, sentence := range []string{r.problem, r.notice} {
		if sentence != "" {
			list = append(list, sentence)
		}
	}
	return list
}

// condition is all of it, for the service manager: what keeps the bridge from something first.
func (h *house) condition() []string { return append(h.problems(), h.notices()...) }

// tellReloading tells systemd, where it has started the program, when the configuration is being read again, and when that is over.
func tellReloading(begins bool) {
	state := daemon.SdNotifyReady
	if begins {
		state = daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec()
	}
	_, _ = daemon.SdNotify(false, state) // tellManager says when that cannot be done
}

// terminalGone tells whether the program has no terminal any more.
func terminalGone() bool {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return true
	}
	_ = f.Close()
	return false
}
