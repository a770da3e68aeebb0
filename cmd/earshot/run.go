package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"earshot/discovery"
	"earshot/history"
	"earshot/internal/audio"
	"earshot/internal/config"
	"earshot/internal/mdns"
	"earshot/internal/mqtt"
	"earshot/internal/server"
	"earshot/web"
)

// runCommand is the daemon. Without a configuration file everything is embedded.
func runCommand(ctx context.Context, t terminal, args []string) error {
	f := flags("run")
	file := f.String("config", "", "configuration file")
	printToken := f.Bool("print-token", isTerminal(t.out), "print the page's address with a token that is good until the program ends")
	var addOn addonFlags
	f.StringVar(&addOn.supervisor, "supervisor", "", "run as an add-on of Home Assistant whose Supervisor has this address")
	f.StringVar(&addOn.options, "options", "/data/options.json", "as an add-on: the options; what is stored lies beside them")
	f.StringVar(&addOn.listen, "listen", "0.0.0.0:8127", "as an add-on: where the page and the services are served")
	if err := parse(f, args); err != nil {
		return err
	}
	if err := noArguments(f); err != nil {
		return err
	}
	if addOn.supervisor != "" {
		addOn.config = *file // which need not be there
		a, cfg, err := newAddon(ctx, t, addOn)
		if err != nil {
			return err
		}
		return serve(ctx, t, cfg, options{addon: a})
	}
	changes := newWatch(*file) // as it is before it is read
	cfg, err := loadConfig(*file)
	if err != nil {
		return err
	}
	if *file == "" {
		cleanup, err := demoWithoutMicrophone(ctx, t, &cfg)
		if err != nil {
			return err
		}
		defer cleanup()
	}
	return serve(ctx, t, cfg, options{file: *file, changes: changes, printToken: *printToken})
}

// options of serve that are not part of the configuration.
type options struct {
	file       string // the configuration; "" without one
	changes    *watch // of that file
	printToken bool
	addon      *addon // nil where this is none of Home Assistant
}

// serve is the composition root: it opens the resources, starts the services and waits for them. The history closes last.
func serve(ctx context.Context, t terminal, cfg config.Config, opt options) error {
	debug.SetGCPercent(heapGrowth)
	log, level := newLogger(cfg.Log, t.err, cfg.MQTT.Password, cfg.HomeAssistant.Token, cfg.History.Postgres.Password, cfg.History.S3.SecretKey)
	hist, closeHistory, err := openHistory(ctx, cfg.History, log.With().Str("component", "history").Logger())
	if err != nil {
		return err
	}
	defer closeHistory()
	logRepair(log, hist.Repair())
	tokens, err := server.OpenTokens(filepath.Join(cfg.History.Dir, tokensFile))
	if err != nil {
		return err
	}
	_, kept, err := refreshModels(cfg.Models)
	if err != nil {
		log.Warn().Err(err).Msg("the models may be older than the program")
	}
	for _, name := range kept {
		log.Info().Str("file", name).Msg("a model is not the one that came with the program, and stays")
	}
	p, err := newParts(cfg, filepath.Base(opt.file), hist, log)
	if wrong := new(config.Error); errors.As(err, &wrong) {
		wrong.Locate(opt.file)
	}
	if err != nil {
		return err
	}
	house, err := newHouse(ctx, p)
	if err != nil {
		return err
	}
	hist.Attach(house)
	signIn := server.HomeAssistant{URL: cfg.HomeAssistant.URL, ExternalURL: cfg.HomeAssistant.ExternalURL}
	if opt.addon != nil {
		signIn = server.HomeAssistant{} // the Supervisor passes on no sign-in; people come through its ingress
	}
	services := server.New(cfg.Server, server.Deps{
		History: hist, Satellites: house, Tokens: tokens, Page: web.Files(), Health: house.problems, Notices: house.notices, Ready: house.lacks, Metrics: house.metrics.Write, Version: version,
		Log: log.With().Str("component", "server").Logger(), SignInFailed: house.metrics.SignInFailed,
		BridgeID:      cfg.MQTT.BridgeID,
		HomeAssistant: signIn, Ingress: opt.addon.ingress(p.assistant),
	})
	if err := services.Listen(); err != nil {
		return err
	}
	brokerURL, closeBroker, err := openBroker(ctx, cfg.MQTT, t, log)
	if err != nil {
		return err
	}
	defer closeBroker()
	if opt.printToken {
		if err := printAddress(t, cfg.Server.Scheme(), services, tokens); err != nil {
			return err
		}
	}

	responder, err := networkResponder(ctx, cfg, services, house, log)
	if err != nil {
		return err
	}

	g, ctx := errgroup.WithContext(ctx)
	if brokerURL != "" {
		connected, err := connectHomeAssistant(ctx, cfg, brokerURL, services, house, log)
		if err != nil {
			return err
		}
		for _, s := range connected {
			g.Go(func() error { return s.Run(ctx) })
		}
	}
	if responder != nil {
		g.Go(func() error { return responder.Run(ctx) })
	}
	if opt.addon != nil {
		told := announcer{addon: opt.addon, server: cfg, addr: services.Addr(), tokens: tokens, log: log.With().Str("component", "supervisor").Logger()}
		g.Go(func() error { return told.Run(ctx) })
	}
	house.start(ctx, g, newReloader(opt, house, p, level, log))
	g.Go(func() error { return hist.Run(ctx) })
	g.Go(func() error { return services.Run(ctx) })
	releaseMemory()
	log.Info().Str("version", version).Str("address", services.Addr()).Int("satellites", len(cfg.Satellites)).Msg("earshot is running")
	g.Go(func() error { tellManager(ctx, house.condition, log); return nil })
	return g.Wait()
}

// newReloader is nil without a configuration that could change.
func newReloader(opt options, house *house, p *parts, level *threshold, log zerolog.Logger) *reloader {
	if opt.file == "" {
		return nil
	}
	l := &reloader{path: opt.file, watch: opt.changes, house: house, parts: p, level: level, log: log.With().Str("component", "configuration").Logger()}
	l.watch.follow(opt.file, p.models.files)
	if !terminalGone() && !signal.Ignored(syscall.SIGHUP) { // nohup says that it is to go on
		l.orphaned = terminalGone
	}
	return l
}

// logRepair says what was found after the program had ended in the middle of something.
func logRepair(log zerolog.Logger, r history.Repair) {
	if r == (history.Repair{}) {
		return
	}
	log.Warn().Int("deletions_finished", r.Finished).Int("deletions_unfinished", r.Unfinished).Int("orphans_removed", r.Orphans).
		Int("orphans_left", r.OrphansLeft).Int("clips_missing", r.Missing).Int("clips_sealed", r.Sealed).Msg("the history was repaired")
}

// openBroker starts the embedded broker when it is wanted, and returns the address to connect to, "" for no MQTT at all.
// Where another program has the port already and is an MQTT broker that lets us in, that one is used.
func openBroker(ctx context.Context, cfg mqtt.Config, t terminal, log zerolog.Logger) (url string, closeBroker func(), err error) {
	nothing := func() {}
	if cfg.URL != "" || !cfg.Embedded {
		return cfg.URL, nothing, nil
	}
	var users []mqtt.User
	if cfg.Username != "" {
		users = append(users, mqtt.User{Name: cfg.Username, Password: cfg.Password})
	}
	broker, err := mqtt.OpenBroker(cfg.Listen, log.With().Str("component", "broker").Logger(), users...)
	switch {
	case err == nil:
		return broker.URL(), broker.Close, nil
	case !errors.Is(err, mqtt.ErrInUse):
		return "", nil, err
	}
	url = "mqtt://" + cfg.Listen
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if mqtt.Probe(ctx, mqtt.SessionConfig{URL: url, Username: cfg.Username, Password: cfg.Password}) != nil {
		return "", nil, fmt.Errorf("%w by a program that is not a broker we may use; set mqtt.listen to another port, or mqtt.url to your broker", err)
	}
	fmt.Fprintf(t.out, "A broker answers on %s already; it is used instead of the embedded one.\n", cfg.Listen)
	return url, nothing, nil
}

// service runs until ctx ends.
type service interface {
	Run(ctx context.Context) error
}

// connectHomeAssistant prepares the session with the broker and the devices that are shown over it.
func connectHomeAssistant(ctx context.Context, cfg config.Config, broker string, web *server.Server, house *house, log zerolog.Logger) ([]service, error) {
	log = log.With().Str("component", "mqtt").Logger()
	secure, wrong := cfg.MQTT.TLS()
	if wrong != nil {
		return nil, wrong
	}
	session, err := mqtt.NewSession(mqtt.SessionConfig{
		URL: broker, Username: cfg.MQTT.Username, Password: cfg.MQTT.Password, TLS: secure,
		WillTopic: discovery.AvailabilityTopic(cfg.MQTT.BridgeID), WillPayload: "offline",
	}, log)
	if err != nil {
		return nil, err
	}
	house.broker = session
	house.devices, err = discovery.New(discovery.Config{
		Prefix: cfg.MQTT.DiscoveryPrefix, BridgeID: cfg.MQTT.BridgeID, Version: version, PageURL: pageURL(cfg.Server.Scheme(), web.Addr()),
		Outcomes: outcomes(), Findings: audio.FindingCodes(), HomeAssistant: house.assistant.home != nil, Assistants: pipelineNames(house.pipelines), DeleteButtons: cfg.Discovery.DeleteButtons,
		Former: house.formerDevices(ctx), FormerBridges: house.ever(ctx, bridgesSetting, []string{cfg.MQTT.BridgeID}),
		FormerPrefixes: house.ever(ctx, prefixesSetting, []string{cfg.MQTT.DiscoveryPrefix}),
		Announcement:   announcement(cfg.MQTT.BridgeID, house.instance(ctx), cfg.Server.Scheme(), web.Addr()),
	}, house.deviceList(), discovery.Deps{Broker: session, Commands: house, Log: log})
	if err != nil {
		return nil, err
	}
	return append(takeDeletions(cfg.MQTT, session, web, log), session, house.devices), nil
}

// networkResponder makes the bridge known in the network; it is nil when nobody there could reach it, or nobody should know.
func networkResponder(ctx context.Context, cfg config.Config, web *server.Server, house *house, log zerolog.Logger) (*mdns.Responder, error) {
	listen, err := netip.ParseAddrPort(web.Addr())
	if err != nil || listen.Addr().IsLoopback() || !cfg.Server.MDNS {
		return nil, err
	}
	log = log.With().Str("component", "mdns").Logger()
	return mdns.New(mdns.Config{
		Type: "_earshot._tcp", Name: strings.ToLower(fmt.Sprintf("earshot-%.8s", house.instance(ctx))), Listen: listen,
		Text: []string{"id=" + cfg.MQTT.BridgeID, "name=Earshot", "scheme=" + cfg.Server.Scheme()},
		Rival: func(name string) {
			log.Warn().Str("name", name).Msg("another bridge in this network has the same id, so Home Assistant takes both for one; give one of them another mqtt.bridge_id")
		},
	}, log)
}

// pageURL is the page's address as people see it in Home Assistant, "" for one that only this machine could open.
func pageURL(scheme, addr string) string {
	host, _, err := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	if err != nil || ip == nil || ip.IsLoopback() || ip.IsUnspecified() {
		return ""
	}
	return scheme + "://" + addr + "/"
}

// reachable is an address of this machine at which a listener on addr answers.
func reachable(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// printAddress shows the page's address with a token that lives only as long as the program.
func printAddress(t terminal, scheme string, web *server.Server, tokens *server.Tokens) error {
	secret, err := tokens.Session("printed at start", server.Admin)
	if err != nil {
		return err
	}
	addr, err := reachable(web.Addr())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "\nYour voice history: %s://%s/#token=%s\n(the token is good until this program ends)\n\n", scheme, addr, secret)
	return err
}
