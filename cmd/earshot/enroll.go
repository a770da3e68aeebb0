package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"earshot/detector/openwakeword"
	"earshot/detector/ownword"
	"earshot/internal/audio"
)

// maxEnrolSamples is how much of a recording is read: a word that takes longer is refused.
const maxEnrolSamples = 11 * openwakeword.SampleRate

// enrollCommand makes a wake word from recordings in WAV files.
func enrollCommand(ctx context.Context, t terminal, args []string) error {
	f := flags("enroll")
	dir := f.String("models", "./models", "folder of the models")
	out := f.String("out", "", "file to write; NAME.json in the folder of the models when not given")
	from := f.Bool("from", false, "the recordings follow, one WAV file each")
	phrase, args, err := firstWord(args)
	if err != nil {
		return err
	}
	if err := parse(f, args); err != nil {
		return err
	}
	if !*from || f.NArg() == 0 {
		return usageError{"name the recordings of the word after --from, one WAV file each"}
	}
	if *out == "" {
		*out = filepath.Join(*dir, strings.ReplaceAll(strings.ToLower(phrase), " ", "_")+".json")
	}
	if _, err := os.Stat(*out); err == nil {
		return fmt.Errorf("%s is there already; delete it first, or name another file with --out", *out)
	}
	word, err := enroll(ctx, *dir, phrase, f.Args())
	if err != nil {
		return err
	}
	if err := word.Save(*out); err != nil {
		return err
	}
	return tellWord(t.out, word, *out)
}

// firstWord takes the name that is said before all flags.
func firstWord(args []string) (string, []string, error) {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") && args[0] != "-h" && args[0] != "--help" {
		return "", nil, usageError{"say which word it is to be"}
	}
	if args[0] == "-h" || args[0] == "--help" {
		return "", args, nil
	}
	if strings.ContainsAny(args[0], `/\`) {
		return "", nil, usageError{fmt.Sprintf("%q has a slash in it; a wake word is made of letters", args[0])}
	}
	return args[0], args[1:], nil
}

func enroll(ctx context.Context, dir, phrase string, files []string) (*ownword.Word, error) {
	network, err := openwakeword.LoadNetwork(filepath.Join(dir, "openwakeword", "embedding_model.tflite"))
	if err != nil {
		return nil, fmt.Errorf("%w; fetch it with `make models`", err)
	}
	bank, err := ownword.Negatives()
	if err != nil {
		return nil, err
	}
	trainer, err := ownword.NewTrainer(network, bank, ownword.Config{})
	if err != nil {
		return nil, err
	}
	samples := make([][]int16, len(files))
	for i, file := range files {
		if samples[i], err = readSample(file); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	word, err := trainer.Train(phrase, samples)
	if err != nil {
		return nil, err
	}
	word.Made = time.Now().UTC().Truncate(time.Second)
	return word, nil
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
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
	}
	return pcm, nil
}

// tellWord says what a household can expect.
func tellWord(w io.Writer, word *ownword.Word, path string) error {
	e := word.Expected
	_, err := fmt.Fprintf(w, "%q was made from %d recordings: %s\n"+
		"expected, from recordings that it did not learn from: misses %.0f %% of the time in a quiet room and %.0f %% over noise 10 dB below the voice;\n"+
		"false accepts: up to %.1f an hour of other people talking without a pause (from %.1f h)\n",
		word.Phrase, e.Samples, path, 100*e.MissedQuiet, 100*e.MissedNoise, e.FalseAccepts, e.Hours)
	return err
}
