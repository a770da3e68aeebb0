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
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() == 0 {
		return usageError{"name at least one WAV file"}
	}
	models, err := loadModels(*dir, names)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(t.out)
	defer out.Flush()
	d := &detection{out: out, asJSON: *asJSON, trace: *trace, tracing: isSet(f, "trace")}
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
	err     error // of the last print
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
	if d.tracing {
		for _, m := range models { // a word that fires begins anew, and would leave a hole in the curve
			if err := det.SetCutoff(m.ID, 1); err != nil {
				return err
			}
		}
		det.Trace(func(hit detector.Detection) {
			if hit.Score >= d.trace {
				d.print(path, hit)
			}
		})
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

// loadModels loads the named models of a folder, or all of them when no name is given.
func loadModels(dir string, names []string) ([]*detector.Model, error) {
	if len(names) == 0 {
		if names = usable(dir); len(names) == 0 {
			return nil, fmt.Errorf("no wake-word model in %s; fetch them with `make models`", dir)
		}
	}
	var models []*detector.Model
	for _, name := range names {
		m, err := detector.LoadModel(filepath.Join(dir, name+".json"))
		if err != nil {
			return nil, fmt.Errorf("%w%s", err, modelHint(dir))
		}
		models = append(models, m)
	}
	return models, nil
}
