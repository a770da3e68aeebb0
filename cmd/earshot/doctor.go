package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"earshot/internal/config"
)

// grade is how a part of the installation is.
type grade string

const (
	well    grade = "ok"
	doubt   grade = "warning" // it works, and could be better or will not always
	ill     grade = "problem" // something does not work
	unknown grade = "skipped" // it is not set up, or could not be looked at
)

// finding is what is known about a part of the installation.
type finding struct {
	Part  string `json:"part"`
	Grade grade  `json:"grade"`
	Says  string `json:"says"` // a sentence
	Do    string `json:"do"`   // what to do now; "" for nothing
}

// doctor looks at an installation, whether its bridge runs or not.
type doctor struct {
	cfg     config.Config
	file    string
	running bool
	found   []finding
	tell    func(finding)
}

// examination is one part that is looked at.
type examination struct {
	part string
	look func(context.Context, *doctor)
}

// doctorPatience is how long a part may take to answer.
const doctorPatience = 10 * time.Second

// errIll is why the command fails: what is wrong has been printed.
var errIll = errors.New("something does not work; what to do about it is said above")

// doctorCommand looks at everything that Earshot needs, and says what is wrong and what to do about it. It changes nothing.
func doctorCommand(ctx context.Context, t terminal, args []string) error {
	f := flags("doctor")
	file := f.String("config", "", "configuration file")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	if err := noArguments(f); err != nil {
		return err
	}
	d := &doctor{file: *file, tell: func(found finding) { found.print(t.out, isTerminal(t.out)) }}
	if *asJSON {
		d.tell = func(finding) {}
	}
	d.examine(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	if *asJSON {
		enc := json.NewEncoder(t.out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(d.found); err != nil {
			return err
		}
	}
	for _, found := range d.found {
		if found.Grade == ill {
			return errIll
		}
	}
	return nil
}

// examine looks at one part after the other. Without a configuration that can be read there is nothing else to look at.
func (d *doctor) examine(ctx context.Context) {
	if !d.readConfiguration() {
		return
	}
	for _, e := range []examination{
		{"models", examineModels}, {"data folder", examineFolder}, {"clock", examineClock}, {"bridge", examineBridge}, {"microphone", examineMicrophones},
		{"mqtt", examineBroker}, {"home assistant", examineHome}, {"speech to text", examineSpeech}, {"page", examinePage},
	} {
		limited, cancel := context.WithTimeout(ctx, doctorPatience+heardFor)
		e.look(limited, d)
		cancel()
		if ctx.Err() != nil {
			return
		}
	}
}

func (d *doctor) note(part string, g grade, do, format string, a ...any) {
	found := finding{part, g, fmt.Sprintf(format, a...), do}
	d.found = append(d.found, found)
	d.tell(found)
}

// readConfiguration tells whether there is one to go by.
func (d *doctor) readConfiguration() bool {
	const part = "configuration"
	cfg, err := loadConfig(d.file)
	wrong := new(config.Error)
	switch {
	case errors.As(err, &wrong):
		for _, p := range wrong.Problems {
			d.note(part, ill, "correct "+filepath.Base(d.file)+"; config.example.yaml shows every key", "%s: %s", p.Key, p.Message)
		}
		return false
	case err != nil:
		d.note(part, ill, "name the file with --config", "%v", err)
		return false
	case d.file == "":
		d.note(part, doubt, "name the file with --config", "no configuration was named: this is about what runs without one")
	default:
		d.note(part, well, "", "%s is fine: %d satellite(s)", filepath.Base(d.file), len(cfg.Satellites))
	}
	d.cfg = cfg
	return true
}

// print writes a finding as a line or two, coloured on a terminal.
func (f finding) print(out io.Writer, coloured bool) {
	name := fmt.Sprintf("%-8s", f.Grade)
	if colour := map[grade]string{well: "32", doubt: "33", ill: "31"}[f.Grade]; coloured && colour != "" {
		name = "\x1b[" + colour + "m" + name + "\x1b[0m"
	}
	fmt.Fprintf(out, "%s %-15s %s\n", name, f.Part, f.Says)
	if f.Do != "" {
		fmt.Fprintf(out, "%-24s -> %s\n", "", f.Do)
	}
}
