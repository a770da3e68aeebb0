// Command enrol measures own wake words: households of three people with three recordings each, tried on what they and others say otherwise.
package main

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"earshot/detector/openwakeword"
	"earshot/detector/ownword"
	"earshot/detector/ownword/mix"
	"earshot/scripts/ffmpeg"
)

const (
	people     = 3
	perPerson  = 3
	late       = mix.Rate / 2 // a word may be heard so long after the end of its recording
	refractory = 2 * mix.Rate
)

func main() {
	var o options
	flag.StringVar(&o.dev, "dev", "", "the development set: computer/*.flac, libri, commands, alexa, jarvis and speakers.json")
	flag.StringVar(&o.word, "word", "computer", "the word, a folder of the development set")
	flag.StringVar(&o.other, "negatives", "", "more folders with speech, separated by commas")
	flag.StringVar(&o.music, "music", "", "folder with music for noise")
	flag.StringVar(&o.bank, "bank", "", "a bank other than the one that comes with Earshot")
	flag.StringVar(&o.network, "network", "models/openwakeword/embedding_model.tflite", "speech embedding network")
	flag.StringVar(&o.cache, "cache", "", "folder that keeps embeddings from one run to the next")
	flag.IntVar(&o.households, "households", 10, "how many")
	flag.IntVar(&o.config.Copies, "copies", 0, "copies with noise; 0 for what is usual")
	flag.Parse()
	if err := o.run(); err != nil {
		fmt.Fprintln(os.Stderr, "enrol:", err)
		os.Exit(1)
	}
}

type options struct {
	dev, word, other, music, bank, network, cache string
	households                                    int
	config                                        ownword.Config
	net                                           *openwakeword.Network
	random                                        *rand.Rand
}

// clip is one recording of the word.
type clip struct {
	name, speaker string
	audio         []float32
}

// stream is audio with clips at known places, as embeddings.
type stream struct {
	Name   string
	Heard  []openwakeword.Embedding
	Places []place // of the clips, in their order
}

// place is where a clip lies, in samples.
type place struct{ From, To int }

func (o *options) run() error {
	bank, err := o.loadBank()
	if err != nil {
		return err
	}
	if o.net, err = openwakeword.LoadNetwork(o.network); err != nil {
		return err
	}
	clips, err := o.clips()
	if err != nil {
		return err
	}
	streams, err := o.streams(clips)
	if err != nil {
		return err
	}
	negatives, err := o.negatives()
	if err != nil {
		return err
	}
	trainer, err := ownword.NewTrainer(o.net, bank, o.config)
	if err != nil {
		return err
	}
	return o.measure(trainer, bank, clips, streams, negatives)
}

func (o *options) loadBank() (*ownword.Bank, error) {
	if o.bank == "" {
		return ownword.Negatives()
	}
	f, err := os.Open(o.bank)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ownword.ReadBank(f)
}

func (o *options) clips() (list []clip, err error) {
	data, err := os.ReadFile(filepath.Join(o.dev, "speakers.json"))
	if err != nil {
		return nil, err
	}
	var speakers map[string]map[string]string
	if err := json.Unmarshal(data, &speakers); err != nil {
		return nil, err
	}
	for _, path := range find(filepath.Join(o.dev, o.word)) {
		x, err := ffmpeg.Decode(path)
		if err != nil {
			return nil, err
		}
		if len(x) > 4000 {
			list = append(list, clip{filepath.Base(path), speakers[o.word][filepath.Base(path)], x})
		}
	}
	return list, nil
}

// streams puts the clips into silence and into noise, as wakebench does.
func (o *options) streams(clips []clip) (list []stream, err error) {
	libri := filepath.Join(o.dev, "libri")
	for _, c := range []struct {
		name, noise string
		talkers     int
		db          float64
	}{
		{"quiet", "", 0, 0}, {"six talkers 10 dB", libri, 6, 10}, {"six talkers 5 dB", libri, 6, 5}, {"one talker 10 dB", libri, 1, 10},
		{"music 10 dB", o.music, 1, 10}, {"room (made)", "", 0, 0},
	} {
		if c.noise == "" && c.talkers > 0 {
			continue
		}
		s, err := o.keep(o.word+" "+c.name, func() (stream, error) {
			noise, err := o.mixture(c.noise, c.talkers)
			if err != nil {
				return stream{}, err
			}
			said := slices.Clone(clips)
			for i, k := range said {
				if strings.HasPrefix(c.name, "room") {
					said[i].audio = mix.Room(o.random, k.audio)
				}
			}
			return o.stream(c.name, said, noise, c.db), nil
		})
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// mixture is five minutes of so many at once, nil for none.
func (o *options) mixture(dir string, talkers int) ([]float32, error) {
	if talkers == 0 {
		return nil, nil
	}
	sum := make([]float32, 300*mix.Rate)
	for range talkers {
		x, err := o.concat(dir, len(sum))
		if err != nil {
			return nil, err
		}
		for i := range sum {
			sum[i] += x[i] * 0.3
		}
	}
	return sum, nil
}

// concat joins the files of a folder in any order, all of one loudness.
func (o *options) concat(dir string, n int) (out []float32, err error) {
	files := find(dir)
	o.random.Shuffle(len(files), func(i, k int) { files[i], files[k] = files[k], files[i] })
	for i := 0; len(out) < n; i++ {
		x, err := ffmpeg.Decode(files[i%len(files)])
		if err != nil {
			return nil, err
		}
		gain := float32(1000 / math.Sqrt(mix.PeakEnergy(x)/512+1))
		for _, v := range x {
			out = append(out, v*gain)
		}
	}
	return out[:n], nil
}

func (o *options) stream(name string, clips []clip, noise []float32, db float64) stream {
	s := stream{Name: name}
	x := make([]float32, 3*mix.Rate)
	shift := o.random.IntN(mix.Rate * 60)
	for _, c := range clips {
		audio := slices.Clone(c.audio)
		if noise != nil {
			part := make([]float32, len(audio))
			for i := range part {
				part[i] = noise[(shift+len(x)+i)%len(noise)]
			}
			gain := float32(math.Sqrt(max(mix.PeakEnergy(part), 512*1000) * math.Pow(10, db/10) / mix.PeakEnergy(audio)))
			for i := range audio {
				audio[i] *= gain
			}
		}
		s.Places = append(s.Places, place{len(x), len(x) + len(audio)})
		x = append(append(x, audio...), make([]float32, mix.Rate*3/2+o.random.IntN(mix.Rate))...)
	}
	for i := range x {
		if noise != nil {
			x[i] += noise[(shift+i)%len(noise)]
		} else {
			x[i] += float32(o.random.NormFloat64() * 10)
		}
	}
	top := max(slices.Max(x), -slices.Min(x))
	if top > 32000 {
		mix.Peak(x, 0.98)
	}
	s.Heard = o.embed(x)
	return s
}

func (o *options) embed(x []float32) (list []openwakeword.Embedding) {
	o.net.NewStream().Process(mix.PCM(x), func(e *openwakeword.Embedding) { list = append(list, *e) })
	return list
}

// negatives is all speech without the word, one stream for each folder.
func (o *options) negatives() (list []stream, err error) {
	var dirs []string
	for _, name := range []string{"libri", "commands", "alexa", "jarvis"} {
		if name != o.word {
			dirs = append(dirs, filepath.Join(o.dev, name))
		}
	}
	if o.other != "" {
		dirs = append(dirs, strings.Split(o.other, ",")...)
	}
	for _, dir := range dirs {
		s, err := o.cached(dir)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

func (o *options) cached(dir string) (stream, error) {
	return o.keep(filepath.Base(dir), func() (stream, error) {
		var x []float32
		for _, file := range find(dir) {
			audio, err := ffmpeg.Decode(file)
			if err != nil {
				return stream{}, err
			}
			x = append(append(x, audio...), make([]float32, mix.Rate/2)...)
		}
		for i := range x {
			x[i] += float32(o.random.NormFloat64() * 10)
		}
		return stream{Name: filepath.Base(dir), Heard: o.embed(x)}, nil
	})
}

// keep makes a stream, or takes it from the folder for that. It is the same whatever was made before.
func (o *options) keep(name string, make func() (stream, error)) (s stream, err error) {
	path := filepath.Join(o.cache, name+".stream")
	if f, err := os.Open(path); o.cache != "" && err == nil {
		defer f.Close()
		return s, gob.NewDecoder(f).Decode(&s)
	}
	sum := fnv.New64()
	sum.Write([]byte(name))
	o.random = rand.New(rand.NewPCG(778, sum.Sum64()))
	if s, err = make(); err != nil || o.cache == "" {
		return s, err
	}
	var data bytes.Buffer
	if err := gob.NewEncoder(&data).Encode(s); err != nil {
		return s, err
	}
	return s, os.WriteFile(path, data.Bytes(), 0o600)
}

// find lists the sound files of a folder in a fixed order.
func find(dir string) (files []string) {
	_ = filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && slices.Contains([]string{".flac", ".g722", ".gsm", ".wav", ".ogg"}, filepath.Ext(path)) && !strings.Contains(path, "/silence/") {
			files = append(files, path)
		}
		return nil
	})
	slices.Sort(files)
	return files
}
