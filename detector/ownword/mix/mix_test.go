package mix_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"earshot/detector/ownword/mix"
)

// tone is n samples of a tone of 500 Hz.
func tone(n int, amplitude float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(amplitude * math.Sin(2*math.Pi*500*float64(i)/mix.Rate))
	}
	return x
}

func hiss(n int, deviation float64) []float32 {
	r := rand.New(rand.NewPCG(1, 1))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(deviation * r.NormFloat64())
	}
	return x
}

func TestSpeech(t *testing.T) {
	for _, c := range []struct {
		name  string
		noise float64
	}{{"quiet", 0}, {"low noise", 10}, {"16 dB over the noise", 700}} {
		x := hiss(32000, c.noise)
		for i, v := range tone(8000, 6000) {
			x[12000+i] += v
		}
		start, end := mix.Speech(x)
		if start < 11000 || start > 12500 || end < 19500 || end > 21000 {
			t.Errorf("%s: speech from %d to %d, not from 12000 to 20000", c.name, start, end)
		}
	}
	if start, end := mix.Speech(make([]float32, 32000)); start != 0 || end != 0 {
		t.Errorf("silence: speech from %d to %d", start, end)
	}
	if start, end := mix.Speech(hiss(32000, 20)); start != 0 || end != 0 {
		t.Errorf("steady noise: speech from %d to %d", start, end)
	}
}

func TestAdd(t *testing.T) {
	speech, noise := tone(16000, 3000), hiss(20000, 50)
	x := slices.Clone(speech)
	mix.Add(x, noise, mix.PeakEnergy(speech), 10)
	for i := range x {
		x[i] -= speech[i]
	}
	if db := 10 * math.Log10(mix.PeakEnergy(speech)/mix.PeakEnergy(x)); math.Abs(db-10) > 0.1 {
		t.Errorf("the noise is %v dB below, not 10", db)
	}
}

func TestPCM(t *testing.T) {
	got := mix.PCM([]float32{-40000, -1.4, 0.6, 40000})
	if want := []int16{-32768, -1, 1, 32767}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNoise(t *testing.T) {
	for kind := range mix.Kinds {
		noise := func() []float32 {
			return mix.Noise(rand.New(rand.NewPCG(3, uint64(kind))), kind, 20001, [][]float32{append(tone(9000, 1000), make([]float32, 3000)...)})
		}
		x := noise()
		if len(x) != 20001 || !(mix.PeakEnergy(x) > 0) || math.IsInf(mix.PeakEnergy(x), 0) {
			t.Errorf("kind %d: %d samples, energy %v", kind, len(x), mix.PeakEnergy(x))
		}
		if !slices.Equal(x, noise()) {
			t.Errorf("kind %d: the same seed gave other noise", kind)
		}
	}
	if x := mix.Noise(rand.New(rand.NewPCG(3, 3)), mix.Voices, 1000, [][]float32{{0, 0}}); len(x) != 1000 {
		t.Errorf("silent voices: %d samples", len(x))
	}
}

// TestRoom hears a click: first the direct sound as it was, then a tail that becomes quieter.
func TestRoom(t *testing.T) {
	x := make([]float32, 16000)
	x[1000] = 10000
	y := mix.Room(rand.New(rand.NewPCG(1, 5)), x)
	if d := y[1000] - 10000; d < -2500 || d > 2500 {
		t.Errorf("the direct sound is %v instead of 10000", y[1000])
	}
	for i, v := range y[:1000] {
		if math.Abs(float64(v)) > 0.01 {
			t.Fatalf("%v is heard at %d, before the sound", v, i)
		}
	}
	early, late := mix.PeakEnergy(y[1200:1800]), mix.PeakEnergy(y[3000:3600])
	if !(early > 0 && late < early) {
		t.Errorf("the tail has the energies %v and then %v", early, late)
	}
}

func TestSpeed(t *testing.T) {
	x := mix.Speed(tone(16000, 1000), 1.25)
	crossings := 0
	for i := range x[1:] {
		if x[i] < 0 && x[i+1] >= 0 {
			crossings++
		}
	}
	if len(x) < 12790 || len(x) > 12800 || crossings < 498 || crossings > 501 { // 0.8 s of 625 Hz
		t.Errorf("%d samples with %d periods", len(x), crossings)
	}
}
