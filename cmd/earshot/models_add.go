package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"earshot/bridge"
	"earshot/detector"
	"earshot/detector/microfrontend"
	"earshot/detector/tflite"
	"earshot/internal/catalogue"
	"earshot/internal/durable"
)

// addCommand adds models to the folder, and measures them.
func addCommand(ctx context.Context, t terminal, args []string) error {
	f := flags("models add")
	dir := f.String("models", "./models", "folder of the models")
	file := f.String("catalogue", "", "a catalogue of your own instead of the program's")
	accept := f.Bool("accept-licence", false, "accept the licence of a model from the catalogue")
	with := measureFlags(f)
	what, err := parseAround(f, args)
	if err != nil {
		return err
	}
	if len(what) != 1 {
		return usageError{"name one: a name of `earshot models catalogue`, a file or its address, or a folder"}
	}
	models, err := readCatalogue(*file)
	if err != nil {
		return err
	}
	folder, err := with.folder(f, *dir)
	if err != nil {
		return err
	}
	a := &adder{t: t, dir: folder, catalogue: models, accepted: *accept}
	err = a.add(ctx, what[0])
	if len(a.added) == 0 {
		return err
	}
	return errors.Join(a.measure(ctx, with), err)
}

// adder puts models into a folder, after the detector has accepted them.
type adder struct {
	t         terminal
	dir       string
	catalogue []catalogue.Model
	accepted  bool // the licence
	added     []string
}

// errThere says that a model is in the folder already.
var errThere = errors.New("is there already; remove it first to replace it")

func (a *adder) add(ctx context.Context, from string) error {
	i := slices.IndexFunc(a.catalogue, func(m catalogue.Model) bool { return m.Name == from })
	if i >= 0 {
		return a.listed(ctx, a.catalogue[i])
	}
	if isAddress(from) {
		fmt.Fprintln(a.t.err, "Whoever offers this model says under which licence; Earshot does not know it.")
		return a.file(ctx, from)
	}
	info, err := os.Stat(from)
	switch {
	case err != nil && from == filepath.Base(from) && filepath.Ext(from) == "":
		return fmt.Errorf("%q is neither in the catalogue (`earshot models catalogue`) nor a file or folder here", from)
	case err != nil:
		return err
	case info.IsDir():
		return a.folder(ctx, from)
	}
	return a.file(ctx, from)
}

// file adds one model by its file.
func (a *adder) file(ctx context.Context, from string) error {
	switch strings.ToLower(filepath.Ext(baseName(from))) {
	case ".json":
		return a.manifest(ctx, from)
	case ".tflite", ".onnx":
		return a.head(ctx, from)
	}
	return usageError{fmt.Sprintf("%s is neither the manifest of a microWakeWord model (.json) nor an openWakeWord model (.tflite, .onnx)", from)}
}

// folder adds every model that lies in a folder, and says at the end what became of them.
func (a *adder) folder(ctx context.Context, dir string) error {
	names, parts, err := modelFiles(dir)
	if err != nil {
		return err
	}
	there, bad := 0, 0
	for _, name := range names {
		if parts[name] {
			continue
		}
		err := a.file(ctx, filepath.Join(dir, name))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errThere):
			there++
		case err != nil:
			bad++
			fmt.Fprintf(a.t.err, "%s was not added: %v\n", name, err)
		}
	}
	fmt.Fprintf(a.t.out, "%s: %d added, %d there already, %d cannot be used\n", dir, len(a.added), there, bad)
	if len(a.added)+there == 0 {
		return fmt.Errorf("there is no wake-word model in %s that can be used", dir)
	}
	return nil
}

// modelFiles lists what a folder has, and which files are the networks of its manifests. Other JSON files are not listed.
func modelFiles(dir string) (names []string, parts map[string]bool, err error) {
	manifests, err := detector.ListModels(dir)
	if err != nil {
		return nil, nil, err
	}
	parts = map[string]bool{embeddingFile: true}
	for _, m := range manifests {
		names = append(names, m.ID+".json")
		if about, err := readManifest(filepath.Join(dir, m.ID+".json")); err == nil {
			parts[about.Model] = true
		}
	}
	entries, err := os.ReadDir(dir)
	for _, e := range slices.Backward(entries) { // .tflite before .onnx
		if ext := filepath.Ext(e.Name()); ext == ".tflite" || ext == ".onnx" {
			names = append(names, e.Name())
		}
	}
	return names, parts, err
}

// about is what of a manifest says where its network is.
type about struct {
	Model string `json:"model"`
}

func readManifest(path string) (m about, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(data, &m)
}

// manifest adds a microWakeWord model.
func (a *adder) manifest(ctx context.Context, from string) error {
	name := baseName(from)
	if _, err := os.Stat(filepath.Join(a.dir, name)); err == nil {
		return fmt.Errorf("%s %w", filepath.Join(a.dir, name), errThere)
	}
	data, err := fetch(ctx, from, maxMicro)
	if err != nil {
		return err
	}
	var m about
	if err := json.Unmarshal(data, &m); err != nil {
		return fmt.Errorf("read manifest %s: %w", from, err)
	}
	if m.Model == "" || filepath.Base(m.Model) != m.Model {
		return fmt.Errorf("read manifest %s: the model %q must lie beside it", from, m.Model)
	}
	network, err := fetch(ctx, strings.TrimSuffix(from, name)+m.Model, maxMicro)
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(filepath.Join(a.dir, m.Model)); err == nil && !bytes.Equal(old, network) {
		return fmt.Errorf("read manifest %s: its model is called %s, as that of another model in %s; rename it, there and in the manifest", from, m.Model, a.dir)
	}
	return a.install(a.dir, []file{{m.Model, network}, {name, data}}, func(path string) (*detector.Model, error) { return detector.LoadModel(path) })
}

// head adds an openWakeWord model.
func (a *adder) head(ctx context.Context, from string) error {
	data, err := fetch(ctx, from, maxHead)
	if err != nil {
		return err
	}
	if net, err := tflite.Load(data); err == nil && net.Input().Shape[len(net.Input().Shape)-1] == microfrontend.Channels {
		return fmt.Errorf("%s is the network of a microWakeWord model, which is added by its manifest: name the .json file that came with it", from)
	}
	ext := filepath.Ext(baseName(from))
	return a.installHead(headName(strings.TrimSuffix(baseName(from), ext))+strings.ToLower(ext), data)
}

// headName is a name that a configuration can have.
func headName(name string) string {
	return cmp.Or(strings.Trim(regexp.MustCompile(`[^A-Za-z0-9_.-]+`).ReplaceAllString(name, "_"), "_."), "model")
}

func (a *adder) installHead(name string, data []byte) error {
	id := strings.TrimSuffix(name, filepath.Ext(name))
	if path := headPath(a.dir, id); isFile(path) {
		return fmt.Errorf("%s %w", path, errThere)
	}
	folder := filepath.Join(a.dir, speechFolder)
	load := func(path string) (*detector.Model, error) { return detector.LoadHead(path, nil) }
	if err := a.install(folder, []file{{name, data}}, load); err != nil {
		return err
	}
	if !isFile(filepath.Join(folder, embeddingFile)) {
		fmt.Fprintf(a.t.out, "it needs %s in %s, which `make models` fetches\n", embeddingFile, folder)
	}
	return nil
}

// listed adds a model of the catalogue.
func (a *adder) listed(ctx context.Context, m catalogue.Model) error {
	if path := headPath(a.dir, m.Name); isFile(path) {
		return fmt.Errorf("%s %w", path, errThere)
	}
	if err := agreeLicence(a.t, m, a.accepted); err != nil {
		return err
	}
	data, err := m.Fetch(ctx, http.DefaultClient)
	if err != nil {
		return err
	}
	if err := a.installHead(m.Name+".tflite", data); err != nil {
		return err
	}
	tellMeasured(a.t, m)
	return nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// file is what is written to the folder.
type file struct {
	name string
	data []byte
}

// install writes files into a folder of their own first, so that a model that cannot be used never reaches the real one. The last file is the one
// that the model is loaded by: it is never seen without the others.
func (a *adder) install(dir string, files []file, load func(path string) (*detector.Model, error)) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	trial, err := os.MkdirTemp(dir, ".adding-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(trial)
	for _, f := range files {
		path := filepath.Join(trial, f.name)
		if err := os.WriteFile(path, f.data, 0o644); err != nil {
			return err
		}
		if err := durable.Sync(path); err != nil { // a power cut must not leave an empty one under its name
			return err
		}
	}
	m, err := load(filepath.Join(trial, files[len(files)-1].name))
	if err != nil {
		return errors.New(strings.ReplaceAll(err.Error(), trial+string(filepath.Separator), "")) // the folder means nothing to people
	}
	for _, f := range files {
		if err := os.Rename(filepath.Join(trial, f.name), filepath.Join(dir, f.name)); err != nil {
			return err
		}
	}
	if err := durable.Sync(dir); err != nil {
		return err
	}
	a.added = append(a.added, m.ID)
	return a.tell(m, dir)
}

// tell says how the new model is used.
func (a *adder) tell(m *detector.Model, dir string) error {
	use := m.ID
	if dir != a.dir {
		use = fmt.Sprintf("{model: %s, engine: %s}", m.ID, bridge.OpenWakeWord)
		for _, word := range usable(a.dir) {
			if secondLook(a.dir, word) == m.ID {
				use += fmt.Sprintf(", or leave %s as it is: from the next start on it is looked at a second time, with this model", word)
			}
		}
	}
	_, err := fmt.Fprintf(a.t.out, "added %q as %s; under wake_words of the configuration write %s\n", m.WakeWord, m.ID, use)
	return err
}
