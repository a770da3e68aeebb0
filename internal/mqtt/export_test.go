package mqtt

import "time"

// SetPatience is how long a client may take over a packet.
func (b *Broker) SetPatience(d time.Duration) { b.door.patience.Store(int64(d)) }

// TouchClients holds the list of clients for a moment, as a client does that comes or leaves.
func (b *Broker) TouchClients() {
	b.server.Clients.Lock()
	defer b.server.Clients.Unlock()
}
