package server

import (
	"context"
	"net"
)

// connKey is where the context of a request holds its connection.
type connKey struct{}

// sendBuffer bounds what of a connection is on its way, in bytes. The system would take megabytes: a whole recording, which would then go on
// being played after its deletion, and more of the history than a client that does not read should cost.
const sendBuffer = 64 << 10

func withConn(ctx context.Context, conn net.Conn) context.Context {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer)
	}
	return context.WithValue(ctx, connKey{}, conn)
}

// connOf is the connection of a request, nil when it was not served by this package.
func connOf(ctx context.Context) net.Conn {
	conn, _ := ctx.Value(connKey{}).(net.Conn)
	return conn
}

// cut ends a connection at once, and throws away what is on its way.
func cut(conn net.Conn) {
	if conn == nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
