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
	if tcp := tcpOf(conn); tcp != nil {
		_ = tcp.SetWriteBuffer(sendBuffer)
	}
	return context.WithValue(ctx, connKey{}, conn)
}

// tcpOf is the TCP connection that another may be on top of, nil when there is none.
func tcpOf(conn net.Conn) *net.TCPConn {
	if over, ok := conn.(interface{ NetConn() net.Conn }); ok { // *tls.Conn
		conn = over.NetConn()
	}
	tcp, _ := conn.(*net.TCPConn)
	return tcp
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
	tcp := tcpOf(conn)
	if tcp == nil {
		_ = conn.Close()
		return
	}
	_ = tcp.SetLinger(0)
	_ = tcp.Close() // and not the one on top of it, which would wait to say goodbye
}
