package discovery

import (
	"context"
	"time"
)

// The bounds of what waits for Run and for commands.
const (
	maxWakes       = 64               // detections that wait to be published
	commandTimeout = 10 * time.Second // for one command, such as opening a microphone
)

// inbox holds what happened since Run last looked. Everything but detections is a fact that the newest replaces.
type inbox struct {
	connected bool             // the broker is there (again) and may have forgotten everything
	birth     bool             // Home Assistant came up
	offline   bool             // somebody said that we are away
	removed   map[string]bool  // satellites whose device a person deleted
	states    map[string]State // newest by satellite
	wakes     []wakeOf
	lost      uint64 // detections beyond maxWakes
	commands  []command
	ignored   uint64
}

type wakeOf struct {
	satellite string
	wake      Wake
}

// command is one switch that a person turned.
type command struct {
	satellite string
	key       string // keyMute or keySave
	on        bool
}

func newInbox() inbox {
	return inbox{removed: map[string]bool{}, states: map[string]State{}}
}

// empty takes out what Run deals with; commands and the count of the ignored stay.
func (in *inbox) empty() inbox {
	out := *in
	*in = newInbox()
	in.commands, in.ignored = out.commands, out.ignored
	return out
}

// subscribe asks for commands, Home Assistant's birth, and what others say on our own topics.
func (d *Discovery) subscribe() {
	b := d.deps.Broker
	b.OnConnect(func() { d.post(func(in *inbox) { in.connected = true }) })
	b.Subscribe(d.cfg.BirthTopic, func(_ string, payload []byte, _ bool) {
		if string(payload) == "online" {
			d.post(func(in *inbox) { in.birth = true })
		}
	})
	// After a power cut the broker ends the old connection late, and speaks the old will when we are back already.
	b.Subscribe(AvailabilityTopic(d.cfg.BridgeID), func(_ string, payload []byte, _ bool) {
		if string(payload) == offline {
			d.post(func(in *inbox) { in.offline = true })
		}
	})
	for _, s := range d.satellites {
		b.Subscribe(s.configTopic, func(_ string, payload []byte, _ bool) {
			if len(payload) == 0 {
				d.post(func(in *inbox) { in.removed[s.id] = true })
			}
		})
		for _, key := range []string{keyMute, keySave} {
			b.Subscribe(s.commandTopic(key), func(_ string, payload []byte, retained bool) {
				d.receive(s.id, key, payload, retained)
			})
		}
	}
}

// receive takes a message on a command topic. A retained one would be obeyed again at every reconnect.
func (d *Discovery) receive(satellite, key string, payload []byte, retained bool) {
	on := string(payload) == switchOn
	if retained || (!on && string(payload) != switchOff) {
		d.mu.Lock()
		d.inbox.ignored++
		d.mu.Unlock()
		d.deps.Log.Debug().Str("satellite", satellite).Str("switch", key).Bool("retained", retained).Msg("command ignored")
		return
	}
	d.mu.Lock()
	d.inbox.order(command{satellite, key, on})
	d.mu.Unlock()
	signal(d.orders)
}

// order notes a command; an older one for the same switch that still waits is replaced, so there are never more than switches.
func (in *inbox) order(c command) {
	for i, old := range in.commands {
		if old.satellite == c.satellite && old.key == c.key {
			in.commands[i] = c
			return
		}
	}
	in.commands = append(in.commands, c)
}

// obey carries out commands one after the other until ctx ends.
func (d *Discovery) obey(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.orders:
		}
		for ctx.Err() == nil {
			c, ok := d.nextCommand()
			if !ok {
				break
			}
			if err := d.carryOut(ctx, c); err != nil {
				d.deps.Log.Warn().Err(err).Str("satellite", c.satellite).Str("switch", c.key).Msg("command not carried out")
			}
		}
	}
}

func (d *Discovery) nextCommand() (command, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.inbox.commands) == 0 {
		return command{}, false
	}
	c := d.inbox.commands[0]
	d.inbox.commands = d.inbox.commands[1:]
	return c, true
}

func (d *Discovery) carryOut(ctx context.Context, c command) error {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	if c.key == keyMute {
		return d.deps.Commands.SetMuted(ctx, c.satellite, c.on)
	}
	return d.deps.Commands.SetSaveRecordings(ctx, c.satellite, c.on)
}
