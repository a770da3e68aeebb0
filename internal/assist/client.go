// Package assist is a client of Home Assistant's Assist pipelines that keeps itself connected.
//
// Speech goes out as one run of the stt stage, and what is to be done as a second one from intent on, so that somebody
// may look at the words in between. What the other side promises is written down in Home Assistant's developer
// documentation of the WebSocket API and of Assist pipelines.
package assist

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"earshot/internal/backoff"
)

// Config says where Home Assistant is. Durations that are zero have the value named here.
type Config struct {
	URL   string // http(s)://host:port, also with a path in front of Home Assistant's own
	Token string // a long-lived access token

	CommandWait time.Duration // how long a command waits for a connection that is away: 5 s; negative: not at all
	AnswerWait  time.Duration // from the end of the audio to the transcript: 15 s
	ReplyWait   time.Duration // from the words to the reply: 30 s
	PlayWait    time.Duration // how long a media player may take to begin a reply: 3 s

	RetryMin     time.Duration // first wait before connecting again: 1 s
	RetryMax     time.Duration // longest wait before connecting again: 30 s
	RetryRefused time.Duration // wait after a refused token: 5 min, for Home Assistant may ban who tries often
	PingEvery    time.Duration // 20 s; a connection on which nothing came for twice as long is lost
	StartWait    time.Duration // how long Home Assistant may take to begin a run, or to answer a question: 5 s
}

func (c *Config) setDefaults() {
	c.CommandWait = cmp.Or(c.CommandWait, 5*time.Second)
	c.AnswerWait = cmp.Or(c.AnswerWait, 15*time.Second)
	c.ReplyWait = cmp.Or(c.ReplyWait, 30*time.Second)
	c.PlayWait = cmp.Or(c.PlayWait, 3*time.Second)
	c.RetryMin = cmp.Or(c.RetryMin, time.Second)
	c.RetryMax = cmp.Or(c.RetryMax, 30*time.Second)
	c.RetryRefused = cmp.Or(c.RetryRefused, 5*time.Minute)
	c.PingEvery = cmp.Or(c.PingEvery, 20*time.Second)
	c.StartWait = cmp.Or(c.StartWait, 5*time.Second)
}

// Client is one household's Home Assistant. All methods are safe for concurrent use.
type Client struct {
	cfg  Config
	base *url.URL
	log  zerolog.Logger

	waiting  atomic.Int32  // commands that wait for a connection
	hurry    chan struct{} // one waiting signal: somebody needs the connection
	newToken chan struct{} // one waiting signal: the token has changed

	mu       sync.Mutex // guards what follows
	token    string
	status   Status
	ready    *connection // nil while not ready
	timeZone string
	changed  chan struct{} // closed and replaced at every change of status
	watchers map[chan struct{}]bool
}

// New returns a client of the Home Assistant at cfg.URL. Run connects it.
func New(cfg Config, log zerolog.Logger) (*Client, error) {
	cfg.setDefaults()
	base, err := parseURL(cfg.URL)
	if err != nil {
		return nil, err
	}
	if err := checkToken(cfg.Token); err != nil {
		return nil, err
	}
	return &Client{
		cfg:      cfg,
		base:     base,
		log:      log,
		hurry:    make(chan struct{}, 1),
		newToken: make(chan struct{}, 1),
		token:    cfg.Token,
		status:   Status{State: Connecting, Problem: "not connected to Home Assistant at " + base.Host + " yet", Since: time.Now()},
		changed:  make(chan struct{}),
		watchers: map[chan struct{}]bool{},
	}, nil
}

// parseURL wants what a person would type into a browser.
func parseURL(address string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	switch {
	case err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return nil, errors.New("the URL of Home Assistant is not of the form http://homeassistant.local:8123")
	case u.User != nil:
		return nil, errors.New("the URL of Home Assistant must not contain a user name or password: an access token is needed")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the URL of Home Assistant must end after the host or a path, without ? and #")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	return u, nil
}

func checkToken(token string) error {
	if token == "" || strings.TrimSpace(token) != token {
		return errors.New("the access token of Home Assistant is empty or has blanks around it: " +
			"make a long-lived one in Home Assistant, at the bottom of your profile, under Security")
	}
	return nil
}

// SetToken changes the access token for connections to come, and ends the wait after a refusal.
func (c *Client) SetToken(token string) error {
	if err := checkToken(token); err != nil {
		return err
	}
	c.mu.Lock()
	c.token = token
	c.mu.Unlock()
	signal(c.newToken)
	return nil
}

// socketURL is the address of the WebSocket.
func (c *Client) socketURL() string {
	u := c.base.JoinPath("api", "websocket")
	u.Scheme = strings.Replace(u.Scheme, "http", "ws", 1)
	return u.String()
}

// absolute makes a URL of ours from one that Home Assistant gave, which is usually only a path.
func (c *Client) absolute(given string) string {
	u, err := url.Parse(given)
	if err != nil || given == "" {
		return ""
	}
	if u.IsAbs() {
		return given
	}
	root := *c.base
	root.RawQuery = u.RawQuery
	return root.JoinPath(u.EscapedPath()).String()
}

// TokenFor is the access token where an address is one of the Home Assistant that the client is for, else "". The Supervisor of an add-on wants it even
// for what Home Assistant itself gives everybody. A client that is nil has none.
func (c *Client) TokenFor(address string) string {
	if c == nil || !strings.HasPrefix(address, c.base.String()+"/") {
		return ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.token
}

// Run keeps the client connected until ctx ends. Home Assistant being away, starting or refusing the token is a state, see Status.
func (c *Client) Run(ctx context.Context) error {
	retry := backoff.Backoff{Min: c.cfg.RetryMin, Max: c.cfg.RetryMax}
	for {
		wasReady, err := c.connect(ctx)
		if ctx.Err() != nil {
			c.set(nil, Status{State: Connecting, Problem: "the connection to Home Assistant has been shut down"}, nil)
			return nil
		}
		c.noteLoss(err)
		if wasReady {
			retry.Reset()
		}
		if !c.pause(ctx, &retry, errors.Is(err, ErrRefused)) {
			return nil
		}
	}
}

// connect makes one connection and returns why it ended.
func (c *Client) connect(ctx context.Context) (wasReady bool, err error) {
	select {
	case <-c.newToken: // this attempt has it already
	default:
	}
	c.mu.Lock()
	token := c.token
	c.mu.Unlock()
	ws, version, err := dial(ctx, c.socketURL(), token)
	if err != nil {
		return false, err
	}
	conn := newConnection(ws, c.cfg.PingEvery)
	c.set(nil, Status{State: Starting, Problem: "Home Assistant may still be starting", Version: version}, nil)
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(conn.write)
	wg.Go(func() {
		if wasReady = c.settle(ctx, conn); wasReady {
			c.set(conn, Status{State: Ready, Version: version}, nil)
		}
	})
	wg.Go(func() {
		select {
		case <-ctx.Done():
			conn.goodbye()
		case <-conn.done:
		}
	})
	conn.close(conn.read())
	stop()
	wg.Wait()
	return wasReady, conn.err
}

// pause waits before the next attempt and returns false when ctx is done. Whoever waits for the connection shortens the wait,
// except after a refusal, which only a new token does.
func (c *Client) pause(ctx context.Context, retry *backoff.Backoff, refused bool) bool {
	wait, hurry := retry.Next(), c.hurry
	switch {
	case refused:
		wait, hurry = backoff.Spread(c.cfg.RetryRefused), nil
	case c.waiting.Load() > 0:
		wait = min(wait, c.cfg.RetryMin/2)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-c.newToken:
		retry.Reset()
	case <-hurry:
		retry.Reset()
	}
	return true
}

// await returns the connection once it is ready, and gives up when that takes longer than CommandWait since the given time.
func (c *Client) await(ctx context.Context, since time.Time) (*connection, error) {
	c.waiting.Add(1)
	defer c.waiting.Add(-1)
	limit := time.NewTimer(time.Until(since.Add(c.cfg.CommandWait)))
	defer limit.Stop()
	hurried := false
	for {
		c.mu.Lock()
		conn, status, changed := c.ready, c.status, c.changed
		c.mu.Unlock()
		switch {
		case conn != nil && !conn.lost():
			return conn, nil
		case status.State == Refused:
			return nil, ErrRefused
		case !hurried:
			signal(c.hurry)
			hurried = true
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-limit.C:
			return nil, fmt.Errorf("%w: %s", ErrAway, cmp.Or(status.Problem, "the connection was lost"))
		case <-changed:
		}
	}
}

// maxTries bounds how often a command is begun anew because the connection broke.
const maxTries = 4

// try calls do with a ready connection, and again with the next one when that one broke or Assist was not there yet.
func (c *Client) try(ctx context.Context, do func(conn *connection, try int) error) error {
	since := time.Now()
	for try := 0; ; try++ {
		conn, err := c.await(ctx, since)
		if err != nil {
			return err
		}
		err = do(conn, try)
		switch {
		case ctx.Err() != nil && err != nil:
			return ctx.Err()
		case errors.Is(err, errLost) && try < maxTries:
			since = time.Now()
		case isCode(err, codeUnknownCommand) && time.Since(since) < c.cfg.CommandWait:
			if err := sleep(ctx, pollEvery); err != nil {
				return err
			}
		case errors.Is(err, errLost):
			return fmt.Errorf("%w: the connection was lost again and again", ErrAway)
		default:
			return err
		}
	}
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// signal leaves one value in c, which has room for one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
