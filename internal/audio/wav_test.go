package audio_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"earshot/internal/audio"
)

// chunk writes a RIFF chunk with its padding.
func chunk(id string, body []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(body)))
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

// fmtChunk writes a plain format chunk.
func fmtChunk(tag, channels, rate, bits int) []byte {
	b := binary.LittleEndian.AppendUint16(nil, uint16(tag))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*channels*bits/8))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels*bits/8))
	b = binary.LittleEndian.AppendUint16(b, uint16(bits))
	return chunk("fmt ", b)
}

// extensible writes a WAVE_FORMAT_EXTENSIBLE chunk of a sub-format.
func extensible(tag, channels, rate, bits int) []byte {
	b := fmtChunk(0xFFFE, channels, rate, bits)[8:]
	b = append(b, 22, 0, byte(bits), 0, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(tag))
	b = append(b, "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"...)
	return chunk("fmt ", b)
}

func riff(chunks ...[]byte) []byte {
	body := append([]byte("WAVE"), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// sized writes a data chunk that says it has size bytes.
func sized(size uint32, body []byte) []byte {
	return append(binary.LittleEndian.AppendUint32([]byte("data"), size), body...)
}

func TestReadWAV(t *testing.T) {
	pcm := []byte{1, 0, 2, 0, 3, 0}
	want := []int16{1, 2, 3}
	tests := []struct {
		name string
		file []byte
		want []int16
	}{
		{"plain", riff(fmtChunk(1, 1, 16000, 16), chunk("data", pcm)), want},
		{"chunks around it, one of odd size", riff(chunk("LIST", []byte("odd")), fmtChunk(1, 1, 16000, 16), chunk("data", pcm), chunk("LIST", []byte("more"))), want},
		{"extensible", riff(extensible(1, 1, 16000, 16), chunk("data", pcm)), want},
		{"extensible float", riff(extensible(3, 1, 16000, 32), chunk("data", f32([]float64{0.5, -0.5}))), []int16{16384, -16384}},
		{"unsigned bytes", riff(fmtChunk(1, 1, 16000, 8), chunk("data", []byte{128, 255, 0})), []int16{0, 32512, -32768}},
		{"24 bits", riff(fmtChunk(1, 1, 16000, 24), chunk("data", []byte{0, 1, 0, 0, 2, 0})), []int16{1, 2}},
		{"first of two channels", riff(fmtChunk(1, 2, 16000, 16), chunk("data", []byte{1, 0, 9, 9, 2, 0, 9, 9})), []int16{1, 2}},
		{"size left at 0 by a pipe", riff(fmtChunk(1, 1, 16000, 16), sized(0, pcm)), want},
		{"size left at its largest by a pipe", riff(fmtChunk(1, 1, 16000, 16), sized(0xFFFFFFFF, pcm)), want},
		{"size left large by a pipe", riff(fmtChunk(1, 1, 16000, 16), sized(0x7FFFF000, pcm)), want},
		{"cut off", riff(fmtChunk(1, 1, 16000, 16), sized(1000, pcm)), want},
		{"cut off within a sample", riff(fmtChunk(1, 1, 16000, 16), sized(1000, pcm[:5])), want[:2]},
		{"empty", riff(fmtChunk(1, 1, 16000, 16), chunk("data", nil)), nil},
	}
	for _, tt := range tests {
		got, err := audio.ReadWAV(bytes.NewReader(tt.file))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
		}
	}
}

func TestReadWAVErrors(t *testing.T) {
	tests := []struct {
		file []byte
		want string
	}{
		{nil, "read WAV: the WAV file ends before its sound"},
		{[]byte("RIFF"), "read WAV: the WAV file ends before its sound"},
		{[]byte("fLaC and other things"), "read WAV: this is not a WAV file"},
		{riff(fmtChunk(1, 1, 16000, 16)), "read WAV: the WAV file ends before its sound"},
		{riff(chunk("data", []byte{1, 0})), "read WAV: the WAV file has no format before its sound"},
		{riff(chunk("fmt ", make([]byte, 15))), "read WAV: the WAV file's format chunk is too short"},
		{riff(fmtChunk(1, 0, 16000, 16), chunk("data", nil)), "read WAV: the WAV file has 0 channels; 1 to 32 are supported"},
		{riff(fmtChunk(1, 33, 16000, 16), chunk("data", nil)), "read WAV: the WAV file has 33 channels; 1 to 32 are supported"},
		{riff(fmtChunk(1, 1, 0, 16), chunk("data", nil)), "read WAV: the WAV file's sample rate: 0 Hz is not supported; use a usual rate from 4000 to 384000 Hz, such as 16000, 44100 or 48000"},
		{riff(fmtChunk(7, 1, 8000, 8)), "read WAV: the WAV file's encoding 7 with 8 bits cannot be read: PCM of 8, 16, 24 or 32 bits and float of 32 bits are supported"},
		{riff(chunk("fmt ", append(fmtChunk(1, 1, 16000, 16)[8:20], 3, 0, 16, 0))), "read WAV: the WAV file says 3 bytes a sample frame, its format makes 2"},
		{append([]byte("RIFF\x00\x00\x00\x00WAVEJUNK\xff\xff\xff\xff"), make([]byte, 64)...), "read WAV: the WAV file has no sound in its first 16 MiB"},
		{append([]byte("RIFF\x00\x00\x00\x00WAVEfmt \xff\xff\x0f\x00"), make([]byte, 64)...), "read WAV: the WAV file's format chunk is too large"},
	}
	for _, tt := range tests {
		_, err := audio.ReadWAV(bytes.NewReader(tt.file))
		if diff := cmp.Diff(tt.want, fmt.Sprint(err)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	endlessFile := io.MultiReader(bytes.NewReader(riff(fmtChunk(1, 32, 16000, 32), sized(0, nil))), &endless{raw: make([]byte, 1<<16)})
	if _, err := audio.ReadWAV(endlessFile); fmt.Sprint(err) != "read WAV: longer than 64 MiB" {
		t.Errorf("a file without end: %v", err)
	}
}

func TestOpenFile(t *testing.T) {
	data, err := os.ReadFile("../../detector/testdata/wav/okay_nabu.wav")
	if err != nil {
		t.Fatal(err)
	}
	want, err := audio.ReadWAV(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	f, err := audio.OpenFile("../../detector/testdata/wav/okay_nabu.wav", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var got []int16
	for buf := make([]int16, 777); ; {
		n, err := f.Read(buf)
		got = append(got, buf[:n]...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !cmp.Equal(want, got) {
		t.Errorf("read piece by piece gives %d samples that differ from the %d read at once", len(got), len(want))
	}
	for range 2 {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenFileErrors(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.wav")
	if err := os.WriteFile(bad, []byte("this is no sound at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	none := filepath.Join(dir, "none.wav")
	for _, tt := range []struct {
		path    string
		channel int
		want    string
	}{
		{none, 0, "open WAV file: open " + none + ": no such file or directory"},
		{bad, 0, fmt.Sprintf("open WAV file %q: this is not a WAV file", bad)},
		{"../../detector/testdata/wav/okay_nabu.wav", 1, `open WAV file "../../detector/testdata/wav/okay_nabu.wav": there is no channel 1: the sound has 1, and the first one is 0`},
	} {
		_, err := audio.OpenFile(tt.path, tt.channel)
		if diff := cmp.Diff(tt.want, fmt.Sprint(err)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}

// FuzzReadWAV wants no panic, no endless reading and bounded memory from any file.
func FuzzReadWAV(f *testing.F) {
	f.Add(riff(fmtChunk(1, 1, 16000, 16), chunk("data", []byte{1, 0, 2, 0})))
	f.Add(riff(extensible(3, 2, 44100, 32), chunk("LIST", []byte("odd")), sized(0xFFFFFFFF, make([]byte, 64))))
	f.Add(riff(fmtChunk(1, 1, 11025, 24), sized(0, make([]byte, 63))))
	f.Fuzz(func(t *testing.T, file []byte) {
		pcm, err := audio.ReadWAV(bytes.NewReader(file))
		if err != nil && pcm != nil {
			t.Errorf("%d samples with error %v", len(pcm), err)
		}
		if most := 4*len(file) + 4; len(pcm) > most {
			t.Errorf("%d samples out of %d bytes", len(pcm), len(file))
		}
	})
}
