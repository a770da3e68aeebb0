package mqtt

import "time"

// SetPatience is how long a client may take over a packet.
func (b *Broker) SetPatience(d time.Duration) { b.door.patience.Store(int64(d)) }
