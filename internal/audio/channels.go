package audio

import "math"

// When a channel is called silent. Pieces are of 20 ms.
const (
	piecesPerSecond = 50
	channelStep     = 16         // a level needs no more than every sixteenth sample
	carries         = 3e-6       // -55 dBFS: another channel carries sound
	silentUnder     = 3e-7       // -65 dBFS, and
	silentRatio     = 1.0 / 3000 // 35 dB below the other channel: less than what leaks from one wire to the next
	silentMemory    = 30 * piecesPerSecond
	silentAfter     = 3 * piecesPerSecond
	silentBegins    = 0.95
	silentEnds      = 0.5
)

// channelMeter measures the power of every channel of raw sound, in pieces of 20 ms.
type channelMeter struct {
	sum, squares [maxChannels]float32
	power        [maxChannels]float64 // mean squares of the last whole piece without its offset; full scale is 1
	n            int                  // samples in sum
	skip         int                  // sample frames until the next one that is looked at
}

// add takes whole sample frames and tells whether power is new. Of a single channel nothing is measured.
func (m *channelMeter) add(f pcmFormat, raw []byte) (ready bool) {
	if f.channels < 2 || f.channels > maxChannels {
		return false
	}
	step, size := f.frameBytes(), f.encoding.bytes()
	frames := len(raw) / step
	at := m.skip
	for ; at < frames; at += channelStep {
		frame := raw[at*step : (at+1)*step]
		for ch := range f.channels {
			v := f.encoding.sample(frame[ch*size : (ch+1)*size])
			m.sum[ch] += v
			m.squares[ch] += v * v
		}
		m.n++
	}
	m.skip = at - frames
	if m.n*channelStep < f.rate/piecesPerSecond {
		return false
	}
	for ch := range f.channels {
		mean := m.sum[ch] / float32(m.n)
		m.power[ch] = float64(max(0, m.squares[ch]/float32(m.n)-mean*mean))
	}
	m.sum, m.squares, m.n = [maxChannels]float32{}, [maxChannels]float32{}, 0
	return true
}

// compare looks whether the chosen channel is silent while another one carries sound. powers has one for each channel, before amplification.
func (j *judge) compare(powers []float64) {
	best := 0.0
	for ch, p := range powers {
		if ch == j.channel {
			continue
		}
		best = max(best, p)
		j.power[ch] += (p - j.power[ch]) / silentMemory
		if j.better == j.channel || j.power[ch] > j.power[j.better] {
			j.better = ch
		}
	}
	if best > carries {
		chosen := powers[j.channel]
		j.silent.add(chosen < silentUnder && chosen < best*silentRatio, silentMemory)
	}
}

// decibels is a power in dBFS.
func decibels(power float64) float64 { return max(silenceDBFS, 10*math.Log10(power)) }
