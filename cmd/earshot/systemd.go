package main

import (
	"context"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"
)

// statusEvery is how often a service manager without a watchdog is told how the bridge is.
const statusEvery = 30 * time.Second

// tellManager tells systemd, where it has started the program, that the bridge runs, how it is, and twice in each time of the watchdog that it still
// answers: a bridge that is stuck is started anew then. One that does not hear is not, as that would not help it; systemctl status says why it does not.
func tellManager(ctx context.Context, problems func() []string, log zerolog.Logger) {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn().Err(err).Msg("systemd's watchdog is set up wrongly, and not served")
	}
	beat := ""
	if every /= 2; every > 0 {
		beat = daemon.SdNotifyWatchdog + "\n"
	} else {
		every = statusEvery
	}
	state := func() string {
		if list := problems(); len(list) > 0 {
			return "STATUS=" + strings.ReplaceAll(list[0], "\n", " ")
		}
		return "STATUS=hears"
	}
	if told, err := daemon.SdNotify(false, daemon.SdNotifyReady+"\n"+state()); !told {
		if err != nil {
			log.Warn().Err(err).Msg("systemd cannot be told that the bridge runs")
		}
		return
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			_, _ = daemon.SdNotify(false, daemon.SdNotifyStopping) // who started it has asked for that
			return
		case <-tick.C:
			if _, err := daemon.SdNotify(false, beat+state()); err != nil {
				log.Warn().Err(err).Msg("systemd cannot be told that the bridge runs")
			}
		}
	}
}
