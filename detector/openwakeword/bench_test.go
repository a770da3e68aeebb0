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
