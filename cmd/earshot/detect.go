package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"earshot/bridge"
	"earshot/detector"
	"earshot/internal/audio"
)

// words collects a flag that may be given several times.
type words []string

func (w *words) String() string     { return strings.Join(*w, ",") }
func (w *words) Set(s string) error { *w = append(*w, s); return nil }

// found is one line of `earshot detect --json`.
type found struct {
	File     string  `json:"file"`
	T        float64 `json:"t"` // seconds from the start of the file
	WakeWord string  `json:"wake_word"`
	Score    float64 `json:"score"`
}

// detectCommand runs the wake-word detector over WAV files, each as a new stream, as fast as the machine can.
func detectCommand(ctx context.Context, t terminal, args []string) error {
	f := flags("detect")
	asJSON := f.Bool("json", false, "print JSON lines")
	trace := f.Float64("trace", -1, "print every inference at or over this score instead of the detections")
	dir := f.String("models", "./models", "folder of the models")
	var names words
	f.Var(&names, "model", "a model's name; all models of the folder when not given")
	verify := f.Bool("verify", false, "have an openWakeWord model of the same word look again; with --trace the score is that of the second look")
	engine := f.String("engine", bridge.MicroWakeWord, "microwakeword, openwakeword or own: what the models are")
	first := f.Float64("first", 0, "with --verify: the cutoff of the first stage, 0..1")
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() == 0 {
		return usageError{"name at least one WAV file"}
	}
	models, err := loadModels(*dir, names, bridge.WakeWord{Engine: *engine, Verify: verifyMode(*verify)})
	if err != nil {
		return err
	}
	out := bufio.NewWriter(t.out)
	defer out.Flush()
	d := &detection{out: out, asJSON: *asJSON, trace: *trace, tracing: isSet(f, "trace"), twice: *verify, first: *first}
	for _, file := range f.Args() {
		if err := d.file(ctx, file, models); err != nil {
			return err
		}
	}
	return out.Flush()
}

// detection prints what is found in files.
type detection struct {
	out     io.Writer
	asJSON  bool
	tracing bool
	trace   float64
	twice   bool    // a second look is taken
	first   float64 // cutoff of the first stage; 0: its own
	err     error   // of the last print
}

func (d *detection) file(ctx context.Context, path string, models []*detector.Model) error {
	in, err := audio.OpenFile(path, 0)
	if err != nil {
		return err
	}
	defer in.Close()
	det, err := detector.New(models...)
	if err != nil {
		return err
	}
	for _, m := range models {
		cutoff := det.Cutoff(m.ID)
		switch twice := m.SecondLook() != ""; {
		case twice && d.first != 0:
			cutoff = d.first
		case d.tracing && !twice:
			cutoff = 1 // a word that fires begins anew, and would leave a hole in the curve
		}
		if err := det.SetCutoff(m.ID, cutoff); err != nil {
			return err
		}
	}
	if d.tracing {
		det.Trace(func(hit detector.Detection) { d.traced(path, hit) })
	}
	pcm := make([]int16, 8192)
	for ctx.Err() == nil && d.err == nil {
		n, err := in.Read(pcm)
		for _, hit := range det.Process(pcm[:n]) {
			if !d.tracing {
				d.print(path, hit)
			}
		}
		if errors.Is(err, io.EOF) {
			return d.err
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
	}
	return errors.Join(ctx.Err(), d.err)
}

// traced prints an inference; of a word that is looked at twice the second look's score, which it has only where the first stage agrees.
func (d *detection) traced(path string, hit detector.Detection) {
	if d.twice {
		hit.Score = hit.Second
	}
	if hit.Score >= d.trace {
		d.print(path, hit)
	}
}

func (d *detection) print(path string, hit detector.Detection) {
	line := found{File: path, T: float64(hit.Sample) / detector.SampleRate, WakeWord: hit.Model, Score: hit.Score}
	var err error
	if d.asJSON {
		var data []byte
		if data, err = json.Marshal(line); err == nil {
			_, err = fmt.Fprintf(d.out, "%s\n", data)
		}
	} else {
		_, err = fmt.Fprintf(d.out, "%s  %7.2f s  %-14s %.2f\n", path, line.T, line.WakeWord, line.Score)
	}
	d.err = errors.Join(d.err, err)
}

func verifyMode(verify bool) string {
	if verify {
		return bridge.VerifyAuto
	}
	return bridge.VerifyOff
}

// loadModels loads the named models of a folder, or all of them when no name is given, the way a satellite would.
func loadModels(dir string, names []string, as bridge.WakeWord) ([]*detector.Model, error) {
	if len(names) == 0 {
		switch as.Engine {
		case bridge.OpenWakeWord:
			names = speechNames(dir)
		case bridge.OwnWord:
			names = ownNames(dir)
		default:
			names = usable(dir)
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("no wake-word model in %s; fetch them with `make models`", dir)
		}
	}
	loaded := newWakeModels(dir)
	var models []*detector.Model
	for _, name := range names {
		as.Model = name
		m, err := loaded.word(as)
		if err != nil {
			return nil, err
		}
		if as.Verify == bridge.VerifyAuto && m.SecondLook() == "" {
			return nil, fmt.Errorf("there is no openWakeWord model of %s in %s to look again with; add one with `earshot models add`", name, filepath.Join(dir, speechFolder))
		}
		models = append(models, m)
	}
	return models, nil
}
