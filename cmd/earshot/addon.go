package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"earshot/internal/backoff"
	"earshot/internal/config"
	"earshot/internal/durable"
	"earshot/internal/mqtt"
	"earshot/internal/server"
	"earshot/internal/supervisor"
)

// addonFlags say how the program runs as an add-on of Home Assistant.
type addonFlags struct {
	supervisor string // its address; "" when this is no add-on
	options    string // file that the Supervisor writes
	config     string // file that a household may write instead of setting options
	listen     string // where the page and the services are served
}

// addon is this program as an add-on of Home Assistant.
type addon struct {
	client *supervisor.Client
	self   supervisor.Self
	folder string // of what is stored
}

// newAddon takes the configuration from the options, and what is not in them from the Supervisor.
func newAddon(ctx context.Context, t terminal, f addonFlags) (*addon, config.Config, error) {
	token := os.Getenv("SUPERVISOR_TOKEN")
	for _, name := range []string{"SUPERVISOR_TOKEN", "HASSIO_TOKEN"} {
		_ = os.Unsetenv(name) // no program that is started here is to have it
	}
	client, err := supervisor.New(f.supervisor, token)
	if err != nil {
		return nil, config.Config{}, err
	}
	cfg, err := addonConfig(f)
	if err != nil {
		return nil, cfg, err
	}
	a := &addon{client: client}
	log, _ := newLogger(cfg.Log, t.err, token)
	log = log.With().Str("component", "supervisor").Logger()
	if a.self, err = patiently(ctx, log, client.Self); err != nil {
		return nil, cfg, err
	}
	if cfg.MQTT.URL == "" {
		if err := a.useBroker(ctx, &cfg.MQTT, log); err != nil {
			return nil, cfg, err
		}
	}
	if cfg.HomeAssistant.URL == "" {
		cfg.HomeAssistant.URL, cfg.HomeAssistant.Token = client.HomeAssistant(), token
	}
	usual, folder := config.Default(), filepath.Dir(f.options)
	if cfg.Server.Listen == usual.Server.Listen {
		cfg.Server.Listen = f.listen
	}
	if cfg.History.Dir == usual.History.Dir {
		cfg.History.Dir = filepath.Join(folder, "history")
	}
	if cfg.Models.Dir == usual.Models.Dir {
		cfg.Models.Dir = filepath.Join(folder, "models")
	}
	cfg.Server.AllowedHosts = append(cfg.Server.AllowedHosts, a.self.Hostname)
	cfg.Server.MDNS = false // nobody outside is in the network of the add-ons; Home Assistant is told by the Supervisor
	a.folder = cfg.History.Dir
	return a, cfg, nil
}

// addonConfig reads the household's own file where there is one, else the options.
func addonConfig(f addonFlags) (config.Config, error) {
	if f.config != "" {
		if _, err := os.Stat(f.config); err == nil {
			return config.Load(f.config)
		}
	}
	text, err := supervisor.Options(f.options)
	if err != nil {
		return config.Config{}, err
	}
	return config.Parse("options", text)
}

// useBroker takes the household's broker. Without one there are no entities, but everything else works.
func (a *addon) useBroker(ctx context.Context, cfg *mqtt.Config, log zerolog.Logger) error {
	b, err := patiently(ctx, log, a.client.Broker)
	if errors.Is(err, supervisor.ErrNoBroker) {
		log.Warn().Msg("no add-on offers an MQTT broker, so that Home Assistant will have no entities of Earshot; install one, such as Mosquitto broker, and start Earshot again")
		cfg.Embedded = false
		return nil
	}
	if err != nil {
		return err
	}
	cfg.URL, cfg.Username, cfg.Password = b.URL(), b.Username, b.Password
	return nil
}

// patiently asks until the Supervisor, which may be starting itself, answers.
func patiently[T any](ctx context.Context, log zerolog.Logger, ask func(context.Context) (T, error)) (T, error) {
	retry := backoff.Backoff{Min: time.Second, Max: 30 * time.Second}
	for {
		answer, err := ask(ctx)
		if err == nil || errors.Is(err, supervisor.ErrNoBroker) || errors.Is(err, supervisor.ErrRefused) || ctx.Err() != nil {
			return answer, err
		}
		log.Warn().Err(err).Msg("the Supervisor will be asked again")
		select {
		case <-ctx.Done():
		case <-time.After(retry.Next()):
		}
	}
}

// ingress lets those in who are signed in at Home Assistant.
func (a *addon) ingress(home assistant) server.Ingress {
	if a == nil {
		return server.Ingress{}
	}
	return server.Ingress{Proxy: a.client.IngressProxy(), Person: func(ctx context.Context, id string) (string, bool, error) {
		if home.home == nil {
			return "", false, errors.New("there is no Home Assistant to ask")
		}
		account, err := home.home.Account(ctx, id)
		return account.Name, account.Admin, err
	}}
}

const (
	addonService = "earshot"                 // domain of the integration
	addonToken   = "Home Assistant (add-on)" // name of the token that the integration is given
	addonFile    = "addon.json"
)

// announced is what was last announced.
type announced struct {
	UUID  string `json:"uuid"`
	Token string `json:"token"` // the integration signs in by it
}

// announcer has the integration offered to the household.
type announcer struct {
	*addon
	server config.Config
	addr   string // where the server listens
	tokens *server.Tokens
	log    zerolog.Logger
}

// Run announces until the Supervisor has taken it. It keeps the announcement while this program runs, and forgets it with the add-on.
func (a announcer) Run(ctx context.Context) error {
	_, err := patiently(ctx, a.log, func(ctx context.Context) (struct{}, error) { return struct{}{}, a.tell(ctx) })
	if err != nil && ctx.Err() == nil {
		a.log.Error().Err(err).Msg("Home Assistant does not learn that Earshot is here; add the integration by hand")
	}
	return nil
}

// tell announces this bridge, or withdraws what was announced when nobody else could reach it.
func (a announcer) tell(ctx context.Context) error {
	path := filepath.Join(a.folder, addonFile)
	var last announced
	if data, err := os.ReadFile(path); err == nil {
		_ = json.Unmarshal(data, &last) // what cannot be read is made anew
	}
	host, number, err := net.SplitHostPort(a.addr)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() && a.self.Hostname != host {
		return a.withdraw(ctx, path, last)
	}
	if _, good := a.tokens.Verify(last.Token); !good {
		if err := a.tokens.Revoke(addonToken); err != nil && !errors.Is(err, server.ErrUnknownToken) {
			return err
		}
		if last.Token, err = a.tokens.Create(addonToken, server.Admin); err != nil {
			return err
		}
		if err := last.write(path); err != nil {
			return err
		}
	}
	id, err := a.client.Announce(ctx, addonService, map[string]any{
		"id": a.server.MQTT.BridgeID, "name": "Earshot", "host": a.self.Hostname, "port": port, "ssl": a.server.Server.CertFile != "", "token": last.Token,
	})
	if err != nil {
		return err
	}
	a.log.Info().Msg("Home Assistant knows that Earshot is here")
	if id == last.UUID {
		return nil
	}
	last.UUID = id
	return last.write(path)
}

func (a announcer) withdraw(ctx context.Context, path string, last announced) error {
	if last.UUID == "" {
		return nil
	}
	if err := a.client.Withdraw(ctx, last.UUID); err != nil {
		return err
	}
	if err := a.tokens.Revoke(addonToken); err != nil && !errors.Is(err, server.ErrUnknownToken) {
		return err
	}
	a.log.Info().Msg("only this add-on reaches the server, so Home Assistant is not told of it any more")
	return os.Remove(path)
}

func (n announced) write(path string) error {
	data, err := json.Marshal(n)
	if err == nil {
		err = durable.Replace(path, data)
	}
	if err != nil {
		return fmt.Errorf("note what was announced: %w", err)
	}
	return nil
}
