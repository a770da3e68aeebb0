package discovery

import (
	"context"
	"slices"
	"time"
)

// The bounds of what waits for Run and for commands.
const (
	maxEvents      = 64               // events that wait to be published
	commandTimeout = 60 * time.Second // for one command, such as deleting everything
)

// inbox holds what happened since Run last looked. Everything but events is a fact that the newest replaces.
type inbox struct {
	connected bool                         // the broker is there (again) and may have forgotten everything
	birth     bool                         // Home Assistant came up
	offline   bool                         // somebody said that we are away
	removed   map[string]bool              // nodes whose device a person deleted
	values    map[string]map[string]string // newest payloads by node and entity
	known     map[string]map[string]string // platforms of entities, by node and key, that the broker knows
	former    map[string][]string          // topics to empty, by that of the description of what is no device any more
	events    []event
	lost      uint64 // events beyond maxEvents
	commands  []command
	ignored   uint64

	assistants        []string
	assistantsChanged bool
	devices           []*node // those of satellites
	devicesChanged    bool
}

// event is something that happened, told once.
type event struct {
	node, key string
	payload   []byte
}

// command is one thing that a person did in Home Assistant.
type command struct {
	Order
	key string // of the node's entity
}

func newInbox() inbox {
	return inbox{
		removed: map[string]bool{}, values: map[string]map[string]string{}, known: map[string]map[string]string{}, former: map[string][]string{},
	}
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
	for _, n := range d.nodes {
		d.listenTo(n)
	}
	d.subscribeFormer()
}

// listenTo takes what is said on the topics of a device.
func (d *Discovery) listenTo(n *node) {
	id, topic, commands := n.id, n.configTopic, n.commands()
	d.deps.Broker.Subscribe(topic, func(_ string, payload []byte, retained bool) { d.described(id, topic, payload, retained) })
	d.deps.Broker.Subscribe(n.commandTopic("+"), func(topic string, payload []byte, retained bool) { d.receive(commands[topic], payload, retained) })
}

// leaveAlone undoes that.
func (d *Discovery) leaveAlone(n *node) {
	d.deps.Broker.Unsubscribe(n.configTopic)
	d.deps.Broker.Unsubscribe(n.commandTopic("+"))
}

// control is an entity that takes orders.
type control struct {
	key string
	entity
}

// commands are the entities of a device that take orders, by the topics they take them on.
func (n *node) commands() map[string]control {
	all := map[string]control{}
	for key, e := range n.entities {
		if e.asks != nil {
			all[e.CommandTopic] = control{key, e}
		}
	}
	return all
}

// receive takes a message on a command topic. A retained one would be obeyed again at every reconnect.
func (d *Discovery) receive(c control, payload []byte, retained bool) {
	var o Order
	ok := false
	if c.asks != nil {
		o, ok = c.order(payload)
	}
	if retained || !ok {
		d.mu.Lock()
		d.inbox.ignored++
		d.mu.Unlock()
		d.deps.Log.Debug().Str("satellite", o.Satellite).Str("entity", c.key).Bool("retained", retained).Msg("command ignored")
		return
	}
	d.mu.Lock()
	d.inbox.order(command{o, c.key})
	d.mu.Unlock()
	signal(d.orders[o.Kind.lane()])
}

// order notes a command; an older one for the same entity that still waits is replaced, so there are never more than entities.
func (in *inbox) order(c command) {
	for i, old := range in.commands {
		if old.Satellite == c.Satellite && old.key == c.key {
			in.commands[i] = c
			return
		}
	}
	in.commands = append(in.commands, c)
}

// obey carries out the commands of a lane one after the other until ctx ends.
func (d *Discovery) obey(ctx context.Context, lane int) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.orders[lane]:
		}
		for ctx.Err() == nil {
			c, ok := d.nextCommand(lane)
			if !ok {
				break
			}
			if err := d.carryOut(ctx, c); err != nil {
				d.deps.Log.Warn().Err(err).Str("satellite", c.Satellite).Str("entity", c.key).Msg("command not carried out")
			}
		}
	}
}

func (d *Discovery) nextCommand(lane int) (command, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.IndexFunc(d.inbox.commands, func(c command) bool { return c.Kind.lane() == lane })
	if i < 0 {
		return command{}, false
	}
	c := d.inbox.commands[i]
	d.inbox.commands = slices.Delete(d.inbox.commands, i, i+1)
	return c, true
}

func (d *Discovery) carryOut(ctx context.Context, c command) error {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	return d.deps.Commands.Obey(ctx, c.Order)
}
