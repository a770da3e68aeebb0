package detector_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"earshot/detector"
	"earshot/detector/openwakeword"
)

// scriptedHead scores as it is told, and notes what it was given.
type scriptedHead struct {
	settle int
	score  func(heard []openwakeword.Embedding) float32
	keep   bool // heard has all embeddings, not only their number

	heard  []openwakeword.Embedding
	resets int
}

func (h *scriptedHead) Put(e *openwakeword.Embedding) float32 {
	if h.keep {
		h.heard = append(h.heard, *e)
	}
	return h.score(h.heard)
}

func (h *scriptedHead) Reset() {
	h.resets++
	h.heard = h.heard[:0]
}

func (h *scriptedHead) model(t testing.TB) *detector.Model {
	return detector.Speech{
		ID: "scripted", WakeWord: "scripted", Cutoff: 0.5, Settle: h.settle, Network: network(t),
		NewScorer: func() detector.Scorer { return h },
	}.Model()
}

// always scores every chunk the same.
func always(score float32) func([]openwakeword.Embedding) float32 {
	return func([]openwakeword.Embedding) float32 { return score }
}

// fingerprint is a score that every bit of the last 16 embeddings changes.
func fingerprint(heard []openwakeword.Embedding) float32 {
	sum := uint32(0)
	for _, e := range heard[max(0, len(heard)-16):] {
		for _, v := range e {
			sum = sum*31 + math.Float32bits(v)
		}
	}
	return float32(sum>>8) / (1 << 24)
}

func network(t testing.TB) *openwakeword.Network {
	t.Helper()
	n, err := openwakeword.LoadNetwork(modelPath(t, "openwakeword/embedding_model.tflite"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// twice is a detector for alexa that a scripted head looks at.
func twice(t testing.TB, h *scriptedHead, cutoff float64) *detector.Detector {
	t.Helper()
	m, err := loadModel(t, "alexa").Verified(h.model(t), cutoff)
	if err != nil {
		t.Fatal(err)
	}
	d, err := detector.New(m)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestSecondLookHearsWhatOneAlwaysAwakeHears wants the same bits of the network that sleeps until the first stage wakes it.
func TestSecondLookHearsWhatOneAlwaysAwakeHears(t *testing.T) {
	t.Parallel()
	for _, wav := range []string{"alexa", "speech"} {
		pcm := slices.Concat(readWAV(t, "noise")[:7777], readWAV(t, wav), make([]int16, detector.SampleRate))
		awake := map[float64]bool{}
		d, err := detector.New((&scriptedHead{settle: 25, score: fingerprint, keep: true}).model(t))
		if err != nil {
			t.Fatal(err)
		}
		d.Trace(func(hit detector.Detection) { awake[hit.Score] = true })
		d.Process(pcm)
		for _, chunk := range []int{160, len(pcm)} {
			head := &scriptedHead{settle: 25, score: fingerprint, keep: true}
			d := twice(t, head, 1)
			if err := d.SetCutoff("alexa", 0.02); err != nil { // it looks often
				t.Fatal(err)
			}
			looked := 0
			d.Trace(func(hit detector.Detection) {
				if hit.Second == 0 {
					return
				}
				looked++
				if !awake[hit.Second] {
					t.Fatalf("%s in chunks of %d: at %d it scores %v, which the other one never did", wav, chunk, hit.Sample, hit.Second)
				}
			})
			listen(d, pcm, chunk)
			if taken, _ := d.Looks("alexa"); wav == "alexa" && (taken == 0 || looked == 0 || head.resets < 2) {
				t.Errorf("it has looked %d times, at %d chunks, from %d beginnings", taken, looked, head.resets)
			}
		}
	}
}

// listenTwice hears a recording in chunks, and tells what was heard and what was refused.
func listenTwice(d *detector.Detector, pcm []int16, chunk int) (hits, refused []detector.Detection) {
	for part := range slices.Chunk(pcm, chunk) {
		hits = append(hits, d.Process(part)...)
		refused = append(refused, d.Refused()...)
	}
	return hits, refused
}

// TestTwoClocks says the word to the first stage, and has the second agree at another time.
func TestTwoClocks(t *testing.T) {
	t.Parallel()
	pcm := slices.Concat(readWAV(t, "alexa"), make([]int16, 2*detector.SampleRate))
	first := int64(0) // where the first stage is over its cutoff
	d := newDetector(t, "alexa")
	d.Trace(func(hit detector.Detection) {
		if hit.Score >= 0.2 && first == 0 {
			first = hit.Sample
		}
	})
	d.Process(pcm)
	var last int64
	var top detector.Detection
	d = newDetector(t, "alexa")
	if err := d.SetCutoff("alexa", 1); err != nil {
		t.Fatal(err)
	}
	d.Trace(func(hit detector.Detection) {
		if hit.Score >= 0.2 {
			last = hit.Sample
		}
		if hit.Score > top.Score {
			top = hit
		}
	})
	d.Process(pcm)
	chunk := func(sample int64) int { return int(sample / openwakeword.ChunkSamples) } // the last that ends by then
	for name, c := range map[string]struct {
		at    int // the chunk that agrees, counted from the first of the stream
		fires bool
		delay bool // after the first stage
	}{
		"as the first stage says so":     {chunk(first), true, false},
		"0.3 s earlier":                  {chunk(first) - 3, true, false},
		"0.3 s after the first stage":    {chunk(last) + 4, true, true},
		"much earlier":                   {chunk(first) - 8, false, false},
		"long after the first stage":     {chunk(last) + 6, false, false},
		"long after, and asleep by then": {chunk(last) + 20, false, false},
		"never":                          {-1, false, false},
		"before the network can know it": {chunk(first) - 25, false, false},
	} {
		n, burst := 0, 0 // chunks heard since the network was woken, and which chunk of the stream that was
		head := &scriptedHead{settle: 25}
		head.score = func([]openwakeword.Embedding) float32 {
			n++
			if burst+n == c.at {
				return 0.1
			}
			return 0.09
		}
		burst = chunk(first) - 29
		d := twice(t, head, 0.1)
		hits, refused := listenTwice(d, pcm, 160)
		taken, agreed := d.Looks("alexa")
		if c.fires == (len(refused) > 0) || len(refused) > 1 {
			t.Errorf("%s: refused %+v", name, refused)
		}
		for _, hit := range refused {
			decided := hit.Sample + hit.Delay
			if hit.Sample != top.Sample || hit.Score != top.Score || hit.Cutoff != 0.2 || hit.Second != 0 || decided <= last+5120 || decided > last+5120+480 {
				t.Errorf("%s: refused %+v; the best was %+v, the last at %d", name, hit, top, last)
			}
		}
		switch {
		case taken != 1:
			t.Errorf("%s: %d looks, want one", name, taken)
		case !c.fires:
			if len(hits) != 0 || agreed != 0 {
				t.Errorf("%s: %+v, %d agreed", name, hits, agreed)
			}
		case len(hits) != 1 || agreed != 1:
			t.Errorf("%s: %d detections, %d agreed, want one", name, len(hits), agreed)
		default:
			hit := hits[0]
			if hit.Score < 0.2 || hit.Score > hit.Peak || hit.Cutoff != 0.2 || float32(hit.Second) != 0.1 || hit.Sample < first || hit.Sample > last {
				t.Errorf("%s: %+v", name, hit)
			}
			if decided := hit.Sample + hit.Delay; c.delay != (hit.Delay > 0) || (c.delay && decided != int64(c.at)*openwakeword.ChunkSamples) {
				t.Errorf("%s: %+v, want a decision at the end of chunk %d", name, hit, c.at)
			}
		}
	}
}

// TestWordToldFromSpeechAlone counts a word once, however long it goes on.
func TestWordToldFromSpeechAlone(t *testing.T) {
	t.Parallel()
	n := 0
	head := &scriptedHead{settle: 25, score: func([]openwakeword.Embedding) float32 {
		n++
		if n == 20 || (n >= 40 && n < 70) || n >= 95 { // 20 is before it can know; from 70 to 95 are 2 s
			return 0.75
		}
		return 0.25
	}}
	d, err := detector.New(head.model(t), loadModel(t, "alexa"))
	if err != nil {
		t.Fatal(err)
	}
	var at []int64
	for _, hit := range listen(d, make([]int16, 110*openwakeword.ChunkSamples), 160) {
		if hit.Model != "scripted" || hit.Score != 0.75 || hit.Cutoff != 0.5 || hit.Delay != 0 {
			t.Errorf("%+v", hit)
		}
		at = append(at, hit.Sample/openwakeword.ChunkSamples)
	}
	if diff := cmp.Diff([]int64{40, 95}, at); diff != "" {
		t.Errorf("chunks (-want +got):\n%s", diff)
	}
}

// TestSecondLookBeginsAnew forgets everything with the stream.
func TestSecondLookBeginsAnew(t *testing.T) {
	t.Parallel()
	d := twice(t, &scriptedHead{settle: 25, score: always(0.5)}, 0.1)
	pcm := readWAV(t, "alexa")
	want := listen(d, pcm, 160)
	if len(want) != 1 {
		t.Fatalf("%d detections", len(want))
	}
	d.Process(readWAV(t, "noise")[:12345])
	d.Reset()
	if refused := d.Refused(); len(refused) != 0 {
		t.Errorf("refused before the stream began: %+v", refused)
	}
	if diff := cmp.Diff(want, listen(d, pcm, 1000), cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Delay" }, cmp.Ignore())); diff != "" {
		t.Errorf("detections after a reset (-want +got):\n%s", diff)
	}
}

func TestVerifiedErrors(t *testing.T) {
	t.Parallel()
	alexa, head := loadModel(t, "alexa"), (&scriptedHead{settle: 25}).model(t)
	for want, err := range map[string]error{
		`have "alexa" looked at by "alexa": a microWakeWord model can be looked at, and by an openWakeWord model`:       second(alexa, alexa, 0.1),
		`have "scripted" looked at by "scripted": a microWakeWord model can be looked at, and by an openWakeWord model`: second(head, head, 0.1),
		`have "alexa" looked at by "scripted": that needs more than 2 s of audio`:                                       second(alexa, (&scriptedHead{settle: 31}).model(t), 0.1),
		`have "alexa" looked at by "scripted": the cutoff 0 is not over 0 and up to 1`:                                  second(alexa, head, 0),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func second(m, by *detector.Model, cutoff float64) error {
	_, err := m.Verified(by, cutoff)
	return err
}

// TestSecondLookDoesNotAllocate hears the word asleep, in the burst and awake.
func TestSecondLookDoesNotAllocate(t *testing.T) {
	d := twice(t, &scriptedHead{settle: 25, score: always(0.05)}, 0.1)
	pcm := slices.Concat(readWAV(t, "alexa"), make([]int16, 16000))
	at := 0
	n := testing.AllocsPerRun(len(pcm)/detector.FrameSamples-2, func() {
		d.Process(pcm[at:][:detector.FrameSamples])
		at += detector.FrameSamples
	})
	if taken, _ := d.Looks("alexa"); n != 0 || taken != 1 {
		t.Errorf("a frame takes %v allocations, with %d looks", n, taken)
	}
}

// BenchmarkSecondLook takes one frame of 10 ms of talk in which a word is looked at from time to time.
func BenchmarkSecondLook(b *testing.B) {
	d := twice(b, &scriptedHead{settle: 25, score: always(0.05)}, 0.1)
	pcm := readWAV(b, "speech")
	b.ReportAllocs()
	at := 0
	for b.Loop() {
		d.Process(pcm[at:][:detector.FrameSamples])
		if at += detector.FrameSamples; at+detector.FrameSamples > len(pcm) {
			at = 0
		}
	}
}

// TestRefusedEveryTime says a word three times to a second look that never agrees, and forgets what was open with the stream.
func TestRefusedEveryTime(t *testing.T) {
	t.Parallel()
	d := twice(t, &scriptedHead{settle: 25, score: always(0.05)}, 0.1)
	alexa := readWAV(t, "alexa")
	_, refused := listenTwice(d, slices.Concat(alexa, alexa, alexa, make([]int16, detector.SampleRate)), 160)
	taken, agreed := d.Looks("alexa")
	if len(refused) < 3 || uint64(len(refused)) != taken || agreed != 0 {
		t.Errorf("%d refused of %d looks, %d agreed", len(refused), taken, agreed)
	}
	d.Reset()
	for part := range slices.Chunk(alexa, 160) {
		d.Process(part)
		if now, _ := d.Looks("alexa"); now > taken {
			break // a look is open
		}
	}
	d.Reset()
	if _, refused := listenTwice(d, make([]int16, detector.SampleRate), 160); len(refused) != 0 {
		t.Errorf("after a reset: %+v", refused)
	}
}
