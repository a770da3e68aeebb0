package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// api calls Home Assistant as its owner. Every call makes its own connection, so a restart in between needs no care.
type api struct {
	url     string // http://127.0.0.1:port
	refresh string

	mu      sync.Mutex // guards what follows
	access  string
	renewed time.Time // when access was got; it is good for 30 minutes
}

// client leaves no idle connections behind, so that tests can count goroutines.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// rest sends JSON (nil = GET) and decodes the answer into the value that into points to, unless that is nil.
func (a *api) rest(ctx context.Context, path string, body, into any) error {
	method, reader := http.MethodGet, io.Reader(nil)
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		method, reader = http.MethodPost, bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.url+path, reader)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if a.refresh != "" {
		token, err := a.token(ctx)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return a.send(req, into)
}

func (a *api) send(req *http.Request, into any) error {
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", req.Method, req.URL.Path, resp.Status, data)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(data, into)
}

// grant exchanges a code or a refresh token for tokens.
func (a *api) grant(ctx context.Context, form url.Values) (access, refresh string, err error) {
	form.Set("client_id", a.url+"/")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+"/auth/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var tokens struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	err = a.send(req, &tokens)
	return tokens.Access, tokens.Refresh, err
}

// token returns an access token of the owner.
func (a *api) token(ctx context.Context) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.access != "" && time.Since(a.renewed) < 20*time.Minute {
		return a.access, nil
	}
	access, _, err := a.grant(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {a.refresh}})
	if err != nil {
		return "", err
	}
	a.access, a.renewed = access, time.Now()
	return access, nil
}

// command sends one WebSocket command as the owner and decodes its result into the value that into points to, unless nil.
func (a *api) command(ctx context.Context, kind string, fields map[string]any, into any) error {
	token, err := a.token(ctx)
	if err != nil {
		return err
	}
	return a.commandAs(ctx, token, message{kind: kind, fields: fields}, into)
}

// message is a WebSocket command.
type message struct {
	kind   string
	fields map[string]any
	until  string // type of the event after which all is over, "" when the answer is all
}

// commandAs is command for the user whose token is given.
func (a *api) commandAs(ctx context.Context, token string, m message, into any) error {
	conn, _, err := websocket.DefaultDialer.DialContext(ctx, "ws"+strings.TrimPrefix(a.url, "http")+"/api/websocket", nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetReadDeadline(deadline)
	}
	if err := conn.WriteJSON(map[string]any{"type": "auth", "access_token": token}); err != nil {
		return err
	}
	full := map[string]any{"id": 1, "type": m.kind}
	maps.Copy(full, m.fields)
	if err := conn.WriteJSON(full); err != nil {
		return err
	}
	for {
		var answer struct {
			Type    string          `json:"type"`
			Message string          `json:"message"`
			Success bool            `json:"success"`
			Result  json.RawMessage `json:"result"`
			Event   struct {
				Type string `json:"type"`
			} `json:"event"`
			Error struct {
				Code    string `json:"code"`
				Message string `json:"message"`
			} `json:"error"`
		}
		if err := conn.ReadJSON(&answer); err != nil {
			return fmt.Errorf("%s: %w", m.kind, err)
		}
		switch {
		case answer.Type == "event" && m.until != "" && answer.Event.Type == m.until:
			return nil
		case answer.Type == "auth_invalid":
			return fmt.Errorf("%s: auth_invalid: %s", m.kind, answer.Message)
		case answer.Type != "result":
			continue // auth_required, auth_ok, events of what was subscribed to
		case !answer.Success:
			return fmt.Errorf("%s: %s: %s", m.kind, answer.Error.Code, answer.Error.Message)
		case m.until != "":
			continue
		case into == nil:
			return nil
		}
		return json.Unmarshal(answer.Result, into)
	}
}
