package history_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"earshot/history"
)

// speech is a recording of 8 s, without its header.
func speech(t testing.TB) []int16 {
	t.Helper()
	data, err := os.ReadFile("../testdata/audio/okay_nabu_delete_today.wav")
	if err != nil {
		t.Fatal(err)
	}
	data = data[44:]
	pcm := make([]int16, len(data)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	return pcm
}

// TestFLAC wants every kind of sound back as it was, and the reference decoder to find nothing to complain about.
func TestFLAC(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	noise, extremes := make([]int16, 16000), make([]int16, 16000)
	for i := range noise {
		noise[i] = int16(r.Uint32())
		extremes[i] = []int16{math.MinInt16, math.MaxInt16}[r.IntN(2)]
	}
	sounds := map[string][]int16{
		"speech": speech(t), "noise": noise, "extremes": extremes, "silence": make([]int16, 5000), "loud": slices.Repeat([]int16{math.MinInt16}, 600),
		"step": append(make([]int16, 600), slices.Repeat([]int16{math.MaxInt16}, 600)...),
	}
	for _, n := range []int{1, 2, 3, 4, 5, 15, 16, 17, 575, 576, 577, 592, 4095, 4096, 4097} {
		sounds[fmt.Sprint(n, " samples")] = noise[:n%len(noise)]
		sounds[fmt.Sprint(n, " of speech")] = sounds["speech"][20000 : 20000+n]
	}
	dir := t.TempDir()
	var files []string
	for name, pcm := range sounds {
		data, err := history.EncodeFLAC(pcm)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := history.DecodeFLAC(bytes.NewReader(data))
		if err != nil || !slices.Equal(got, pcm) {
			t.Errorf("%s: %d samples of %d came back, or others: %v", name, len(got), len(pcm), err)
		}
		file := filepath.Join(dir, name+".flac")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	out, err := exec.Command("flac", append([]string{"--test", "--silent", "--warnings-as-errors"}, files...)...).CombinedOutput()
	if err != nil {
		t.Errorf("the reference decoder (apt-get install flac): %v\n%s", err, out)
	}
}

// TestFLACSize wants clips nearly as small as the reference encoder's best, and a header that tells players the length.
func TestFLACSize(t *testing.T) {
	t.Parallel()
	pcm := speech(t)
	data, err := history.EncodeFLAC(pcm)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "best.flac")
	cmd := exec.Command("flac", "--best", "--silent", "--no-padding", "--no-seektable", "--output-name", file, "-")
	cmd.Stdin = bytes.NewReader(history.WAV(pcm))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("flac (apt-get install flac): %v\n%s", err, out)
	}
	best, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes of PCM: ours %d, flac --best %d", 2*len(pcm), len(data), len(best))
	if len(data) > len(best)*21/20 {
		t.Errorf("%d bytes, flac --best needs %d", len(data), len(best))
	}
	// The samples in all and the checksum of the audio stand where the reference encoder puts them.
	// ref: RFC 9639, section 8.2
	if !bytes.Equal(data[18:42], best[18:42]) {
		t.Errorf("stream info %x, want %x", data[18:42], best[18:42])
	}
}

func TestDecodeFLACRefuses(t *testing.T) {
	t.Parallel()
	data, err := history.EncodeFLAC(sound(1000))
	if err != nil {
		t.Fatal(err)
	}
	for n := range data {
		if got, err := history.DecodeFLAC(bytes.NewReader(data[:n])); err == nil {
			t.Fatalf("the first %d bytes of %d were taken for %d samples", n, len(data), len(got))
		}
	}
	for name, bad := range map[string][]byte{"nothing": {}, "text": []byte("hello, this is no audio at all"), "WAV": history.WAV(sound(100))} {
		if _, err := history.DecodeFLAC(bytes.NewReader(bad)); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	rate := slices.Clone(data)
	rate[18] ^= 0x10
	if _, err := history.DecodeFLAC(bytes.NewReader(rate)); err == nil || err.Error() != "decode clip: not 16 kHz mono with 16 bits" {
		t.Errorf("another rate: %v", err)
	}
}

// FuzzDecodeFLAC wants no clip, however broken, to do harm.
func FuzzDecodeFLAC(f *testing.F) {
	for _, n := range []int{0, 1, 600, 2000} {
		data, err := history.EncodeFLAC(sound(n))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		pcm, err := history.DecodeFLAC(bytes.NewReader(data))
		if err == nil && len(pcm) > 120*16000 {
			t.Errorf("%d samples", len(pcm))
		}
	})
}

func TestPeaks(t *testing.T) {
	t.Parallel()
	if history.Peaks(nil) != nil {
		t.Error("no audio has peaks")
	}
	pcm := make([]int16, 12800)
	pcm[0], pcm[150], pcm[12799], pcm[6400] = 128, -256, math.MinInt16, math.MaxInt16
	got := history.Peaks(pcm)
	want := make([]byte, history.PeakCount)
	want[0], want[1], want[64], want[127] = 1, 2, 255, 255
	if !bytes.Equal(got, want) {
		t.Errorf("peaks %v, want %v", got, want)
	}
	for n := 1; n < 300; n++ { // every sample is seen, however few there are
		pcm := make([]int16, n)
		for i := range pcm {
			pcm[i] = math.MaxInt16
			if got := history.Peaks(pcm); len(got) != history.PeakCount || slices.Max(got) != 255 {
				t.Fatalf("sample %d of %d is not seen", i, n)
			}
			pcm[i] = 0
		}
	}
}

func TestWAV(t *testing.T) {
	t.Parallel()
	pcm := sound(1000)
	cmd := exec.Command("sox", "-t", "wav", "-", "-t", "raw", "-r", "16000", "-c", "1", "-b", "16", "-e", "signed", "-L", "-")
	cmd.Stdin = bytes.NewReader(history.WAV(pcm))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("sox (apt-get install sox): %v", err)
	}
	got := make([]int16, len(out)/2)
	for i := range got {
		got[i] = int16(binary.LittleEndian.Uint16(out[2*i:]))
	}
	if !slices.Equal(got, pcm) {
		t.Errorf("sox reads %d samples, or others, of %d", len(got), len(pcm))
	}
}

func BenchmarkEncodeFLAC(b *testing.B) {
	pcm := speech(b)
	b.SetBytes(int64(2 * len(pcm)))
	for b.Loop() {
		if _, err := history.EncodeFLAC(pcm); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeFLAC(b *testing.B) {
	data, err := history.EncodeFLAC(speech(b))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := history.DecodeFLAC(io.Reader(bytes.NewReader(data))); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAdd stores a command of 8 s: encoded, on the disk, and in the database.
func BenchmarkAdd(b *testing.B) {
	h, err := openHouse(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer h.close()
	if err := h.begin(b.Context()); err != nil {
		b.Fatal(err)
	}
	r := said("turn on the kitchen light", day, 1)
	r.PCM = speech(b)
	for b.Loop() {
		if _, err := h.Add(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}
