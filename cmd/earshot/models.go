package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"earshot/detector"
)

// maxDownload bounds a manifest or a model that is fetched, in bytes. ref: the reader refuses models over 1 MiB.
const maxDownload = 1 << 20

// modelsCommand lists the wake-word models or adds one.
func modelsCommand(ctx context.Context, t terminal, args []string) error {
	if len(args) == 0 {
		return usageError{"say list or add"}
	}
	f := flags("models " + args[0])
	dir := f.String("models", "./models", "folder of the models")
	if err := parse(f, args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "list":
		if err := noArguments(f); err != nil {
			return err
		}
		return listModels(t, *dir)
	case "add":
		if f.NArg() != 1 {
			return usageError{"name the model's .json file, on this machine or by its https address"}
		}
		return addModel(ctx, t, *dir, f.Arg(0))
	default:
		return usageError{fmt.Sprintf("%q is not one of list, add", args[0])}
	}
}

func listModels(t terminal, dir string) error {
	models, err := detector.ListModels(dir)
	if err != nil {
		return fmt.Errorf("%w; fetch the models with `make models`", err)
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "name\twake word\tthreshold\tlanguages\tby")
	for _, m := range models {
		if m.Err != nil {
			fmt.Fprintf(w, "%s\tcannot be used: %v\n", m.ID, m.Err)
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%.2f\t%s\t%s\n", m.ID, m.WakeWord, m.Cutoff, strings.Join(m.Languages, " "), m.Author)
	}
	return w.Flush()
}

// addModel copies a manifest and its model into the folder, after the detector has accepted them.
func addModel(ctx context.Context, t terminal, dir, from string) error {
	name := filepath.Base(from)
	if u, err := url.Parse(from); err == nil && u.Scheme != "" {
		name = filepath.Base(u.Path)
	}
	if filepath.Ext(name) != ".json" {
		return usageError{fmt.Sprintf("%s is not a manifest: name the .json file, the model is found through it", from)}
	}
	if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
		return fmt.Errorf("%s is in %s already; remove it first to replace it", name, dir)
	}
	manifest, err := fetch(ctx, from)
	if err != nil {
		return err
	}
	var m struct {
		Model string `json:"model"`
	}
	if err := json.Unmarshal(manifest, &m); err != nil {
		return fmt.Errorf("read manifest %s: %w", from, err)
	}
	if m.Model == "" || filepath.Base(m.Model) != m.Model {
		return fmt.Errorf("read manifest %s: the model %q must lie beside it", from, m.Model)
	}
	model, err := fetch(ctx, strings.TrimSuffix(from, name)+m.Model)
	if err != nil {
		return err
	}
	return install(t, dir, map[string][]byte{m.Model: model, name: manifest}, name)
}

// install writes files into a folder of their own first, so that a model that cannot be used never reaches the real one.
func install(t terminal, dir string, files map[string][]byte, manifest string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	trial, err := os.MkdirTemp(dir, ".adding-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(trial)
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(trial, name), data, 0o644); err != nil {
			return err
		}
	}
	m, err := detector.LoadModel(filepath.Join(trial, manifest))
	if err != nil {
		return err
	}
	for name := range files {
		if name == manifest {
			continue // last, so that a manifest is never seen without its model
		}
		if err := os.Rename(filepath.Join(trial, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	if err := os.Rename(filepath.Join(trial, manifest), filepath.Join(dir, manifest)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "added %q as %s; name it under wake_words in the configuration\n", m.WakeWord, m.ID)
	return err
}

// fetch reads a file of this machine or an http(s) address.
func fetch(ctx context.Context, from string) ([]byte, error) {
	if !strings.HasPrefix(from, "https://") && !strings.HasPrefix(from, "http://") {
		f, err := os.Open(from)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return readLimited(f, from)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch %s: the server answers %s", from, resp.Status)
	}
	return readLimited(resp.Body, from)
}

func readLimited(r io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxDownload+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(data) > maxDownload {
		return nil, errors.New(name + " is larger than 1 MiB, too large for a wake-word model")
	}
	return data, nil
}
