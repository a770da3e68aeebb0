package speaker_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"earshot/internal/audio/audiotest"
	"earshot/internal/speaker"
)

func TestDecodeWAV(t *testing.T) {
	t.Parallel()
	floats := binary.LittleEndian.AppendUint32(nil, math.Float32bits(0.5))
	floats = binary.LittleEndian.AppendUint32(floats, math.Float32bits(float32(math.NaN())))
	floats = binary.LittleEndian.AppendUint32(floats, math.Float32bits(-7))
	extensible := append([]byte("RIFF\x00\x00\x00\x00WAVEfmt \x28\x00\x00\x00\xfe\xff\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00\x16\x00\x10\x00\x04\x00\x00\x00\x01\x00"),
		"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71data\x02\x00\x00\x00\x05\x00"...)
	for name, c := range map[string]struct {
		wav      []byte
		db       float64
		want     []int16
		channels int
	}{
		"8 bits":        {wavOf(1, 1, 8000, 8, []byte{0, 128, 255}, -1), 0, []int16{-32768, 0, 32512}, 1},
		"16 bits":       {wav16([]int16{1, -2, 32767, -32768}, 8000, 2), 0, []int16{1, -2, 32767, -32768}, 2},
		"24 bits":       {wavOf(1, 1, 8000, 24, []byte{0, 1, 0, 0, 0, 0x80}, -1), 0, []int16{1, -32768}, 1},
		"32 bits":       {wavOf(1, 1, 8000, 32, []byte{0, 0, 1, 0, 0, 0, 0, 0x80}, -1), 0, []int16{1, -32768}, 1},
		"float":         {wavOf(3, 1, 8000, 32, floats, -1), 0, []int16{16384, 0, -32768}, 1},
		"extensible":    {extensible, 0, []int16{5}, 1},
		"size 0":        {wavOf(1, 1, 8000, 16, []byte{1, 0, 2, 0}, 0), 0, []int16{1, 2}, 1},
		"endless":       {wavOf(1, 1, 8000, 16, []byte{1, 0, 2, 0}, 0xFFFFFFFF), 0, []int16{1, 2}, 1},
		"cut":           {wavOf(1, 2, 8000, 16, []byte{1, 0, 2, 0, 3, 0}, 80), 0, []int16{1, 2}, 2},
		"chunk follows": {append(wav16([]int16{7}, 8000, 1), "LIST\x00\x00\x00\x00"...), 0, []int16{7}, 1},
		"quieter":       {wav16([]int16{1000, -2000}, 8000, 1), -6, []int16{501, -1002}, 1},
		"too loud":      {wav16([]int16{1000, -20000, 20000}, 8000, 1), 20, []int16{10000, -32768, 32767}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			got, rate, channels, err := speaker.Decode(iotest.OneByteReader(bytes.NewReader(c.wav)), "", c.db)
			if err != nil || rate != 8000 || channels != c.channels {
				t.Fatalf("%d Hz, %d channels, %v", rate, channels, err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeMP3(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file string
		rate int
		junk string
	}{
		{"mono16.mp3", 16000, ""},
		{"stereo44.mp3", 44100, ""},
		{"mono16.mp3", 16000, "ID3\x04\x00\x10\x00\x00\x00\x02ab0123456789"}, // a tag with a footer
		{"mono16.mp3", 16000, "some junk at the beginning"},
	} {
		data, err := os.ReadFile("testdata/" + c.file)
		if err != nil {
			t.Fatal(err)
		}
		got, rate, channels, err := speaker.Decode(strings.NewReader(c.junk+string(data)), "audio/mpeg", 0)
		if err != nil || rate != c.rate || channels != 2 {
			t.Fatalf("%s: %d Hz, %d channels, %v", c.file, rate, channels, err)
		}
		for ch := range 2 {
			mono := make([]int16, len(got)/2)
			for i := range mono {
				mono[i] = got[2*i+ch]
			}
			if r, _ := audiotest.Correlate(chirp(rate, 0.9), mono); r < 0.99 {
				t.Errorf("%s after %q: channel %d correlates by %.4f", c.file, c.junk, ch, r)
			}
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	t.Parallel()
	mp3, err := os.ReadFile("testdata/mono16.mp3")
	if err != nil {
		t.Fatal(err)
	}
	fail := func(data []byte) io.Reader {
		return io.MultiReader(bytes.NewReader(data), iotest.ErrReader(errors.New("line cut")))
	}
	whole := wav16(chirp(8000, 1), 8000, 1)
	for name, c := range map[string]struct {
		r    io.Reader
		kind string
		want string
	}{
		"empty":            {strings.NewReader(""), "audio/wav", "read sound: it is empty"},
		"text":             {strings.NewReader("<html>not found</html>"), "text/html; charset=utf-8", `read sound: only WAV and MP3 can be played, not "text/html"`},
		"unknown":          {strings.NewReader("OggS and more of it"), "", "read sound: only WAV and MP3 can be played"},
		"aac":              {strings.NewReader("\xff\xf1 and more of it"), "audio/aac", `read sound: only WAV and MP3 can be played, not "audio/aac"`},
		"WAV head":         {bytes.NewReader(whole[:30]), "", "read sound: the WAV file ends before its sound"},
		"WAV no format":    {strings.NewReader("RIFF\x00\x00\x00\x00WAVEdata\x02\x00\x00\x00\x00\x00"), "", "read sound: the WAV file has no format before its sound"},
		"WAV short format": {strings.NewReader("RIFF\x00\x00\x00\x00WAVEfmt \x02\x00\x00\x00\x00\x00"), "", "read sound: the WAV file's format chunk is too short"},
		"WAV long format":  {strings.NewReader("RIFF\x00\x00\x00\x00WAVEfmt \x02\x00\x00\x7f\x00\x00"), "", "read sound: the WAV file has no sound in its first 16 MiB"},
		"WAV preface":      {strings.NewReader("RIFF\x00\x00\x00\x00WAVELIST\x02\x00\x00\x7f\x00\x00"), "", "read sound: the WAV file has no sound in its first 16 MiB"},
		"WAV channels":     {bytes.NewReader(wav16(nil, 8000, 6)), "", "read sound: the WAV file has 6 channels; 1 and 2 can be played"},
		"WAV rate":         {bytes.NewReader(wav16(nil, 2000000000, 1)), "", "read sound: the WAV file: 2000000000 Hz is not a rate that can be played; 4000 to 192000 are"},
		"WAV encoding":     {bytes.NewReader(wavOf(6, 1, 8000, 8, nil, -1)), "", "read sound: only WAV and MP3 can be played: the WAV file's encoding 6 with 8 bits cannot be read: PCM of 8, 16, 24 or 32 bits and float of 32 bits are supported"},
		"WAV align":        {strings.NewReader("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x03\x00\x10\x00"), "", "read sound: the WAV file says 3 bytes a sample frame, its format makes 2"},
		"WAV cut":          {fail(whole[:1000]), "", "read sound: line cut"},
		"head cut":         {fail(whole[:20]), "", "read sound: line cut"},
		"cut at once":      {fail(nil), "", "read sound: line cut"},
		"MP3 tag":          {strings.NewReader("ID3\x04\x00\x00\x7f\x7f\x7f\x7f"), "", "read sound: the MP3 ends before its samples"},
		"MP3 junk":         {strings.NewReader(strings.Repeat("junk", 1000)), "audio/mpeg", "read sound: the MP3 ends before its samples"},
		"MP3 cut":          {fail(mp3[:2000]), "", "read sound: line cut"},
		"MP3 free format":  {strings.NewReader("\xff\xf3\x08\x00 and more of it"), "", ""},
		"too long":         {io.MultiReader(bytes.NewReader(wavOf(1, 1, 4000, 8, nil, 0)), zeros{}), "", "the sound is longer than 10m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, _, err := speaker.Decode(c.r, c.kind, 0)
			if err == nil || c.want != "" && err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			if strings.Contains(c.want, "only WAV") != errors.Is(err, speaker.ErrFormat) {
				t.Errorf("is ErrFormat: %v", errors.Is(err, speaker.ErrFormat))
			}
		})
	}
}

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"mono16.mp3", "stereo44.mp3"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[:1500], "audio/mpeg")
	}
	f.Add(wav16(chirp(8000, 0.01), 8000, 1), "audio/wav")
	f.Add(wavOf(3, 2, 48000, 32, make([]byte, 64), 0), "")
	f.Add([]byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7f"), "")
	f.Fuzz(func(t *testing.T, data []byte, mediaType string) {
		pcm, rate, channels, err := speaker.Decode(bytes.NewReader(data), mediaType, 0)
		if err == nil && (rate < 4000 || rate > 192000 || channels < 1 || channels > 2 || len(pcm)%channels != 0) {
			t.Fatalf("%d Hz, %d channels, %d samples", rate, channels, len(pcm))
		}
		if len(pcm) > 200*len(data)+10000 { // an MP3 frame of the least bytes makes 2304 samples
			t.Fatalf("%d samples of %d bytes", len(pcm), len(data))
		}
	})
}
