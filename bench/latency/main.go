// Command latency measures how long a spoken command takes in the real Home Assistant: from the wake word to the MQTT event, and from the last word to the light.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"earshot/detector"
	"earshot/e2e/lab"
	"earshot/internal/audio"
)

// patience is how long a light may take before the measurement is given up.
const patience = 30 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	rounds := flag.Int("rounds", 10, "how often each side is told to turn the light on and off")
	version := flag.String("version", lab.Current, "version of Home Assistant: "+lab.Current+" or "+lab.Oldest)
	program := flag.String("earshot", "bin/earshot", "the program")
	models := flag.String("models", "models", "folder of the models")
	flag.Parse()
	if err := run(ctx, *version, *program, *models, *rounds); err != nil {
		fmt.Fprintf(os.Stderr, "latency: %v\n", err)
		os.Exit(1)
	}
}

// run measures. A microphone that this program feeds, ten milliseconds at a time and at the pace of speech, is the clock: each sample's time is known.
// The same commands are spoken to Earshot, and streamed to Home Assistant's own assist_pipeline/run from where the wake word was heard, whose own voice
// activity detector then says when the speaker is done. Both use the same speech to text.
func run(ctx context.Context, version, program, models string, rounds int) (err error) {
	sayings := []*saying{{light: "on"}, {light: "off"}}
	for _, s := range sayings {
		if err := s.load(filepath.Join("testdata", "audio", "okay_nabu_light_"+s.light+".wav"), models); err != nil {
			return err
		}
	}
	fmt.Printf("Starting Home Assistant %s.\n", version)
	home, err := lab.Open(ctx, lab.Options{Version: version, STT: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, home.Close()) }()
	lights, err := watchLight(ctx, home)
	if err != nil {
		return err
	}
	defer lights.close()
	wakes, closeWakes, err := watchWakes(home)
	if err != nil {
		return err
	}
	defer closeWakes()
	room, err := openRoom(ctx, home, program, models)
	if err != nil {
		return err
	}
	defer room.close()
	if err := room.ready(ctx, wakes, lights, sayings); err != nil {
		return err
	}

	var wake, ours, theirs, theirVAD []time.Duration
	for i := range rounds {
		for _, s := range sayings {
			spoken := room.say(s.pcm)
			heard, err := next(ctx, wakes)
			if err != nil {
				return fmt.Errorf("the wake word, round %d: %w", i+1, err)
			}
			lit, err := lights.next(ctx, s.light)
			if err != nil {
				return fmt.Errorf("earshot, round %d: %w", i+1, err)
			}
			wake = append(wake, heard.Sub(spoken.Add(s.at(s.wake))))
			ours = append(ours, lit.Sub(spoken.Add(s.at(s.end))))
		}
		for _, s := range sayings {
			spoken, done, err := stream(ctx, home, s)
			if err != nil {
				return fmt.Errorf("own end of speech, round %d: %w", i+1, err)
			}
			lit, err := lights.next(ctx, s.light)
			if err != nil {
				return fmt.Errorf("own end of speech, round %d: %w", i+1, err)
			}
			theirVAD = append(theirVAD, done.Sub(spoken.Add(s.at(s.end))))
			theirs = append(theirs, lit.Sub(spoken.Add(s.at(s.end))))
		}
		fmt.Printf("round %d: wake word to MQTT %v, last word to light %v; Home Assistant's own %v\n", i+1, short(wake[2*i:]), short(ours[2*i:]), short(theirs[2*i:]))
	}
	fmt.Printf(`
From the frame in which the wake word was recognised to its MQTT event:   %s
From the last word to the light, Earshot:                                 %s
From the last word to the light, Home Assistant's own end of speech:      %s
  of that until its voice activity detector had noticed the end:          %s
`, summary(wake), summary(ours), summary(theirs), summary(theirVAD))
	return nil
}

// saying is a recording of a wake word and a command.
type saying struct {
	light string // what it makes of the light
	pcm   []int16
	wake  int // sample after the frame in which the wake word is recognised
	end   int // sample after the last word
}

// load reads the recording and finds its two places.
func (s *saying) load(path, models string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if s.pcm, err = audio.ReadWAV(bytes.NewReader(data)); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	model, err := detector.LoadModel(filepath.Join(models, "okay_nabu.json"))
	if err != nil {
		return err
	}
	d, err := detector.New(model)
	if err != nil {
		return err
	}
	hits := d.Process(s.pcm)
	if len(hits) == 0 {
		return fmt.Errorf("no wake word in %s", path)
	}
	s.wake, s.end = int(hits[0].Sample), lastWord(s.pcm)
	if s.end <= s.wake {
		return fmt.Errorf("no command after the wake word in %s", path)
	}
	return nil
}

// at is when a sample is spoken, from the recording's start.
func (s *saying) at(sample int) time.Duration {
	return time.Duration(sample) * time.Second / audio.SampleRate
}

// lastWord is the sample after the last frame of 10 ms that is less than 35 dB below the loudest: these recordings are made by a synthesiser, and silent elsewhere.
func lastWord(pcm []int16) int {
	const frame = audio.SampleRate / 100
	var loudest float64
	var power []float64
	for part := range slices.Chunk(pcm, frame) {
		sum := 0.0
		for _, v := range part {
			sum += float64(v) * float64(v)
		}
		power = append(power, sum)
		loudest = max(loudest, sum)
	}
	for i := len(power) - 1; i >= 0; i-- {
		if power[i] > loudest*math.Pow(10, -3.5) {
			return (i + 1) * frame
		}
	}
	return 0
}

// next waits for something to happen.
func next[T any](ctx context.Context, events <-chan T) (event T, err error) {
	select {
	case event, open := <-events:
		if !open {
			return event, errors.New("the connection has ended")
		}
		return event, nil
	case <-time.After(patience):
		return event, fmt.Errorf("nothing within %v", patience)
	case <-ctx.Done():
		return event, ctx.Err()
	}
}

func short(d []time.Duration) string {
	var text []string
	for _, v := range d {
		text = append(text, fmt.Sprintf("%.2f s", v.Seconds()))
	}
	return strings.Join(text, " and ")
}

func summary(d []time.Duration) string {
	d = slices.Sorted(slices.Values(d))
	return fmt.Sprintf("median %.3f s, from %.3f to %.3f s (%d)", d[len(d)/2].Seconds(), d[0].Seconds(), d[len(d)-1].Seconds(), len(d))
}
