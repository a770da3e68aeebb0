package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
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
	return listDevices(t.out, devices)
}

// listDevices shows the microphones, and what to write for each.
func listDevices(out io.Writer, devices []audio.Device) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "driver\tdevice\tformat\tplace\tdescription")
	for _, d := range devices {
		mark, format := "", "-"
		if d.Default {
			mark = " (default)"
		}
		if d.Rate > 0 {
			format = fmt.Sprintf("%d Hz, %d ch", d.Rate, d.Channels)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s%s\n", d.Driver, d.ID, format, place(d), d.Description, mark)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nWhat to write for each; `earshot devices --listen` shows which channel hears:")
	for _, d := range devices {
		if _, err := fmt.Fprintf(out, "    microphone: {driver: %s, device: %q}\n", d.Driver, d.ID); err != nil {
			return err
		}
	}
	return nil
}
