package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"earshot/internal/config"
	"earshot/internal/server"
)

// isSet tells whether a flag was given.
func isSet(f *flag.FlagSet, name string) bool {
	set := false
	f.Visit(func(given *flag.Flag) { set = set || given.Name == name })
	return set
}

// checkConfigCommand reads a configuration and the models it names, and starts nothing.
func checkConfigCommand(_ context.Context, t terminal, args []string) error {
	f := flags("check-config")
	file := f.String("config", "", "configuration file")
	if err := parse(f, args); err != nil {
		return err
	}
	if *file == "" && f.NArg() == 1 {
		*file = f.Arg(0)
	} else if err := noArguments(f); err != nil {
		return err
	}
	if *file == "" {
		return usageError{"name the file with --config"}
	}
	cfg, err := config.Load(*file)
	if err != nil {
		return err
	}
	if err := newWakeModels(cfg.Models.Dir).load(cfg, filepath.Base(*file)); err != nil {
		if wrong := new(config.Error); errors.As(err, &wrong) {
			wrong.Locate(*file)
		}
		return err
	}
	_, err = fmt.Fprintf(t.out, "%s is fine: %d satellite(s)\n", *file, len(cfg.Satellites))
	return err
}

// healthcheckCommand asks the running bridge; it fails when the bridge is away or does not hear, or, when that is asked, is not ready.
func healthcheckCommand(ctx context.Context, t terminal, args []string) error {
	f := flags("healthcheck")
	file := f.String("config", "", "configuration file")
	ready := f.Bool("ready", false, "ask whether it can do all that it was set up for")
	if err := parse(f, args); err != nil {
		return err
	}
	if err := noArguments(f); err != nil {
		return err
	}
	cfg, err := loadConfig(*file)
	if err != nil {
		return err
	}
	path := "healthz"
	if *ready {
		path = "readyz"
	}
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	resp, err := askHealth(ctx, cfg.Server, path)
	if away := new(url.Error); errors.As(err, &away) {
		return fmt.Errorf("ask the bridge: %w; is `earshot run` running?", err)
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(t.out, io.LimitReader(resp.Body, 64<<10)); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return errors.New("the bridge says it is not well")
	}
	return nil
}

// askHealth asks the bridge that runs on this machine how it is.
func askHealth(ctx context.Context, cfg server.Config, path string) (*http.Response, error) {
	addr, err := reachable(cfg.Listen)
	if err != nil {
		return nil, err
	}
	secure, err := cfg.LocalTLS()
	if err != nil {
		return nil, err
	}
	return getLocal(ctx, secure, addr, path)
}
