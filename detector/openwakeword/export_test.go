package openwakeword

// Spectrogram is that of a stream after silence, in the groups of the chunks that it fills.
func Spectrogram(pcm []int16) (cells []float32) {
	m := newMel()
	pcm = append(make([]int16, contextSamples), pcm...)
	for ; len(pcm) >= contextSamples+ChunkSamples; pcm = pcm[ChunkSamples:] {
		for _, frame := range m.group(pcm[:groupSamples]) {
			cells = append(cells, frame[:]...)
		}
	}
	return cells
}
