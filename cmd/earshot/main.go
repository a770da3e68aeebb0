// Command earshot is the voice bridge: it listens for wake words, keeps the voice history and talks to Home Assistant.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // the household's zone must be known where the system has no zone files
)

// version is set at build time: go build -ldflags "-X main.version=v1.2.3".
var version = "unknown"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the program at once, should stopping ever hang; but not one that comes with the first, as from a
	// supervisor that signals the process and its group.
	context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, stop) })
	code := run(ctx, os.Args[1:], terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}
