package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"earshot/internal/assist"
	"earshot/internal/audio"
	"earshot/internal/mqtt"
)

const (
	heardFor   = 3 * time.Second // how long a microphone is listened to
	littleRoom = 500 << 20       // bytes on the disk; a recording takes about 100 kB
	noRoom     = 50 << 20
	tmpfs      = 0x01021994 // ref: statfs(2), TMPFS_MAGIC
	unsynced   = 5          // ref: adjtimex(2), TIME_ERROR
	oldestYear = 2026
)

func examineModels(_ context.Context, d *doctor) {
	const part = "models"
	models := newWakeModels(d.cfg.Models.Dir)
	if err := models.load(d.cfg, filepath.Base(d.file)); err != nil {
		d.note(part, ill, "`make models` fetches those that come along; `earshot models add` and `earshot enroll` bring others", "%v", err)
		return
	}
	words, alone := 0, []string{}
	for _, sat := range d.cfg.Satellites {
		if sat.Wake != "" {
			continue
		}
		for _, w := range sat.WakeWords {
			words++
			model, err := models.word(w)
			if err == nil && w.MayBeVerified() && model.SecondLook() == "" {
				alone = append(alone, w.Model)
			}
		}
	}
	if len(alone) > 0 {
		d.note(part, doubt, "`earshot models add "+alone[0]+"` fetches a second model, which keeps out most false triggers", "%s counts without a second look", strings.Join(alone, ", "))
		return
	}
	d.note(part, well, "", "%d wake word(s) can be listened for", words)
}

func examineFolder(_ context.Context, d *doctor) {
	const part = "data folder"
	dir := d.cfg.History.Dir
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		d.note(part, unknown, "", "%s is not there yet; Earshot makes it when it starts", dir)
		return
	case err != nil:
		d.note(part, ill, "see that this user may read the folder, or set history.dir to another one", "%v", err)
		return
	case !info.IsDir():
		d.note(part, ill, "set history.dir to a folder", "%s is not a folder", dir)
		return
	}
	if err := writable(dir); err != nil {
		d.note(part, ill, "give the folder to the user that Earshot runs as: chown -R USER "+dir, "%v", err)
	}
	if loose := info.Mode().Perm() & 0o077; loose != 0 {
		d.note(part, doubt, "chmod 700 "+dir, "other users of this machine may look into %s (mode %o)", dir, info.Mode().Perm())
	}
	disk, err := diskOf(dir)
	if err != nil {
		d.note(part, ill, "see that the disk is there", "%v", err)
		return
	}
	free := disk.free
	room := fmt.Sprintf("%d MB are free", free>>20)
	switch {
	case free < noRoom:
		d.note(part, ill, "make room, or set history.retention.max_megabytes; recordings will be lost", "%s: only %s", dir, room)
	case free < littleRoom:
		d.note(part, doubt, "make room, or set history.retention.max_megabytes", "%s: only %s", dir, room)
	case disk.inMemory:
		d.note(part, doubt, "set history.dir to a folder on a disk", "%s is in memory: the history is lost when the machine restarts", dir)
	default:
		d.note(part, well, "", "%s: %s", dir, room)
	}
}

func examineClock(_ context.Context, d *doctor) {
	const part = "clock"
	now := time.Now()
	zone := d.cfg.History.TimeZone
	if zone == "" {
		zone, _ = now.Zone()
	}
	state, err := syscall.Adjtimex(&syscall.Timex{})
	switch {
	case now.Year() < oldestYear:
		d.note(part, ill, "set the clock, or see that the machine reaches a time server", "this machine thinks that it is %s", now.Format("2 January 2006"))
	case err == nil && state == unsynced:
		d.note(part, doubt, "see that a time service such as systemd-timesyncd runs: deletions of \"the last hour\" go by this clock", "%s (%s); no time server keeps it right", now.Format("15:04"), zone)
	default:
		d.note(part, well, "", "%s (%s)", now.Format("15:04"), zone)
	}
}

// examineBridge asks the bridge that runs how it is.
func examineBridge(ctx context.Context, d *doctor) {
	const part = "bridge"
	if _, err := os.Stat(d.cfg.History.Dir); err != nil {
		d.note(part, unknown, "", "it has not run here yet; its parts are looked at without it")
		return
	}
	var err error
	if d.running, err = isRunning(d.cfg.History); !d.running && err != nil {
		d.note(part, ill, "see that this user may write there", "%v", err)
		return
	}
	if !d.running {
		d.note(part, unknown, "", "it does not run with this data folder; its parts are looked at without it")
		return
	}
	health, err := d.health(ctx)
	switch {
	case err != nil:
		d.note(part, ill, "see that server.listen is what it was started with, and look at its log", "it runs, but does not answer: %v", err)
	case len(health.Problems) == 0:
		d.note(part, well, "", "it runs, and hears")
	}
	for _, problem := range health.Problems {
		d.note(part, ill, "see the parts below; its log tells more", "%s", problem)
	}
	for _, notice := range health.Notices {
		d.note(part, doubt, "do as it says, or change the file back", "%s", notice)
	}
}

// health is what the running bridge says of itself.
type health struct {
	Problems []string `json:"problems"` // what keeps it from hearing, acting or storing
	Notices  []string `json:"notices"`
}

// health asks the running bridge how it is.
func (d *doctor) health(ctx context.Context) (told health, err error) {
	resp, err := askHealth(ctx, d.cfg.Server, "healthz")
	if err != nil {
		return told, err
	}
	defer resp.Body.Close()
	err = json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&told)
	if err == nil && resp.StatusCode != http.StatusOK && len(told.Problems) == 0 {
		err = fmt.Errorf("it answers %s", resp.Status)
	}
	return told, err
}

// examineMicrophones listens to each, unless the bridge does: not every device can be opened twice.
func examineMicrophones(ctx context.Context, d *doctor) {
	const part = "microphone"
	if d.running {
		d.note(part, unknown, "", "the bridge has the microphones; what it says of them is above")
		return
	}
	if len(d.cfg.Satellites) == 0 {
		d.note(part, doubt, "name a satellite in the configuration; `earshot devices` lists the microphones", "there is no satellite, so nothing is listened to")
	}
	for _, sat := range d.cfg.Satellites {
		if ctx.Err() != nil {
			return
		}
		status := hearBriefly(ctx, sat.Microphone)
		switch {
		case status.State != audio.Listening && status.State != audio.Ended:
			reason := status.Reason
			if reason == "" {
				reason = "the device does not open"
			}
			d.note(part, ill, "`earshot devices` lists what this machine has", "%s: %s", sat.ID, reason)
		case len(status.Findings) > 0:
			for _, f := range status.Findings {
				d.note(part, doubt, "`earshot devices --listen` shows how loud every channel is", "%s: %s", sat.ID, f.Text)
			}
		default:
			d.note(part, well, "", "%s: %s delivers sound", sat.ID, status.Device)
		}
	}
}

// hearBriefly opens a microphone for a few seconds. Nothing of the sound is kept.
func hearBriefly(ctx context.Context, cfg audio.Config) audio.Status {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	microphone := audio.NewMicrophone(cfg, zerolog.Nop())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = microphone.Run(ctx) // its configuration has been checked
	}()
	select {
	case <-time.After(heardFor):
	case <-ctx.Done():
	}
	status := microphone.Status()
	stop()
	<-ended
	return status
}

func examineBroker(ctx context.Context, d *doctor) {
	const part = "mqtt"
	if d.cfg.MQTT.URL == "" {
		if d.cfg.MQTT.Embedded {
			d.note(part, well, "", "Earshot brings its own broker")
		} else {
			d.note(part, unknown, "", "mqtt.url is empty: there are no devices in Home Assistant")
		}
		return
	}
	secure, wrong := d.cfg.MQTT.TLS()
	if wrong != nil {
		d.note(part, ill, "correct the files that mqtt names", "%v", wrong)
		return
	}
	err := mqtt.Probe(ctx, mqtt.SessionConfig{URL: d.cfg.MQTT.URL, Username: d.cfg.MQTT.Username, Password: d.cfg.MQTT.Password, TLS: secure})
	if err != nil {
		d.note(part, ill, "correct the section mqtt, and see that the broker runs", "%v", err)
		return
	}
	d.note(part, well, "", "the broker lets Earshot in")
}

// examineHome signs in to Home Assistant as the bridge does.
func examineHome(ctx context.Context, d *doctor) {
	const part = "home assistant"
	if d.cfg.HomeAssistant.URL == "" {
		d.note(part, unknown, "", "home_assistant.url is empty: nothing that is said is carried out")
		return
	}
	home, err := assist.New(assist.Config{URL: d.cfg.HomeAssistant.URL, Token: d.cfg.HomeAssistant.Token}, zerolog.Nop())
	if err != nil {
		d.note(part, ill, "correct home_assistant.url", "%v", err)
		return
	}
	ctx, stop := context.WithTimeout(ctx, doctorPatience)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = home.Run(ctx)
	}()
	defer func() { stop(); <-ended }()
	status := home.Status()
	for tick := time.Tick(100 * time.Millisecond); ctx.Err() == nil && status.State != assist.Ready && status.State != assist.Refused; status = home.Status() {
		select {
		case <-tick:
		case <-ctx.Done():
		}
	}
	if status.State != assist.Ready {
		d.note(part, ill, "see that Home Assistant runs, and that home_assistant.url and the token are right: a long-lived access token is made on your profile's page", "%s", status.Problem)
		return
	}
	pipelines, err := home.Pipelines(ctx)
	if err != nil {
		d.note(part, ill, "see that the token's user still exists", "version %s lets Earshot in, but does not tell its assistants: %v", status.Version, err)
		return
	}
	d.note(part, well, "", "version %s lets Earshot in; it has %d assistant(s)", status.Version, len(pipelines))
}

func examineSpeech(ctx context.Context, d *doctor) {
	const part = "speech to text"
	server := d.cfg.STT.Wyoming
	switch {
	case d.cfg.HomeAssistant.URL != "":
		d.note(part, unknown, "", "Home Assistant's assistant does it")
		return
	case server == "":
		d.note(part, unknown, "", "there is none: commands are recorded without words")
		return
	}
	u, err := url.Parse(server)
	if err == nil {
		var conn net.Conn
		if conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", u.Host); err == nil {
			err = conn.Close()
		}
	}
	if err != nil {
		d.note(part, ill, "see that it runs, or correct stt.wyoming", "%v", err)
		return
	}
	d.note(part, well, "", "%s answers", server)
}

// examinePage tells whether the page and the services can be listened for.
func examinePage(ctx context.Context, d *doctor) {
	const part = "page"
	if _, err := d.cfg.Server.LocalTLS(); err != nil {
		d.note(part, ill, "correct the files that server names", "%v", err)
		return
	}
	if d.running {
		return // it has answered
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", d.cfg.Server.Listen)
	if err != nil {
		d.note(part, ill, "end the program that has the port, or set server.listen to another one", "%v", err)
		return
	}
	_ = l.Close() // it was only tried
	d.note(part, well, "", "%s is free for it", d.cfg.Server.Listen)
}
