// Command bank makes detector/ownword/negatives.bank from packages of Debian with openly licensed speech and music.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"earshot/detector/openwakeword"
	"earshot/detector/ownword"
	"earshot/detector/ownword/mix"
	"earshot/scripts/ffmpeg"
)

const (
	pieceSeconds = 60
	noisy        = 0.2 // share of pieces with noise
	roomy        = 0.15
)

// source is a package with recordings.
type source struct {
	name    string // of the Debian package
	credit  string // who made it and the licence
	files   string // pattern of the paths
	minutes float64
	speeds  []float64 // the recordings are taken at each of them
	music   bool
}

func sources() []source {
	return []source{
		{"asterisk-core-sounds-en-g722", "English, Allison Smith, CC BY-SA 3.0", `\.g722$`, 14, []float64{1, 0.85, 1.15}, false},
		{"asterisk-core-sounds-fr-g722", "French, June Wallack, CC BY-SA 3.0", `\.g722$`, 9, []float64{1, 0.8, 1.1}, false},
		{"asterisk-core-sounds-ru-g722", "Russian, Maxim and others, CC BY-SA 3.0", `\.g722$`, 9, []float64{1, 0.9, 1.2}, false},
		{"asterisk-core-sounds-it-g722", "Italian, Carlo Flora, CC BY-SA 3.0", `\.g722$`, 9, []float64{1, 0.85, 1.15}, false},
		{"asterisk-prompt-it-menardi-wav", "Italian, Marco Menardi and Paola Dal Zot, CC BY-SA 3.0 IT", `\.wav$`, 4, []float64{1}, false},
		{"asterisk-moh-opsound-g722", "music, Manolo Camp, Reno Project, Paul Shuler (Macroform), CC BY-SA 3.0", `\.g722$`, 6, []float64{1}, true},
	}
}

func main() {
	out := flag.String("out", "detector/ownword/negatives.bank", "file to write")
	work := flag.String("work", "", "folder for the packages and what is unpacked from them")
	network := flag.String("network", "models/openwakeword/embedding_model.tflite", "speech embedding network")
	only := flag.String("only", ".", "take only sources whose names match")
	total := flag.Float64("minutes", 55, "scale the minutes of all sources to this sum; 0 leaves them")
	flag.Parse()
	if err := run(*out, *work, *network, *only, *total); err != nil {
		fmt.Fprintln(os.Stderr, "bank:", err)
		os.Exit(1)
	}
}

func run(out, work, network, only string, total float64) error {
	if work == "" {
		return errors.New("name a folder with -work")
	}
	match, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	var list []source
	sum := 0.0
	for _, s := range sources() {
		if match.MatchString(s.name) {
			list = append(list, s)
			sum += s.minutes
		}
	}
	m := maker{work: work, random: rand.New(rand.NewPCG(7, 8))}
	if m.network, err = openwakeword.LoadNetwork(network); err != nil {
		return err
	}
	text := "Speech and music that the values of this bank were computed from (Debian packages):\n"
	for i, s := range list {
		if total > 0 {
			s.minutes *= total / sum
		}
		if err := m.source(i, s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		text += s.name + ": " + s.credit + "\n"
	}
	return m.write(out, text)
}

// maker collects the recordings of a bank.
type maker struct {
	work       string
	network    *openwakeword.Network
	random     *rand.Rand
	recordings [][]openwakeword.Embedding
	sources    []int
	others     [][]float32 // pieces that were made before, for talkers
}

// source adds the recordings of a package.
func (m *maker) source(number int, s source) error {
	dir, err := unpack(m.work, s.name)
	if err != nil {
		return err
	}
	files, err := find(dir, s.files)
	if err != nil {
		return err
	}
	m.random.Shuffle(len(files), func(i, k int) { files[i], files[k] = files[k], files[i] })
	var piece []float32
	left := int(s.minutes * 60 * mix.Rate)
	for i, file := range files {
		if left <= 0 {
			break
		}
		x, err := ffmpeg.Decode(file)
		if err != nil {
			return err
		}
		if len(x) < mix.Rate/5 {
			continue
		}
		x = mix.Speed(x, s.speeds[i%len(s.speeds)])
		if !s.music {
			mix.Peak(x, math.Pow(10, -(3+22*m.random.Float64())/20))
		}
		for len(x) > 0 && left > 0 {
			n := min(len(x), max(pieceSeconds*mix.Rate-len(piece), mix.Rate), left)
			piece = append(append(piece, x[:n]...), make([]float32, m.random.IntN(mix.Rate/2))...)
			x, left = x[n:], left-n
			if len(piece) >= pieceSeconds*mix.Rate || left <= 0 {
				m.piece(number, piece, s.music)
				piece = nil
			}
		}
	}
	fmt.Printf("%-34s %3d recordings so far\n", s.name, len(m.recordings))
	return nil
}

// piece adds a recording, a third of them with noise or in a room.
func (m *maker) piece(number int, x []float32, music bool) {
	clean := slices.Clone(x)
	switch p := m.random.Float64(); {
	case p < noisy:
		noise := mix.Noise(m.random, mix.Kind(m.random.IntN(int(mix.Kinds))), len(x), m.others)
		mix.Add(x, noise, mix.PeakEnergy(x), 5+15*m.random.Float64())
	case p < noisy+roomy:
		x = mix.Room(m.random, x)
	}
	if !music && len(m.others) < 20 {
		m.others = append(m.others, clean[:min(len(clean), 8*mix.Rate)])
	}
	if top := slices.Max(x); top > 32000 || slices.Min(x) < -32000 {
		mix.Peak(x, 0.9)
	}
	for i := range x {
		x[i] += float32(m.random.NormFloat64() * 10)
	}
	var recording []openwakeword.Embedding
	m.network.NewStream().Process(mix.PCM(x), func(e *openwakeword.Embedding) { recording = append(recording, *e) })
	m.recordings = append(m.recordings, recording)
	m.sources = append(m.sources, number)
}

func (m *maker) write(out, text string) error {
	bank, err := ownword.NewBank(m.recordings, m.sources)
	if err != nil {
		return err
	}
	bank.Network, bank.Sources = m.network.Sum(), text
	var file bytes.Buffer
	if _, err := bank.WriteTo(&file); err != nil {
		return err
	}
	fmt.Printf("%s: %.2f h, %.1f MB\n", out, bank.Hours(), float64(file.Len())/1e6)
	return os.WriteFile(out, file.Bytes(), 0o644)
}

// unpack fetches a package, unless it is there, and returns the folder of what is in it.
func unpack(work, name string) (string, error) {
	dir := filepath.Join(work, name)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	fetch := exec.CommandContext(ctx, "apt-get", "download", name)
	fetch.Dir = work
	if out, err := fetch.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	debs, err := filepath.Glob(filepath.Join(work, name+"_*.deb"))
	if err != nil || len(debs) != 1 {
		return "", fmt.Errorf("%d packages of that name lie in %s", len(debs), work)
	}
	if out, err := exec.CommandContext(ctx, "dpkg-deb", "-x", debs[0], dir).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return dir, nil
}

// find lists the files of a folder in a fixed order.
func find(dir, pattern string) (files []string, err error) {
	match, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && match.MatchString(path) && !strings.Contains(path, "/silence/") {
			files = append(files, path)
		}
		return err
	})
	slices.Sort(files)
	return files, err
}
