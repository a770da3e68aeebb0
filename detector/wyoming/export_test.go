package wyoming

import (
	"context"
	"net"
)

// SetDial replaces the network.
func (e *Engine) SetDial(dial func(ctx context.Context, network, addr string) (net.Conn, error)) {
	e.dial = dial
}
