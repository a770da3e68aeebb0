package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"earshot/internal/audio"
)

// devicesCommand lists the microphones, each with what to write into the configuration for it.
func devicesCommand(ctx context.Context, t terminal, args []string) error {
	f := flags("devices")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	if err := noArguments(f); err != nil {
		return err
	}
	devices, err := audio.Devices(ctx)
	if err != nil {
		return err
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
