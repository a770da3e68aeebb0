package audio

import (
	"os"
	"testing"
	"time"

	"earshot/internal/audio/audiotest"
)

// speech is frames of a voice of ours and of silence.
func speech(tb testing.TB) (frames []Frame) {
	f, err := os.Open("../../testdata/audio/okay_nabu_delete_week.wav")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	pcm, err := ReadWAV(f)
	if err != nil {
		tb.Fatal(err)
	}
	for ; len(pcm) >= FrameSamples; pcm = pcm[FrameSamples:] {
		var frame Frame
		copy(frame.PCM[:], pcm)
		frames = append(frames, frame)
	}
	return frames
}

func BenchmarkJudge(b *testing.B) {
	frames := speech(b)
	var j judge
	j.begin(&source{format: pcmFormat{rate: SampleRate, channels: 1}}, 0)
	now := time.Now()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		j.add(&frames[i%len(frames)].PCM, true, 1)
		if j.due() {
			j.review(now)
		}
	}
}

func BenchmarkChannels(b *testing.B) {
	var m channelMeter
	var j judge
	f := pcmFormat{encoding: s32le, rate: 48000, channels: 2}
	raw := make([]byte, f.bytesFor(10))
	b.ReportAllocs()
	for b.Loop() {
		if m.add(f, raw) {
			j.compare(m.power[:f.channels])
		}
	}
}

// A device that becomes narrow is found out after some minutes of sound, and one that becomes wide at once.
func TestJudgeForgets(t *testing.T) {
	wide := speech(t)
	var pcm []int16
	for _, f := range wide {
		pcm = append(pcm, f.PCM[:]...)
	}
	thin := make([]Frame, len(wide))
	for i, pcm := 0, audiotest.LowPass(pcm, 3200); i < len(thin); i++ {
		copy(thin[i].PCM[:], pcm[i*FrameSamples:])
	}
	var j judge
	j.begin(&source{format: pcmFormat{rate: SampleRate, channels: 1}}, 0)
	until := func(frames []Frame, narrow bool) (sound float64) {
		for n := range 1000 * len(frames) {
			f := &frames[n%len(frames)]
			j.add(&f.PCM, true, 1)
			if _, _, edges, flat, _ := look(&f.PCM, 1); !flat && edges > soundOver*j.floor {
				sound++
			}
			if j.due() {
				j.review(time.Now())
			}
			if len(j.findings) > 0 == narrow {
				return sound / framesPerSecond
			}
		}
		t.Fatalf("narrow %t was never seen", narrow)
		return 0
	}
	for n := range 20 * len(wide) {
		j.add(&wide[n%len(wide)].PCM, true, 1)
	}
	if s := until(thin, true); s < 60 || s > 600 {
		t.Errorf("narrow after %.0f s of sound", s)
	}
	if s := until(wide, false); s > 10 {
		t.Errorf("wide after %.0f s of sound", s)
	}
}

// Judging allocates nothing, whether there is sound or not.
func TestJudgeAllocates(t *testing.T) {
	frames := speech(t)
	var j judge
	var m channelMeter
	f := pcmFormat{encoding: s16le, rate: 48000, channels: 2}
	raw := make([]byte, f.bytesFor(10))
	j.begin(&source{format: f}, 0)
	now, i := time.Now(), 0
	if n := testing.AllocsPerRun(len(frames), func() {
		j.add(&frames[i%len(frames)].PCM, true, 1)
		if m.add(f, raw) {
			j.compare(m.power[:2])
		}
		if j.due() {
			j.review(now)
		}
		i++
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}
