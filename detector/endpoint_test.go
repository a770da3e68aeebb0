package detector_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"earshot/detector"
	"earshot/detector/silero"
)

const endpointChunk = 512 // samples the voice-activity detector gets at a time

// scriptedVAD says what it is told to, chunk by chunk, and then silence.
type scriptedVAD struct {
	script []float32
	next   int
	resets int
}

func (v *scriptedVAD) Process(chunk []int16) float32 {
	if len(chunk) != endpointChunk {
		return float32(math.NaN())
	}
	v.next++
	if v.next > len(v.script) {
		return 0
	}
	return v.script[v.next-1]
}

func (v *scriptedVAD) Reset() { v.next, v.resets = 0, v.resets+1 }

// run is one probability for a number of chunks.
type run struct {
	p float32
	n int
}

func script(runs []run) (all []float32) {
	for _, r := range runs {
		all = append(all, slices.Repeat([]float32{r.p}, r.n)...)
	}
	return all
}

func TestEndpointerRules(t *testing.T) {
	t.Parallel()
	ms := time.Millisecond
	tests := []struct {
		name  string
		cfg   detector.EndpointConfig
		runs  []run
		start int // chunk with which Speaking begins; 0 = never
		final int // chunk with which the final state begins; 0 = never
		state detector.EndpointState
		end   int // SpeechEnd in chunks
	}{
		{"silence", detector.EndpointConfig{}, []run{{0, 200}}, 0, 157, detector.NoSpeech, 0},
		{"0.3 s of speech is a command", detector.EndpointConfig{}, []run{{1, 10}, {0, 60}}, 10, 32, detector.Ended, 10},
		{"less is none", detector.EndpointConfig{}, []run{{1, 9}, {0, 200}}, 0, 157, detector.NoSpeech, 0},
		{"pieces within a second count together", detector.EndpointConfig{},
			[]run{{1, 5}, {0, 31}, {1, 5}, {0, 60}}, 41, 63, detector.Ended, 41},
		{"after a second of silence they do not", detector.EndpointConfig{},
			[]run{{1, 5}, {0, 32}, {1, 9}, {0, 200}}, 0, 157, detector.NoSpeech, 0},
		{"exactly the threshold is silence", detector.EndpointConfig{}, []run{{0.2, 200}}, 0, 157, detector.NoSpeech, 0},
		{"what began a command does not prolong it", detector.EndpointConfig{}, []run{{0.3, 60}}, 10, 32, detector.Ended, 10},
		{"exactly the second threshold is silence", detector.EndpointConfig{},
			[]run{{0.6, 20}, {0.5, 60}}, 10, 42, detector.Ended, 20},
		{"pauses add up", detector.EndpointConfig{},
			[]run{{1, 20}, {0, 11}, {1, 20}, {0, 60}}, 10, 62, detector.Ended, 51},
		{"a second of speech forgets the pauses", detector.EndpointConfig{},
			[]run{{1, 20}, {0, 11}, {1, 32}, {0, 60}}, 10, 85, detector.Ended, 63},
		{"no command is shorter than the minimum", detector.EndpointConfig{Silence: 100 * ms},
			[]run{{1, 10}, {0, 60}}, 10, 32, detector.Ended, 10},
		{"a longer one ends sooner", detector.EndpointConfig{Silence: 100 * ms},
			[]run{{1, 40}, {0, 60}}, 10, 44, detector.Ended, 40},
		{"endless speech", detector.EndpointConfig{}, []run{{1, 600}}, 10, 469, detector.TooLong, 468},
		{"late speech is waited for", detector.EndpointConfig{},
			[]run{{0, 150}, {1, 30}, {0, 60}}, 160, 202, detector.Ended, 180},
		{"a late click is not", detector.EndpointConfig{}, []run{{0, 155}, {1, 4}, {0, 60}}, 0, 160, detector.NoSpeech, 0},
		{"nothing until the maximum", detector.EndpointConfig{NoSpeech: time.Minute},
			[]run{{0, 600}}, 0, 469, detector.NoSpeech, 0},
		{"own limits", detector.EndpointConfig{Speech: 64 * ms, Silence: 96 * ms, Minimum: 64 * ms, NoSpeech: 320 * ms, Before: 0.8, Within: 0.9},
			[]run{{0.8, 5}, {0.85, 2}, {0.95, 1}, {0.9, 9}}, 7, 11, detector.Ended, 8},
		{"own maximum", detector.EndpointConfig{Maximum: 640 * ms}, []run{{1, 60}}, 10, 20, detector.TooLong, 19},
		{"still speaking", detector.EndpointConfig{}, []run{{1, 60}}, 10, 0, detector.Speaking, 60},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			all := script(tt.runs)
			e := detector.NewEndpointer(&scriptedVAD{script: all}, tt.cfg)
			silence := make([]int16, endpointChunk)
			start, final := 0, 0
			for i := range all {
				state := e.Process(silence)
				if state == detector.Speaking && start == 0 {
					start = i + 1
				}
				if state > detector.Speaking && final == 0 {
					final = i + 1
				}
			}
			if start != tt.start || final != tt.final {
				t.Errorf("begins with chunk %d and ends with chunk %d, want %d and %d", start, final, tt.start, tt.final)
			}
			if state := e.Process(nil); state != tt.state {
				t.Errorf("state %q, want %q", state, tt.state)
			}
			if end := e.SpeechEnd(); end != int64(tt.end)*endpointChunk {
				t.Errorf("speech ends at sample %d, want %d", end, tt.end*endpointChunk)
			}
		})
	}
}

// The pieces in which audio arrives make no difference to what comes out, beyond the piece it comes out with.
func TestEndpointerAnyLength(t *testing.T) {
	t.Parallel()
	all := script([]run{{0, 7}, {1, 30}, {0, 60}})
	for _, size := range []int{1, 160, 511, 512, 513, 20000} {
		e := detector.NewEndpointer(&scriptedVAD{script: all}, detector.EndpointConfig{})
		pcm, took := make([]int16, size), 0
		for e.Process(pcm) != detector.Ended {
			if took += size; took > 100*endpointChunk {
				t.Fatalf("pieces of %d: no end", size)
			}
		}
		took += size
		if want := (7 + 30 + 22) * endpointChunk; took < want || took-want >= size {
			t.Errorf("pieces of %d: ended after %d samples, want the first piece that reaches %d", size, took, want)
		}
		if e.SpeechEnd() != 37*endpointChunk {
			t.Errorf("pieces of %d: speech ends at %d", size, e.SpeechEnd())
		}
	}
}

func TestEndpointerReset(t *testing.T) {
	t.Parallel()
	vad := &scriptedVAD{script: script([]run{{1, 20}, {0, 22}, {1, 100}})}
	e := detector.NewEndpointer(vad, detector.EndpointConfig{})
	if vad.resets != 1 {
		t.Errorf("%d resets of the detector by New, want 1", vad.resets)
	}
	for round := range 2 {
		if state := e.Process(make([]int16, 42*endpointChunk)); state != detector.Ended {
			t.Fatalf("round %d: state %q", round, state)
		}
		if state := e.Process(make([]int16, 50*endpointChunk+1)); state != detector.Ended || vad.next != 42 {
			t.Errorf("round %d: a final state became %q, %d chunks were looked at", round, state, vad.next)
		}
		e.Reset()
		if state := e.Process(make([]int16, endpointChunk-1)); state != detector.Waiting || e.SpeechEnd() != 0 || vad.next != 0 {
			t.Errorf("round %d: after Reset: state %q, end %d, %d chunks", round, state, e.SpeechEnd(), vad.next)
		}
		e.Reset()
	}
}

func TestEndpointerDoesNotAllocate(t *testing.T) {
	e := detector.NewEndpointer(&scriptedVAD{}, detector.EndpointConfig{NoSpeech: time.Hour, Maximum: time.Hour})
	frame := make([]int16, detector.FrameSamples)
	if n := testing.AllocsPerRun(1000, func() { e.Process(frame) }); n != 0 {
		t.Errorf("%v allocations per frame", n)
	}
}

func TestEndpointStateString(t *testing.T) {
	t.Parallel()
	want := []string{"waiting", "speaking", "ended", "no speech", "too long", "unknown"}
	for i, w := range want {
		if got := detector.EndpointState(i).String(); got != w {
			t.Errorf("state %d is %q, want %q", i, got, w)
		}
	}
}

// endpointClips says where pymicro_wakeword 2.5.0 hears the wake word in our recordings: the first sample after the frame that fired.
var endpointClips = map[string]int{
	"alexa_light_on.wav":             43520,
	"hey_jarvis_light_on.wav":        46400,
	"hey_mycroft_light_on.wav":       42080,
	"okay_nabu_delete_just_said.wav": 44960,
	"okay_nabu_delete_today.wav":     45440,
	"okay_nabu_delete_week.wav":      44960,
	"okay_nabu_light_off.wav":        44480,
	"okay_nabu_light_on.wav":         45440,
	"okay_nabu_not_for_you.wav":      44960,
	"okay_nabu_silence.wav":          44480,
	"okay_nabu_time.wav":             44480,
}

func sileroModel(t testing.TB) *silero.Model {
	t.Helper()
	dir := os.Getenv("EARSHOT_MODELS")
	if dir == "" {
		dir = filepath.Join("..", "models")
	}
	m, err := silero.Load(filepath.Join(dir, "silero_vad_16k_op15.onnx"))
	if err != nil {
		t.Fatalf("run make models: %v", err)
	}
	return m
}

// endpointClip reads one of our recordings: 16 kHz mono s16 behind the shortest possible header.
func endpointClip(t testing.TB, name string) []int16 {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "audio", name))
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, 0, len(data)/2)
	for i := 44; i+1 < len(data); i += 2 {
		pcm = append(pcm, int16(uint16(data[i])|uint16(data[i+1])<<8))
	}
	return pcm
}

// lastSound returns the end of the last 10 ms that are clearly louder than the recordings' noise floor of 10 RMS.
func lastSound(pcm []int16) int {
	for end := len(pcm); end >= detector.FrameSamples; end -= detector.FrameSamples {
		sum := 0.0
		for _, v := range pcm[end-detector.FrameSamples : end] {
			sum += float64(v) * float64(v)
		}
		if sum > 60*60*detector.FrameSamples {
			return end
		}
	}
	return 0
}

// endpoint feeds frames until a final state, and returns it with how many samples it took.
func endpoint(e *detector.Endpointer, pcm []int16) (detector.EndpointState, int) {
	state, i := detector.Waiting, 0
	for ; i+detector.FrameSamples <= len(pcm) && state <= detector.Speaking; i += detector.FrameSamples {
		state = e.Process(pcm[i : i+detector.FrameSamples])
	}
	return state, i
}

func TestEndpointerOnRecordings(t *testing.T) {
	t.Parallel()
	model := sileroModel(t)
	var delays []time.Duration
	for name, wake := range endpointClips {
		if name == "okay_nabu_silence.wav" {
			continue
		}
		pcm := endpointClip(t, name)[wake:]
		e := detector.NewEndpointer(model.NewStream(), detector.EndpointConfig{})
		state, took := endpoint(e, pcm)
		if state != detector.Ended {
			t.Errorf("%s: state %q", name, state)
			continue
		}
		last := lastSound(pcm)
		delay := time.Duration(took-last) * time.Second / detector.SampleRate
		if delay < 500*time.Millisecond || delay > 900*time.Millisecond {
			t.Errorf("%s: ended %v after the last sound", name, delay)
		}
		if off := e.SpeechEnd() - int64(last); off < -detector.SampleRate/10 || off > detector.SampleRate/4 {
			t.Errorf("%s: speech ends %d samples after the last sound", name, off)
		}
		delays = append(delays, delay)
		t.Logf("%-32s ended %v after the last sound", name, delay)
	}
	slices.Sort(delays)
	if len(delays) == 0 {
		t.Fatal("no recording ended")
	}
	median := delays[len(delays)/2]
	if t.Logf("median %v", median); median > 800*time.Millisecond {
		t.Errorf("median delay %v, want at most 800 ms", median)
	}
}

// The last sounds of the wake word are no command, even when the detector fires 100 ms sooner or the network has heard the
// whole word.
func TestEndpointerAfterWakeWordAlone(t *testing.T) {
	t.Parallel()
	model := sileroModel(t)
	pcm, wake := endpointClip(t, "okay_nabu_silence.wav"), endpointClips["okay_nabu_silence.wav"]
	for _, early := range []int{0, detector.SampleRate / 20, detector.SampleRate / 10} {
		for _, warm := range []bool{false, true} {
			from := wake - early
			after := append(slices.Clone(pcm[from:]), make([]int16, 3*detector.SampleRate)...)
			vad := &warmVAD{Stream: model.NewStream()}
			if warm {
				vad.before = pcm[from%endpointChunk : from]
			}
			state, took := endpoint(detector.NewEndpointer(vad, detector.EndpointConfig{}), after)
			if state != detector.NoSpeech {
				t.Errorf("%d samples early, warm %v: state %q after %d samples", early, warm, state, took)
			}
			if limit := 5 * detector.SampleRate; took < limit || took > limit+endpointChunk {
				t.Errorf("%d samples early, warm %v: took %d samples", early, warm, took)
			}
		}
	}
}

// warmVAD is a stream that has heard what came before each Reset.
type warmVAD struct {
	*silero.Stream
	before []int16
}

func (v *warmVAD) Reset() {
	v.Stream.Reset()
	for i := 0; i < len(v.before); i += endpointChunk {
		v.Stream.Process(v.before[i : i+endpointChunk])
	}
}
