package mqtt

import (
	"bytes"
	"sync"
	"sync/atomic"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// turns keeps the broker from looking for retained messages while it stores one, which mochi v2.7.9 does at the same time without a lock
// (TopicsIndex.scanMessages against RetainMessage). One client at a time has the turn:
//
//   - with SUBSCRIBE it looks after the SUBACK was sent, and before OnPacketProcessed, which follows with an error, too. Nothing in between
//     waits for more than a write of the client's own queue, which link bounds. A SUBACK that cannot be sent ends the packet.
//   - with a retained PUBLISH it stores between OnPublish and OnRetainMessage, and nothing else is in between.
//   - with a retained will it stores between OnWill and OnRetainMessage. A will with a delay would be stored by the broker's own loop, where no
//     hook comes first, so that wills have no delay here.
//
// The broker's messages about itself are stored before the first client is served, and never again.
type turns struct {
	mochi.HookBase
	mu     sync.Mutex
	holder atomic.Pointer[mochi.Client] // who has locked mu; a client's hooks run on its own goroutine, one after the other
}

// ID names the hook for the broker.
func (t *turns) ID() string { return "turns" }

// Provides tells the broker what it has to tell.
func (t *turns) Provides(b byte) bool {
	return bytes.IndexByte([]byte{
		mochi.OnConnect, mochi.OnPacketSent, mochi.OnPacketProcessed, mochi.OnPublish, mochi.OnWill, mochi.OnRetainMessage,
	}, b) >= 0
}

func (t *turns) take(cl *mochi.Client) {
	t.mu.Lock()
	t.holder.Store(cl)
}

// give does nothing for a client that has not the turn.
func (t *turns) give(cl *mochi.Client) {
	if t.holder.CompareAndSwap(cl, nil) {
		t.mu.Unlock()
	}
}

// OnConnect takes the delay from a will.
func (t *turns) OnConnect(cl *mochi.Client, _ packets.Packet) error {
	cl.Properties.Will.WillDelayInterval = 0
	return nil
}

// OnPacketSent begins the turn of a client that has subscribed.
func (t *turns) OnPacketSent(cl *mochi.Client, pk packets.Packet, _ []byte) {
	if pk.FixedHeader.Type == packets.Suback {
		t.take(cl)
	}
}

// OnPacketProcessed ends the turn of a client that has subscribed.
func (t *turns) OnPacketProcessed(cl *mochi.Client, _ packets.Packet, _ error) { t.give(cl) }

// OnPublish begins the turn of a client whose message will be retained.
func (t *turns) OnPublish(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	if pk.FixedHeader.Retain {
		t.take(cl)
	}
	return pk, nil
}

// OnWill begins the turn of a client whose will is about to be retained.
func (t *turns) OnWill(cl *mochi.Client, will mochi.Will) (mochi.Will, error) {
	if will.Retain {
		t.take(cl)
	}
	return will, nil
}

// OnRetainMessage ends the turn of a client whose message has been retained.
func (t *turns) OnRetainMessage(cl *mochi.Client, _ packets.Packet, _ int64) { t.give(cl) }
