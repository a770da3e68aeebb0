package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"earshot/bridge"
	"earshot/detector"
	"earshot/detector/ownword"
	"earshot/internal/catalogue"
)

// modelsCommand lists the wake-word models, adds some, or measures them.
func modelsCommand(ctx context.Context, t terminal, args []string) error {
	actions := map[string]func(context.Context, terminal, []string) error{
		"list": listCommand, "add": addCommand, "catalogue": catalogueCommand, "measure": measureCommand,
		"refresh": func(_ context.Context, t terminal, args []string) error { return refreshCommand(t, args) },
	}
	if len(args) == 0 || actions[args[0]] == nil {
		return usageError{"say list, add, catalogue, measure or refresh"}
	}
	return actions[args[0]](ctx, t, args[1:])
}

func listCommand(_ context.Context, t terminal, args []string) error {
	f := flags("models list")
	dir := f.String("models", "./models", "folder of the models")
	if err := parse(f, args); err != nil {
		return err
	}
	if err := noArguments(f); err != nil {
		return err
	}
	return listModels(t, *dir)
}

func listModels(t terminal, dir string) error {
	models, err := detector.ListModels(dir)
	if err != nil {
		return fmt.Errorf("%w; fetch the models with `make models`", err)
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "name\tengine\twake word\tthreshold\tsecond look\tlanguages\tby")
	var alone []string // microWakeWord models without a second look
	looksAt := map[string][]string{}
	for _, m := range models {
		if m.Err != nil {
			fmt.Fprintf(w, "%s\t%s\tcannot be used: %v\n", m.ID, bridge.MicroWakeWord, m.Err)
			continue
		}
		second := secondLook(dir, m.ID)
		if second == "" {
			alone = append(alone, m.ID)
		} else {
			looksAt[second] = append(looksAt[second], m.ID)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%.2f\t%s\t%s\t%s\n", m.ID, bridge.MicroWakeWord, m.WakeWord, m.Cutoff, cmp.Or(second, "none"), strings.Join(m.Languages, " "), plain(m.Author))
	}
	for _, name := range speechNames(dir) {
		m, err := detector.LoadHead(headPath(dir, name), nil)
		if err != nil {
			fmt.Fprintf(w, "%s\t%s\tcannot be used: %v\n", name, bridge.OpenWakeWord, err)
			continue
		}
		second := ""
		if words := looksAt[name]; words != nil {
			second = "is one, for " + strings.Join(words, ", ")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%.2f\t%s\t\t\n", name, bridge.OpenWakeWord, m.WakeWord, m.Cutoff, second)
	}
	for _, name := range ownNames(dir) {
		word, err := ownword.Load(ownPath(dir, name))
		if err != nil {
			fmt.Fprintf(w, "%s\t%s\tcannot be used: %v\n", name, bridge.OwnWord, err)
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%.2f\t\t\t\n", name, bridge.OwnWord, word.Phrase, word.Cutoff)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return tellAlone(t, alone)
}

// tellAlone says what would look a second time.
func tellAlone(t terminal, words []string) error {
	shipped, err := catalogue.Shipped()
	if err != nil {
		return err
	}
	for _, word := range words {
		for _, m := range shipped {
			if looksFor(m.Name, word) {
				fmt.Fprintf(t.out, "%s counts without a second look; `earshot models add %s` fetches a model for one (%s)\n", word, m.Name, m.Licence)
				break
			}
		}
	}
	return nil
}

// headPath is the file of an openWakeWord model, that in TensorFlow Lite's format where there are two or none.
func headPath(dir, id string) string {
	path := filepath.Join(dir, speechFolder, id)
	if _, err := os.Stat(path + ".tflite"); err != nil {
		if _, err := os.Stat(path + ".onnx"); err == nil {
			return path + ".onnx"
		}
	}
	return path + ".tflite"
}
