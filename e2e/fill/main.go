// Command fill stores what a household has said in the last months.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"earshot/history"
	"earshot/history/files"
	"earshot/history/sqlite"
	"earshot/internal/audio"
)

// usage: fill DIR MANY WAV
func main() {
	if err := fill(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "fill: %v\n", err)
		os.Exit(1)
	}
}

// withSound is how many of the newest recordings have their audio.
const withSound = 100

// fill stores so many recordings in a data folder.
func fill(ctx context.Context, args []string) (err error) {
	if len(args) != 3 {
		return fmt.Errorf("wrong usage: %q", args)
	}
	dir := args[0]
	many, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	data, err := os.ReadFile(args[2])
	if err != nil {
		return err
	}
	pcm, err := audio.ReadWAV(bytes.NewReader(data))
	if err != nil {
		return err
	}
	store, err := sqlite.Open(ctx, filepath.Join(dir, "history.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	blobs, err := files.Open(filepath.Join(dir, "clips"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, blobs.Close()) }()
	cfg := history.DefaultConfig()
	cfg.Dir, cfg.TimeZone = dir, "Europe/Berlin"
	h, err := history.New(ctx, cfg, history.Parts{Store: store, Blobs: blobs})
	if err != nil {
		return err
	}
	rng, now := rand.New(rand.NewPCG(7, 7)), time.Now()
	var g errgroup.Group
	g.SetLimit(16)
	for n := range many {
		e := said(rng, now, n)
		e.Duration = time.Duration(len(pcm)) * time.Second / audio.SampleRate
		var sound []int16
		if n < withSound {
			sound = pcm
		}
		g.Go(func() error {
			_, err := h.Add(ctx, history.Recording{Entry: e, PCM: sound})
			return err
		})
	}
	return g.Wait()
}

// said is the n-th newest recording: so many a day that none is too old for retention.
func said(rng *rand.Rand, now time.Time, n int) history.Entry {
	sentences := []struct{ text, reply, intent string }{
		{"turn on the kitchen light", "Turned on the light", "HassTurnOn"},
		{"set a timer for ten minutes", "Timer set for 10 minutes", "HassStartTimer"},
		{"how warm is it in the bedroom", "19.5 °C", "HassClimateGetTemperature"},
		{"close the blinds in the hallway", "Closed the blinds", "HassTurnOff"},
		{"what is the weather going to be like tomorrow", "Sunny, up to 24 °C", "HassGetWeather"},
	}
	s := sentences[rng.IntN(len(sentences))]
	e := history.Entry{
		Satellite: "kitchen", Area: "Kitchen", At: now.Add(-time.Minute - time.Duration(n)*4*time.Minute), WakeWord: "okay_nabu", Score: 0.9 + rng.Float64()/10, Threshold: 0.85,
		Outcome: history.Understood, Transcript: s.text, Reply: s.reply, Intent: s.intent, Language: "en",
		Timings: history.Timings{SpeechEnd: 1900 * time.Millisecond, Transcript: 2300 * time.Millisecond, Reply: 2600 * time.Millisecond},
	}
	switch rng.IntN(12) {
	case 0, 1:
		e.Outcome, e.Score, e.Transcript, e.Reply, e.Intent, e.Timings = history.NotIntended, 0.85+rng.Float64()/20, "", "", "", history.Timings{}
	case 2:
		e.Outcome, e.Transcript, e.Reply, e.Intent = history.NotUnderstood, "turn of the kid chin light", "Sorry, I couldn't understand that", ""
	case 3:
		e.Outcome, e.Reply, e.Intent = history.Failed, "", ""
		e.Error = &history.EntryError{Code: "timeout", Message: "Home Assistant did not answer in time"}
	}
	return e
}
