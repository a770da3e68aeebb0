package s3

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	dialTimeout = 5 * time.Second
	slowest     = 32 << 10 // bytes a second that a body has to make
	connections = 16       // kept open while nothing is asked
)

// transport bounds the time of every request, its body included, and ends all of them when it is closed.
type transport struct {
	base    *http.Transport
	timeout time.Duration
	closing context.Context
	cancel  context.CancelFunc
}

func newTransport(timeout time.Duration) *transport {
	ctx, cancel := context.WithCancel(context.Background())
	return &transport{
		base: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: dialTimeout}).DialContext, TLSHandshakeTimeout: dialTimeout,
			MaxIdleConns: connections, MaxIdleConnsPerHost: connections, IdleConnTimeout: time.Minute,
			DisableCompression: true, // of a range the bytes as they are stored are wanted
		},
		timeout: timeout, closing: ctx, cancel: cancel,
	}
}

// RoundTrip does one request.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.closing.Err() != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, errClosed
	}
	ctx, cancel := context.WithTimeout(r.Context(), t.timeout+time.Duration(max(r.ContentLength, 0))*time.Second/slowest)
	stop := context.AfterFunc(t.closing, cancel)
	end := func() {
		stop()
		cancel()
		if t.closing.Err() != nil { // closing came between: the transport has taken this request for a reason to keep connections again
			t.base.CloseIdleConnections()
		}
	}
	resp, err := t.base.RoundTrip(r.WithContext(ctx))
	if err != nil {
		end()
		return nil, err
	}
	resp.Body = body{resp.Body, end}
	return resp, nil
}

func (t *transport) close() {
	t.cancel()
	t.base.CloseIdleConnections()
}

// body ends the time of its request when it is closed.
type body struct {
	io.ReadCloser
	end func()
}

// Close ends the request.
func (b body) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}
