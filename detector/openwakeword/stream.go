package openwakeword

// contextSamples are how much a chunk's first frame reaches back.
const contextSamples = 480

// Stream turns one stream of audio into embeddings, one for each 80 ms. It must not be used by two goroutines at once.
//
// A chunk of the stream gives 8 frames of the spectrogram; each embedding ends with the last of them. That is how openWakeWord itself does it,
// with silence for what was before the stream; pyopen-wakeword is half a block and 480 samples later.
type Stream struct {
	mel     *mel
	forward *forward
	audio   [contextSamples + ChunkSamples]int16
	filled  int
	out     Embedding
}

// NewStream returns a stream that begins after silence.
func (n *Network) NewStream() *Stream {
	s := &Stream{mel: newMel(), forward: newForward(n)}
	s.Reset()
	return s
}

// Reset begins a new stream, after silence.
func (s *Stream) Reset() { s.ResetAfter(nil) }

// ResetAfter begins a new stream at the end of some audio, of which the last 480 samples matter. What the network keeps is that of silence: only
// after 10 chunks do embeddings equal those of a stream that has heard all that was before, and they do so bit for bit.
func (s *Stream) ResetAfter(past []int16) {
	past = past[max(0, len(past)-contextSamples):]
	clear(s.audio[:contextSamples])
	copy(s.audio[contextSamples-len(past):], past)
	s.filled = contextSamples
	s.forward.reset()
}

// Process takes the next samples of the stream, any number of them, and calls each with the embedding of every chunk that they complete. The
// embedding is valid until each returns. It does not allocate.
func (s *Stream) Process(pcm []int16, each func(*Embedding)) {
	for len(pcm) > 0 {
		n := copy(s.audio[s.filled:], pcm)
		s.filled, pcm = s.filled+n, pcm[n:]
		if s.filled < len(s.audio) {
			return
		}
		cells := s.mel.group(s.audio[:groupSamples])
		for i := range cells {
			s.forward.put(i, &cells[i])
		}
		s.forward.block(&s.out)
		copy(s.audio[:], s.audio[ChunkSamples:])
		s.filled = contextSamples
		each(&s.out)
	}
}
