package openwakeword_test

import (
	"testing"

	"earshot/detector/openwakeword"
)

// BenchmarkStream takes one chunk of 80 ms.
func BenchmarkStream(b *testing.B) {
	s := network(b).NewStream()
	pcm := readWAV(b, "speech")
	b.ReportAllocs()
	at := 0
	for b.Loop() {
		s.Process(pcm[at:][:openwakeword.ChunkSamples], func(*openwakeword.Embedding) {})
		if at += openwakeword.ChunkSamples; at+openwakeword.ChunkSamples > len(pcm) {
			at = 0
		}
	}
}

// BenchmarkSecondLook takes what a word that is looked at twice costs: 2.32 s of audio after a reset, and the head's scores.
func BenchmarkSecondLook(b *testing.B) {
	n := network(b)
	s, scorer := n.NewStream(), head(b, "alexa").NewScorer(n)
	pcm := readWAV(b, "alexa")[:480+29*openwakeword.ChunkSamples]
	each := func(e *openwakeword.Embedding) { scorer.Put(e) }
	b.ReportAllocs()
	for b.Loop() {
		scorer.Reset()
		s.ResetAfter(pcm[:480])
		s.Process(pcm[480:], each)
	}
}

// BenchmarkHead takes one score of the largest kind of model, 128 units, and of the smallest, 32.
func BenchmarkHead(b *testing.B) {
	n := network(b)
	silence := n.Silence()
	for _, name := range []string{"alexa", "okay_nabu"} {
		scorer := head(b, name).NewScorer(n)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				scorer.Put(&silence)
			}
		})
	}
}

func head(b *testing.B, name string) *openwakeword.Head {
	b.Helper()
	h, err := openwakeword.LoadHead(headPath(b, name, readVectors(b).Models[name]))
	if err != nil {
		b.Fatal(err)
	}
	return h
}
