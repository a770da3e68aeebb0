package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"text/tabwriter"

	"earshot/internal/catalogue"
)

// catalogueCommand lists the models that can be fetched by name.
func catalogueCommand(_ context.Context, t terminal, args []string) error {
	f := flags("models catalogue")
	asJSON := f.Bool("json", false, "print JSON")
	file := f.String("catalogue", "", "a catalogue of your own instead")
	if err := parse(f, args); err != nil {
		return err
	}
	if err := noArguments(f); err != nil {
		return err
	}
	models, err := readCatalogue(*file)
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(t, models)
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "name\twake word\tlanguages\tlicence\tmissed\tin noise\tfired by mistake")
	for _, m := range models {
		missed, noisy, wrong := "-", "-", "not measured"
		if s := m.Measured; s != nil {
			missed, noisy, wrong = percent(s.MissedClean), percent(s.Missed10dB), mistakes(s)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", m.Name, m.Word, strings.Join(m.Languages, " "), m.Licence, missed, noisy, wrong)
	}
	return w.Flush()
}

// readCatalogue reads a file, or the catalogue of the program where none is named.
func readCatalogue(file string) ([]catalogue.Model, error) {
	if file == "" {
		return catalogue.Shipped()
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	models, err := catalogue.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return models, nil
}

func percent(p *float64) string {
	if p == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", *p)
}

// fewHours is how long has to be listened for a rate to be worth more than a count.
const fewHours = 3

// mistakes is how often a model fired without its word.
func mistakes(s *catalogue.Measured) string {
	if s.Hours < fewHours {
		return fmt.Sprintf("%s in %s", times(int(math.Round(s.FalsePerHour*s.Hours))), span(s.Hours))
	}
	return fmt.Sprintf("%.2f times an hour", s.FalsePerHour)
}

func times(n int) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// span is a time as people say it.
func span(hours float64) string {
	if hours < 1.5 {
		return fmt.Sprintf("%.0f min", math.Ceil(hours*60))
	}
	return fmt.Sprintf("%.1f h", hours)
}

// agreeLicence shows what a model is and its licence, and has a person accept it.
func agreeLicence(t terminal, m catalogue.Model, accepted bool) error {
	fmt.Fprintf(t.err, "%s: the openWakeWord model of %q, %s, by %s\nfrom %s\n", m.Name, m.Word, megabytes(m.Size), m.By, m.URL)
	fmt.Fprintf(t.err, "licence: %s, %s\n  %s\n", m.Licence, m.LicenceURL, m.Means)
	if accepted {
		return nil
	}
	if isTerminal(t.in) {
		fmt.Fprint(t.err, "Do you accept this licence? (yes/no) ")
		answer, _ := bufio.NewReader(t.in).ReadString('\n') // an end of input is no yes
		if strings.TrimSpace(answer) == "yes" {
			return nil
		}
	}
	return errors.New("nothing was fetched, as the licence was not accepted; where nobody can be asked, --accept-licence accepts it")
}

// tellMeasured says what we have seen of a model.
func tellMeasured(t terminal, m catalogue.Model) {
	if s := m.Measured; s == nil {
		fmt.Fprintf(t.out, "the catalogue has no figures for %s\n", m.Name)
	} else {
		fmt.Fprintf(t.out, "%s was measured with %s: at a threshold of %.2f it fired %s by mistake", m.Name, s.Set, s.Threshold, mistakes(s))
		if s.MissedClean != nil {
			fmt.Fprintf(t.out, ", and missed %s of the words", percent(s.MissedClean))
		}
		if s.Missed10dB != nil {
			fmt.Fprintf(t.out, ", %s in noise", percent(s.Missed10dB))
		}
		fmt.Fprintln(t.out)
	}
	if m.Notes != "" {
		fmt.Fprintln(t.out, m.Notes)
	}
}
