// Package supervisor asks Home Assistant's Supervisor for what it gives an add-on: the options, the broker, the way to Home Assistant, and being found.
package supervisor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"
)

// What can be wrong with an answer.
var (
	ErrNoBroker = errors.New("no add-on offers an MQTT broker")
	ErrRefused  = errors.New("the Supervisor does not allow this")
)

// Bounds of a request.
const (
	requestTime = 10 * time.Second
	maxAnswer   = 1 << 20 // bytes
)

// ingressProxy is whom the pages of an add-on are asked for by. ref: Home Assistant's documentation for developers, "Ingress"
var ingressProxy = netip.AddrFrom4([4]byte{172, 30, 32, 2})

// Client speaks to the Supervisor. Its methods may be called by several goroutines at once.
type Client struct {
	base   *url.URL
	token  string
	client *http.Client
}

// New returns a client of the Supervisor at an address, which is http://supervisor within an add-on, with the token that it gives the add-on.
func New(address, token string) (*Client, error) {
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || base.Scheme != "http" || base.User != nil {
		return nil, errors.New("the address of the Supervisor is not of the form http://supervisor")
	}
	if token == "" {
		return nil, errors.New("SUPERVISOR_TOKEN is not set: only an add-on of Home Assistant has a Supervisor")
	}
	return &Client{base: base, token: token, client: &http.Client{
		Timeout:   requestTime,
		Transport: &http.Transport{DisableKeepAlives: true}, // there are few requests, and nothing is to be left after them
		// What is sent is a secret for this address and for no other.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// HomeAssistant is the address at which the Supervisor passes requests on to Home Assistant, for whoever has the add-on's token.
func (c *Client) HomeAssistant() string { return c.base.JoinPath("core").String() }

// IngressProxy is the only address that the Supervisor passes on requests of people from.
func (c *Client) IngressProxy() netip.Addr {
	if ip, err := netip.ParseAddr(c.base.Hostname()); err == nil {
		return ip.Unmap()
	}
	return ingressProxy
}

// Self is what the Supervisor knows of this add-on.
type Self struct {
	Slug     string `json:"slug"`
	Hostname string `json:"hostname"` // by which Home Assistant reaches it
}

// Self asks for the names of this add-on.
func (c *Client) Self(ctx context.Context) (Self, error) {
	var self Self
	if err := c.ask(ctx, http.MethodGet, "addons/self/info", nil, &self); err != nil {
		return Self{}, fmt.Errorf("ask the Supervisor for the name of this add-on: %w", err)
	}
	if self.Hostname == "" {
		return Self{}, errors.New("ask the Supervisor for the name of this add-on: it does not say")
	}
	return self, nil
}

// Broker is the household's MQTT broker.
type Broker struct {
	Host     string `json:"host"`
	Port     int    `json:"port"`
	SSL      bool   `json:"ssl"`
	Username string `json:"username"`
	Password string `json:"password"`
}

// URL is the broker's address, as a configuration has it.
func (b Broker) URL() string {
	scheme := "mqtt"
	if b.SSL {
		scheme = "mqtts"
	}
	return (&url.URL{Scheme: scheme, Host: net.JoinHostPort(b.Host, strconv.Itoa(b.Port))}).String()
}

// Broker asks for the broker. It is an ErrNoBroker when the household has none.
func (c *Client) Broker(ctx context.Context) (Broker, error) {
	var list struct {
		Services []struct {
			Slug      string `json:"slug"`
			Available bool   `json:"available"`
		} `json:"services"`
	}
	var b Broker
	err := c.ask(ctx, http.MethodGet, "services", nil, &list)
	for _, s := range list.Services {
		if s.Slug == "mqtt" && s.Available {
			err = c.ask(ctx, http.MethodGet, "services/mqtt", nil, &b)
		}
	}
	switch {
	case err != nil:
		return Broker{}, fmt.Errorf("ask the Supervisor for the MQTT broker: %w", err)
	case b.Host == "" || b.Port < 1 || b.Port > 65535:
		return Broker{}, ErrNoBroker
	}
	return b, nil
}

// Announce tells Home Assistant, through the Supervisor, that a service is here: its integration is offered to the household. Announcing the same
// again changes nothing; announcing something else replaces what was announced. The id is for Withdraw.
func (c *Client) Announce(ctx context.Context, service string, config any) (id string, err error) {
	var answer struct {
		UUID string `json:"uuid"`
	}
	body := map[string]any{"service": service, "config": config}
	if err := c.ask(ctx, http.MethodPost, "discovery", body, &answer); err != nil {
		return "", fmt.Errorf("announce %s to Home Assistant: %w", service, err)
	}
	return answer.UUID, nil
}

// Withdraw takes an announcement back. One that is not there any more is no error.
func (c *Client) Withdraw(ctx context.Context, id string) error {
	err := c.ask(ctx, http.MethodDelete, "discovery/"+url.PathEscape(id), nil, nil)
	if refusal := (*refusal)(nil); errors.As(err, &refusal) && refusal.status == http.StatusNotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("withdraw the announcement to Home Assistant: %w", err)
	}
	return nil
}

// refusal is an answer that is an error.
type refusal struct {
	status  int
	message string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("the Supervisor answers with status %d: %s", r.status, r.message)
}

// ask sends a request and reads the data of the answer into result, which may be nil. ref: supervisor/api/utils.py
func (c *Client) ask(ctx context.Context, method, path string, body, result any) error {
	var sent io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base.JoinPath(path).String(), sent)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return err
	}
	var answer struct {
		Result  string          `json:"result"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	}
	malformed := json.Unmarshal(data, &answer) != nil
	switch {
	case resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden:
		return ErrRefused
	case resp.StatusCode != http.StatusOK && (malformed || answer.Message == ""):
		return &refusal{resp.StatusCode, http.StatusText(resp.StatusCode)}
	case resp.StatusCode != http.StatusOK || answer.Result != "ok":
		return &refusal{resp.StatusCode, answer.Message}
	case result == nil:
		return nil
	}
	if err := json.Unmarshal(answer.Data, result); err != nil {
		return errors.New("the answer of the Supervisor cannot be read")
	}
	return nil
}
