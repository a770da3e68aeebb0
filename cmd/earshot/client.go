package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"github.com/rs/zerolog"

	"earshot/history"
	"earshot/internal/config"
	"earshot/internal/server"
)

// client speaks to the services of a bridge, as every other program does.
type client struct {
	addr  string
	tls   *tls.Config // nil without encryption
	conn  *websocket.Conn
	id    int64
	close []func()
}

// openClient connects to the bridge that runs on the folder of a configuration. When none does, it opens the history itself and serves it to
// nobody but this process, so that each command is written once.
func openClient(ctx context.Context, cfg config.Config) (*client, error) {
	c := &client{}
	tokens, err := server.OpenTokens(filepath.Join(cfg.History.Dir, tokensFile))
	if err != nil {
		return nil, err
	}
	running, err := isRunning(cfg.History)
	switch {
	case running:
		err = c.useRunning(ctx, cfg, tokens)
	case err == nil:
		err = c.useOwn(ctx, cfg, tokens)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// isRunning tells whether a bridge has the lock of a folder.
func isRunning(cfg history.Config) (bool, error) {
	dir := localDir(cfg)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, fmt.Errorf("open history: %w", err)
	}
	lock, err := history.Lock(filepath.Join(dir, history.DatabaseFile+".lock"))
	if err != nil {
		return errors.Is(err, history.ErrLocked), err
	}
	return false, lock.Close()
}

// useRunning signs in to a running bridge with a token that is good as long as this command runs: whoever may read the folder may do that.
func (c *client) useRunning(ctx context.Context, cfg config.Config, tokens *server.Tokens) error {
	addr, err := reachable(cfg.Server.Listen)
	if err != nil {
		return err
	}
	if c.tls, err = cfg.Server.LocalTLS(); err != nil {
		return err
	}
	name := fmt.Sprintf("command line, process %d", os.Getpid())
	secret, err := tokens.Create(name, server.Admin)
	if err != nil {
		return err
	}
	c.onClose(func() { _ = tokens.Revoke(name) })
	if err := c.connect(ctx, addr, secret); err != nil {
		return fmt.Errorf("connect to the bridge that runs on this folder: %w", err)
	}
	return nil
}

// useOwn opens the history in this process.
func (c *client) useOwn(ctx context.Context, cfg config.Config, tokens *server.Tokens) error {
	hist, closeHistory, err := openHistory(ctx, cfg.History, zerolog.Nop())
	if err != nil {
		return err
	}
	c.onClose(closeHistory)
	secret, err := tokens.Session("command line", server.Admin)
	if err != nil {
		return err
	}
	own := server.DefaultConfig()
	own.Listen = "127.0.0.1:0"
	web := server.New(own, server.Deps{History: hist, Satellites: nowhere{cfg.Models.Dir}, Tokens: tokens, Version: version, Log: zerolog.Nop()})
	if err := web.Listen(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = web.Run(ctx) }()
	c.onClose(func() { cancel(); <-ended })
	return c.connect(ctx, web.Addr(), secret)
}

// nowhere is a bridge without microphones.
type nowhere struct{ models string }

// List returns none.
func (nowhere) List() []server.Satellite { return nil }

// SetMuted knows no microphone.
func (nowhere) SetMuted(context.Context, string, bool) error { return server.ErrUnknownSatellite }

// SetWakeWord knows no microphone.
func (nowhere) SetWakeWord(context.Context, string, string, server.WakeWordChange) (server.WakeWord, error) {
	return server.WakeWord{}, server.ErrUnknownSatellite
}

// Try knows no microphone.
func (nowhere) Try(context.Context, string, time.Duration) (server.Trial, error) {
	return nil, server.ErrUnknownSatellite
}

// Lesson knows no microphone.
func (nowhere) Lesson([]string, string, server.Cutoffs) (server.Lesson, error) {
	return nil, server.ErrUnknownSatellite
}

// DropVerifier knows no microphone.
func (nowhere) DropVerifier(string, string) (bool, error) { return false, server.ErrUnknownSatellite }

// DropVerifiers removes the files that the bridge would use when it is started.
func (n nowhere) DropVerifiers() error { return removeVerifiers(n.models) }

// Enroll knows no microphone.
func (nowhere) Enroll(context.Context, string, string, bool) (server.Enrolment, error) {
	return nil, server.ErrUnknownSatellite
}

// Announce knows no speaker.
func (nowhere) Announce(context.Context, string, server.Announcement) (bool, error) {
	return false, server.ErrUnknownSatellite
}

// Listen knows no microphone.
func (nowhere) Listen(context.Context, string, server.Prompt) (server.Said, error) {
	return server.Said{}, server.ErrUnknownSatellite
}

func (c *client) onClose(fn func()) { c.close = append(c.close, fn) }

// Close says goodbye and gives everything back, the last first.
func (c *client) Close() {
	for i := len(c.close) - 1; i >= 0; i-- {
		c.close[i]()
	}
	c.close = nil
}

const answerTime = 10 * time.Minute // for a deletion of a million recordings on a small machine

// message is what a bridge sends.
type message struct {
	ID      int64           `json:"id"`
	Type    string          `json:"type"`
	Success bool            `json:"success"`
	Result  json.RawMessage `json:"result"`
	Message string          `json:"message"`
	Error   *serviceError   `json:"error"`
}

// serviceError is a refusal, in the bridge's words.
type serviceError struct {
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Receipt json.RawMessage `json:"receipt"`
}

// Error is for people.
func (e *serviceError) Error() string { return e.Message }

func (c *client) connect(ctx context.Context, addr, secret string) error {
	c.addr = addr
	dialer := websocket.Dialer{TLSClientConfig: c.tls, HandshakeTimeout: 45 * time.Second}
	if !strings.Contains(addr, "://") {
		addr = schemeOf(c.tls) + "://" + addr
	}
	conn, resp, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(strings.TrimSuffix(addr, "/"), "http")+"/api/websocket", nil)
	if resp != nil && resp.Body != nil {
		_ = resp.Body.Close()
	}
	if err != nil {
		return err
	}
	c.conn = conn
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	c.onClose(func() { stop(); _ = conn.Close() })
	for {
		var m message
		if err := conn.ReadJSON(&m); err != nil {
			return err
		}
		switch m.Type {
		case "auth_required":
			if err := conn.WriteJSON(map[string]string{"type": "auth", "access_token": secret}); err != nil {
				return err
			}
		case "auth_ok":
			return nil
		default:
			return errors.New(m.Message)
		}
	}
}

// call sends one command and reads its result into out, which may be nil.
func (c *client) call(command string, fields map[string]any, out any) error {
	c.id++
	m := map[string]any{"id": c.id, "type": command}
	for k, v := range fields {
		m[k] = v
	}
	if err := c.conn.WriteJSON(m); err != nil {
		return fmt.Errorf("ask the bridge: %w", err)
	}
	if err := c.conn.SetReadDeadline(time.Now().Add(answerTime)); err != nil {
		return err
	}
	for {
		var answer message
		if err := c.conn.ReadJSON(&answer); err != nil {
			return fmt.Errorf("ask the bridge: %w", err)
		}
		if answer.Type == "pong" { // the answer to ping is not a result
			answer.Type, answer.Success, answer.Result = "result", true, json.RawMessage("null")
		}
		switch {
		case answer.ID != c.id || answer.Type != "result":
			continue
		case !answer.Success && answer.Error != nil:
			return answer.Error
		case out == nil:
			return nil
		}
		return json.Unmarshal(answer.Result, out)
	}
}

// schemeOf is how a bridge is spoken to; secure is nil without encryption.
func schemeOf(secure *tls.Config) string {
	if secure == nil {
		return "http"
	}
	return "https"
}

// getLocal asks a bridge of this machine; secure is nil without encryption.
func getLocal(ctx context.Context, secure *tls.Config, addr, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, schemeOf(secure)+"://"+addr+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	local := http.Client{Transport: &http.Transport{TLSClientConfig: secure, DisableKeepAlives: true}}
	return local.Do(req)
}

// fetch gets what a link names. The caller closes it.
func (c *client) fetch(ctx context.Context, link string) (io.ReadCloser, string, error) {
	resp, err := getLocal(ctx, c.tls, c.addr, link)
	if err != nil {
		return nil, "", fmt.Errorf("ask the bridge: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		_ = resp.Body.Close()
		return nil, "", errors.New(string(text))
	}
	return resp.Body, resp.Header.Get("Content-Type"), nil
}
