package assist

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// handshakeError is an answer that is no WebSocket.
type handshakeError struct {
	status int
	err    error
}

func (e *handshakeError) Error() string { return fmt.Sprintf("HTTP status %d: %v", e.status, e.err) }
func (e *handshakeError) Unwrap() error { return e.err }

// dial connects and shows the token. It returns Home Assistant's version.
func dial(ctx context.Context, address, token string) (*websocket.Conn, string, error) {
	dialer := websocket.Dialer{
		Proxy:            http.ProxyFromEnvironment,
		HandshakeTimeout: dialWait,
		WriteBufferSize:  8192,
	}
	ws, response, err := dialer.DialContext(ctx, address, nil)
	if err != nil {
		if response != nil {
			response.Body.Close()
			err = &handshakeError{response.StatusCode, err}
		}
		return nil, "", fmt.Errorf("connect: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { ws.Close() })
	version, err := authenticate(ws, token)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		ws.Close()
		return nil, "", err
	}
	return ws, version, nil
}

// authenticate is the dialogue before the first command.
func authenticate(ws *websocket.Conn, token string) (version string, err error) {
	ws.SetReadLimit(maxIncoming)
	deadline := time.Now().Add(authWait)
	if err := errors.Join(ws.SetReadDeadline(deadline), ws.SetWriteDeadline(deadline)); err != nil {
		return "", fmt.Errorf("authenticate: %w", err)
	}
	for {
		_, frame, err := ws.ReadMessage()
		if err != nil {
			return "", fmt.Errorf("authenticate: %w", err)
		}
		messages, err := decode(frame)
		if err != nil {
			return "", err
		}
		for _, m := range messages {
			switch m.Type {
			case typeAuthRequired:
				if err := ws.WriteJSON(map[string]string{"type": "auth", "access_token": token}); err != nil {
					return "", fmt.Errorf("authenticate: %w", err)
				}
			case typeAuthInvalid:
				return "", ErrRefused
			case typeAuthOK:
				return cut(m.HAVersion, 40), nil
			}
		}
	}
}
