package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// tuned is what the bridge says of the recordings of a wake word.
type tuned struct {
	WakeWord   string   `json:"wake_word"`
	Satellites []string `json:"satellites"`
	Correct    int      `json:"correct"`
	Mistakes   int      `json:"mistakes"`
	Skipped    struct {
		NoAudio    int `json:"no_audio"`
		Unreadable int `json:"unreadable"`
		NoWakeWord int `json:"no_wake_word"`
		NotExample int `json:"not_example"`
	} `json:"skipped"`
	More        bool        `json:"more"`
	Threshold   tunedCurve  `json:"threshold"`
	Second      *tunedCurve `json:"second_threshold"`
	Recommended *struct {
		Field  string  `json:"field"`
		Cutoff float64 `json:"cutoff"`
	} `json:"recommended"`
	Sentence string `json:"sentence"`
	Verifier struct {
		Sentence string `json:"sentence"`
	} `json:"verifier"`
}

type tunedCurve struct {
	Current float64 `json:"current"`
	Curve   []struct {
		Cutoff   float64 `json:"cutoff"`
		Mistakes int     `json:"mistakes_left"`
		Correct  int     `json:"correct_left"`
	} `json:"curve"`
}

// tuneCommand shows what other cutoffs and a verifier would have done to the recordings that people have marked, and sets the one that is
// recommended, or makes the verifier.
func tuneCommand(ctx context.Context, t terminal, args []string) error {
	f := flags("tune")
	file := f.String("config", "", "configuration file")
	satellite := f.String("satellite", "", "only the recordings of this satellite, and only its thresholds")
	apply := f.Bool("apply", false, "set the cutoff that is recommended")
	verify := f.Bool("verifier", false, "make a verifier, which has a third opinion on the wake word, and use it if it measures better")
	dismiss := f.Bool("no-verifier", false, "remove the verifier")
	asJSON := f.Bool("json", false, "print JSON")
	words, err := parseAround(f, args)
	if err != nil {
		return err
	}
	if *verify && *dismiss || (*verify || *dismiss) && *apply {
		return usageError{"--apply, --verifier and --no-verifier are each for themselves"}
	}
	if len(words) > 1 {
		return usageError{"name one wake word, or none when there is only one"}
	}
	cfg, err := loadConfig(*file)
	if err != nil {
		return err
	}
	c, err := openClient(ctx, cfg)
	if err != nil {
		return err
	}
	defer c.Close()
	word, err := wordToTune(c, words, *satellite)
	if err != nil {
		return err
	}
	fields := map[string]any{"wake_word": word}
	if *satellite != "" {
		fields["satellite"] = *satellite
	}
	if *verify || *dismiss {
		fields["active"] = *verify
		return setVerifier(c, t, fields, *asJSON)
	}
	var raw json.RawMessage
	if err := c.call("wake_words/tune", fields, &raw); err != nil {
		return err
	}
	var result tuned
	if err := json.Unmarshal(raw, &result); err != nil {
		return err
	}
	if *asJSON {
		err = printAnswer(t, raw, true)
	} else {
		err = result.print(t.out, isTerminal(t.out))
	}
	if err != nil || !*apply || result.Recommended == nil {
		return err
	}
	return result.apply(c, t)
}

// setVerifier makes a verifier or removes it.
func setVerifier(c *client, t terminal, fields map[string]any, asJSON bool) error {
	var raw json.RawMessage
	if err := c.call("wake_words/verifier", fields, &raw); err != nil {
		return err
	}
	if asJSON {
		return printAnswer(t, raw, true)
	}
	var result struct {
		WakeWord   string   `json:"wake_word"`
		Satellites []string `json:"satellites"`
		Active     bool     `json:"active"`
		Measured   *struct {
			Sentence string `json:"sentence"`
		} `json:"measured"`
	}
	if err := json.Unmarshal(raw, &result); err != nil {
		return err
	}
	if result.Measured != nil {
		fmt.Fprintln(t.out, result.Measured.Sentence)
	}
	state := "no verifier has a third opinion on"
	if result.Active {
		state = "a verifier has a third opinion now on"
	}
	_, err := fmt.Fprintf(t.out, "%s: %s %s\n", strings.Join(result.Satellites, ", "), state, result.WakeWord)
	return err
}

// wordToTune is the wake word that was named, or the only one there is.
func wordToTune(c *client, named []string, satellite string) (string, error) {
	var list struct {
		WakeWords []struct {
			Satellite string `json:"satellite"`
			ID        string `json:"id"`
		} `json:"wake_words"`
	}
	if err := c.call("wake_words/list", nil, &list); err != nil {
		return "", err
	}
	if len(list.WakeWords) == 0 {
		return "", errors.New("no bridge runs with this configuration, or it has no microphones: start it with `earshot run`")
	}
	if len(named) > 0 {
		return named[0], nil
	}
	var words []string
	for _, w := range list.WakeWords {
		if !slices.Contains(words, w.ID) && (satellite == "" || w.Satellite == satellite) {
			words = append(words, w.ID)
		}
	}
	if len(words) != 1 {
		return "", usageError{"name the wake word: " + strings.Join(words, ", ")}
	}
	return words[0], nil
}

// apply sets what is recommended on every satellite that it is for.
func (r tuned) apply(c *client, t terminal) error {
	for _, id := range r.Satellites {
		fields := map[string]any{"satellite": id, "wake_word": r.WakeWord, r.Recommended.Field: r.Recommended.Cutoff}
		if err := c.call("wake_words/update", fields, nil); err != nil {
			return fmt.Errorf("set %s of %s on %s: %w", r.Recommended.Field, r.WakeWord, id, err)
		}
		fmt.Fprintf(t.err, "%s: %s of %s is %.2f now\n", id, r.Recommended.Field, r.WakeWord, r.Recommended.Cutoff)
	}
	return nil
}

func (r tuned) print(out io.Writer, bars bool) error {
	fmt.Fprintf(out, "%s on %s: %d false triggers and %d right ones measured", r.WakeWord, strings.Join(r.Satellites, ", "), r.Mistakes, r.Correct)
	if r.More {
		fmt.Fprint(out, "; older ones were left out")
	}
	fmt.Fprintln(out)
	for _, skipped := range []struct {
		n   int
		why string
	}{
		{r.Skipped.NoAudio, "without audio"},
		{r.Skipped.Unreadable, "that cannot be read; `earshot history verify` tells more"},
		{r.Skipped.NoWakeWord, "without a wake word in them: answers to a question"},
		{r.Skipped.NotExample, "marked while helping to improve the wake words was off; mark them again"},
	} {
		if skipped.n > 0 {
			fmt.Fprintf(out, "not measured: %d %s\n", skipped.n, skipped.why)
		}
	}
	if r.Mistakes+r.Correct > 0 {
		if r.Second != nil {
			fmt.Fprintf(out, "\nsecond look (threshold at %.2f):\n", r.Threshold.Current)
			r.table(out, *r.Second, "second_threshold", bars)
			fmt.Fprintf(out, "\nthreshold (second look at %.2f):\n", r.Second.Current)
		} else {
			fmt.Fprintln(out, "\nthreshold:")
		}
		r.table(out, r.Threshold, "threshold", bars)
	}
	_, err := fmt.Fprintf(out, "\n%s\n%s\n", r.Sentence, r.Verifier.Sentence)
	return err
}

// barLength is how many signs stand for all.
const barLength = 20

// table shows what each cutoff of a field would have left.
func (r tuned) table(out io.Writer, c tunedCurve, field string, bars bool) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  cutoff\tfalse triggers left\tright ones left")
	for _, p := range c.Curve {
		note := ""
		switch {
		case p.Cutoff == c.Current:
			note = "  now"
		case r.Recommended != nil && r.Recommended.Field == field && p.Cutoff == r.Recommended.Cutoff:
			note = "  recommended"
		}
		fmt.Fprintf(w, "  %.2f\t%s\t%s%s\n", p.Cutoff, amount(p.Mistakes, r.Mistakes, bars), amount(p.Correct, r.Correct, bars), note)
	}
	_ = w.Flush() // what cannot be printed is told by the sentence that follows
}

// amount is a number, and on a terminal a bar beside it.
func amount(n, all int, bar bool) string {
	if !bar || all == 0 {
		return fmt.Sprint(n)
	}
	filled := (n*barLength + all - 1) / all
	return fmt.Sprintf("%4d %s%s", n, strings.Repeat("█", filled), strings.Repeat("·", barLength-filled))
}
