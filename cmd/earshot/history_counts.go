package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

func historyStats(_ context.Context, t terminal, a *historyArgs) error {
	if err := noArguments(a.flags); err != nil {
		return err
	}
	var raw json.RawMessage
	if err := a.client.call("history/stats", a.fields(), &raw); err != nil {
		return err
	}
	if *a.json {
		return printJSON(t, raw)
	}
	type sum struct {
		Entries int64   `json:"entries"`
		Clips   int64   `json:"clips"`
		Bytes   int64   `json:"bytes"`
		Seconds float64 `json:"seconds"`
	}
	var stats struct {
		sum
		By []struct {
			Satellite string `json:"satellite"`
			Outcome   string `json:"outcome"`
			sum
		} `json:"by"`
	}
	if err := json.Unmarshal(raw, &stats); err != nil {
		return err
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "microphone\toutcome\trecordings\twith audio\tsize\tlength")
	row := func(satellite, outcome string, s sum) {
		length := time.Duration(s.Seconds * float64(time.Second)).Round(time.Second)
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%s\n", satellite, outcome, s.Entries, s.Clips, megabytes(s.Bytes), length)
	}
	for _, s := range stats.By {
		row(s.Satellite, s.Outcome, s.sum)
	}
	row("all", "", stats.sum)
	return w.Flush()
}

func historyVerify(_ context.Context, t terminal, a *historyArgs) error {
	if err := noArguments(a.flags); err != nil {
		return err
	}
	if isTerminal(t.err) && !*a.json {
		fmt.Fprintln(t.err, "Looking at every entry, clip and key …")
	}
	var raw json.RawMessage
	if err := a.client.call("history/verify", nil, &raw); err != nil {
		return err
	}
	var v struct {
		Entries  int64   `json:"entries"`
		Clips    int64   `json:"clips"`
		Bytes    int64   `json:"bytes"`
		Garbage  int     `json:"garbage"`
		Seconds  float64 `json:"seconds"`
		Problems []struct {
			ID   string `json:"id"`
			What string `json:"what"`
		} `json:"problems"`
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	if *a.json {
		if err := printJSON(t, raw); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(t.out, "%d entries, %d clips that can be played (%s), %d clips of deleted entries wait to be removed; %.1f s\n", v.Entries, v.Clips, megabytes(v.Bytes), v.Garbage, v.Seconds)
		for _, p := range v.Problems {
			fmt.Fprintln(t.out, "problem:", strings.TrimSpace(p.ID+" "+p.What))
		}
	}
	if len(v.Problems) > 0 {
		return fmt.Errorf("%d problem(s) were found", len(v.Problems))
	}
	return nil
}
