package speaker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"
)

// Limits of a reply that is fetched.
const (
	maxFetch     = 16 << 20         // bytes
	fetchTimeout = 10 * time.Second // for the answer to begin, and then for each part of it to come
	maxRedirects = 3
)

// ErrTooLarge means that a reply is larger than 16 MiB.
var ErrTooLarge = errors.New("it is larger than 16 MiB")

// Fetch opens the sound at an http or https address, for Play, and says which media type the server calls it. token is sent along, unless it is empty.
// The body must be closed;
// the end of ctx ends its reading. It yields no more than 16 MiB, and an error after that, or after ten seconds in which nothing comes;
// a reader that takes its time is not an error. Redirects to another host are not followed. Errors name the host, not the address:
// whoever knows the address may hear the reply.
func Fetch(ctx context.Context, address, token string) (body io.ReadCloser, mediaType string, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, "", errors.New("fetch sound: the address is not one of http or https")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer func() {
		if err != nil {
			cancel(nil)
			err = fmt.Errorf("fetch sound from %s: %w", u.Host, err)
		}
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, "", bare(err)
	}
	req.Header.Set("User-Agent", "Earshot")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	f := newFetched(ctx, cancel, nil)
	resp, err := newClient().Do(req)
	f.timer.Stop()
	if err != nil {
		return nil, "", f.why(bare(err))
	}
	f.body = resp.Body
	switch {
	case resp.StatusCode != http.StatusOK:
		err = fmt.Errorf("the answer is %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	case resp.ContentLength > maxFetch:
		err = ErrTooLarge
	}
	if err != nil {
		_ = f.Close() // it is the answer that counts
		return nil, "", err
	}
	mediaType, _, err = mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		mediaType, err = "", nil // the first bytes will tell
	}
	return f, mediaType, nil
}

// newClient keeps no connection, so that nothing is left after a reply.
func newClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			switch first := via[0].URL; {
			case len(via) > maxRedirects:
				return errors.New("too many redirects")
			case req.URL.Host != first.Host || req.URL.Scheme != first.Scheme:
				return errors.New("it redirects to another host, which is not followed")
			}
			return nil
		},
	}
}

// bare takes the address out of an error.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// fetched is the body of an answer.
type fetched struct {
	ctx    context.Context // of the request
	cancel context.CancelCauseFunc
	body   io.ReadCloser
	timer  *time.Timer // ends the request when it runs out
	left   int64       // bytes until it is too large
}

// newFetched starts the clock.
func newFetched(ctx context.Context, cancel context.CancelCauseFunc, body io.ReadCloser) *fetched {
	timer := time.AfterFunc(fetchTimeout, func() { cancel(fmt.Errorf("nothing came for %v", fetchTimeout)) })
	return &fetched{ctx: ctx, cancel: cancel, body: body, timer: timer, left: maxFetch}
}

// Read reads the body. It must not be called by two goroutines at once.
func (f *fetched) Read(p []byte) (int, error) {
	f.timer.Reset(fetchTimeout)
	n, err := f.body.Read(p)
	f.timer.Stop()
	if f.left -= int64(n); f.left < 0 {
		return 0, ErrTooLarge
	}
	if err != nil && err != io.EOF {
		err = f.why(err)
	}
	return n, err
}

// why prefers the cause of the end of the request.
func (f *fetched) why(err error) error {
	if cause := context.Cause(f.ctx); cause != nil {
		return cause
	}
	return err
}

// Close ends the request. It may be called twice, and while a Read waits.
func (f *fetched) Close() error {
	f.cancel(nil)
	_ = f.body.Close() // it was only read
	return nil
}
