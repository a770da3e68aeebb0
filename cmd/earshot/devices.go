package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"earshot/internal/audio"
)

// devicesCommand lists the microphones, each with what to write into the configuration for it, or listens to all of them.
func devicesCommand(ctx context.Context, t terminal, args []string) error {
	f := flags("devices")
	asJSON := f.Bool("json", false, "print JSON")
	listen := f.Bool("listen", false, "show how loud every channel is")
	seconds := f.Int("seconds", 10, "how long to listen")
	if err := parse(f, args); err != nil {
		return err
	}
	if err := noArguments(f); err != nil {
		return err
	}
	if *seconds < 1 || *seconds > listenLimit {
		return usageError{fmt.Sprintf("--seconds %d: listen for 1 to %d", *seconds, listenLimit)}
	}
	devices, err := audio.Devices(ctx)
	if err != nil {
		return err
	}
	if *listen && len(devices) > 0 {
		return listenToDevices(ctx, t, devices, time.Duration(*seconds)*time.Second, *asJSON)
	}
	if *asJSON {
		if devices == nil {
			devices = []audio.Device{}
		}
		enc := json.NewEncoder(t.out)
		enc.SetIndent("", "  ")
		return enc.Encode(devices)
	}
	if len(devices) == 0 {
		_, err := fmt.Fprintln(t.out, "no microphone found: plug one in, and see that PulseAudio or PipeWire runs, or that `arecord -l` shows a card")
		return err
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "driver\tdevice\tformat\tdescription")
	for _, d := range devices {
		mark := ""
		if d.Default {
			mark = " (default)"
		}
		fmt.Fprintf(w, "%s\t%s\t%d Hz, %d ch\t%s%s\n", d.Driver, d.ID, d.Rate, d.Channels, d.Description, mark)
	}
	return w.Flush()
}
