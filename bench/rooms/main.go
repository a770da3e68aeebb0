// Command rooms measures how many microphones one core can listen to: their detectors alone, with one set of models, and the whole program in real time.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"earshot/detector"
	"earshot/internal/audio"
)

func main() {
	var o options
	flag.IntVar(&o.rooms, "rooms", 200, "how many microphones")
	flag.DurationVar(&o.length, "length", time.Minute, "how much sound each of them hears")
	flag.StringVar(&o.models, "models", "models", "folder of the models")
	flag.StringVar(&o.word, "word", "okay_nabu", "the wake word, a microWakeWord model")
	flag.StringVar(&o.wav, "wav", "detector/testdata/wav/speech.wav", "what is heard, again and again: 16 kHz, without the wake word")
	flag.StringVar(&o.program, "program", "", "the program, such as bin/earshot, to be measured as a whole, too: it takes the length in real time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := o.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "rooms:", err)
		os.Exit(1)
	}
}

type options struct {
	rooms                      int
	length                     time.Duration
	models, word, wav, program string
}

func (o options) run(ctx context.Context) error {
	if o.rooms < 1 {
		return errors.New("measure no rooms: use --rooms 1 or more")
	}
	if err := o.detectors(); err != nil || o.program == "" {
		return err
	}
	return o.process(ctx)
}

// detectors has all of them hear by turns, 10 ms each, on one core and as fast as it can.
func (o options) detectors() error {
	runtime.GOMAXPROCS(1)
	pcm, err := read(o.wav)
	if err != nil {
		return err
	}
	shared, err := o.build(o.rooms, nil)
	if err != nil {
		return err
	}
	alone, err := o.build(o.rooms, o.load)
	if err != nil {
		return err
	}
	fmt.Printf("memory of each microphone more: %.0f kB with shared models, %.0f kB with models of its own\n", shared.each/1000, alone.each/1000)
	alone.list = nil

	frames := int(o.length / (10 * time.Millisecond))
	found := 0
	before := processorTime()
	for n := range frames {
		for i, d := range shared.list {
			at := ((n + 7*i) * detector.FrameSamples) % (len(pcm) - detector.FrameSamples) // not all of them the same at once
			found += len(d.Process(pcm[at:][:detector.FrameSamples]))
		}
	}
	used := processorTime() - before
	share := used.Seconds() / (float64(o.rooms) * o.length.Seconds())
	fmt.Printf("detectors: %d x %v of sound took %.2f s of processor time: %.3f %% of a core each, %.0f on one core (%d wake words were heard)\n",
		o.rooms, o.length, used.Seconds(), 100*share, 1/share, found)
	return nil
}

// many are detectors, and what each of them takes of the memory.
type many struct {
	list []*detector.Detector
	each float64 // bytes
}

// build makes detectors with one model for all, or with one for each from another.
func (o options) build(n int, another func() (*detector.Model, error)) (many, error) {
	model, err := o.load()
	if err != nil {
		return many{}, err
	}
	m := many{list: make([]*detector.Detector, n)}
	before := heap()
	for i := range n {
		if another != nil {
			if model, err = another(); err != nil {
				return many{}, err
			}
		}
		if m.list[i], err = detector.New(model); err != nil {
			return many{}, err
		}
	}
	m.each = float64(heap()-before) / float64(n)
	runtime.KeepAlive(m.list)
	return m, nil
}

func (o options) load() (*detector.Model, error) {
	return detector.LoadModel(filepath.Join(o.models, o.word+".json"))
}

// heap is how many bytes are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0 // it cannot fail for oneself
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func read(path string) ([]int16, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	pcm, err := audio.ReadWAV(f)
	if err != nil {
		return nil, fmt.Errorf("hear %s: %w", path, err)
	}
	if len(pcm) < 2*detector.FrameSamples {
		return nil, fmt.Errorf("hear %s: there is hardly any sound in it", path)
	}
	return pcm, nil
}
