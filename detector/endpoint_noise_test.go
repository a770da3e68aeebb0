package detector_test

import (
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"earshot/detector"
)

// talk is people talking in the background for as long as is asked: voices that begin one after the other and go on for ever.
func talk(voices [][]int16, samples int) []float64 {
	mix := make([]float64, samples)
	for i, voice := range voices {
		for at := range mix {
			mix[at] += float64(voice[(at+i*detector.SampleRate*7/5)%len(voice)])
		}
	}
	return mix
}

// loud returns the part of a recording that is speech: from its first to its last loud 10 ms, without the pauses in between.
func loud(pcm []int16) []int16 {
	var speech []int16
	for frame := range slices.Chunk(pcm, detector.FrameSamples) {
		if lastSound(frame) > 0 {
			speech = append(speech, frame...)
		}
	}
	return speech
}

// rms is how loud samples are.
func rms[T int16 | float64](pcm []T) float64 {
	sum := 0.0
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(max(1, len(pcm))))
}

// noisy mixes background into a recording and its silence afterwards, so that its speech is louder by a number of dB.
func noisy(pcm []int16, background []float64, dB float64) []int16 {
	gain := rms(loud(pcm)) / rms(background) / math.Pow(10, dB/20)
	mixed := make([]int16, len(background))
	for i, v := range background {
		v *= gain
		if i < len(pcm) {
			v += float64(pcm[i])
		}
		mixed[i] = int16(min(max(math.Round(v), math.MinInt16), math.MaxInt16))
	}
	return mixed
}

// crowd is everybody but the one who speaks, without their pauses.
func crowd(t *testing.T, except string) [][]int16 {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "wav", "speech.wav"))
	if err != nil {
		t.Fatal(err)
	}
	reader := make([]int16, 0, len(data)/2)
	for i := 44; i+1 < len(data); i += 2 {
		reader = append(reader, int16(uint16(data[i])|uint16(data[i+1])<<8))
	}
	voices := [][]int16{loud(reader)}
	for _, name := range slices.Sorted(maps.Keys(endpointClips)) {
		if name != except {
			voices = append(voices, loud(endpointClip(t, name)))
		}
	}
	return voices
}

// TestEndpointerInTalk: people who talk in the background, 15 dB below the one who speaks, neither keep a command open nor cut it.
func TestEndpointerInTalk(t *testing.T) {
	t.Parallel()
	const below = 15 // dB
	model := sileroModel(t)
	for _, voices := range []int{1, 3, 11} {
		var delays []time.Duration
		for name, wake := range endpointClips {
			if name == "okay_nabu_silence.wav" {
				continue
			}
			command := endpointClip(t, name)[wake:]
			mixed := noisy(command, talk(crowd(t, name)[:voices], 16*detector.SampleRate), below)
			state, took := endpoint(detector.NewEndpointer(model.NewStream(), detector.EndpointConfig{}), mixed)
			delay := time.Duration(took-lastSound(command)) * time.Second / detector.SampleRate
			if state != detector.Ended || delay < 400*time.Millisecond {
				t.Errorf("%s, %d voices: %v %v after the last word", name, voices, state, delay)
			}
			delays = append(delays, delay)
		}
		slices.Sort(delays)
		t.Logf("%d voices: median %v after the last word, longest %v", voices, delays[len(delays)/2], delays[len(delays)-1])
	}
}

// TestEndpointerFallingVoice: somebody whose voice falls by 9 dB until the end of the command is no talk in the background.
func TestEndpointerFallingVoice(t *testing.T) {
	t.Parallel()
	model := sileroModel(t)
	for name, wake := range endpointClips {
		if name == "okay_nabu_silence.wav" {
			continue
		}
		command := endpointClip(t, name)[wake:]
		last := lastSound(command)
		for i, v := range command {
			command[i] = int16(float64(v) * math.Pow(10, -9*min(1, float64(i)/float64(last))/20))
		}
		state, took := endpoint(detector.NewEndpointer(model.NewStream(), detector.EndpointConfig{}), command)
		if delay := time.Duration(took-last) * time.Second / detector.SampleRate; state != detector.Ended || delay < 400*time.Millisecond {
			t.Errorf("%s: %v %v after the last word", name, state, delay)
		}
	}
}
