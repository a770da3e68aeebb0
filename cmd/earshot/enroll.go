package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"earshot/detector/openwakeword"
	"earshot/detector/ownword"
	"earshot/internal/audio"
	"earshot/internal/server"
)

const (
	maxEnrolSamples = 11 * openwakeword.SampleRate // of a file: a word that takes longer is refused
	sampleTries     = 3                            // for one recording, before it is given up
)

// enrollOptions is what a person wants of a new word.
type enrollOptions struct {
	config, models, satellite   string
	from, keep, replace, asJSON bool
	samples                     int
}

// enrollCommand makes a wake word: from what people say to a microphone of the running bridge, or from WAV files.
func enrollCommand(ctx context.Context, t terminal, args []string) error {
	var o enrollOptions
	f := flags("enroll")
	f.StringVar(&o.config, "config", "", "configuration file")
	f.StringVar(&o.satellite, "satellite", "", "the satellite to speak to; not needed when there is only one")
	f.IntVar(&o.samples, "samples", ownword.GoodSamples, "how many recordings to make")
	f.BoolVar(&o.keep, "keep", false, "put the recordings into the history; else they are forgotten")
	f.BoolVar(&o.replace, "replace", false, "make a word anew that is there already")
	f.BoolVar(&o.from, "from", false, "make it from WAV files, which follow, each with the word once; no bridge needs to run")
	f.StringVar(&o.models, "models", "", "with --from: folder of the models; that of the configuration when it is left out")
	f.BoolVar(&o.asJSON, "json", false, "print the result as JSON")
	words, err := parseAround(f, args)
	switch {
	case err != nil:
		return err
	case len(words) == 0:
		return usageError{"say which word it is to be"}
	case o.from && len(words) == 1:
		return usageError{"name the recordings of the word after --from, one WAV file each"}
	case !o.from && len(words) > 1:
		return usageError{fmt.Sprintf("%q is not expected here; a word with a space in it needs quotes", words[1])}
	case o.samples < ownword.MinSamples || o.samples > ownword.MaxSamples:
		return usageError{fmt.Sprintf("--samples is from %d to %d", ownword.MinSamples, ownword.MaxSamples)}
	}
	cfg, err := loadConfig(o.config)
	if err != nil {
		return err
	}
	var made enrolled
	if o.from {
		if o.models == "" {
			o.models = cfg.Models.Dir
		}
		made, err = o.fromFiles(ctx, words[0], words[1:])
	} else {
		var c *client
		if c, err = openClient(ctx, cfg); err != nil {
			return err
		}
		defer c.Close()
		made, err = o.fromPeople(ctx, t, c, words[0])
	}
	if err != nil {
		return err
	}
	return made.print(t.out, o.asJSON)
}

// enrolled is what the bridge says of a new word.
type enrolled struct {
	WakeWord     string  `json:"wake_word"`
	Threshold    float64 `json:"threshold"`
	Samples      int     `json:"samples"`
	FalseAccepts float64 `json:"false_accepts"`
	MissedQuiet  float64 `json:"missed_quiet"`
	MissedNoise  float64 `json:"missed_noise"`
	Unlike       []int   `json:"unlike"`
	Kept         int     `json:"kept"`
	Sentence     string  `json:"sentence"`
}

// fromFiles makes a word without a bridge.
func (o enrollOptions) fromFiles(ctx context.Context, phrase string, files []string) (made enrolled, err error) {
	w, err := newOwnWord(o.models, phrase, o.replace)
	if err != nil {
		return made, err
	}
	for _, file := range files {
		pcm, err := readSample(file)
		if err == nil {
			_, err = w.Add(pcm)
		}
		if err != nil {
			return made, fmt.Errorf("learn from %s: %w", file, err)
		}
		if err := ctx.Err(); err != nil {
			return made, err
		}
	}
	word, err := w.make()
	if err != nil {
		return made, err
	}
	return enrolled{
		word.ID, word.Threshold, word.Samples, word.FalseAccepts, word.MissedQuiet, word.MissedNoise, append([]int{}, word.Unlike...), 0, server.UseOwnWord(word.ID),
	}, nil
}

// fromPeople guides those who speak. An interrupt ends it, and what was said is forgotten.
func (o enrollOptions) fromPeople(ctx context.Context, t terminal, c *client, phrase string) (made enrolled, err error) {
	if o.satellite, err = satelliteToAsk(c, o.satellite); err != nil {
		return made, err
	}
	var begun struct {
		Enrolment string `json:"enrolment"`
	}
	if err := c.call("wake_words/enroll", map[string]any{"satellite": o.satellite, "phrase": phrase, "replace": o.replace}, &begun); err != nil {
		return made, err
	}
	fmt.Fprintf(t.err, "A wake word hears best those it was made from: let everybody who will use it say it, three times each.\n"+
		"Say only %q each time, and then nothing for a second. Nothing is kept%s.\n", phrase, map[bool]string{true: " but in your history", false: ""}[o.keep])
	on := map[string]any{"enrolment": begun.Enrolment}
	for n := range o.samples {
		if err := o.record(ctx, t, c, on, n); err != nil {
			return made, err
		}
	}
	fmt.Fprintln(t.err, "The word is being made; that takes some seconds.")
	on["keep"] = o.keep
	if err := c.call("wake_words/finish", on, &made); ctx.Err() == nil {
		return made, err
	}
	return made, ctx.Err()
}

// record has one recording made.
func (o enrollOptions) record(ctx context.Context, t terminal, c *client, on map[string]any, n int) error {
	for try := 1; ; try++ {
		fmt.Fprintf(t.err, "%d of %d, %s: say it now. ", n+1, o.samples, wayToSpeak(n, o.samples))
		var sample struct {
			Level   float64 `json:"level_dbfs"`
			Noise   float64 `json:"noise_dbfs"`
			Clipped bool    `json:"clipped"`
		}
		err := c.call("wake_words/record", on, &sample)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			fmt.Fprintf(t.err, "Heard: the voice at %.0f dBFS, the room at %.0f.", sample.Level, sample.Noise)
			if sample.Clipped {
				fmt.Fprint(t.err, " It was too loud for the microphone; a little further away is better.")
			}
			fmt.Fprintln(t.err)
			return nil
		}
		fmt.Fprintln(t.err, err)
		if refused := new(serviceError); try == sampleTries || !errors.As(err, &refused) {
			return err
		}
	}
}

// wayToSpeak is what a person does for a recording: words that were said in one way only are heard in that way only.
func wayToSpeak(n, of int) string {
	switch 3 * n / of {
	case 0:
		return "from about a metre"
	case 1:
		return "from where you usually are"
	default:
		return "from across the room, or with the radio on"
	}
}

// satelliteToAsk is the one that was named, or the only one there is.
func satelliteToAsk(c *client, named string) (string, error) {
	if named != "" {
		return named, nil
	}
	var list struct {
		Satellites []struct {
			ID string `json:"id"`
		} `json:"satellites"`
	}
	if err := c.call("satellites/list", nil, &list); err != nil {
		return "", err
	}
	var ids []string
	for _, s := range list.Satellites {
		ids = append(ids, s.ID)
	}
	switch len(ids) {
	case 0:
		return "", errors.New("no bridge runs with this configuration, or it has no microphones: start it with `earshot run`, or make the word from files with --from")
	case 1:
		return ids[0], nil
	}
	return "", usageError{"name the satellite to speak to with --satellite: " + strings.Join(ids, ", ")}
}

// readSample reads one recording, as 16 kHz mono.
func readSample(path string) ([]int16, error) {
	in, err := audio.OpenFile(path, 0)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var pcm []int16
	buf := make([]int16, 8192)
	for len(pcm) < maxEnrolSamples {
		n, err := in.Read(buf)
		pcm = append(pcm, buf[:n]...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return pcm, nil
}

// print says what a household can expect.
func (e enrolled) print(out io.Writer, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(e)
	}
	fmt.Fprintf(out, "%s was made from %d recordings.\n"+
		"Expected, from recordings that it did not learn from: %.0f %% missed in a quiet room, %.0f %% over noise 10 dB below the voice;\n"+
		"at most %.0f false triggers in an hour of other people talking without a pause. Voices that it was not made from are missed more often.\n",
		e.WakeWord, e.Samples, 100*e.MissedQuiet, 100*e.MissedNoise, e.FalseAccepts)
	for _, n := range e.Unlike {
		fmt.Fprintf(out, "Recording %d does not sound like the others: if something else was said in it, make the word again.\n", n)
	}
	if e.Kept > 0 {
		fmt.Fprintf(out, "%d recordings are in the history; `earshot history delete --outcome sample` deletes them.\n", e.Kept)
	}
	_, err := fmt.Fprintln(out, e.Sentence)
	return err
}
