package main

import (
	"context"
	_ "embed" // the demonstration recording
	"fmt"
	"os"
	"path/filepath"

	"earshot/bridge"
	"earshot/internal/audio"
	"earshot/internal/config"
)

// demoRecording is a 16 kHz mono WAV in which a synthetic voice says "Okay Nabu, turn on the kitchen light".
//
//go:embed demo.wav
var demoRecording []byte

// embedded is the configuration without a file: one satellite on this machine's default microphone.
func embedded() config.Config {
	cfg := config.Default()
	sat := bridge.DefaultConfig()
	sat.ID, sat.Name = "home", "Home"
	cfg.Satellites = []bridge.Config{sat}
	return cfg
}

// demoCommand plays the demonstration recording as a microphone, with a history that is gone when it ends.
func demoCommand(ctx context.Context, t terminal, args []string) error {
	f := flags("demo")
	dir := f.String("models", "./models", "folder of the models")
	if err := parse(f, args); err != nil {
		return err
	}
	if err := noArguments(f); err != nil {
		return err
	}
	data, err := os.MkdirTemp("", "earshot-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)
	cfg := embedded()
	cfg.Models.Dir, cfg.History.Dir = *dir, data
	if err := useDemoRecording(&cfg, data); err != nil {
		return err
	}
	fmt.Fprintln(t.out, `Playing the demonstration recording: "Okay Nabu, turn on the kitchen light". What is stored is deleted at the end.`)
	return serve(ctx, t, cfg, options{printToken: true})
}

// demoWithoutMicrophone lets the first start of a machine without a microphone show something, and says so.
func demoWithoutMicrophone(ctx context.Context, t terminal, cfg *config.Config) (cleanup func(), err error) {
	devices, err := audio.Devices(ctx)
	if err == nil && len(devices) > 0 {
		return func() {}, nil
	}
	dir, err := os.MkdirTemp("", "earshot-demo-")
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(t.out, `No microphone was found on this machine: the demonstration recording is played instead ("Okay Nabu, turn on the kitchen light").`)
	return func() { os.RemoveAll(dir) }, useDemoRecording(cfg, dir)
}

// useDemoRecording makes the recording the only satellite's microphone, paced as if it were spoken now.
func useDemoRecording(cfg *config.Config, dir string) error {
	path := filepath.Join(dir, "demonstration.wav")
	if err := os.WriteFile(path, demoRecording, 0o600); err != nil {
		return err
	}
	mic := audio.DefaultConfig()
	mic.Driver, mic.Device = "file", path
	cfg.Satellites[0].Microphone = mic
	return nil
}
