package bridge

import "earshot/internal/audio"

// preRoll is how much audio before the wake instant goes into a recording: the wake word itself, so that people can hear why it woke.
const preRoll = 2 * audio.SampleRate

// ring keeps the newest preRoll samples.
type ring struct {
	pcm  [preRoll]int16
	next int
	full bool
}

// push adds a frame. A frame's length divides the ring's, so that a frame never wraps.
func (r *ring) push(pcm *[audio.FrameSamples]int16) {
	copy(r.pcm[r.next:], pcm[:])
	r.next += audio.FrameSamples
	if r.next == preRoll {
		r.next, r.full = 0, true
	}
}

// appendTo adds what the ring holds to a recording, oldest first.
func (r *ring) appendTo(pcm []int16) []int16 {
	if r.full {
		pcm = append(pcm, r.pcm[r.next:]...)
	}
	return append(pcm, r.pcm[:r.next]...)
}

// held is how many samples it holds.
func (r *ring) held() int {
	if r.full {
		return preRoll
	}
	return r.next
}

func (r *ring) clear() { r.next, r.full = 0, false }
