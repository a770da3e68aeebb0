package audio_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"earshot/internal/audio"
)

// tone is a sine of float samples, full scale 1.
func tone(hz, rate float64, n int, amplitude float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = amplitude * math.Sin(2*math.Pi*hz/rate*float64(i))
	}
	return x
}

// f32 writes samples as f32le.
func f32(x []float64) []byte {
	var b []byte
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
	}
	return b
}

// convertAll converts raw sound to its end.
func convertAll(t testing.TB, raw []byte, cfg audio.Config) []int16 {
	t.Helper()
	c, err := audio.NewConverter(bytes.NewReader(raw), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var all []int16
	for {
		pcm, err := c.Read()
		all = append(all, pcm...)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// levelAt is the amplitude in dBFS of one frequency in samples of 16 kHz, by a Hann-windowed sum over the middle part.
func levelAt(pcm []int16, hz float64) float64 {
	pcm = pcm[len(pcm)/8 : len(pcm)*7/8]
	var re, im, sum float64
	for i, v := range pcm {
		w := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(len(pcm)))
		s, c := math.Sincos(2 * math.Pi * hz / audio.SampleRate * float64(i))
		re += w * c * float64(v) / 32768
		im += w * s * float64(v) / 32768
		sum += w
	}
	return 20 * math.Log10(2*math.Hypot(re, im)/sum+1e-12)
}

// rms is the loudness in dBFS of the middle part: of everything that is there.
func rms(pcm []int16) float64 {
	pcm = pcm[len(pcm)/8 : len(pcm)*7/8]
	var sum float64
	for _, v := range pcm {
		sum += float64(v) * float64(v) / (1 << 30)
	}
	return 10 * math.Log10(sum/float64(len(pcm))+1e-12)
}

var rates = []int{8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 96000, 384000}

func TestPassband(t *testing.T) {
	for _, rate := range rates {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			t.Parallel()
			low := float64(min(rate, audio.SampleRate))
			for _, part := range []float64{0.0125, 0.0625, 0.125, 0.25, 0.375, 0.4375} { // at 16 kHz up to 7 kHz
				hz := part * low
				pcm := convertAll(t, f32(tone(hz, float64(rate), rate/5, 0.5)), audio.Config{Rate: rate, Format: "f32le"})
				if got := len(pcm); got != audio.SampleRate/5 {
					t.Fatalf("200 ms became %d samples", got)
				}
				if gain := levelAt(pcm, hz) - 20*math.Log10(0.5); math.Abs(gain) > 0.1 {
					t.Errorf("%.0f Hz: gain %.3f dB, want 0 within 0.1", hz, gain)
				}
			}
		})
	}
}

func TestAlias(t *testing.T) {
	for _, rate := range rates {
		if rate <= audio.SampleRate {
			continue
		}
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			t.Parallel()
			worst := math.Inf(-1)
			for hz := 8050.0; hz < float64(rate)/2; hz *= 1.31 {
				pcm := convertAll(t, f32(tone(hz, float64(rate), rate/4, 0.99)), audio.Config{Rate: rate, Format: "f32le"})
				worst = max(worst, rms(pcm))
			}
			if worst > -83 { // the tone itself has -3 dBFS RMS
				t.Errorf("a full-scale tone that cannot be represented leaves %.1f dBFS, want 80 dB less than the tone", worst)
			}
			t.Logf("worst alias %.1f dBFS", worst)
		})
	}
}

// TestAlignment wants no delay: an impulse comes out where it went in.
func TestAlignment(t *testing.T) {
	for _, rate := range rates {
		x := make([]float64, rate)
		x[rate/2] = 0.5
		pcm := convertAll(t, f32(x), audio.Config{Rate: rate, Format: "f32le"})
		peak := 0
		for i, v := range pcm {
			if v > pcm[peak] {
				peak = i
			}
		}
		if want := rate / 2 * audio.SampleRate / rate; peak < want-1 || peak > want+1 {
			t.Errorf("%d Hz: an impulse at sample %d came out at %d", rate, want, peak)
		}
	}
}

func TestEncodings(t *testing.T) {
	// One sample frame of two channels each; channel 1 holds a quarter of full scale, then minus a quarter.
	tests := []struct {
		format string
		raw    []byte
	}{
		{"u8", []byte{0, 160, 0, 96}},
		{"s16le", []byte{1, 1, 0, 0x20, 1, 1, 0, 0xE0}},
		{"s24le", []byte{1, 1, 1, 0, 0, 0x20, 1, 1, 1, 0, 0, 0xE0}},
		{"s24_32le", []byte{1, 1, 1, 9, 0, 0, 0x20, 9, 1, 1, 1, 9, 0, 0, 0xE0, 9}}, // the top byte means nothing
		{"s32le", []byte{1, 1, 1, 1, 0, 0, 0, 0x20, 1, 1, 1, 1, 0, 0, 0, 0xE0}},
		{"f32le", append(f32([]float64{9, 0.25}), f32([]float64{9, -0.25})...)},
	}
	for _, tt := range tests {
		got := convertAll(t, tt.raw, audio.Config{Format: tt.format, Channels: 2, Channel: 1})
		if diff := cmp.Diff([]int16{8192, -8192}, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.format, diff)
		}
	}
}

// TestUntouched wants every sample of a microphone that delivers what we want as it was, of each channel.
func TestUntouched(t *testing.T) {
	want := [2][]int16{}
	var raw []byte
	for v := math.MinInt16; v <= math.MaxInt16; v++ {
		frame := [2]int16{int16(v), int16(-1 - v)}
		for ch, sample := range frame {
			want[ch] = append(want[ch], sample)
			raw = binary.LittleEndian.AppendUint16(raw, uint16(sample))
		}
	}
	for ch := range want {
		got := convertAll(t, raw, audio.Config{Format: "s16le", Rate: audio.SampleRate, Channels: 2, Channel: ch})
		if diff := cmp.Diff(want[ch], got); diff != "" {
			t.Errorf("channel %d: (-want +got)\n%s", ch, diff)
		}
	}
}

func TestGainAndClipping(t *testing.T) {
	raw := f32([]float64{0.25, -0.25, 0.9, -0.9, math.NaN(), math.Inf(1), math.Inf(-1), 1e30})
	got := convertAll(t, raw, audio.Config{Format: "f32le", GainDB: 20 * math.Log10(2)})
	if diff := cmp.Diff([]int16{16384, -16384, 32767, -32768, 0, 32767, -32768, 32767}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestPieces wants the same samples however the raw sound is cut, through sample frames too.
func TestPieces(t *testing.T) {
	raw := f32(tone(440, 44100, 30000, 0.5))
	cfg := audio.Config{Rate: 44100, Channels: 1, Format: "f32le"}
	want := convertAll(t, raw, cfg)
	c, err := audio.NewConverter(&pieces{raw: raw}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	var got []int16
	for err == nil {
		var pcm []int16
		pcm, err = c.Read()
		got = append(got, pcm...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// pieces gives 1, 2, 3, … bytes at a time.
type pieces struct {
	raw []byte
	n   int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.raw) == 0 {
		return 0, io.EOF
	}
	p.n = p.n%1500 + 1
	n := copy(b[:min(len(b), p.n)], p.raw)
	p.raw = p.raw[n:]
	return n, nil
}

// endless gives a sound over and over.
type endless struct {
	raw []byte
	at  int
}

func (e *endless) Read(b []byte) (int, error) {
	n := copy(b, e.raw[e.at:])
	e.at = (e.at + n) % len(e.raw)
	return n, nil
}

func TestConvertAllocatesNothing(t *testing.T) {
	for _, rate := range []int{16000, 44100, 48000} {
		c, err := audio.NewConverter(&endless{raw: f32(tone(440, float64(rate), rate, 0.5))}, audio.Config{Rate: rate, Format: "f32le"})
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() { _, _ = c.Read() }); n != 0 {
			t.Errorf("%d Hz: %v allocations a block", rate, n)
		}
	}
}

func TestConverterErrors(t *testing.T) {
	tests := []struct {
		cfg  audio.Config
		want string
	}{
		{audio.Config{Channel: 2, Channels: 2}, "there is no channel 2: the sound has 2, and the first one is 0"},
		{audio.Config{Rate: 44101}, "44101 Hz is not supported; use a usual rate from 4000 to 384000 Hz, such as 16000, 44100 or 48000"},
		{audio.Config{Rate: 24025}, "24025 Hz is not supported; use a usual rate from 4000 to 384000 Hz, such as 16000, 44100 or 48000"},
		{audio.Config{Rate: 96100}, "96100 Hz is not supported; use a usual rate from 4000 to 384000 Hz, such as 16000, 44100 or 48000"},
		{audio.Config{Rate: 3975}, "3975 Hz is not supported; use a usual rate from 4000 to 384000 Hz, such as 16000, 44100 or 48000"},
	}
	for _, tt := range tests {
		_, err := audio.NewConverter(nil, tt.cfg)
		if diff := cmp.Diff(tt.want, fmt.Sprint(err)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}

// BenchmarkConvert tells how much of one second of audio a core needs to convert it.
func BenchmarkConvert(b *testing.B) {
	for _, bb := range []struct {
		name string
		cfg  audio.Config
	}{
		{"16000s16mono", audio.Config{}},
		{"44100s16stereo", audio.Config{Rate: 44100, Channels: 2}},
		{"48000s32stereo", audio.Config{Rate: 48000, Channels: 2, Format: "s32le"}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			c, err := audio.NewConverter(&endless{raw: make([]byte, 1<<20)}, bb.cfg)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			samples := 0
			for b.Loop() {
				pcm, err := c.Read()
				if err != nil {
					b.Fatal(err)
				}
				samples += len(pcm)
			}
			b.ReportMetric(100*b.Elapsed().Seconds()/(float64(samples)/audio.SampleRate), "%core")
		})
	}
}
