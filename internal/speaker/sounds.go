package speaker

import "math"

// soundRate is the rate of the feedback sounds in Hz, which nearly every sound card has.
const soundRate = 48000

// soundPeak is the loudest sample of a feedback sound: -20 dBFS.
const soundPeak = 32768 / 10

// note is one sine tone.
type note struct {
	hz     float64
	at     float64 // seconds after the beginning of the sound
	length float64 // seconds
}

// notes are the tones of the feedback sounds.
//
//   - listening rises by a fourth, like a question: E5, A5;
//   - done falls back by a fourth, like a full stop: A5, E5;
//   - error is low, twice the same: A3, A3, each with its fifth.
func notes(name string) []note {
	switch name {
	case "listening":
		return []note{{659.26, 0, 0.10}, {880, 0.07, 0.13}}
	case "done":
		return []note{{880, 0, 0.10}, {659.26, 0.07, 0.13}}
	case "error":
		return []note{{220, 0, 0.14}, {329.63, 0, 0.14}, {220, 0.17, 0.18}, {329.63, 0.17, 0.18}}
	default:
		return nil
	}
}

// Sound makes a feedback sound: "listening" (0.20 s), "done" (0.20 s) or "error" (0.35 s), of one channel, with a peak of -20 dBFS.
// rate is in Hz. Another name gives no samples.
func Sound(name string) (pcm []int16, rate int) {
	end := 0.0
	for _, n := range notes(name) {
		end = max(end, n.at+n.length)
	}
	wave := make([]float64, int(math.Round(end*soundRate)))
	for _, n := range notes(name) {
		n.add(wave)
	}
	peak := 1e-9
	for _, v := range wave {
		peak = max(peak, math.Abs(v))
	}
	pcm = make([]int16, len(wave))
	for i, v := range wave {
		pcm[i] = int16(math.Round(v / peak * soundPeak))
	}
	return pcm, soundRate
}

// attack is how long a tone takes to become loud, in seconds: short enough for a clear beginning, long enough not to click.
const attack = 0.008

// add adds the tone, which becomes loud and then quiet along halves of a cosine.
func (n note) add(wave []float64) {
	first := int(n.at * soundRate)
	for i := first; i < min(len(wave), first+int(n.length*soundRate)); i++ {
		t := float64(i-first) / soundRate
		level := (1 + math.Cos(math.Pi*(t-attack)/(n.length-attack))) / 2
		if t < attack {
			level = (1 - math.Cos(math.Pi*t/attack)) / 2
		}
		wave[i] += level * math.Sin(2*math.Pi*n.hz*t)
	}
}
