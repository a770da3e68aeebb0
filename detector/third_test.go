package detector_test

import (
	"slices"
	"testing"

	"earshot/detector"
	"earshot/detector/openwakeword"
)

// verifierOf is one that scores as a head does, over 0.5, from a chunk on.
func verifierOf(h *scriptedHead, chunks int) *detector.Verifier {
	return &detector.Verifier{Cutoff: 0.5, Chunks: chunks, NewScorer: func() detector.Scorer { return h }}
}

// TestThirdOpinion has a word that both stages have heard confirmed, or not.
func TestThirdOpinion(t *testing.T) {
	t.Parallel()
	pcm := slices.Concat(readWAV(t, "alexa"), make([]int16, 2*detector.SampleRate))
	sure := listen(twice(t, &scriptedHead{settle: 25, score: always(0.5)}, 0.1), pcm, 160)
	if len(sure) != 1 {
		t.Fatalf("%d detections", len(sure))
	}
	wakes := int(sure[0].Sample / openwakeword.ChunkSamples) // the last chunk that ends by then
	for name, c := range map[string]struct {
		at     int // the chunk that it agrees at
		fires  bool
		chunks int
	}{
		"as they say so":          {wakes, true, 10},
		"0.3 s earlier":           {wakes - 3, true, 10},
		"later":                   {wakes + 3, true, 10},
		"long before":             {wakes - 8, false, 10},
		"never":                   {-1, false, 10},
		"it has not heard enough": {-1, true, 1000},
	} {
		d := twice(t, &scriptedHead{settle: 25, score: always(0.5)}, 0.1)
		n := wakes - 29 // chunk of the stream at which the network is woken
		third := &scriptedHead{score: func([]openwakeword.Embedding) float32 {
			if n++; n == c.at {
				return 0.5
			}
			return 0.49
		}}
		if err := d.SetVerifier("alexa", verifierOf(third, c.chunks)); err != nil || !d.HasVerifier("alexa") {
			t.Fatal(err)
		}
		hits, asked, agreed := listen(d, pcm, 160), uint64(0), uint64(0)
		asked, agreed = d.Opinions("alexa")
		if fires := len(hits) == 1; fires != c.fires || len(hits) > 1 || asked != 1 || (agreed == 1) != c.fires {
			t.Errorf("%s: %+v, asked %d times, agreed %d times", name, hits, asked, agreed)
		}
		if third.resets == 0 {
			t.Errorf("%s: it was not told that the network was woken", name)
		}
		if err := d.SetVerifier("alexa", nil); err != nil || d.HasVerifier("alexa") {
			t.Fatal(err)
		}
		d.Reset()
		if again := listen(d, pcm, 160); len(again) != 1 || again[0].Sample != sure[0].Sample {
			t.Errorf("%s, and without it: %+v", name, again)
		}
	}
}

// TestThirdOpinionOfAWordToldFromSpeech waits for it as long as the stages of other words wait for each other.
func TestThirdOpinionOfAWordToldFromSpeech(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		agrees []int // chunks
		want   []int // that are over the cutoff when the word counts
	}{
		"in the same chunk": {[]int{40, 90}, []int{40, 90}},
		"before and after":  {[]int{36, 94}, []int{40, 90}},
		"too far":           {[]int{35, 95}, nil},
		"never":             {nil, nil},
		"only at last":      {[]int{90}, []int{90}},
	} {
		n, m := 0, 0
		word := &scriptedHead{settle: 25, score: func([]openwakeword.Embedding) float32 {
			if n++; n == 40 || n == 90 {
				return 0.75
			}
			return 0.25
		}}
		third := &scriptedHead{score: func([]openwakeword.Embedding) float32 {
			if m++; slices.Contains(c.agrees, m) {
				return 0.9
			}
			return 0.1
		}}
		d, err := detector.New(word.model(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.SetVerifier("scripted", verifierOf(third, 10)); err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, hit := range listen(d, make([]int16, 110*openwakeword.ChunkSamples), 160) {
			got = append(got, int(hit.Sample/openwakeword.ChunkSamples))
			if hit.Score != 0.75 || hit.Delay > 4*openwakeword.ChunkSamples {
				t.Errorf("%s: %+v", name, hit)
			}
		}
		asked, agreed := d.Opinions("scripted")
		if !slices.Equal(got, c.want) || asked != 2 || int(agreed) != len(c.want) {
			t.Errorf("%s: heard at %v, want %v; asked %d times, agreed %d times", name, got, c.want, asked, agreed)
		}
	}
}

// TestVerifierIsExchangedWhileItHears is for the race detector.
func TestVerifierIsExchangedWhileItHears(t *testing.T) {
	t.Parallel()
	d := twice(t, &scriptedHead{settle: 25, score: always(0.5)}, 0.1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 3 {
			listen(d, readWAV(t, "alexa"), 160)
		}
	}()
	for swaps := 0; ; swaps++ {
		select {
		case <-done:
			if asked, agreed := d.Opinions("alexa"); agreed > asked || swaps == 0 {
				t.Errorf("asked %d times, agreed %d times, %d swaps", asked, agreed, swaps)
			}
			return
		default:
		}
		v := verifierOf(&scriptedHead{score: always(1)}, 10)
		if swaps%2 == 1 {
			v = nil
		}
		if err := d.SetVerifier("alexa", v); err != nil {
			t.Fatal(err)
		}
		d.HasVerifier("alexa")
	}
}

func TestSetVerifierErrors(t *testing.T) {
	t.Parallel()
	d := newDetector(t, "alexa")
	v := verifierOf(&scriptedHead{}, 10)
	for want, err := range map[string]error{
		`set a verifier: there is no model "okay"`:                                                    d.SetVerifier("okay", v),
		`set a verifier of "alexa": it is told without speech embeddings, as no second look is taken`: d.SetVerifier("alexa", v),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if err := d.SetVerifier("alexa", nil); err != nil || d.HasVerifier("alexa") {
		t.Error(err)
	}
	if asked, agreed := d.Opinions("alexa"); asked != 0 || agreed != 0 {
		t.Error("opinions that nobody had")
	}
}

// TestThirdOpinionDoesNotAllocate hears the word asleep, in the burst and awake.
func TestThirdOpinionDoesNotAllocate(t *testing.T) {
	d := twice(t, &scriptedHead{settle: 25, score: always(0.5)}, 0.1)
	if err := d.SetVerifier("alexa", verifierOf(&scriptedHead{score: always(0.1)}, 10)); err != nil {
		t.Fatal(err)
	}
	pcm := slices.Concat(readWAV(t, "alexa"), make([]int16, 16000))
	at := 0
	n := testing.AllocsPerRun(len(pcm)/detector.FrameSamples-2, func() {
		d.Process(pcm[at:][:detector.FrameSamples])
		at += detector.FrameSamples
	})
	if asked, _ := d.Opinions("alexa"); n != 0 || asked != 1 {
		t.Errorf("a frame takes %v allocations, asked %d times", n, asked)
	}
}

// TestAround returns what a verifier hears of a recording when its word counts.
func TestAround(t *testing.T) {
	t.Parallel()
	pcm := slices.Concat(make([]int16, detector.SampleRate), readWAV(t, "alexa"), make([]int16, detector.SampleRate))
	m, err := loadModel(t, "alexa").Verified((&scriptedHead{settle: 25, score: always(0.5)}).model(t), 0.1)
	if err != nil {
		t.Fatal(err)
	}
	d := twice(t, &scriptedHead{settle: 25, score: always(0.5)}, 0.1)
	heard := map[openwakeword.Embedding]bool{}
	third := &scriptedHead{keep: true}
	third.score = func(all []openwakeword.Embedding) float32 {
		heard[all[len(all)-1]] = true
		return 1
	}
	if err := d.SetVerifier("alexa", verifierOf(third, 10)); err != nil {
		t.Fatal(err)
	}
	if hits := listen(d, pcm, 160); len(hits) != 1 {
		t.Fatalf("%+v", hits)
	}
	alexa := meter(t, m)
	scores := alexa.Measure(pcm)
	runs := alexa.Around(pcm, scores, 0.2, 0.1, 10)
	if len(runs) != 2 || len(runs[0]) < 18 {
		t.Fatalf("%d runs", len(runs))
	}
	same := 0
	for _, e := range runs[0] {
		if heard[e] {
			same++
		}
	}
	if same < 10 { // the burst's embeddings are those of the stream, bit for bit, once it has settled
		t.Errorf("%d of %d embeddings are what a verifier heard", same, len(runs[0]))
	}
	if got := alexa.Around(pcm, scores, 1.01, 0.1, 10); got != nil {
		t.Errorf("a word that would not count: %d runs", len(got))
	}
	if got := alexa.Around(pcm, scores, 0.2, 0.6, 10); got != nil {
		t.Errorf("a second look that would not agree: %d runs", len(got))
	}
	micro := meter(t, loadModel(t, "alexa"))
	if got := micro.Around(pcm, micro.Measure(pcm), 0.2, 0, 10); got != nil {
		t.Errorf("without embeddings: %d runs", len(got))
	}
}
