package audiotest

import "slices"

// sampleRate is that of our recordings.
const sampleRate = 16_000

// Command is what is said after the wake word in one of our recordings of a whole command: 2.5 s from the pause between them on.
func Command(pcm []int16) []int16 {
	loud := func(s int16) bool { return s > 300 || s < -300 }
	const pause = sampleRate / 5
	i := slices.IndexFunc(pcm, loud)
	for quiet := 0; quiet < pause; i++ {
		quiet++
		if loud(pcm[i]) {
			quiet = 0
		}
	}
	return pcm[i : i+5*sampleRate/2]
}
